#!/usr/bin/env python3
"""Where models come from: declared, in git, and inferred from what they have in common."""

import random
import re
import struct
import time
import unittest

from worlds import field, on_each_registry, varint

TENSORS, ELEMENTS = 6, 4096
FLOAT, INT8, HALF = 1, 3, 10


def weights(source):
    return [[source.gauss(0, .05) for _ in range(ELEMENTS)] for _ in range(TENSORS)]


def tuned(source, tensors):
    return [[value + source.gauss(0, .005) for value in values] for values in tensors]


def tensor(name, kind, dims, raw):
    return (b"".join(b"\x08" + varint(dim) for dim in dims) + b"\x10" + varint(kind) +
            field(8, name.encode()) + field(9, raw))


def model(tensors, nodes):
    graph = b"".join(field(1, node) for node in nodes) + field(2, b"main")
    graph += b"".join(field(5, each) for each in tensors)
    return b"\x08\x08" + field(8, b"\x10" + varint(17)) + field(7, graph)


def node(op, inputs, output):
    names = b"".join(field(1, name.encode()) for name in inputs)
    return names + field(2, output.encode()) + field(3, output.encode()) + field(4, op.encode())


def float_model(tensors, prefix="w", kind=FLOAT):
    letter = {FLOAT: "f", HALF: "e"}[kind]
    side = int(ELEMENTS ** .5)
    return model([tensor(f"{prefix}{number}", kind, [side, side],
                         struct.pack(f"<{ELEMENTS}{letter}", *values))
                  for number, values in enumerate(tensors)],
                 [node("Identity", [f"{prefix}{number}"], f"y{number}")
                  for number in range(TENSORS)])


def quantised_model(tensors):
    stored, nodes, side = [], [], int(ELEMENTS ** .5)
    for number, values in enumerate(tensors):
        scale = max(abs(value) for value in values) / 127
        levels = [round(value / scale) for value in values]
        stored.append(tensor(f"w{number}_quantized", INT8, [side, side],
                             struct.pack(f"<{ELEMENTS}b", *levels)))
        stored.append(tensor(f"w{number}_scale", FLOAT, [], struct.pack("<f", scale)))
        nodes.append(node("DequantizeLinear", [f"w{number}_quantized", f"w{number}_scale"],
                          f"y{number}"))
    return model(stored, nodes)


