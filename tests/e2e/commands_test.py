#!/usr/bin/env python3
"""Every command that looks into models, over many real ones and over one with hostile names."""

import filecmp
import os
import struct
import unicodedata
import unittest

from worlds import (FolderRegistry, World, fake_runner, field, on_each_registry, onnx_models,
                    read_file, searched, varint)

# What moves a cursor, hides, or turns the order of what is read.
HOSTILE = ("tab\there", "new\nline", "esc\x1b[2J\x1b]0;title\x07", "del\x7f", "csi\u009b31m",
           "rtl\u202egnp.exe", "isolate\u2066x\u2069", "mark\u200f", "zero\u200bwidth",
           b"not \xff\xc0 utf-8", b"nul\x00byte", "../../up", "'; DROP TABLE entries; --", "x" * 5000)
TARGET = "ort-1.23.2-cpu"


def raw(text):
    return text if isinstance(text, bytes) else text.encode()


def hostile_model(shift, value):
    """A model in which every text is hostile; `shift` chooses which is where."""
    names = [raw(HOSTILE[(number + shift) % len(HOSTILE)]) for number in range(len(HOSTILE))]

    def name(number, tail=b""):
        return names[number % len(names)] + tail

    def tensor(number):
        return (b"\x08" + varint(2048) + b"\x10\x01" + field(8, name(number, b"%d" % number)) +
                field(9, struct.pack("<f", value + number) * 2048))

    def value_info(number):
        dims = field(1, field(2, name(number + 1))) + field(1, b"\x08\x03")
        return field(1, name(number, b"io")) + field(2, field(1, b"\x08\x01" + field(2, dims)))

    def node(number):
        attribute = (field(1, name(number + 2)) + field(4, name(number + 3)) + b"\xa0\x01\x03")
        return (field(1, name(number, b"%d" % number)) + field(2, name(number, b"y%d" % number)) +
                field(3, name(number + 4)) + field(4, name(number + 5)) + field(5, attribute) +
                field(6, name(number + 6)) + field(7, name(number + 7)))

    numbers = range(len(names))
    graph = b"".join(
        [field(1, node(number)) for number in numbers] + [field(2, name(0))] +
        [field(5, tensor(number)) for number in numbers] +
        [field(11, value_info(number)) + field(12, value_info(number)) for number in numbers])
    pairs = [field(14, field(1, name(number, b"%d" % number)) + field(2, name(number + 1)))
             for number in numbers]
    opsets = [field(8, field(1, name(number, b"%d" % number)) + b"\x10\x01") for number in numbers]
    function = field(1, name(1)) + field(4, name(2)) + field(5, name(3)) + field(10, name(4))
    return (b"\x08\x0a" + field(2, name(1)) + field(3, name(2)) + field(4, name(3)) +
            field(6, name(4)) + field(7, graph) + field(8, b"\x10\x11") + b"".join(opsets + pairs) +
            field(25, function))


def write_large_model(path, size):
    """A model of `size` bytes: a vector of int8, of which only the last is not zero."""
    def head(number, length):
        return varint(number << 3 | 2) + varint(length)

    start = b"\x08\x0a" + field(8, b"\x10\x11")
    nodes = (field(1, field(1, b"w") + field(2, b"y") + field(4, b"Identity")) +
             field(12, field(1, b"y")))
    graph = size - len(start) - len(head(7, size))
    tensor = graph - len(nodes) - len(head(5, size))
    raw = tensor - len(field(8, b"w") + b"\x10\x03\x08" + varint(size) + head(9, size))
    with open(path, "wb") as file:
        file.write(start + head(7, graph) + nodes + head(5, tensor) + field(8, b"w") +
                   b"\x10\x03\x08" + varint(raw) + head(9, raw))
        file.seek(size - 1)
        file.write(b"\x01")
    return raw


def each_command(clone, runner):
    """All that tells of what is committed, with the exit codes that it may have."""
    for words, codes in (
            (["status"], [0]), (["log"], [0]), (["show"], [0]), (["ls"], [0]),
            (["ls", "--tensors"], [0]), (["inspect"], [0]), (["lint"], [0, 1]),
            (["check", "--target", TARGET], [0, 1]), (["check", "--all"], [0]),
            (["validate", "--target", TARGET, "--runner", runner], [0, 1]),
            (["diff", "HEAD~1", "HEAD"], [0]), (["diff", "--stat", "HEAD~1", "HEAD"], [0]),
            (["search", "version:all", "-n", "100"], [0]), (["search", "--facets"], [0]),
            (["lineage", "--min-confidence", "1"], [0]), (["store", "stats"], [0]),
            (["fsck"], [0]), (["gc", "--dry-run"], [0]), (["store", "optimize"], [0])):
        for more in ([], ["--json"]):
            ran = clone.run(*words, *more, code=None)
            if ran.code not in codes:
                raise AssertionError(f"exit {ran.code}: {ran}"[:10_000])
            if more:
                ran.json()
            yield ran


