"""Adapters for `tinylib` that do not go by the clock of the scope that the caller is in."""

from cachetest._caches.attribution import current_scope
from cachetest._caches.scope import open_scopes


def adapters_for(tinylib):
    """Return the classes, of the library as it was loaded, by their names."""

    class GoesByTheProgramsTime(tinylib.TinyAdapter):
        """The clock of the scope moves nothing."""

        def swap_clock(self, undo):
            pass

    class GoesByTheOutermostClock(tinylib.TinyAdapter):
        """It is not that of the scope that an entry is of."""

        def swap_clock(self, undo):
            found = tinylib.clock

            def moved():
                scope = current_scope()
                return found() + (0 if scope is None else scope.lineage()[-1].caches.clock.offset)

            undo.set_attribute(tinylib, "clock", moved)

    class GoesByTheLatestClock(tinylib.TinyAdapter):
        """It is that of whichever scope was moved on the furthest."""

        def swap_clock(self, undo):
            found = tinylib.clock
            undo.set_attribute(
                tinylib, "clock", lambda: found() + max((each.ahead() for each in open_scopes()), default=0)
            )

    made = GoesByTheProgramsTime, GoesByTheOutermostClock, GoesByTheLatestClock
    return {each.__name__: each for each in made}
