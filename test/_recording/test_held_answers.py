"""An answer is known to have been changed since it was given, wherever in it that was."""

import unittest
from unittest import mock

from parameterized import parameterized

from cachetest._recording.held_answers import Held

from ..support import is_there
from .test_answers import NAN, Bare, Model, Price


class HeldTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("list", [], lambda answer: answer.append(1)),
            ("dict", {"a": 1}, lambda answer: answer.update(a=1.0)),
            ("within", ([{}],), lambda answer: answer[0][0].update(a=1)),
            ("model", Model(1, name="a"), lambda answer: setattr(answer, "name", "b")),
            ("dataclass", [Price("lamp", 4.0)], lambda answer: setattr(answer[0], "value", 5.0)),
        ]
    )
    def test_changed(self, _, answer, change):
        """What an answer holds is known to have been changed, wherever it was."""
        held = Held(answer)
        self.assertFalse(held.is_changed())
        change(answer)
        self.assertTrue(held.is_changed())

    @parameterized.expand(
        [
            ("number", [4.5], lambda answer: answer.__setitem__(0, float("4.5"))),
            ("list", {"a": [1, 2]}, lambda answer: answer.update(a=[1, 2])),
            ("nan", [NAN], lambda answer: answer.__setitem__(0, float("nan"))),
        ]
    )
    def test_not_changed(self, _, answer, replace):
        """What is equal may have taken a part's place: it is the same answer."""
        held = Held(answer)
        replace(answer)
        self.assertFalse(held.is_changed())

    def test_objects_of_identity_are_others(self):
        answer = [Bare()]
        held = Held(answer)
        answer[0] = Bare()
        self.assertTrue(held.is_changed())

    def test_mock_is_held(self):
        """A mock, which has any attribute, is no array."""
        self.assertFalse(Held([mock.MagicMock()]).is_changed())

    def test_changed_array(self):
        if not is_there("numpy"):
            self.skipTest("needs numpy")
        import numpy

        buffer = numpy.zeros(2)
        held = Held({"a": buffer})
        self.assertFalse(held.is_changed())
        buffer[0] = 1
        self.assertTrue(held.is_changed())

    def test_changed_tensor(self):
        """A static buffer is changed in place; what is sparse can't be compared by ==."""
        if not is_there("torch"):
            self.skipTest("needs torch")
        import torch

        static = torch.zeros(2, requires_grad=True) * 1
        held = Held(static)
        self.assertFalse(held.is_changed())
        static.data += 1
        self.assertTrue(held.is_changed())
        self.assertFalse(Held(torch.eye(2).to_sparse()).is_changed())


if __name__ == "__main__":
    unittest.main()