class CommandsTest(unittest.TestCase):
    def expect_fit_for_a_terminal(self, ran):
        for text in (ran.out, ran.err):
            found = {character for character in text
                     if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
            self.assertEqual(found, set(), " ".join(ran.words))

    @on_each_registry
    def test_every_known_model_goes_through_every_command(self, world):
        models = [read_file(path) for path in onnx_models(None)]
        if not models:
            self.skipTest("libonnx-testdata is not installed")
        clone = world.person("ada").begin("zoo", world.registry.url("acme/zoo"))
        for version in range(2):
            for number in range(len(models)):
                clone.write(f"{number}.onnx", models[number - version])
            clone.run("add", ".")
            clone.run("commit", "-m", f"version {version}")
        clone.run("push", "-u", "origin", "main")
        searched(clone)
        for ran in each_command(clone, fake_runner(clone)):
            self.assertNotIn("internal", ran.err.lower())

        other = world.person("ben").clone(world.registry.url("acme/zoo"), "zoo")
        for number in range(len(models)):
            self.assertEqual(other.read(f"{number}.onnx"), models[number - 1], number)
        other.run("switch", "--detach", "HEAD~1")
        for number, model in enumerate(models):
            self.assertEqual(other.read(f"{number}.onnx"), model, number)

    def test_models_at_the_limit_of_protobuf(self):
        world = World(FolderRegistry)
        self.addCleanup(world.close)
        clone = world.person("ada").begin("large", world.registry.url("acme/large"))
        sizes = {f"{size}.onnx": size for size in (2**31 - 1, 2**31, 2**31 + 1)}
        elements = [write_large_model(clone.path(name), size) for name, size in sizes.items()]
        clone.run("add", ".")
        clone.run("commit", "-m", "large")
        largest = max(sizes)
        with open(clone.path(largest), "r+b") as file:
            file.seek(-2, os.SEEK_END)
            file.write(b"\x02")
        clone.run("add", ".")
        clone.run("commit", "-m", "tuned")
        clone.run("push", "-u", "origin", "main")

        facts = [model["facts"] for model in clone.json("inspect")["models"]]
        self.assertEqual([fact["parameters"] for fact in facts], elements)
        tensors = clone.json("ls", "--tensors")["tensors"]
        self.assertEqual([tensor["length"] for tensor in tensors], elements)
        file, = clone.json("diff", "HEAD~1", "HEAD")["files"]
        self.assertEqual(file["model_change"]["changed_elements"], 1)
        for command in ("check", "lint", "fsck"):
            self.assertNotIn("internal", clone.run(command, code=None).err.lower(), command)
        clone.run("validate", "--target", TARGET, "--runner", fake_runner(clone), largest)

        ben = world.person("ben")
        ben.run("clone", "--include", largest, world.registry.url("acme/large"), "large")
        self.assertTrue(filecmp.cmp(clone.path(largest), ben.path("large/" + largest),
                                    shallow=False))

    @on_each_registry
    def test_hostile_names_garble_no_terminal(self, world):
        ada = world.person("ada")
        clone = ada.begin("net", world.registry.url("acme/net"))
        for version in range(2):
            for shift in range(len(HOSTILE)):
                clone.write(f"{shift}.onnx", hostile_model(shift + version, float(version)))
            clone.write("README.md", "---\n" + "".join(
                f"{key}: {HOSTILE[5]!r}\n" for key in ("license", "pipeline_tag")) + "---\n# A net\n")
            clone.run("add", ".")
            clone.run("commit", "-m", "version\u202e \x1b[2J")
        clone.run("push", "-u", "origin", "main")
        searched(clone)
        for ran in each_command(clone, fake_runner(clone)):
            self.expect_fit_for_a_terminal(ran)
        for shift in range(len(HOSTILE)):
            name = f"{shift}.onnx"
            clone.write("new.onnx", hostile_model(shift + 3, 5.0))
            for words in (["inspect", name], ["lint", name], ["check", "--all", name],
                          ["diff", name, "new.onnx"]):
                self.expect_fit_for_a_terminal(clone.run(*words, code=None))


if __name__ == "__main__":
    unittest.main()
