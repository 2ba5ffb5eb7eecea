"""How the processes that look at keys differ, and what is made of what they have looked up."""

import json
import os
import unittest
from types import SimpleNamespace
from unittest import mock

from cachetest._assertions import key_processes
from cachetest._assertions.key_inputs import derived
from cachetest._assertions.key_processes import Outcome, Processes, Setting, settings_of
from cachetest._assertions.key_stable import _Check
from cachetest._assertions.key_texts import KeyText


def key(text, pickled="", store=None, kind="builtins.str"):
    return KeyText(store, kind, text, f"identity of {text}", pickled, [], "shop.py:9 in price")


class SettingTests(unittest.TestCase):
    def test_started(self):
        """Each has a seed, a folder, a time zone, locales and an amount of memory of its own."""
        with mock.patch.object(key_processes.subprocess, "Popen") as started:
            with Processes({"function": "shop:price"}, 5.0).opened() as processes:
                settings = settings_of(3, processes.folder)
                tasks = []
                for each in settings:
                    processes._start(each)
                    path = started.call_args.args[0][3]
                    with open(path, encoding="utf-8") as file:
                        tasks.append(json.load(file))
        calls = [each.kwargs for each in started.call_args_list]
        self.assertEqual([each["env"]["PYTHONHASHSEED"] for each in calls], ["1", "2", "3"])
        self.assertEqual(calls[0]["cwd"], os.getcwd())
        self.assertEqual(len({each["cwd"] for each in calls}), 3)
        self.assertEqual(calls[0]["env"].get("TZ"), os.environ.get("TZ"))
        self.assertEqual(len({each["env"].get("TZ") for each in calls}), 3)
        self.assertEqual(tasks[0]["locales"], [])
        self.assertEqual(len({tuple(each["locales"]) for each in tasks}), 3)
        self.assertEqual([each["ballast"] for each in tasks], [0, 10_000, 20_000])
        self.assertEqual({each["function"] for each in tasks}, {"shop:price"})


class CheckTests(unittest.TestCase):
    def failure(self, *runs):
        outcomes = iter([Outcome(keys, {"folders": {}}) for keys in runs])
        first = runs[0]

        def run(settings):
            return [next(outcomes, Outcome(first, {"folders": {}})) for _ in settings]

        settings = [Setting(n, f"/{n}", None, (), 0) for n in range(len(runs))]
        processes = SimpleNamespace(folder="/", run=run)
        with mock.patch.object(key_processes, "settings_of", return_value=settings):
            return _Check("prices", "shop:price", processes).failure(len(runs))

    def test_the_same(self):
        self.assertIsNone(self.failure([key("a"), key("b")], [key("a"), key("b")]))

    def test_one_more(self):
        """A lookup that another process does not come to is told."""
        for runs in ([[key("a"), key("b")], [key("a")]], [[key("a")], [key("a"), key("b")]]):
            self.assertRegex(self.failure(*runs), r"'?b'?.* in run \d|nothing more in run \d")

    def test_is_same(self):
        """Where a key can't be pickled, its text alone says whether it is another."""
        self.assertFalse(key("a").is_same(key("b")))
        self.assertTrue(key("a", "p").is_same(key("b", "p")))
        self.assertFalse(key("a", "p").is_same(key("a", "p", store="other")))
        self.assertFalse(key("a", "p").is_same(key("a", "p", kind="builtins.bytes")))


class DerivedTests(unittest.TestCase):
    def test_each_once(self):
        """No change is tried twice, nor one that changes nothing."""
        base = {"a": "bob", "b": "bob", "c": ["x", "x"]}
        found = [each.after for each in derived(base, tuple(base), ["bob:bob"])]
        self.assertGreater(len(found), 4)
        self.assertNotIn(base, found)
        self.assertEqual([each for n, each in enumerate(found) if each in found[:n]], [])


if __name__ == "__main__":
    unittest.main()
