#!/usr/bin/env python3
"""Models and targets: what is told without running, and what real runtimes and broken ones do."""

import os
import subprocess
import tempfile
import unittest

from worlds import on_each_registry

DATA = "/usr/share/libonnx-testdata/data/node"
# The runtimes that npm has: a package's version and ONNX Runtime's.
PACKAGE = "sherpa-onnx-linux-x64"
RUNTIMES = {"1.17.1": "1.12.15", "1.23.2": "1.12.23"}
CACHE = os.environ.get("MREG_RUNTIMES", os.path.join(tempfile.gettempdir(), "mreg-test-runtimes"))

READY = '{"event":"ready","protocol":1,"runner":"fake","runtime":"fake","version":"1"}'


def model(name):
    path = f"{DATA}/{name}/model.onnx"
    if not os.path.exists(path):
        raise unittest.SkipTest("libonnx-testdata is not installed")
    return path


def library(version):
    """ONNX Runtime in that version, fetched once."""
    folder = os.path.join(CACHE, version)
    if not os.path.isdir(folder):
        os.makedirs(CACHE, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as half:
            try:
                packed = subprocess.run(["npm", "pack", f"{PACKAGE}@{RUNTIMES[version]}"],
                                        cwd=half, check=True, capture_output=True, text=True,
                                        timeout=120).stdout.split()[-1]
                subprocess.run(["tar", "xzf", packed], cwd=half, check=True)
                os.rename(os.path.join(half, "package"), folder)
            except (OSError, IndexError, subprocess.SubprocessError) as error:
                raise unittest.SkipTest(f"ONNX Runtime {version} cannot be had from npm: {error}")
    return os.path.join(folder, "libonnxruntime.so")


class TargetsTest(unittest.TestCase):
    @on_each_registry
    def test_a_version_is_checked_and_the_shell_is_told(self, world):
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url("acme/vad"))
        with open(model("test_max_int8"), "rb") as file:
            clone.write("model.onnx", file.read())
        clone.run("add", ".")
        clone.run("commit", "-m", "model")
        told = clone.run("check", "HEAD:model.onnx", "-t", "ort-1.17.1-cpu", code=1).out
        self.assertIn("does not take tensor(int8)", told)
        verdict = clone.json("check", "-t", "ort-1.24.4-cpu", "--all")["models"][0]["verdicts"]
        self.assertGreater(len(verdict), 10)
        clone.run("check", model("test_abs"), "-t", "ort-1.17.1-cpu")
        self.assertEqual(clone.run("check", "-t", "none", code=None).code, 3)
        self.assertEqual(clone.run("check", code=None).code, 2)

    @on_each_registry
    def test_own_targets_come_and_go(self, world):
        ada = world.person("ada")
        ada.run("target", "add", "ort-1.23.2-cpu", "--name", "edge", "--memory", "1000")
        self.assertEqual(ada.json("target", "show", "edge")["memory"], 1000)
        ada.write("own.tsv", ada.run("target", "show", "edge", "--file").out.encode())
        ada.run("target", "remove", "edge")
        ada.run("target", "add", "own.tsv")
        self.assertIn("edge", [one["name"] for one in ada.json("target", "list")["targets"]])
        ada.write("broken.tsv", b"mreg-target\t1\nname\tx\nop\t\x1b[31m\n")
        refused = ada.run("target", "add", "broken.tsv", code=2).err
        self.assertIn("line 3", refused)
        self.assertNotIn("\x1b", refused)

    @on_each_registry
    def test_what_a_runner_does_is_a_result(self, world):
        ada = world.person("ada")
        for script, result in (("kill -SEGV $$", "crashed"), ("exec sleep 60", "timed out"),
                               ("exit 1", "crashed")):
            ada.write("runner.sh", f"echo '{READY}'; read line; {script}\n".encode())
            told = ada.run("validate", model("test_abs"), "-t", "ort-1.23.2-cpu", "--timeout", "1",
                           "--runner", "sh runner.sh", "--json", code=1).json()
            predicate = told["statements"][0]["predicate"]
            self.assertEqual(predicate["result"], "FAILED")
            self.assertEqual(predicate["mreg"]["result"], result)
        self.assertEqual(ada.run("validate", model("test_abs"), "-t", "ort-1.23.2-cpu",
                                 code=None).code, 6)

    @on_each_registry
    def test_one_model_runs_in_one_runtime_and_not_in_another(self, world):
        ada = world.person("ada")
        newer, older = library("1.23.2"), library("1.17.1")
        for version, target, code in ((newer, "ort-1.23.2-cpu", 0), (older, "ort-1.17.1-cpu", 1)):
            ada.run("check", model("test_add_uint8"), "-t", target, code=code)
            told = ada.run("validate", model("test_add_uint8"), "-t", target, "--library", version,
                           "-i", f"{DATA}/test_add_uint8/test_data_set_0", "--json", code=code)
            predicate = told.json()["statements"][0]["predicate"]
            self.assertEqual(predicate["mreg"]["result"], "refused" if code else "passed")
            self.assertEqual(predicate["result"], "FAILED" if code else "PASSED")
            if not code:
                self.assertTrue(predicate["mreg"]["outputs"][0]["matches"])
                used = predicate["configuration"][2]["annotations"]["used"]
                self.assertEqual(used, [{"name": "CPUExecutionProvider", "nodes": 1}])

    @on_each_registry
    def test_wrong_outputs_differ(self, world):
        ada = world.person("ada")
        folder = f"{DATA}/test_abs/test_data_set_0"
        with open(f"{folder}/input_0.pb", "rb") as file:
            content = file.read()
        ada.write("set/input_0.pb", content)
        ada.write("set/output_0.pb", content)
        told = ada.run("validate", model("test_abs"), "-t", "ort-1.23.2-cpu", "--library",
                       library("1.23.2"), "-i", "set", code=1).out
        self.assertIn("differs", told)

    @on_each_registry
    def test_a_probed_runtime_is_a_target(self, world):
        ada = world.person("ada")
        ada.run("target", "probe", library("1.17.1"), "--name", "prod")
        ada.run("check", model("test_abs"), "-t", "prod")
        ada.run("check", model("test_max_int8"), "-t", "prod", code=1)
        ada.run("validate", model("test_abs"), "-t", "prod")
        built_in = ada.run("target", "show", "ort-1.17.1-cpu", "--file").out.splitlines()
        probed = ada.run("target", "show", "prod", "--file").out.splitlines()
        self.assertEqual([line for line in probed if line.startswith("op\t")],
                         [line for line in built_in if line.startswith("op\t")])


if __name__ == "__main__":
    unittest.main()
