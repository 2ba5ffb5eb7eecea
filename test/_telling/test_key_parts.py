import unittest
from dataclasses import dataclass

from parameterized import parameterized

from cachetest._telling.key_parts import components


@dataclass(frozen=True)
class Key:
    user: int
    page: str


class Frozen(dict):
    """A mapping that can be a key."""

    def __hash__(self):
        return 1


class ComponentsTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("string", "user:42/v1", [("part 1", "user"), ("part 2", "42"), ("part 3", "v1")]),
            ("word", "user", [("part 1", "user")]),
            ("query", "/list?page=2&q=x", [("part 1", ""), ("part 2", "list"), ("page", "2"), ("q", "x")]),
            ("json", '{"user": {"id": 42}, "tags": []}', [("user.id", 42), ("tags", [])]),
            ("not_json", "{user", [("part 1", "{user")]),
            (
                "nested",
                ("user", {"id": 42}, (1, 2)),
                [("part 1", "user"), ("part 2.id", 42), ("part 3[0]", 1), ("part 3[1]", 2)],
            ),
            ("tuple", ("user", 42), [("part 1", "user"), ("part 2", 42)]),
            ("empty", (), [("key", ())]),
            ("mapping", Frozen(user=42), [("user", 42)]),
            ("dataclass", Key(42, "a"), [("user", 42), ("page", "a")]),
            ("bytes", b"user:42", [("key", b"user:42")]),
            ("number", 42, [("key", 42)]),
            ("class", Key, [("key", Key)]),
        ]
    )
    def test_parts(self, _, key, parts):
        """A key comes apart by its own structure."""
        self.assertEqual(components(key), parts)

    def test_very_long_keys(self):
        """Of a key as long as a prompt, only the first parts are looked at."""
        self.assertLessEqual(len(components(" ".join(map(str, range(3000))))), 21)


if __name__ == "__main__":
    unittest.main()
