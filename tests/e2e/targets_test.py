#!/usr/bin/env python3
"""Models and targets: what is told without running, and what real runtimes and broken ones do."""

import json
import os
import subprocess
import tempfile
import unittest

from worlds import FolderRegistry, READY, World, fake_runner, on_each_registry, searched

DATA = "/usr/share/libonnx-testdata/data/node"
# The runtimes that npm has: a package's version and ONNX Runtime's.
PACKAGE = "sherpa-onnx-linux-x64"
RUNTIMES = {"1.17.1": "1.12.15", "1.23.2": "1.12.23"}
CACHE = os.environ.get("MREG_RUNTIMES", os.path.join(tempfile.gettempdir(), "mreg-test-runtimes"))


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


def found(clone, query):
    return [hit["path"] for hit in searched(clone, query)["hits"]]


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
    def test_a_recorded_validation_is_found(self, world):
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url("acme/vad"))
        with open(model("test_abs"), "rb") as file:
            clone.commit("model", model_onnx=file.read())
        runner = fake_runner(clone)
        words = ["validate", "HEAD", "-t", "ort-1.23.2-cpu", "--runner", runner]
        early = clone.run(*words, "--record", code=3).err
        self.assertIn("mreg push", early)
        clone.run("push", "origin", "main")
        self.assertNotIn("recorded", clone.run(*words, "--json").json())
        self.assertEqual(clone.json("attestation", "list")["attestations"], [])
        self.assertEqual(found(clone, "validated:yes"), [])

        told = clone.run(*words, "--record", "--json").json()
        statement = told["statements"][0]
        version = clone.json("show")["manifest"]
        self.assertEqual([one["name"] for one in statement["subject"]],
                         ["acme/vad", "model.onnx"])
        self.assertEqual(statement["subject"][0]["digest"]["sha256"], version)
        listed = clone.json("attestation", "list")
        self.assertEqual(listed["manifest_sha256"], version)
        kept = listed["attestations"][0]
        self.assertEqual(kept["sha256"], told["recorded"][0])
        self.assertEqual((kept["result"], kept["target"], kept["signatures"]),
                         ("PASSED", "ort-1.23.2-cpu", []))
        self.assertEqual(kept["added_by"], "ada" if world.registry.kind == "daemon" else "owner")
        self.assertIn("unsigned", clone.run("attestation", "list", "HEAD").out)
        self.assertEqual(json.loads(clone.run("attestation", "show", kept["sha256"][:12]).out),
                         statement)
        self.assertEqual(statement["predicate"]["mreg"]["peak_bytes"], 4096)
        for query in ("validated:yes", "validated:ort-1.23.2-cpu"):
            self.assertEqual(found(clone, query), ["model.onnx"], query)
        for query in ("validated:no", "validated:ort-1.17.1-cpu"):
            self.assertEqual(found(clone, query), [], query)
        self.assertEqual(world.registry.fsck(ada).code, 0)

    @on_each_registry
    def test_a_failed_validation_is_recorded_and_does_not_count(self, world):
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url("acme/vad"))
        with open(model("test_abs"), "rb") as file:
            clone.commit("model", model_onnx=file.read())
        clone.run("push", "origin", "main")
        clone.write("runner.sh", f"echo '{READY}'; read line; exit 1\n")
        clone.run("validate", "HEAD", "-t", "ort-1.23.2-cpu", "--runner", "sh runner.sh",
                  "--record", code=1)
        self.assertEqual(clone.json("attestation", "list")["attestations"][0]["result"], "FAILED")
        self.assertEqual(found(clone, "validated:yes"), [])
        clone.run("validate", "model.onnx", "-t", "ort-1.23.2-cpu", "--runner", "sh runner.sh",
                  "--record", code=2)

    @on_each_registry
    def test_what_others_attest_is_kept_as_it_came(self, world):
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url("acme/vad"))
        clone.commit("text", a_txt="text\n")
        clone.run("push", "origin", "main")
        statement = {"_type": "https://in-toto.io/Statement/v1",
                     "subject": [{"name": "x", "digest": {
                         "sha256": clone.json("show")["manifest"]}}],
                     "predicateType": "https://slsa.dev/provenance/v1", "predicate": {}}
        text = json.dumps(statement, indent=3)
        clone.write("../good.json", text)
        clone.run("attestation", "add", "../good.json")
        again = clone.run("attestation", "add", "../good.json").err
        self.assertIn("already", again)
        kept = clone.json("attestation", "list")["attestations"]
        self.assertEqual([one["predicate_type"] for one in kept],
                         ["https://slsa.dev/provenance/v1"])
        self.assertEqual(clone.run("attestation", "show", kept[0]["sha256"]).out, text)
        statement["subject"][0]["digest"]["sha256"] = "0" * 64
        clone.write("../bad.json", json.dumps(statement))
        self.assertIn("not about this version",
                      clone.run("attestation", "add", "../bad.json", code=2).err)
        clone.run("attestation", "show", "0" * 64, code=3)
        if world.registry.kind == "daemon":
            bob = world.person("bob", may_push=False)
            there = bob.clone(world.registry.url("acme/vad"), "vad")
            self.assertEqual(len(there.json("attestation", "list")["attestations"]), 1)
            there.run("attestation", "add", clone.path("../good.json"), code=4)

    @on_each_registry
    def test_what_was_acknowledged_survives_kill(self, world):
        if world.registry.kind != "daemon":
            return
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url("acme/vad"))
        with open(model("test_abs"), "rb") as file:
            clone.commit("model", model_onnx=file.read())
        clone.run("push", "origin", "main")
        runner = fake_runner(clone)
        acknowledged = []
        for _ in range(3):
            told = clone.run("validate", "HEAD", "-t", "ort-1.23.2-cpu", "--runner", runner,
                             "--atol", f"{len(acknowledged)}", "--record", "--json").json()
            acknowledged += told["recorded"]
            world.registry.kill()
            world.registry.start()
            clone.run("remote", "set-url", "origin", world.registry.url("acme/vad"))
            clone.run("login", world.registry.base, "--token-stdin",
                      input=world.registry.token(f"t{len(acknowledged)}"))
            kept = [one["sha256"] for one in clone.json("attestation", "list")["attestations"]]
            self.assertEqual(sorted(kept), sorted(acknowledged))
            self.assertEqual(found(clone, "validated:yes"), ["model.onnx"])
        self.assertEqual(world.registry.fsck(ada).code, 0)

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

    def test_a_runner_without_a_library_is_probed(self):
        world = World(FolderRegistry)
        self.addCleanup(world.close)
        ada = world.person("ada")
        loaded = '{"event":"loaded","seconds":0,"inputs":[],"outputs":[]}'
        ada.write("loads.sh", f"echo '{READY}'\nwhile read -r line; do echo '{loaded}'; done\n")
        self.assertIn("say which library", ada.run("target", "probe", "--name", "any", code=2).err)
        ada.run("target", "probe", "--runner", "sh loads.sh", "--name", "any")
        shown = ada.run("target", "show", "any").out
        self.assertIn("by the runner fake", shown)
        self.assertNotIn("Library", shown)
        ada.run("check", model("test_abs"), "-t", "any")

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
