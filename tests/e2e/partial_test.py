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


def external_model(location):
    """An ONNX model with one tensor of 8000 floats in the file `location`."""
    def field(number, content):
        if isinstance(content, int):
            return varint(number << 3) + varint(content)
        return varint(number << 3 | 2) + varint(len(content)) + content

    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    def entry(key, value):
        return field(1, key) + field(2, value)

    tensor = field(1, 8000) + field(2, 1) + field(8, b"w")
    tensor += field(13, entry(b"location", location.encode())) + field(14, 1)
    graph = field(2, b"g") + field(5, tensor)
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


class PartTest(unittest.TestCase):
    def family(self, world):
        """Ada's repository of one model in two forms, pushed."""
        ada = world.person("ada").begin("vad", world.registry.url())
        self.int8, self.fp32 = b"\0" + world.bytes(100_000), b"\0" + world.bytes(400_000)
        ada.write("vad.int8.onnx", self.int8)
        ada.write("deep/vad.fp32.onnx", self.fp32)
        ada.commit("base", card_md="card\n")
        ada.run("push", "-u", "origin", "main")
        return ada

    def assert_clean(self, clone):
        status = clone.json("status")
        self.assertEqual((status["staged"], status["unstaged"], status["untracked"]), ([], [], []))

    @on_each_registry
    def test_a_partial_clone_fetches_a_part_and_loses_nothing(self, world):
        ada = self.family(world)
        ben = world.person("ben")
        self.assertEqual(ben.json("clone", "--dry-run", "--include", "*.int8.onnx",
                                  world.registry.url())["missing_bytes"], 100_001)
        noted = ben.run("clone", "--include", "*.int8.onnx", world.registry.url(), "vad").err
        self.assertIn("2 files are left out", noted)
        ben = ben.at(ben.path("vad"))
        self.assertEqual(sorted(os.listdir(ben.folder)), [".mreg", "vad.int8.onnx"])
        self.assertLess(ben.json("store", "stats")["stored_bytes"], 110_000)
        self.assert_clean(ben)
        self.assertNotIn(" D", ben.git("status", "--porcelain").out)
        self.assertEqual(ben.git("ls-files", "-t").out,
                         "S card.md\nS deep/vad.fp32.onnx\nH vad.int8.onnx\n")
        self.assertIn("patterns: *.int8.onnx", ben.run("status").out)

        ben.commit("mine", **{"vad.int8_onnx": b"\0" + world.bytes(100_000)})
        ben.run("push")
        ada.run("pull")
        self.assertEqual(ada.read("vad.int8.onnx"), ben.read("vad.int8.onnx"))
        self.assertEqual(ada.read("deep/vad.fp32.onnx"), self.fp32)
        carl = world.person("carl").clone(world.registry.url(), "vad")
        self.assertEqual(carl.read("deep/vad.fp32.onnx"), self.fp32)

    @on_each_registry
    def test_the_choice_is_remembered_until_it_is_changed(self, world):
        ada = self.family(world)
        ben = world.person("ben")
        ben.run("clone", "--include", "*.int8.onnx", world.registry.url(), "vad")
        ben = ben.at(ben.path("vad"))
        ada.write("other.int8.onnx", b"\0" + world.bytes(1_000))
        ada.write("deep/vad.fp32.onnx", b"\0" + world.bytes(300_000))
        ada.commit("more", card_md="more\n")
        ada.run("push")
        self.assertEqual(ben.json("pull", "-n")["missing_bytes"], 1_001)
        self.assertEqual(ben.json("pull")["result"], "fast-forward")
        self.assertTrue(os.path.exists(ben.path("other.int8.onnx")))
        self.assertFalse(os.path.exists(ben.path("card.md")))
        self.assert_clean(ben)

        plan = ben.json("pull", "-n", "--include", "*")
        self.assertEqual((plan["files"], plan["missing_bytes"]), (1, 300_001))
        self.assertEqual(ben.json("pull", "--exclude", "*.fp32.onnx")["result"], "up-to-date")
        self.assertEqual(ben.read("card.md"), b"more\n")
        self.assertEqual(ben.json("status")["left_out"], 1)
        ben.run("pull", "--include", "*")
        self.assertEqual(ben.read("deep/vad.fp32.onnx"), ada.read("deep/vad.fp32.onnx"))
        self.assertEqual(ben.json("status")["left_out"], 0)
        ben.run("pull", "--include", "card.md")
        self.assertEqual(sorted(os.listdir(ben.folder)), [".mreg", "card.md"])
        self.assert_clean(ben)
        ben.run("pull", "--include", "!x", code=2)

    @on_each_registry
    def test_merges_switches_and_restores_know_the_choice(self, world):
        ada = self.family(world)
        ada.run("tag", "v1")
        ada.run("push", "--tags")
        ben = world.person("ben")
        ben.run("clone", "--include", "*.int8.onnx", world.registry.url(), "vad")
        ben = ben.at(ben.path("vad"))
        fp32 = b"\0" + world.bytes(300_000)
        ada.write("deep/vad.fp32.onnx", fp32)
        ada.commit("fp32 by ada")
        ada.run("push")
        ben.commit("int8 by ben", **{"vad.int8_onnx": b"\0" + world.bytes(50_000)})
        self.assertEqual(ben.json("pull")["result"], "merged")
        ben.run("push")
        self.assert_clean(ben)
        self.assertFalse(os.path.exists(ben.path("deep")))
        ada.run("pull")
        self.assertEqual(ada.read("deep/vad.fp32.onnx"), fp32)
        self.assertEqual(ada.read("vad.int8.onnx"), ben.read("vad.int8.onnx"))

        ben.run("switch", "--detach", "v1")
        self.assertEqual(ben.read("vad.int8.onnx"), self.int8)
        self.assertFalse(os.path.exists(ben.path("deep")))
        ben.run("restore", "deep/vad.fp32.onnx")
        self.assertEqual(ben.read("deep/vad.fp32.onnx"), self.fp32)
        self.assert_clean(ben)
        ben.run("switch", "main")
        self.assertFalse(os.path.exists(ben.path("deep")))
        self.assert_clean(ben)

    @on_each_registry
    def test_the_data_of_an_included_model_comes_with_it(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        data = world.bytes(32_000)
        ada.write("model/small.onnx", external_model("weights/w.data"))
        ada.write("model/weights/w.data", data)
        ada.write("big.bin", b"\0" + world.bytes(200_000))
        ada.commit("base")
        ada.run("push")
        ben = world.person("ben")
        ben.run("clone", "--include", "small.onnx", world.registry.url(), "vad")
        ben = ben.at(ben.path("vad"))
        self.assertEqual(ben.read("model/weights/w.data"), data)
        self.assertFalse(os.path.exists(ben.path("big.bin")))
        listed = ben.json("ls", "--tensors")
        self.assertEqual(listed["tensors"], [{"path": "model/weights/w.data", "name": "w",
                                              "type": "FLOAT", "offset": 0, "length": 32_000}])
        self.assertEqual(listed["absent"], 1)
        self.assertIn("FLOAT", ben.run("ls", "--tensors", "HEAD", "model").out)
        self.assert_clean(ben)


if __name__ == "__main__":
    unittest.main()
