#!/usr/bin/env python3
"""What goes wrong, and what is left of it."""

import glob
import json
import os
import signal
import stat
import subprocess
import time
import unittest
import urllib.request

from worlds import DaemonRegistry, MREGD, REGISTRIES, World, on_each_registry

LARGE = 24_000_000


class TroubleTest(unittest.TestCase):
    @on_each_registry
    def test_a_killed_push_is_pushed_again(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("large", model_bin=world.bytes(LARGE))
        for _ in range(6):
            push = ada.start("push", "-u", "origin", "main")
            time.sleep(world.random.uniform(0, 0.25))
            push.kill()
            push.communicate()
        ada.run("push", "-u", "origin", "main")
        self.assertEqual(world.registry.fsck(ada).code, 0)
        self.assertEqual(ada.json("fsck")["problems"], [])
        ben = world.person("ben").clone(world.registry.url(), "vad")
        self.assertEqual(ben.read("model.bin"), ada.read("model.bin"))

    @on_each_registry
    def test_killed_adds_and_checkouts_are_done_again(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        first, second = world.bytes(LARGE), world.bytes(LARGE)
        ada.commit("one", model_bin=first)
        ada.run("tag", "v1")
        ada.write("model.bin", second)
        for _ in range(4):
            add = ada.start("add", ".")
            time.sleep(world.random.uniform(0, 0.2))
            add.kill()
            add.communicate()
            self.remove_locks(ada)
        ada.run("add", ".")
        ada.run("commit", "-m", "two")
        for _ in range(4):
            switch = ada.start("switch", "--detach", "v1")
            time.sleep(world.random.uniform(0, 0.2))
            switch.kill()
            switch.communicate()
            self.remove_locks(ada)
            ada.run("switch", "--detach", "v1")
            self.assertEqual(ada.read("model.bin"), first)
            ada.run("switch", "main")
            self.assertEqual(ada.read("model.bin"), second)
        self.assertEqual(ada.json("fsck")["problems"], [])
        fsck = ada.git("fsck", "--strict")
        self.assertEqual(fsck.code, 0, fsck.err)

    def remove_locks(self, clone):
        """As after a kill -9 of git: its lock files stay, and somebody has to say that they may go."""
        for lock in glob.glob(clone.path(".mreg/**/*.lock"), recursive=True):
            if os.path.basename(lock) != "mreg.lock":
                os.remove(lock)

    @on_each_registry
    def test_an_interrupted_clone_leaves_nothing_and_loses_nothing(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("large", model_bin=world.bytes(LARGE))
        ada.run("push", "-u", "origin", "main")
        ben = world.person("ben")
        was_interrupted = False
        for _ in range(8):
            clone = ben.start("clone", world.registry.url(), "deep/vad")
            time.sleep(world.random.uniform(0.01, 0.2))
            clone.send_signal(signal.SIGINT)
            _, said = clone.communicate()
            # A signal may come when all is done, and only the process is still to end.
            if clone.returncode == 0 or "cloned " in said:
                break
            # Before it is ready for signals, the kernel ends it.
            self.assertIn(clone.returncode, (130, -signal.SIGINT))
            was_interrupted = was_interrupted or clone.returncode == 130
            self.assertFalse(os.path.exists(ben.path("deep")))
        else:
            ben.run("clone", world.registry.url(), "deep/vad")
        self.assertEqual(ben.at(ben.path("deep/vad")).read("model.bin"), ada.read("model.bin"))

    @on_each_registry
    def test_a_failed_clone_removes_only_what_it_made(self, world):
        ada = world.person("ada")
        ada.begin("vad", world.registry.url()).commit("one", a_md="1\n")
        ada.at(ada.path("vad")).run("push")
        ada.run("clone", world.registry.url("acme/absent"), "x/y", code=3)
        self.assertFalse(os.path.exists(ada.path("x")))
        os.mkdir(ada.path("empty"))
        ada.run("clone", "-b", "absent", world.registry.url(), "empty", code=3)
        self.assertEqual(os.listdir(ada.path("empty")), [])
        ada.write("used/file", "mine\n")
        ada.run("clone", world.registry.url(), "used", code=6)
        self.assertEqual(ada.read("used/file"), b"mine\n")

    @on_each_registry
    def test_local_changes_are_never_overwritten(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("one", model_bin=b"\0one")
        ada.commit("two", model_bin=b"\0two")
        ada.write("model.bin", b"\0mine")
        refused = ada.run("switch", "--detach", "HEAD~1", code=6)
        self.assertIn("hint: commit your changes first", refused.err)
        self.assertEqual(ada.read("model.bin"), b"\0mine")

    @on_each_registry
    def test_damage_in_the_store_is_found(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        ada.commit("one", model_bin=world.bytes(100_000))
        pack = glob.glob(os.path.join(ada.home, "store/packs/*/*.pack"))[0]
        os.chmod(pack, 0o600)
        with open(pack, "r+b") as file:
            file.seek(50_000)
            byte = file.read(1)
            file.seek(50_000)
            file.write(bytes([byte[0] ^ 1]))
        checked = ada.run("fsck", "--json", code=5)
        self.assertNotEqual(checked.json()["problems"], [])
        os.remove(ada.path("model.bin"))
        ada.run("restore", "model.bin", code=5)

    @on_each_registry
    def test_errors_say_what_and_end_with_their_code(self, world):
        ada = world.person("ada")
        clone = ada.begin("vad", world.registry.url())
        self.assertIn("hint: nothing is committed yet", clone.run("log", code=3).err)
        clone.run("commit", "-m", "nothing", code=6)
        clone.run("push", code=3)
        clone.run("add", "absent", code=3)
        clone.run("remote", "add", "other", "ftp://host/acme/vad", code=2)
        clone.run("remote", "add", "origin", world.registry.url(), code=6)
        clone.run("push", "nowhere", code=3)
        clone.run("switch", "absent", code=3)
        clone.run("log", "-n", "0", code=2)
        ada.run("log", code=3)
        ada.run("frobnicate", code=2)
        os.symlink("absent", clone.path("link"))
        self.assertTrue(clone.run("add", "link", code=2).err.startswith("mreg: cannot add: link: "))


@unittest.skipUnless(DaemonRegistry in REGISTRIES, "mregd is not built")
class TokenTest(unittest.TestCase):
    def setUp(self):
        self.world = World(DaemonRegistry)
        self.addCleanup(self.world.close)
        self.base = self.world.registry.base

    def test_a_token_is_kept_for_its_owner_only(self):
        ada = self.world.person("ada")
        path = os.path.join(ada.home, "credentials.toml")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        clone = ada.begin("vad", self.world.registry.url())
        clone.commit("one", a_md="1\n")
        clone.run("push")
        ada.run("logout", self.base)
        clone.commit("two", a_md="2\n")
        refused = clone.run("push", code=4)
        self.assertIn("hint: `mreg login", refused.err)
        os.chmod(path, 0o644)
        clone.run("push", code=4)

    def test_a_wrong_token_is_not_kept(self):
        ben = self.world.person("ben", may_push=False)
        ben.run("login", self.base, "--token-stdin", input="wrong\n", code=4)
        self.assertFalse(os.path.exists(os.path.join(ben.home, "credentials.toml")))
        ben.run("login", self.base, code=2)
        ben.run("login", self.base, "--token-stdin", input="", code=2)

    def test_automation_brings_its_token_in_the_environment(self):
        robot = self.world.person("robot", may_push=False)
        robot.variables["MREG_TOKEN"] = self.world.registry.token("robot").strip()
        clone = robot.begin("vad", self.world.registry.url())
        clone.commit("one", a_md="1\n")
        clone.run("push")

    def test_reading_is_not_writing(self):
        reader = self.world.person("reader", may_push=False)
        reader.run("login", self.base, "--token-stdin",
                   input=self.world.registry.token("reader", "read"))
        ada = self.world.person("ada").begin("vad", self.world.registry.url())
        ada.commit("one", a_md="1\n")
        ada.run("push")
        clone = reader.clone(self.world.registry.url(), "vad")
        clone.commit("two", a_md="2\n")
        clone.run("push", code=4)

    def test_a_registry_that_is_gone_is_the_network(self):
        ada = self.world.person("ada")
        clone = ada.begin("vad", self.world.registry.url())
        clone.commit("one", a_md="1\n")
        self.world.registry.stop()
        self.assertIn("hint: is the address right, and does mregd run there?",
                      clone.run("push", code=7).err)

    def test_the_log_tells_of_every_request_and_of_no_secret(self):
        token = self.world.registry.token("robot").strip()
        request = urllib.request.Request(self.base + "/api/v1/whoami?secret=1",
                                         headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request, timeout=30) as answer:
            request_id = answer.headers["X-Request-Id"]
        self.world.registry.stop()
        log = self.world.registry.log_text()
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        line = next(event for event in events if event.get("request_id") == request_id)
        self.assertEqual((line["method"], line["path"], line["status"]),
                         ("GET", "/api/v1/whoami", 200))
        self.assertNotIn("secret", log)
        self.assertNotIn(token, log)
        self.assertEqual(events[-1]["event"], "stopped")

    def test_the_server_explains_itself(self):
        for words, code in (([], 2), (["help"], 0), (["--help"], 0)):
            ran = subprocess.run([MREGD, *words], check=False, capture_output=True, text=True)
            self.assertEqual((ran.returncode, "serve" in ran.stdout + ran.stderr), (code, True))
        ran = subprocess.run([MREGD, "frobnicate"], check=False, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("frobnicate", ran.stderr)

    @on_each_registry
    def test_what_is_damaged_is_fetched_again(self, world):
        ada = world.person("ada").begin("vad", world.registry.url())
        model = b"\0" + world.bytes(3_000_000)
        ada.commit("base", model_bin=model)
        ada.run("push", "-u", "origin", "main")
        ben = world.person("ben").clone(world.registry.url(), "vad")
        self.assertEqual(ben.json("fsck", "--repair")["repaired"], 0)
        packs = [os.path.join(folder, name) for folder, _, names in os.walk(ben.home)
                 for name in names if name.endswith(".pack")]
        with open(packs[0], "r+b") as pack:
            pack.seek(1_500_000)
            byte = pack.read(1)[0]
            pack.seek(1_500_000)
            pack.write(bytes([byte ^ 1]))
        ben.run("fsck", code=5)
        self.assertGreater(ben.json("fsck", "--repair")["repaired"], 0)
        ben.run("fsck")
        os.remove(packs[0])
        self.assertIn("repaired", ben.run("fsck", "--repair", "--remote", "origin").err)
        ben.run("fsck")
        home = ben.at(world.path("work-ben"))
        self.assertEqual(home.clone(world.registry.url(), "other").read("model.bin"), model)
        ben.run("fsck", "--repair", "--quick", code=2)


if __name__ == "__main__":
    unittest.main()
