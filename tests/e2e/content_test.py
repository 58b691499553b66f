#!/usr/bin/env python3
"""What can run a program when it is loaded enters nowhere, whatever its name."""

import io
import os
import pickle
import unittest
import zipfile

from worlds import DaemonRegistry, REGISTRIES, World, on_each_registry


class Attack:
    def __reduce__(self):
        return os.system, ("true",)


def torch_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.")
        archive.writestr("model/data/0", bytes(100))
    return buffer.getvalue()


class UnsafeTest(unittest.TestCase):
    @on_each_registry
    def test_add_refuses_and_says_how_to_export(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.write("README.md", "# A model\n")
        ada.write("model.onnx", torch_zip())
        ada.write("notes.txt", pickle.dumps(Attack(), 0))
        refused = ada.run("add", ".", code=2)
        self.assertIn("model.onnx holds a Python pickle that imports "
                      "torch._utils._rebuild_tensor_v2", refused.err)
        self.assertIn("model/data.pkl", refused.err)
        self.assertIn("torch.onnx.export", refused.err)
        self.assertIn("notes.txt holds", refused.err)
        # Nothing was added, the harmless file neither.
        ada.run("commit", "-m", "nothing", code=6)
        ada.run("add", "README.md")

    @on_each_registry
    def test_hostile_names_do_not_reach_the_terminal(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("\x1b[2Jx\nmreg: all is well", pickle.dumps(Attack(), 2))
        ada.write("model.onnx", buffer.getvalue())
        refused = ada.run("add", ".", code=2)
        self.assertNotIn("\x1b", refused.err)
        self.assertNotIn("\nmreg: all is well", refused.err)

    @on_each_registry
    def test_a_push_that_went_around_add_is_refused(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("one", README_md="# A model\n")
        ada.run("push", "-u", "origin", "main")
        # As another program might commit it: text is a blob of git's.
        ada.write("evil", pickle.dumps(Attack(), 0))
        for words in (("read-tree", "HEAD"),
                      ("update-index", "--add", "--cacheinfo",
                       "100644," + ada.git("hash-object", "-w", "evil").out.strip() + ",a.txt")):
            self.assertEqual(ada.git(*words).code, 0)
        tree = ada.git("write-tree").out.strip()
        commit = ada.git("-c", "user.name=ada", "-c", "user.email=ada@example.org", "commit-tree",
                         tree, "-p", "HEAD", "-m", "evil").out.strip()
        self.assertEqual(ada.git("update-ref", "refs/heads/main", commit).code, 0)
        refused = ada.run("push", code=2)
        self.assertIn("a.txt holds a Python pickle that imports posix.system", refused.err)
        self.assertIn("ONNX", refused.err)
        self.assertEqual(world.registry.fsck(ada).code, 0)


@unittest.skipUnless(DaemonRegistry in REGISTRIES, "mregd is not built")
class RulesTest(unittest.TestCase):
    def test_unknown_files_need_the_operators_leave(self):
        world = World(DaemonRegistry)
        self.addCleanup(world.close)
        world.registry.stop()
        world.registry.configure('[content.namespaces.research]\nunknown_binary = "allow"\n')
        world.registry.start()
        ada = world.person("ada").begin("vad", world.registry.url("acme/vad"))
        ada.write("model.bin", world.bytes(100_000))
        self.assertIn("rules allow unknown files", ada.run("add", ".").err)
        ada.run("commit", "-m", "one")
        refused = ada.run("push", "-u", "origin", "main", code=2)
        self.assertIn("content.unknown_binary", refused.err)
        ada.run("remote", "add", "research", world.registry.url("research/vad"))
        ada.run("push", "research", "main")


if __name__ == "__main__":
    unittest.main()
