#!/usr/bin/env python3
"""Knowing beforehand what a pull brings, and pulling only a part of it."""

import os
import unittest

from worlds import on_each_registry


class DryRunTest(unittest.TestCase):
    @on_each_registry
    def test_a_dry_pull_tells_the_bytes_and_changes_nothing(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", model_bin=world.bytes(300_000))
        ada.run("push", "-u", "origin", "main")
        ben = world.person("ben").clone(world.registry.url(), "vad")
        ada.commit("more", model_bin=world.bytes(200_000), other_bin=world.bytes(500_000))
        ada.run("push")

        before = (ben.json("status"), ben.json("branch"), ben.json("store", "stats"))
        fetch = ben.json("fetch", "--dry-run")
        self.assertEqual((fetch["dry_run"], len(fetch["moves"])), (True, 1))
        plan = ben.json("pull", "--dry-run")
        self.assertEqual((ben.json("status"), ben.json("branch"), ben.json("store", "stats")), before)
        self.assertEqual((plan["files"], plan["file_bytes"]), (2, 700_000))
        self.assertEqual(plan["missing_bytes"], 700_000)
        self.assertFalse(plan["receives_at_most"])
        self.assertIn("2 files", ben.run("pull", "-n").err)

        received = ben.run("pull").err
        self.assertIn("700", received)
        self.assertGreaterEqual(plan["receive_bytes"], 700_000)
        self.assertLess(plan["receive_bytes"], 703_000)
        again = ben.json("pull", "--dry-run")
        self.assertEqual((again["files"], again["receive_bytes"]), (0, 0))

    @on_each_registry
    def test_a_dry_clone_makes_no_folder(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", model_bin=world.bytes(300_000), a_md="text\n")
        ada.run("tag", "v1")
        ada.run("push", "--tags")
        ben = world.person("ben")
        for words in ([], ["-b", "main"], ["-b", "v1"]):
            plan = ben.json("clone", "--dry-run", *words, world.registry.url(), "vad")
            self.assertEqual((plan["files"], plan["missing_bytes"]), (1, 300_000))
        self.assertFalse(os.path.exists(ben.path("vad")))
        ben.run("clone", "--dry-run", "-b", "nothing", world.registry.url(), code=3)
        ben.run("clone", "--dry-run", world.registry.url("acme/nothing"), code=3)
        ben.clone(world.registry.url(), "vad")
        self.assertEqual(ben.json("clone", "-n", world.registry.url())["files"], 0)


if __name__ == "__main__":
    unittest.main()
