import unittest

from parameterized import parameterized

from cachetest._patching.undo import ABSENT, AttributePatch, Undo, changed_attributes, own_attribute


class Base:
    inherited = "base"


class Thing(Base):
    own = "own"


class UndoTests(unittest.TestCase):
    def setUp(self):
        self.thing = type("Thing", (Base,), {"own": "own"})

    @parameterized.expand([("own",), ("inherited",), ("missing",)])
    def test_attribute_is_put_back(self, name):
        """What the object itself held is put back, "not there" included."""
        before = dict(vars(self.thing))
        with Undo() as undo:
            undo.set_attribute(self.thing, name, "new")
            self.assertEqual(getattr(self.thing, name), "new")
        self.assertEqual(dict(vars(self.thing)), before)

    @parameterized.expand(
        [("static", staticmethod(len)), ("class", classmethod(len)), ("prop", property(len))]
    )
    def test_descriptors_are_put_back_raw(self, _, descriptor):
        """A descriptor is put back itself, not what it gives."""
        self.thing.own = descriptor
        with Undo() as undo:
            undo.set_attribute(self.thing, "own", 1)
        self.assertIs(vars(self.thing)["own"], descriptor)

    def test_reverse_order(self):
        """The last change is taken back first."""
        taken = []
        with Undo() as undo:
            for n in range(3):
                undo.add(lambda n=n: taken.append(n))
        self.assertEqual(taken, [2, 1, 0])

    def test_same_attribute_twice(self):
        """So two changes of one place end where it began."""
        with Undo() as undo:
            undo.set_attribute(self.thing, "own", 1)
            undo.set_attribute(self.thing, "own", 2)
        self.assertEqual(self.thing.own, "own")

    def test_removed_by_somebody_else(self):
        """An attribute that is gone by then is no error."""
        with Undo() as undo:
            undo.set_attribute(self.thing, "missing", 1)
            del self.thing.missing
        self.assertIs(own_attribute(self.thing, "missing"), ABSENT)

    @parameterized.expand([(ValueError,), (KeyboardInterrupt,), (SystemExit,)])
    def test_failing_step_is_tried_again(self, error):
        """A step that fails does not keep the others from running, and gets a second chance."""
        calls = []

        def fails_once():
            calls.append("failing")
            if calls.count("failing") == 1:
                raise error

        undo = Undo()
        undo.set_attribute(self.thing, "own", 1)
        undo.add(fails_once)
        undo.add(lambda: calls.append("other"))
        with self.assertRaises(error):
            undo.run()
        self.assertEqual(calls, ["other", "failing", "failing"])
        self.assertEqual(self.thing.own, "own")

    def test_step_that_always_fails(self):
        """Then the error is raised once everything else is undone; running again tries it again."""
        calls = []

        def fails():
            calls.append(1)
            raise ValueError("never")

        undo = Undo()
        undo.set_attribute(self.thing, "own", 1)
        undo.add(fails)
        with self.assertRaisesRegex(ValueError, "never"):
            undo.run()
        self.assertEqual(len(calls), 2)
        self.assertEqual(self.thing.own, "own")

    def test_run_twice(self):
        """Nothing is left for a second run to do."""
        undo = Undo()
        undo.set_attribute(self.thing, "own", 1)
        undo.run()
        self.thing.own = 2
        undo.run()
        self.assertEqual(self.thing.own, 2)

    def test_attributes_of_an_object(self):
        """What an object holds is looked for in the ``__dict__`` that it has now."""
        thing = Base()
        undo = Undo()
        undo.set_attributes([(thing, "one", 1), (thing, "two", 2)])
        (patch,) = undo.patches
        self.assertEqual(changed_attributes(patch.wanted), [])
        thing.__dict__ = {"two": 2}
        self.assertEqual(changed_attributes(patch.wanted), [(f"{__name__}.Base.one", 1, ABSENT)])
        undo.run()
        self.assertEqual((vars(thing), changed_attributes(patch.found)), ({}, []))

    def test_prepared_patch(self):
        """What was prepared is set and put back as often as it is asked for, also when it was not set."""
        patch = AttributePatch([(self.thing, "own", "new"), (self.thing, "missing", "new")])
        before = dict(vars(self.thing))
        for _ in range(2):
            with Undo() as undo:
                undo.set_patch(patch)
                self.assertEqual((self.thing.own, self.thing.missing), ("new", "new"))
            patch.put_back()
            self.assertEqual(dict(vars(self.thing)), before)

    @parameterized.expand([("own", "own"), ("inherited", ABSENT)])
    def test_whether_it_is_set_or_put_back(self, name, found):
        """A patch tells whether the attributes hold what it has set, and whether what was found."""
        patch = AttributePatch([(self.thing, name, "new")])
        self.assertEqual((patch.is_set(), patch.is_put_back()), (False, True))
        patch.set()
        self.assertEqual((patch.is_set(), patch.is_put_back()), (True, False))
        setattr(self.thing, name, "another's")
        self.assertEqual((patch.is_set(), patch.is_put_back()), (False, False))
        delattr(self.thing, name)
        self.assertEqual((patch.is_set(), patch.is_put_back()), (False, found is ABSENT))
        patch.put_back()
        self.assertTrue(patch.is_put_back())

    def test_setting_fails(self):
        """A change that fails half-way is taken back like any other."""

        class Meta(type):
            def __setattr__(cls, name, value):
                super().__setattr__(name, value)
                if value == "new":
                    raise ValueError("after it was set")

        thing = Meta("Thing", (), {"own": "own"})
        with self.assertRaises(ValueError), Undo() as undo:
            undo.set_attribute(thing, "own", "new")
        self.assertEqual(thing.own, "own")


class OwnAttributeTests(unittest.TestCase):
    def test_inherited_is_absent(self):
        """Only what the object itself holds counts."""
        self.assertEqual(own_attribute(Thing, "own"), "own")
        self.assertIs(own_attribute(Thing, "inherited"), ABSENT)
        self.assertEqual(repr(ABSENT), "absent")


if __name__ == "__main__":
    unittest.main()