def backdate(clone):
    """Makes the version that is checked out one of 2020, as an older clock would have."""
    clone.variables = {**clone.variables, "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
                       "GIT_COMMITTER_NAME": "ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
                       "GIT_AUTHOR_NAME": "ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    made = clone.git("commit-tree", "HEAD^{tree}", "-m", "base")
    assert made.code == 0, made
    clone.git("update-ref", "refs/heads/main", made.out.strip())


def is_dot(text):
    """Whether this is a graph in Graphviz's language, as far as mreg uses it."""
    label = r'"(?:[^"\\]|\\.)*"'
    line = rf'  ("[0-9a-f]{{40}}"( -> "[0-9a-f]{{40}}")? \[label={label}(, \w+=\w+)?\]|[\w =\[\]]+);\n'
    return re.fullmatch(rf"digraph lineage {{\n({line})*}}\n", text) is not None


class LineageTest(unittest.TestCase):
    def lineage(self, clone, *words):
        # The daemon enters what is pushed a moment later.
        for _ in range(200):
            answer = clone.run("lineage", "--json", *words, code=None)
            if answer.code == 0 and answer.json()["behind"] == 0:
                break
            time.sleep(.05)
        self.assertEqual(answer.code, 0, answer)
        return answer.json()

    def edges(self, clone, *words):
        """"acme/tuned <- acme/base declared fine-tune" of each edge."""
        answer = self.lineage(clone, *words)
        places = {node["commit"]: node["places"][0]["repository"] for node in answer["nodes"]}
        return sorted(f"{places[edge['child']]} <- {places[edge['source']]} {edge['kind']} "
                      f"{edge['how']}" for edge in answer["edges"])

    @on_each_registry
    def test_what_descends_from_a_base_and_where_it_came_from(self, world):
        ada = world.person("ada")

        def push(name, content, *words, old=False):
            clone = ada.begin(name.replace("/", "-"), world.registry.url(name))
            clone.write("model.onnx", content)
            clone.run("remote", "add", "base", world.registry.url("acme/base"))
            if words:
                clone.run("fetch", "base")
            clone.run("add", ".")
            clone.run("commit", "-m", name, *words)
            if old:
                backdate(clone)
            clone.run("push", "-u", "origin", "main")
            return clone

        source = random.Random(11)  # near and nearer are a matter of luck
        first = weights(source)
        base = push("acme/base", float_model(first), old=True)
        own = push("acme/own", float_model(tuned(source, first)), "--derived-from",
                   "acme/base@main", "--how", "fine-tune")
        wild = push("lab/wild", float_model(tuned(source, first), prefix="encoder.weight_"))
        half = push("lab/half", float_model(first, prefix="h", kind=HALF))
        small = push("lab/small", quantised_model(first))
        other = push("lab/other", float_model(weights(source), prefix="v"))
        small.run("branch", "prod")
        small.run("push", "origin", "prod")

        down = ["acme/own <- acme/base declared fine-tune",
                "lab/half <- acme/base inferred cast",
                "lab/small <- acme/base inferred quantize",
                "lab/wild <- acme/base inferred fine-tune"]
        self.assertEqual(self.edges(base), down)
        self.assertEqual(self.edges(base, "acme/base@main", "--down"), down)
        self.assertEqual(self.edges(base, "--up"), [])
        self.assertEqual(self.edges(own, "--up"), down[:1])
        for clone, edge in ((half, down[1]), (small, down[2]), (wild, down[3])):
            self.assertEqual(self.edges(clone, "--up"), [edge])
        self.assertEqual(self.edges(other), [])
        self.assertEqual(self.edges(base, "--down", "--ref", "prod"), [down[2]])

        for edge in self.lineage(base)["edges"]:
            self.assertEqual("confidence" in edge, edge["kind"] == "inferred", edge)
            if edge["kind"] == "inferred":
                self.assertGreaterEqual(edge["confidence"], .8, edge)
                self.assertGreater(edge["evidence"]["alike"], .9, edge)

        text = base.run("lineage").out
        self.assertIn("acme/own (main)  [declared: fine-tune]", text)
        self.assertRegex(text, r"lab/small \(main, prod\)  \[inferred, \d+ %: quantize\]")
        self.assertIn("% of the weights alike", text)
        self.assertNotIn("lab/other", text)
        dot = base.run("lineage", "--dot").out
        self.assertTrue(is_dot(dot), dot)
        self.assertIn("style=dashed", dot)
        self.assertNotIn("lab/other", dot)

        elsewhere = world.person("ben", may_push=False)
        self.assertEqual(
            self.edges(elsewhere, "acme/own", "--up", "--registry",
                       getattr(world.registry, "base", f"file://{world.registry.folder}")),
            down[:1])

    @on_each_registry
    def test_wrong_questions_are_refused(self, world):
        ada = world.person("ada")
        clone = ada.begin("base", world.registry.url("acme/base"))
        clone.commit("base", model_onnx=float_model(weights(world.random)))
        clone.run("push", "-u", "origin", "main")
        self.assertEqual(self.edges(clone), [])
        self.assertIn("nothing that is known", clone.run("lineage").out)
        clone.run("lineage", "none", code=3)
        clone.run("lineage", "acme/none", code=3)
        clone.run("lineage", "acme/base@none", code=3)
        for words in (["--dot", "--json"], ["--limit", "0"], ["--limit", "99999999"],
                      ["--min-confidence", "101"], ["a/b/c@d"]):
            clone.run("lineage", *words, code=2)
        clone.commit("not pushed", README_md="# Base\n")
        self.assertIn("mreg push", clone.run("lineage", code=3).err)


if __name__ == "__main__":
    unittest.main()
