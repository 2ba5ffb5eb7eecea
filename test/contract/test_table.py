import unittest

from cachetest.contract import AdapterContract, contract_table

from ..support import takes_a_while
from . import tiny


class TableTests(unittest.TestCase):
    @takes_a_while
    def test_table(self):
        """The table has a column for each suite, and the reasons below it."""
        other = type(
            "OtherContract",
            (tiny.TinyContract,),
            {"adapter": "NeverExpires", "exceptions": {"expiry": "it has no TTL", "cold": "it is warm"}},
        )
        lines = contract_table(tiny.TinyContract, other).splitlines()
        self.assertEqual(
            lines[:4],
            [
                "=================  ====  =====",
                "case               Tiny  Other",
                "=================  ====  =====",
                "cold               pass  FAIL",
            ],
        )
        self.assertIn("expiry             pass  (1)", lines)
        self.assertEqual(
            lines[-3:], ["=================  ====  =====", "", "1. Other, expiry: it has no TTL"]
        )
        self.assertEqual(len(lines), len(AdapterContract.cases()) + 6)

    def test_is_restructured_text(self):
        """It is a table to docutils."""
        from docutils.core import publish_doctree

        tree = publish_doctree(contract_table(tiny.TinyContract), settings_overrides={"halt_level": 2})
        self.assertEqual(tree[0].tagname, "table")


if __name__ == "__main__":
    unittest.main()
