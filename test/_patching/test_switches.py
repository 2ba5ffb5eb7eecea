import contextvars
import itertools
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import SwitchError
from cachetest._patching import switches
from cachetest._patching.switches import override
from cachetest._patching.undo import Undo
from cachetest.adapters import Switch

from ..support import LibrarySwitch, make_library

UNSET = object()


class ContextSwitch(Switch):
    """A flag with a value for each context, as torch has them since 2.12."""

    name = "context_cache"
    per_context = True

    def __init__(self):
        self.value = contextvars.ContextVar("value", default=UNSET)

    def exists(self):
        return True

    def save(self):
        return self.value.get()

    def restore(self, saved):
        self.value.set(saved)

    def get(self):
        return self.value.get()

    def set(self, value):
        self.value.set(value)


class Stubborn(LibrarySwitch):
    """A switch that the environment forces."""

    def set(self, value):
        pass


def turned(switch, value):
    undo = Undo()
    override([switch], value, undo)
    return undo


class TurnTests(unittest.TestCase):
    def setUp(self):
        self.library, adapter = make_library()
        (self.switch,) = adapter.switches
        self.addCleanup(lambda: self.assertEqual(switches._layers_everywhere, ()))

    def test_back_to_never_set(self):
        """What was never set is never set again, not set to the same."""
        with Undo() as undo:
            override([self.switch], False, undo)
            self.assertIs(self.library.flag, False)
        self.assertNotIn("flag", vars(self.library))

    def test_back_to_value(self):
        """What was set has its value again."""
        self.library.flag = "mine"
        turned(self.switch, True).run()
        self.assertEqual(vars(self.library)["flag"], "mine")

    def test_nested_over_a_change(self):
        """Each layer puts back what it found, also what was set between two of them."""
        outer = turned(self.switch, False)
        self.library.flag = "between"
        inner = turned(self.switch, False)
        inner.run()
        self.assertEqual(self.library.flag, "between")
        outer.run()
        self.assertNotIn("flag", vars(self.library))

    @parameterized.expand([(order,) for order in itertools.permutations(range(3))])
    def test_any_order(self, order):
        """Three tests at once end in any order; what is left on top stays in force."""
        values = [False, True, False]
        layers = [turned(self.switch, value) for value in values]
        left = [0, 1, 2]
        for index in order:
            layers[index].run()
            left.remove(index)
            if left:
                self.assertIs(self.library.flag, values[left[-1]])
        self.assertNotIn("flag", vars(self.library))

    def test_two_tests_that_differ(self):
        """A test that needs another value than one on another thread has is an error: there is but one."""
        raised = []

        def other():
            try:
                with Undo() as undo:
                    override([self.switch], True, undo)
            except SwitchError as error:
                raised.append(str(error))

        layer = turned(self.switch, False)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertIs(self.library.flag, False)
        layer.run()
        self.assertRegex(
            raised[0], "'library_cache' can't be True: .* on another thread needs it to be False"
        )
        self.assertNotIn("flag", vars(self.library))

    def test_undone_twice(self):
        """A second run changes nothing."""
        layer = turned(self.switch, False)
        layer.run()
        self.library.flag = "mine"
        layer.run()
        self.assertEqual(self.library.flag, "mine")

    def test_stubborn(self):
        """A switch that does not take its value is an error, and nothing stays changed."""
        self.switch = Stubborn(self.library)
        with self.assertRaisesRegex(SwitchError, "'library_cache' stays 'default' when it is set to False"):
            with Undo() as undo:
                override([self.switch], False, undo)
        self.assertNotIn("flag", vars(self.library))

    def test_stubborn_without_insisting(self):
        """Unless nobody insists."""
        self.switch = Stubborn(self.library)
        with Undo() as undo:
            override([self.switch], False, undo, insist=False)
            self.assertEqual(self.library.flag, "default")

    def test_set_that_raises(self):
        """A switch that raises while it is set is put back too."""

        class Raises(LibrarySwitch):
            def set(self, value):
                super().set(value)
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt), Undo() as undo:
            override([Raises(self.library)], False, undo)
        self.assertNotIn("flag", vars(self.library))


