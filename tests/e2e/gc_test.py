#!/usr/bin/env python3
"""A registry's garbage collection, beside a daemon and without one."""

import unittest

from worlds import on_each_registry


class GcTest(unittest.TestCase):
    @on_each_registry
    def test_what_a_removed_branch_held_goes_and_the_rest_is_cloned_as_before(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        model = world.bytes(300_000)
        ada.commit("one", model_bin=model)
        ada.run("push", "-u", "origin", "main")
        ada.run("switch", "-c", "trial")
        ada.commit("two", model_bin=world.bytes(300_000))
        ada.run("push", "origin", "trial")
        ada.run("push", "-d", "origin", "trial")

        self.assertEqual(world.registry.gc()["removed_files"], 0)  # inside the grace period
        plan = world.registry.gc("--dry-run", "--grace-days", "0")
        self.assertTrue(plan["dry_run"])
        self.assertEqual((plan["files"], plan["used_files"], plan["free_files"]), (2, 1, 1))
        self.assertEqual(plan["removed_files"], 0)

        done = world.registry.gc("--grace-days", "0")
        self.assertEqual(done["removed_objects"], 3)
        if world.registry.kind == "folder":
            # A daemon keeps what was offered to it for a day.
            self.assertEqual(done["removed_files"], 1)
            self.assertGreater(done["freed_bytes"], 300_000)
        self.assertEqual(done["problems"], [])
        self.assertEqual(world.registry.fsck(ada).code, 0)
        copy = world.person("ben").clone(world.registry.url(), "copy")
        self.assertEqual(copy.read("model.bin"), model)

    @on_each_registry
    def test_what_was_freed_can_be_pushed_again(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        model = world.bytes(200_000)
        ada.commit("one", model_bin=model)
        for _ in range(2):
            ada.run("push", "origin", "main")
            ada.run("push", "-d", "origin", "main")
            world.registry.gc("--grace-days", "0")
        ada.run("push", "origin", "main")
        self.assertEqual(world.registry.fsck(ada).code, 0)
        copy = world.person("ben").clone(world.registry.url(), "copy")
        self.assertEqual(copy.read("model.bin"), model)


if __name__ == "__main__":
    unittest.main()
