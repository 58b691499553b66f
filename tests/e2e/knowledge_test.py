#!/usr/bin/env python3
"""What mreg knows of models: told of files, of versions, of anything that calls itself a model."""

import struct
import subprocess
import time
import unittest

from worlds import MREGD, field, on_each_registry, onnx_models, read_file, searched, varint


def known_models(limit=None):
    models = onnx_models(limit)
    if not models:
        raise unittest.SkipTest("libonnx-testdata is not installed")
    return models


ELEMENTS = 4096


def two_models():
    """A model with one tensor, and it with one value 2 more and the next opset."""
    def model(opset, values):
        tensor = (b"\x08" + varint(ELEMENTS) + b"\x10\x01" + field(8, b"w") +
                  field(9, struct.pack(f"<{ELEMENTS}f", *values)))
        node = field(1, b"w") + field(2, b"y") + field(3, b"node") + field(4, b"Identity")
        graph = field(1, node) + field(2, b"main") + field(5, tensor)
        return b"\x08\x08" + field(8, b"\x10" + varint(opset)) + field(7, graph)

    values = list(range(ELEMENTS))
    return model(17, values), model(18, values[:-1] + [values[-1] + 2])


class KnowledgeTest(unittest.TestCase):
    @on_each_registry
    def test_a_model_is_inspected_wherever_it_is(self, world):
        first, second = (read_file(path) for path in known_models(2))
        ada = world.person("ada")
        ada.write("loose.onnx", first)
        loose = ada.json("inspect", "loose.onnx")["models"]
        self.assertEqual(len(loose), 1)
        self.assertEqual(loose[0]["size"], len(first))
        self.assertIn("opsets", ada.run("inspect", "loose.onnx").out)

        clone = ada.begin("vad", world.registry.url("acme/vad"))
        clone.write("a.onnx", first)
        clone.write("b.onnx", second)
        clone.write("README.md", "# Two models\n")
        clone.run("add", ".")
        clone.run("commit", "-m", "models")
        models = clone.json("inspect")["models"]
        self.assertEqual([model["path"] for model in models], ["a.onnx", "b.onnx"])
        self.assertEqual(models[0]["facts"], loose[0]["facts"])
        one = clone.json("inspect", "HEAD:b.onnx")["models"]
        self.assertEqual(one, models[1:])
        self.assertEqual(clone.json("inspect", "HEAD", "b.onnx")["models"], one)
        self.assertEqual(clone.run("inspect", "HEAD:README.md", code=None).code, 2)
        self.assertEqual(clone.run("inspect", "HEAD:none.onnx", code=None).code, 3)
        self.assertEqual(clone.run("inspect", "v9", code=None).code, 3)

    @on_each_registry
    def test_libonnx_is_asked_and_refuses_nothing(self, world):
        models = {path.split("/")[-2]: path for path in known_models()}
        fine, refused = (read_file(models[name]) for name in ("test_relu", "test_PixelShuffle"))
        later = two_models()[1]  # of opset 18
        ada = world.person("ada")
        ada.write("fine.onnx", fine)
        ada.write("later.onnx", later)
        ada.write("cut.onnx", fine[:-9])
        self.assertIn("fine.onnx: passed (libonnx ", ada.run("lint", "fine.onnx").out)
        self.assertIn("later", ada.run("lint", "later.onnx").out)
        ada.run("lint", "later.onnx", "--strict", code=1)
        ada.run("lint", "cut.onnx", code=2)

        clone = ada.begin("zoo", world.registry.url("acme/zoo"))
        clone.write("fine.onnx", fine)
        clone.write("refused.onnx", refused)
        clone.write("later.onnx", later)
        clone.run("add", ".")
        clone.run("commit", "-m", "zoo")
        clone.run("push", "origin", "main")
        answer = clone.run("lint", "--json", code=1).json()
        self.assertEqual([(model["path"], model["lint"]["result"]) for model in answer["models"]],
                         [("fine.onnx", "passed"), ("later.onnx", "unknown"),
                          ("refused.onnx", "failed")])
        clone.run("lint", "HEAD:fine.onnx")
        if not hasattr(world.registry, "log_text"):
            return

        def found(result):
            # The daemon asks libonnx a moment after the push.
            for _ in range(100):
                hits = clone.json("search", "lint:" + result)["hits"]
                if hits:
                    return [hit["path"] for hit in hits]
                time.sleep(.1)
            return []

        self.assertEqual(found("passed"), ["fine.onnx"])
        self.assertEqual(found("failed"), ["refused.onnx"])
        self.assertEqual(found("unknown"), ["later.onnx"])

    @on_each_registry
    def test_models_are_found_by_what_they_are(self, world):
        models = {path.split("/")[-2]: path for path in known_models()}
        ada = world.person("ada")
        for name, operator in [("relu", "test_relu"), ("conv", "test_basic_conv_with_padding")]:
            clone = ada.begin(name, world.registry.url(f"acme/{name}"))
            clone.write("model.onnx", read_file(models[operator]))
            clone.write("README.md", f"# The {name} of the zoo\n")
            clone.run("add", ".")
            clone.run("commit", "-m", name)
            clone.run("push")

        def found(*query):
            return [hit["repository"] for hit in searched(clone, *query)["hits"]]

        self.assertEqual(sorted(found()), ["acme/conv", "acme/relu"])
        self.assertEqual(found("op:Conv"), ["acme/conv"])
        self.assertEqual(found("zoo -op:conv"), ["acme/relu"])
        self.assertEqual(found("opset>99"), [])
        facets = clone.json("search", "--facets", "zoo")["facets"]
        self.assertIn({"value": "acme", "entries": 2},
                      [value for facet in facets for value in facet["values"]])
        self.assertIn("acme/relu", clone.run("search", "relu").out)
        wrong = clone.run("search", "opsett:17", code=2).err
        self.assertIn("opset", wrong)
        wrong = clone.run("search", "relu", "--registry", "/srv/registry", code=2).err
        self.assertIn("file:///", wrong)
        first = clone.json("search", "-n", "1")
        rest = clone.json("search", "-n", "1", "--before", first["next"])
        self.assertEqual(first["total"], 2)
        self.assertNotEqual(first["hits"], rest["hits"])
        if MREGD:
            subprocess.run([MREGD, "catalog", "rebuild", "--data", world.registry.folder],
                           check=True, capture_output=True)
            self.assertEqual(clone.json("search")["behind"], 0)
            self.assertEqual(found("op:Conv"), ["acme/conv"])

    @on_each_registry
    def test_a_version_shows_its_card(self, world):
        ada = world.person("ada")
        clone = ada.begin("voice", world.registry.url("acme/voice"))
        clone.write("a.txt", "text\n")
        clone.run("add", ".")
        clone.run("commit", "-m", "without")
        self.assertIsNone(clone.json("show")["card"])
        self.assertNotIn("License:", clone.run("show").out)

        clone.write("README.md", "---\nlicense: apache-2.0\npipeline_tag: audio-classification\n"
                                 "tags: [onnx, audio]\nbase_model: acme/base\n"
                                 "base_model_relation: quantized\n---\n# Voice\n\nTells it.\n")
        self.assertNotIn("card:", clone.run("add", "README.md").err)
        clone.run("commit", "-m", "with")
        clone.run("push", "origin", "main")
        bob = world.person("bob")
        there = bob.clone(world.registry.url("acme/voice"), "voice")
        shown = there.run("show").out
        for line in ["License:  apache-2.0", "Task:     audio-classification",
                     "Tags:     onnx, audio", "Base:     acme/base (quantized)"]:
            self.assertIn(line + "\n", shown)
        card = there.json("show")["card"]
        self.assertEqual((card["title"], card["summary"]), ("Voice", "Tells it."))
        self.assertEqual((card["base_models"], card["problems"]), (["acme/base"], []))

        clone.write("README.md", "---\nlicense: \"acme\\e[2J\"\ntags: *t\n---\n# Voice\n")
        self.assertIn("card: the front matter is no YAML", clone.run("add", "README.md").err)
        clone.write("README.md", "---\nlicense: \"acme\\e[2J\"\n---\n# Voice\n")
        self.assertIn("card: license: acme [2J is no known id", clone.run("add", ".").err)
        clone.run("commit", "-m", "faulty")
        self.assertEqual(len(clone.json("show")["card"]["problems"]), 1)
        self.assertNotIn("\x1b", clone.run("show").out)

    @on_each_registry
    def test_every_known_model_is_told_of(self, world):
        models = known_models()
        ada = world.person("ada")
        clone = ada.begin("zoo", world.registry.url("acme/zoo"))
        for number, model in enumerate(models):
            clone.write(f"{number}.onnx", read_file(model))
        clone.run("add", ".")
        clone.run("commit", "-m", "models")
        told = clone.json("inspect")["models"]
        self.assertEqual(len(told), len(models))
        for model in told:
            self.assertGreater(model["facts"]["nodes"], 0, model["path"])
            for use in model["facts"]["operators"]:
                known = use["domain"] != "ai.onnx" or use["since"] > 0 or use["function"]
                self.assertTrue(known, (model["path"], use))
        self.assertEqual(clone.run("inspect").err, "")

    @on_each_registry
    def test_what_is_no_model_is_told_so(self, world):
        ada = world.person("ada")
        model = read_file(known_models(1)[0])
        for name, content in [("cut.onnx", model[:len(model) // 2]), ("empty.onnx", b""),
                              ("text.onnx", b"not a model\n"), ("zeros.onnx", bytes(1 << 20))]:
            ada.write(name, content)
            answer = ada.run("inspect", name, code=None)
            self.assertEqual(answer.code, 2, name)
            self.assertEqual(answer.out, "")
            self.assertIn(name, answer.err)

    @on_each_registry
    def test_what_changed_inside_a_model_is_told_wherever_it_is(self, world):
        first, second = two_models()
        ada = world.person("ada")
        clone = ada.begin("net", world.registry.url("acme/net"))
        for number, model in enumerate((first, second), 1):
            clone.commit(f"version {number}", **{"model.onnx": model})
            clone.write(f"../v{number}.onnx", model)
        changed = clone.json("diff", "HEAD~1", "HEAD")["files"]
        self.assertEqual([file["path"] for file in changed], ["model.onnx"])
        change = changed[0]["model_change"]
        self.assertEqual(change["opsets"], [{"name": "ai.onnx", "before": "17", "after": "18"}])
        self.assertEqual([tensor["after"]["name"] for tensor in change["tensors"]], ["w"])
        statistics = change["tensors"][0]["statistics"]
        self.assertEqual((statistics["elements"], statistics["changed"]), (ELEMENTS, 1))
        self.assertEqual(statistics["max"], 2)

        text = clone.run("diff", "HEAD~1", "HEAD").out
        self.assertIn("ai.onnx  17 -> 18", text)
        self.assertIn("~ w  float", text)
        short = clone.run("diff", "--stat", "HEAD~1", "HEAD").out
        self.assertIn("1 changed; 1 now", short)
        self.assertNotIn("~ w  float", short)
        self.assertEqual(len(clone.run("diff", "-f", "HEAD~1", "HEAD").out.splitlines()), 1)

        outside = ada.json("diff", "v1.onnx", "v2.onnx")["files"]
        self.assertEqual(outside[0]["model_change"], change)
        ada.run("diff", "--exit-code", "v1.onnx", "v2.onnx", code=1)
        self.assertEqual(ada.run("diff", "--exit-code", "v1.onnx", "v1.onnx").out, "")
        ada.write("text.onnx", b"not a model\n")
        self.assertIn("text.onnx", ada.run("diff", "v1.onnx", "text.onnx", code=2).err)


if __name__ == "__main__":
    unittest.main()