class SeveralTests(unittest.TestCase):
    """Switches that are turned together."""

    def test_one_that_is_not_put_back(self):
        """The others are, and it is tried once more."""
        failing = []

        class Failing(LibrarySwitch):
            def restore(self, saved):
                failing.append(self)
                if len(failing) == 1:
                    raise KeyboardInterrupt
                super().restore(saved)

        libraries = [make_library()[0] for _ in range(3)]
        one, two, three = (
            cls(each) for cls, each in zip([LibrarySwitch, Failing, LibrarySwitch], libraries, strict=True)
        )
        undo = Undo()
        override([one, two, three], False, undo)
        restored = []
        with mock.patch.object(LibrarySwitch, "restore", lambda switch, _: restored.append(switch)):
            with self.assertRaises(KeyboardInterrupt):
                undo.run()
        self.assertEqual(restored, [one, three, two])
        self.assertEqual(switches._layers_everywhere, ())

    def test_one_of_each_kind(self):
        """Those of the process and those of a context are turned by one call."""
        library, adapter = make_library()
        own = ContextSwitch()
        undo = Undo()
        override([own, *adapter.switches], False, undo)
        self.assertIs(library.flag, False)
        self.assertIs(own.get(), False)
        undo.run()
        self.assertNotIn("flag", vars(library))
        self.assertIs(own.get(), UNSET)

    def test_one_of_them_turned_above(self):
        """One that another layer has turned since stays as that has it, which puts it back."""
        one, two = (make_library()[0] for _ in range(2))
        below, above = Undo(), Undo()
        first, second = LibrarySwitch(one), LibrarySwitch(two)
        override([first, second], False, below)
        override([second], True, above)
        below.run()
        self.assertNotIn("flag", vars(one))
        self.assertIs(two.flag, True)
        above.run()
        self.assertNotIn("flag", vars(two))

    def test_undone_in_another_context(self):
        """An error names all of them."""
        here = contextvars.copy_context()
        one, two = ContextSwitch(), ContextSwitch()
        undo = Undo()
        here.run(override, [one, two], False, undo)
        with self.assertRaisesRegex(
            SwitchError, "the switches 'context_cache', 'context_cache', .* were turned in another context"
        ):
            undo.run()
        here.run(undo.run)


class PerContextTests(unittest.TestCase):
    def test_each_context_its_own(self):
        """Two contexts override the switch without seeing each other, and end in any order."""
        switch = ContextSwitch()
        here, there = contextvars.copy_context(), contextvars.copy_context()
        one = here.run(turned, switch, False)
        two = there.run(turned, switch, True)
        self.assertIs(here.run(switch.get), False)
        self.assertIs(there.run(switch.get), True)
        self.assertIs(switch.get(), UNSET)
        here.run(one.run)
        self.assertIs(here.run(switch.get), UNSET)
        self.assertIs(there.run(switch.get), True)
        there.run(two.run)
        self.assertIs(there.run(switch.get), UNSET)
        self.assertEqual(there.run(switches._layers_here.get), ())

    def test_layers_in_one_context(self):
        """Inside one context, layers nest."""
        switch = ContextSwitch()
        context = contextvars.copy_context()
        outer = context.run(turned, switch, False)
        inner = context.run(turned, switch, True)
        context.run(outer.run)
        self.assertIs(context.run(switch.get), True)
        context.run(inner.run)
        self.assertIs(context.run(switch.get), UNSET)

    def test_undone_in_a_copy_of_its_context(self):
        """What a copy of the context undoes stays turned in the original: that is an error, not a leak."""
        switch = ContextSwitch()
        here = contextvars.copy_context()
        undo = here.run(turned, switch, False)
        there = here.copy()
        with self.assertRaisesRegex(SwitchError, "switch 'context_cache', kept.*turned in another context"):
            there.run(undo.copy().run)
        self.assertIs(there.run(switch.get), UNSET)
        self.assertIs(here.run(switch.get), False)
        here.run(undo.run)
        self.assertIs(here.run(switch.get), UNSET)
        self.assertEqual(here.run(switches._layers_here.get), ())

    def test_undone_in_another_context(self):
        """So does what another context undoes, and it says so once."""
        switch = ContextSwitch()
        here = contextvars.copy_context()
        undo = here.run(turned, switch, False)
        with self.assertRaisesRegex(SwitchError, "turned in another context"):
            undo.run()
        undo.run()
        self.assertIs(here.run(switch.get), False)

    def test_repr(self):
        """repr() names the switch."""
        self.assertEqual(repr(ContextSwitch()), "<switch context_cache>")


if __name__ == "__main__":
    unittest.main()
