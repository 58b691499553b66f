#!/usr/bin/env python3
"""Several people and several commands at once."""

import os
import unittest

from worlds import DaemonRegistry, FolderRegistry, REGISTRIES, World, on_each_registry


class SharingTest(unittest.TestCase):
    @on_each_registry
    def test_whoever_comes_second_fetches_first(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", model_bin=world.bytes(50_000), a_md="a\n", b_md="b\n")
        ada.run("push", "-u", "origin", "main")
        ben = world.person("ben").clone(world.registry.url(), "vad")

        ada.commit("by ada", a_md="ada\n")
        ada.run("push")
        ben.commit("by ben", b_md="ben\n")
        refused = ben.run("push", code=6)
        self.assertIn("hint: fetch first: `mreg pull`", refused.err)

        ben.run("pull", "--ff-only", code=6)
        self.assertEqual(ben.json("pull")["result"], "merged")
        self.assertEqual((ben.read("a.md"), ben.read("b.md")), (b"ada\n", b"ben\n"))
        ben.run("push")
        self.assertEqual(ada.json("pull")["result"], "fast-forward")
        self.assertEqual(ada.read("b.md"), b"ben\n")
        self.assertEqual(ada.json("pull")["result"], "up-to-date")

    @on_each_registry
    def test_a_conflict_changes_nothing_until_it_is_settled(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", model_bin=b"\0base")
        ada.run("push", "-u", "origin", "main")
        ben = world.person("ben").clone(world.registry.url(), "vad")
        ada.commit("by ada", model_bin=b"\0ada")
        ada.run("push")
        ben.commit("by ben", model_bin=b"\0ben")

        conflict = ben.run("pull", "--json", code=6)
        self.assertEqual(conflict.json()["conflicts"],
                         [{"path": "model.bin", "kind": "both changed"}])
        self.assertEqual(ben.read("model.bin"), b"\0ben")
        self.assertEqual(ben.json("status")["ahead"], 1)
        ben.run("pull", "--theirs", "model.bin")
        self.assertEqual(ben.read("model.bin"), b"\0ada")
        self.assertEqual(len(ben.json("show")["parents"]), 2)
        ben.run("push")

    @on_each_registry
    def test_a_second_clone_transfers_nothing(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", model_bin=world.bytes(300_000))
        ada.run("push")
        ben = world.person("ben")
        self.assertIn("received", ben.run("clone", world.registry.url(), "one").err)
        self.assertNotIn("received", ben.run("clone", world.registry.url(), "two").err)
        self.assertEqual(ben.at(ben.path("two")).read("model.bin"), ada.read("model.bin"))

    @on_each_registry
    def test_a_tag_that_is_here_is_never_moved_by_fetch(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("one", a_md="1\n")
        ada.run("tag", "v1")
        ada.run("push", "--tags")
        ben = world.person("ben").clone(world.registry.url(), "vad")
        before = ben.json("tag")["tags"]
        ada.commit("two", a_md="2\n")
        ada.run("tag", "v1", code=6)
        ada.run("tag", "-f", "v1")
        ada.run("push", "--tags", code=6)
        ada.run("push", "--tags", "--force")
        self.assertEqual(ben.json("fetch")["kept_tags"], ["refs/tags/v1"])
        self.assertEqual(ben.json("tag")["tags"], before)

    @on_each_registry
    def test_branches_are_shared_and_removed(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("base", a_md="1\n")
        ada.run("push", "-u", "origin", "main")
        ada.run("switch", "-c", "quantised")
        ada.commit("smaller", a_md="2\n")
        ada.run("push", "-u", "origin", "quantised")
        ben = world.person("ben").clone(world.registry.url(), "vad")
        ben.run("switch", "quantised")
        self.assertEqual(ben.read("a.md"), b"2\n")
        self.assertEqual(ben.json("status")["upstream"], "origin/quantised")

        ada.run("switch", "main")
        ada.run("branch", "-d", "main", code=6)
        ada.run("push", "-d", "origin", "quantised")
        ada.run("branch", "-d", "quantised", code=6)
        ada.run("branch", "-d", "-f", "quantised")
        self.assertEqual([branch["name"] for branch in ada.json("branch")["branches"]], ["main"])

    @on_each_registry
    def test_eight_commands_share_one_store(self, world):
        ada = world.person("ada")
        shared = world.bytes(400_000)
        clones = []
        for number in range(8):
            clone = ada.begin(f"clone{number}", world.registry.url(f"acme/model{number}"))
            clone.write("model.bin", shared + world.bytes(50_000))
            clones.append(clone)
        for words in (["add", "."], ["commit", "-m", "together"], ["push", "-u", "origin", "main"]):
            waiting = [clone.later(*words) for clone in clones]
            for result in [wait() for wait in waiting]:
                self.assertEqual(result.code, 0, result)
        self.assertEqual(ada.json("fsck")["problems"], [])
        self.assertEqual(world.registry.fsck(ada).code, 0)
        for number, clone in enumerate(clones):
            copy = world.person(f"ben{number}").clone(
                world.registry.url(f"acme/model{number}"), "copy")
            self.assertEqual(copy.read("model.bin"), clone.read("model.bin"))

    @on_each_registry
    def test_garbage_is_what_no_clone_reaches(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("one", model_bin=world.bytes(200_000))
        ada.write("other.bin", world.bytes(100_000))
        ada.run("add", ".")
        self.assertEqual(ada.json("gc", "--dry-run")["used_files"], 2)
        ada.run("restore", "--staged", "other.bin")
        plan = ada.json("gc", "--dry-run")
        self.assertEqual((plan["used_files"], plan["kept_files"], plan["free_files"]), (1, 1, 0))
        self.assertEqual(ada.json("gc")["removed_files"], 0)
        done = ada.json("gc", "--grace-days", "0")
        self.assertEqual((done["free_files"], done["removed_files"]), (1, 1))
        self.assertGreater(done["freed_bytes"], 100_000)
        self.assertEqual(ada.json("fsck")["problems"], [])
        ada.commit("two", other_bin=world.bytes(100_000))

    @on_each_registry
    def test_a_clone_that_is_not_there_is_forgotten_only_when_told_to(self, world):
        home = world.person("ada")
        ada = home.begin("vad", world.registry.url())
        ada.commit("one", model_bin=world.bytes(200_000))
        os.rename(ada.folder, ada.folder + "-elsewhere")
        self.assertIn("--forget-lost", home.run("gc", "--grace-days", "0", code=6).err)
        self.assertEqual(home.json("gc", "--dry-run")["lost_clones"], [ada.folder])
        done = home.json("gc", "--grace-days", "0", "--forget-lost")
        self.assertEqual(done["removed_files"], 1)
        self.assertEqual(home.json("gc", "--dry-run")["lost_clones"], [])


@unittest.skipUnless(DaemonRegistry in REGISTRIES, "mregd is not built")
class ServedFolderTest(unittest.TestCase):
    """One registry, reached through its daemon and as a folder."""

    def setUp(self):
        self.world = World(DaemonRegistry)
        self.addCleanup(self.world.close)
        self.folder = FolderRegistry(self.world)  # the same that the daemon serves
        self.clone = self.world.person("ada", may_push=False).begin("vad", self.folder.url())
        self.clone.commit("one", model_bin=self.world.bytes(300_000))

    def test_its_owner_may_push_and_clone_by_path_while_it_is_served(self):
        self.clone.run("push", "-u", "origin", "main")
        for number, url in enumerate((self.folder.url(), self.world.registry.url())):
            copy = self.world.person(f"ben{number}", may_push=False).clone(url, "vad")
            self.assertEqual(copy.read("model.bin"), self.clone.read("model.bin"))

    def test_it_is_administered_and_used_alike_when_nobody_serves_it(self):
        token = self.world.registry.token("beside").strip()
        self.clone.run("push", "-u", "origin", "main")
        self.world.registry.stop()
        self.world.registry.token("without")
        self.clone.commit("two", model_bin=self.world.bytes(300_000))
        self.clone.run("push")
        self.assertEqual(self.world.registry.fsck(self.clone).code, 0)
        self.world.registry.start()
        self.clone.variables["MREG_TOKEN"] = token
        self.clone.commit("three", model_bin=self.world.bytes(300_000))
        self.clone.run("push", self.add_remote())
        self.assertEqual(len(self.clone.json("log")["commits"]), 3)

    def add_remote(self):
        self.clone.run("remote", "add", "served", self.world.registry.url())
        return "served"


if __name__ == "__main__":
    unittest.main()
