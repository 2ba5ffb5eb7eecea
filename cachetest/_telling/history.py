"""The history of one cache: why any of its lookups missed, and where what they hit came from."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from .._recording.operation import GUARDS_FAILED, place_of
from .explanation import ABSENT, Explanation
from .shortening import one_text
from .timeline import CacheFacts, KnownOperations, Timeline

__all__ = ["CacheFacts", "History", "KnownOperations"]


class History(Timeline):
    """The known operations of one cache, set up to explain any number of them.

    Each explanation takes time in proportion to the operations that are known.
    """

    def misses(self) -> list[int]:
        """Return the index of each miss, of each refusal, and of each bypass."""
        return [index for index, kind in enumerate(self.kinds) if kind in ("miss", "refusal", "bypass")]

    def hits(self) -> list[int]:
        """Return the index of each hit."""
        return [index for index, kind in enumerate(self.kinds) if kind == "hit"]

    def why_unused(self) -> list[str]:
        """Return why there are no operations, in lines, as far as the adapter can tell."""
        return self.facts.why_unused().splitlines()

    def why_fewer(self) -> list[str]:
        """Return what went past the cache, in lines, as far as the adapter can tell."""
        return self.facts.why_fewer().splitlines()

    def explain(self, index: int) -> Explanation:
        """Explain the operation at *index*, a miss, a refusal, or a bypass."""
        with one_text():
            found = self._explain(index)
            return self._with_processes(found, index) if self.processes else found

    def _explain(self, index: int) -> Explanation:
        # Loaded here: only a failure or a report needs it.
        from .comparison import are_related, compare
        from .nearest import Nearest, nearest_keys_of
        from .outcome import outcome, put_elsewhere

        operation, facts = self.operations[index], self.facts
        number, key = operation.number, operation.key
        if operation.kind == "bypass":
            return Explanation(self.cache, key, number, "bypassed", note=str(key))
        if operation.kind == "refusal":
            return self._explain_refusal(index)
        reason, earlier, later, note, by_hand = outcome(self, index)
        if reason != "never put":
            return Explanation(self.cache, key, number, reason, earlier, later, note=note, by_hand=by_hand)
        where = put_elsewhere(self, index)
        if where:
            return Explanation(self.cache, key, number, "put elsewhere", later=later, note=where)
        nearest = nearest_keys_of(self).nearest(index)
        found = compare(nearest.key, key, facts.components)
        if earlier is not None or nearest.kind == "miss" or found.is_whole:
            # What has little in common with it is no news beside that.
            parts = len(facts.components(key))
            if nearest.key is ABSENT or not are_related(nearest.key, key, found, parts):
                nearest = Nearest()
        if nearest.key is not ABSENT:
            note = found.note or facts.why_opaque
        return Explanation(
            self.cache,
            key,
            number,
            "never put",
            later=later,
            missed=earlier,
            nearest=nearest.key,
            nearest_operation=nearest.number,
            nearest_kind=nearest.kind,
            nearest_store=nearest.store if nearest.store != operation.store else None,
            differences=found.differences if nearest.key is not ABSENT else (),
            otherwise=found.otherwise,
            complete=facts.complete and not facts.dropped,
            note=note,
        )

    def _with_processes(self, found: Explanation, index: int) -> Explanation:
        """Return *found* with the processes of the operations that are of another than the lookup."""
        lookup = self.operations[index]
        others: dict[int, str] = {}
        for number in (found.earlier, found.later, found.missed, found.nearest_operation):
            if number is not None:
                other = self.operations[bisect_left(self.numbers, number)]
                if other.process != lookup.process:
                    others[number] = f"{self.process_of(other)} {place_of(other)}"
        return replace(found, process=self.process_of(lookup), others=others)

    def _explain_refusal(self, index: int) -> Explanation:
        """Explain why what the hit before the operation at *index* found was not used."""
        key, number = self.keys[index], self.numbers[index]
        why = self.operations[index].error or "its library does not say why"
        before = (i for i in reversed(self.of_same(index)) if i < index and self.kinds[i] == "hit")
        hit = next((self.numbers[i] for i in before), None)
        reason = "guards failed" if why.startswith(GUARDS_FAILED) else "refused"
        return Explanation(self.cache, key, number, reason, earlier=hit, note=why.removeprefix(GUARDS_FAILED))
