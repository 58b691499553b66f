#!/usr/bin/env python3
"""The life of a model: two releases, shared, looked at, fetched by others."""

import contextlib
import json
import shutil
import sqlite3
import unittest

from worlds import on_each_registry, onnx_models, read_file, two_releases


class StoryTest(unittest.TestCase):
    @on_each_registry
    def test_two_releases_of_a_model(self, world):
        first, second = two_releases()
        ada = world.person("ada")
        ada.run("init", "vad")
        vad = ada.at(ada.path("vad"))
        vad.write("model.onnx", first)
        vad.write("README.md", "# Voice activity\n")

        self.assertEqual(vad.json("status")["untracked"], ["README.md", "model.onnx"])
        vad.run("add", ".")
        staged = vad.json("status")["staged"]
        self.assertEqual(staged, [{"path": "README.md", "change": "added"},
                                  {"path": "model.onnx", "change": "added"}])
        vad.run("commit", "-m", "silero v5")
        self.assertEqual(vad.json("status")["staged"], [])
        vad.run("tag", "v1")

        vad.run("remote", "add", "origin", world.registry.url())
        pushed = vad.json("push", "-u", "origin", "main")
        self.assertEqual([move["reference"] for move in pushed["moves"]], ["refs/heads/main"])
        self.assertEqual(pushed["sent_chunks"], pushed["chunks"])
        self.assertEqual(pushed["new_bytes"], len(first))
        self.assertIn("up to date", vad.run("push").err)

        copy = ada.clone(world.registry.url(), "copy")
        self.assertEqual(copy.read("model.onnx"), first)
        self.assertEqual(copy.read("README.md"), b"# Voice activity\n")
        self.assertEqual(copy.run("status").out.splitlines()[-1],
                         "Nothing to commit, the work tree is clean.")

        vad.write("model.onnx", second)
        vad.run("commit", "-a", "-m", "the other release")
        vad.run("tag", "-m", "second release", "v2")
        self.assertEqual(vad.json("status")["ahead"], 1)
        pushed = vad.json("push", "--tags")
        self.assertEqual([move["reference"] for move in pushed["moves"]],
                         ["refs/heads/main", "refs/tags/v1", "refs/tags/v2"])
        self.assertLess(pushed["new_bytes"], len(second))
        self.assertLess(pushed["sent_chunks"], pushed["chunks"])

        copy.run("pull")
        self.assertEqual(copy.read("model.onnx"), second)
        self.assertEqual([tag["name"] for tag in copy.json("tag")["tags"]], ["v1", "v2"])
        self.look_back(copy, first, second)
        self.assertEqual(world.registry.fsck(ada).code, 0)
        self.assertEqual(copy.json("fsck")["problems"], [])

    def look_back(self, copy, first, second):
        log = copy.json("log")["commits"]
        self.assertEqual([commit["message"] for commit in log],
                         ["the other release\n", "silero v5\n"])
        self.assertEqual(log[0]["author"]["name"], "ada")
        self.assertIn("tag: v2", log[0]["references"])
        self.assertEqual(len(copy.run("log", "--oneline", "-n", "1").out.splitlines()), 1)

        shown = copy.json("show", "v1")
        self.assertEqual(len(shown["manifest"]), 64)
        self.assertEqual([file["path"] for file in shown["files"]], ["README.md", "model.onnx"])
        self.assertEqual(copy.json("ls", "v1")["files"], shown["files"])
        self.assertEqual(copy.json("ls", "v1", "model.onnx")["files"][0]["size"], len(first))

        differences = copy.json("diff", "v1", "v2")["files"]
        self.assertEqual([file["path"] for file in differences], ["model.onnx"])
        self.assertEqual(differences[0]["change"], "modified")
        self.assertEqual(differences[0]["after"]["size"], len(second))
        copy.run("diff", "--exit-code", "v1", "v2", code=1)
        copy.run("diff", "--exit-code", "v1", "v1")

        copy.run("switch", "--detach", "v1")
        self.assertEqual(copy.read("model.onnx"), first)
        copy.run("switch", "main")
        self.assertEqual(copy.read("model.onnx"), second)
        stats = copy.json("store", "stats")
        self.assertEqual(stats["artifacts"], 2)
        self.assertEqual(stats["logical_bytes"], len(first) + len(second))
        self.assertLess(stats["unique_bytes"], stats["logical_bytes"])

    @on_each_registry
    def test_real_onnx_files_come_back_byte_for_byte(self, world):
        models = onnx_models(200)
        if not models:
            self.skipTest("libonnx-testdata is not installed")
        ada = world.person("ada")
        clone = ada.begin("zoo", world.registry.url("acme/zoo"))
        for number, model in enumerate(models):
            shutil.copy(model, clone.path(f"model{number}.onnx"))
        clone.run("add", ".")
        clone.run("commit", "-m", "models")
        clone.run("push")
        # Somebody else, whose store is empty.
        other = world.person("ben").clone(world.registry.url("acme/zoo"), "zoo")
        for number, model in enumerate(models):
            self.assertEqual(other.read(f"model{number}.onnx"), read_file(model), model)

    @on_each_registry
    def test_text_is_shown_and_compared_by_lines(self, world):
        clone = world.person("ada").begin("notes", world.registry.url("acme/notes"))
        clone.commit("one", card_md="a\nb\n")
        clone.write("card.md", "a\nc\n")
        self.assertIn("-b\n+c\n", clone.run("diff").out)
        self.assertIn("-b\n+c\n", clone.run("diff", "HEAD").out)
        self.assertEqual(clone.run("diff", "--staged").out, "")
        clone.run("restore", "card.md")
        self.assertEqual(clone.read("card.md"), b"a\nb\n")

    @on_each_registry
    def test_stock_git_reads_a_clone(self, world):
        clone = world.person("ada").begin("vad", world.registry.url())
        clone.commit("first", model_bin=world.bytes(100_000), README_md="# text\n")
        clone.run("push", "-u", "origin", "main")
        clone.run("tag", "-m", "annotated", "v1")
        fsck = clone.git("fsck", "--strict")
        self.assertEqual((fsck.code, fsck.err), (0, ""))
        self.assertIn("first", clone.git("log", "--oneline", "origin/main").out)
        self.assertIn("oid sha256:", clone.git("show", "v1:model.bin").out)
        self.assertEqual(clone.git("config", "branch.main.merge").out, "refs/heads/main\n")

    @on_each_registry
    def test_a_version_says_what_it_was_made_from(self, world):
        ada = world.person("ada")
        base = ada.begin("bert", world.registry.url("acme/bert"))
        base.commit("base", model_bin=world.bytes(100_000))
        base.run("push", "-u", "origin", "main")
        made_from = base.json("show")["id"]
        own = ada.begin("own", world.registry.url("acme/own"))
        own.write("model.bin", world.bytes(100_000))
        name = "acme/bert@main"
        unknown = own.run("add", ".", "--derived-from", name, code=3)
        self.assertIn("mreg remote add", unknown.err)
        own.run("remote", "add", "bert", world.registry.url("acme/bert"))
        self.assertIn("mreg fetch bert", own.run("add", ".", "--derived-from", name, code=3).err)
        own.run("fetch", "bert")
        own.run("add", ".", "--derived-from", name)
        for words in (["--how", "cast"], ["--derived-from", name],
                      ["--derived-from", name, "--how", "magic"]):
            own.run("commit", "-m", "tuned", *words, code=2)
        own.run("commit", "-m", "tuned", "--derived-from", name, "--how", "fine-tune")
        trailers = f"Derived-From: {made_from} ({name})\nDerived-How: fine-tune\n"
        self.assertEqual(own.json("show")["message"], "tuned\n\n" + trailers)
        self.assertIn(f"Derived-From: {made_from}", own.run("log").out)
        self.assertEqual(own.git("log", "-1", "--format=%(trailers)").out.strip(),
                         trailers.strip())

    @on_each_registry
    def test_a_store_from_before_a_table_gets_it(self, world):
        clone = world.person("ada").begin("vad", world.registry.url())
        clone.commit("one", model_bin=world.bytes(10_000))
        with contextlib.closing(sqlite3.connect(clone.home + "/store/index.sqlite")) as index:
            index.execute("DROP TABLE sketches")
        clone.write("model.safetensors", safetensors(world.bytes(40_000)))
        clone.run("add", ".")
        with contextlib.closing(sqlite3.connect(clone.home + "/store/index.sqlite")) as index:
            index.execute("SELECT count(*) FROM sketches")


def safetensors(weights):
    """A file with one tensor of these bytes as int8."""
    header = json.dumps({"w": {"dtype": "I8", "shape": [len(weights)],
                               "data_offsets": [0, len(weights)]}}).encode()
    return len(header).to_bytes(8, "little") + header + weights


if __name__ == "__main__":
    unittest.main()
