import sys
from pathlib import Path
from textwrap import dedent
from unittest import TestCase

from test._patching.steps import PACKAGE, Interrupt, Steps


class StepsTests(TestCase):
    def test_nothing_stays_handled(self):
        """Wherever a call is interrupted, no exception that it had caught is left as being handled."""
        source = """
            def caught():
                for text in ("1", "a"):
                    try:
                        int(text)
                    except ValueError:
                        continue
            """
        names = {}
        exec(compile(dedent(source), str(Path(PACKAGE, "caught.py")), "exec"), names)
        counted = Steps()
        counted.run(names["caught"])
        self.assertGreater(counted.seen, 4)
        for step in range(1, counted.seen + 1):
            with self.subTest(step=step):
                with self.assertRaises(Interrupt):
                    Steps(step).run(names["caught"])
                self.assertIsNone(sys.exc_info()[1])
