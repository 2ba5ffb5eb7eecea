"""Inputs are changed in ways that nobody has given, and that carelessly made keys don't show."""

import unittest

from parameterized import parameterized

from .key_programs import KeyCase, all_in, hashed


class DerivedTests(KeyCase):
    @parameterized.expand(
        [
            ("hashed", hashed_of := lambda **i: hashed(*i.values()), "bob1", "1.2", "-> 'bob', '11.2'"),
            (
                "underscored",
                lambda **i: "prefs_" + "_".join(i.values()),
                "mail",
                "smtp_host",
                "'mail_smtp', 'host'",
            ),
            ("odd", lambda **i: "~~".join(i.values()), "a", "b~~c", "'a~~b', 'c'"),
            ("backwards", lambda **i: hashed(*reversed(i.values())), "bob1", "1.2", "-> '"),
            ("numbers", hashed_of, 7, 12, "71, 2"),
            ("a number and text", hashed_of, 7, "1x", "71, 'x'"),
            ("bytes", lambda **i: b"".join(i.values()), b"ab", b"cd", r"b'\w+', b'\w+'"),
        ]
    )
    def test_moved(self, _, key, one, other, pattern):
        """Text that moves from one input to another has to change the key: no change of one shows that."""
        changes = {"one": [type(one)(9)], "other": [type(other)(9)]}
        with self.fails(rf"\n  (one, other|other, one): .*{pattern}.* \(moved from one to the other\): "):
            self.check(key, {"one": one, "other": other}, changes)

    def test_not_the_given(self):
        """Inputs that nobody has changed stay as they are."""
        program = self.check(
            lambda user, locale: hashed(user, locale), {"user": "ab", "locale": "cd"}, {"user": ["x"]}
        )
        self.assertEqual({each["locale"] for each in program.calls}, {"cd"})

    def test_from_a_change(self):
        """Text is moved in what an input was changed to, too."""
        with self.fails(r"'bob:x', 'en' -> 'bob', 'x:en'"):
            self.check(all_in, {"user": "bob", "locale": "en"}, {"user": ["bob:x"], "locale": ["de"]})

    def test_swapped(self):
        with self.fails(r"\n  one, other: 1, 20 -> 20, 1 \(swapped\): '1-20'"):
            self.check(
                lambda one, other: f"{min(one, other)}-{max(one, other)}",
                {"one": 1, "other": 20},
                {"one": [3], "other": [4]},
            )

    @parameterized.expand(
        [
            ("shortened", lambda ids: max(ids), r"ids: \[1, 2\] -> \[2\] \(shortened\)"),
            ("two made one", lambda ids: "".join(map(str, ids)), r"ids: \[1, 2\] -> \[12\] \(two made one\)"),
        ]
    )
    def test_lists(self, _, key, pattern):
        with self.fails(pattern):
            self.check(key, {"ids": [1, 2]}, {"ids": [[1, 3]]})

    def test_one_key_for_one_answer(self):
        """Where the answers are as alike as the keys, nothing is mixed up."""
        self.check(
            lambda one, other: one + other,
            {"one": "ab", "other": "cd"},
            {"one": ["x"], "other": ["y"]},
            work=lambda one, other: one + other,
        )

    def test_answers_that_tell_nothing(self):
        """Answers that never change don't excuse a key."""
        with self.fails(r"moved from one to the other.*\n    not a stale hit"):
            self.check(
                lambda one, other: one + other,
                {"one": "ab", "other": "cd"},
                {"one": ["x"], "other": ["y"]},
                work=lambda one, other: 1,
            )

    def test_refused(self):
        """Inputs that the program refuses are passed over, but for those that were given."""

        def key(user, locale):
            if locale not in ("en", "de"):
                raise ValueError(locale)
            return f"{user}{locale}"

        self.check(key, {"user": "bob", "locale": "en"}, {"user": ["ada"], "locale": ["de"]})

    def test_one_of_a_kind(self):
        """Of many ways to move the same two, one is told."""
        with self.assertRaises(self.failureException) as caught:
            self.check(
                lambda one, other: hashed(one, other),
                {"one": "abcd", "other": "efgh"},
                {"one": ["x"], "other": ["y"]},
            )
        self.assertEqual(str(caught.exception).count("moved from"), 1)

    def test_as_many_as_there_may_be(self):
        names = [f"input{n}" for n in range(12)]
        program = self.check(
            lambda **inputs: repr(inputs), dict.fromkeys(names, "ab"), {name: ["cd"] for name in names}
        )
        # The inputs as they are twice, and each change.
        self.assertEqual(len(program.calls), 2 + len(names) + 200)


if __name__ == "__main__":
    unittest.main()
