#!/usr/bin/env python3
"""Storing tensors better, with processes killed in it, stopped in it, and at work beside it."""

import os
import shutil
import signal
import threading
import time
import unittest

from worlds import DaemonRegistry, REGISTRIES, World, family

TENSOR_BYTES = 2_000_000


def push_apart(world, models, space="acme"):
    """Each model is pushed by somebody who knows of no other, so that all come whole."""
    for number, model in enumerate(models):
        person = world.person(f"{space}{number}")
        clone = person.begin("model", world.registry.url(f"{space}/m{number}"))
        clone.commit("one", m_safetensors=model)
        clone.run("push", "-u", "origin", "main")


@unittest.skipUnless(DaemonRegistry in REGISTRIES, "mregd is not built")
class OptimizeTest(unittest.TestCase):
    def setUp(self):
        self.world = World(DaemonRegistry)
        self.addCleanup(self.world.close)
        self.registry = self.world.registry
        print(f"seed {self.world.seed}", flush=True)

    def expect_clones(self, models, name, space="acme"):
        """Somebody with an empty store gets every file as it was pushed."""
        reader = self.world.person(name)
        for number, model in enumerate(models):
            clone = reader.clone(self.registry.url(f"{space}/m{number}"), f"m{number}")
            self.assertEqual(clone.read("m.safetensors"), model)
            os.remove(clone.path("m.safetensors"))

    def expect_sound(self):
        checked = self.registry.fsck(None)
        self.assertEqual(checked.code, 0, checked)

    def test_a_users_store_survives_being_killed_at_any_moment(self):
        models = family(self.world.random, TENSOR_BYTES, 3)
        push_apart(self.world, models)
        ada = self.world.person("ada")
        clones = [ada.clone(self.registry.url(f"acme/m{number}"), f"m{number}")
                  for number in range(len(models))]
        untouched = self.world.path("untouched")
        shutil.copytree(ada.home, untouched)
        begin = time.monotonic()
        whole = ada.json("store", "optimize")
        seconds = time.monotonic() - begin
        self.assertGreater(whole["improved_chunks"], 0)
        rounds = 12
        for kill in range(rounds):
            shutil.rmtree(ada.home)
            shutil.copytree(untouched, ada.home)
            optimize = ada.start("store", "optimize")
            # The last ones come when packs and rows are written.
            time.sleep(seconds * (0.3 + 0.8 * kill / rounds))
            optimize.kill()
            optimize.communicate()
            self.assertEqual(ada.json("fsck")["problems"], [])
            rest = ada.json("store", "optimize")
            self.assertEqual(rest["problems"], [])
            self.assertLessEqual(rest["improved_chunks"], whole["improved_chunks"])
            self.assertEqual(ada.json("store", "optimize")["looked_files"], 0)
            for clone, model in zip(clones, models):
                os.remove(clone.path("m.safetensors"))
                clone.run("restore", "m.safetensors")
                self.assertEqual(clone.read("m.safetensors"), model)
        self.assertEqual(ada.json("fsck")["problems"], [])

    def test_a_registry_survives_being_killed_at_any_moment(self):
        models = family(self.world.random, TENSOR_BYTES, 3)
        push_apart(self.world, models)
        self.registry.stop()
        untouched = self.world.path("untouched")
        shutil.copytree(self.registry.folder, untouched)
        self.registry.start()
        begin = time.monotonic()
        whole = self.registry.later("optimize")().json()
        seconds = time.monotonic() - begin
        self.assertGreater(whole["improved_chunks"], 0)
        rounds = 8
        for kill in range(rounds):
            self.registry.kill()
            shutil.rmtree(self.registry.folder)
            shutil.copytree(untouched, self.registry.folder)
            self.registry.start()
            optimized = self.registry.later("optimize")
            time.sleep(seconds * (0.3 + 0.8 * kill / rounds))
            self.registry.kill()
            optimized()
            self.registry.start()
            self.expect_sound()
            rest = self.registry.later("optimize")().json()
            self.assertEqual(rest["problems"], [])
            self.assertLessEqual(rest["improved_chunks"], whole["improved_chunks"])
            self.assertEqual(self.registry.later("optimize")().json()["looked_files"], 0)
            self.expect_sound()
        self.expect_clones(models, "ben")

    def test_pushes_and_clones_beside_it_neither_fail_nor_wait(self):
        models = family(self.world.random, TENSOR_BYTES // 4, 5)
        push_apart(self.world, models[:2], "still")
        failures, counts, done = [], {"push": 0, "clone": 0, "optimize": 0}, threading.Event()
        longest_push = [0.0]

        def guarded(work):
            def run():
                try:
                    work()
                except Exception as failure:  # pylint: disable=broad-except
                    failures.append(failure)
                    done.set()
            return threading.Thread(target=run)

        def optimize():
            while not done.is_set():
                report = self.registry.later("optimize", "--threads", "2")()
                self.assertEqual(report.code, 0, report)
                counts["optimize"] += 1

        pushers = [self.world.person(name) for name in ("ada", "ben")]
        clones = [person.begin("model", self.registry.url(f"{person.name}/m0"))
                  for person in pushers]

        def push(clone):
            number = 0
            while not done.is_set():
                # Some are in the other's namespace too, some are like what is being switched.
                model = models[number % len(models)]
                if number >= len(models):
                    model = family(self.world.random, TENSOR_BYTES // 8, 0)[0]
                clone.commit(f"{number}", m_safetensors=model)
                begin = time.monotonic()
                clone.run("push", "-u", "origin", "main")
                longest_push[0] = max(longest_push[0], time.monotonic() - begin)
                number += 1
                counts["push"] += 1

        def read():
            while not done.is_set():
                reader = self.world.person(f"reader{counts['clone']}", may_push=False)
                clone = reader.clone(self.registry.url("still/m1"), "m")
                self.assertEqual(clone.read("m.safetensors"), models[1])
                shutil.rmtree(reader.home)
                counts["clone"] += 1

        threads = [guarded(optimize), guarded(read), *(guarded(lambda clone=clone: push(clone))
                                                       for clone in clones)]
        for thread in threads:
            thread.start()
        done.wait(10)
        done.set()
        for thread in threads:
            thread.join()
        print(counts, f"longest push {longest_push[0]:.2f} s", flush=True)
        self.assertEqual(failures, [])
        self.assertTrue(all(count > 1 for count in counts.values()), counts)
        self.expect_sound()
        for clone in clones:
            reader = self.world.person(f"late-{clone.name}")
            copy = reader.clone(self.registry.url(f"{clone.name}/m0"), "m")
            self.assertEqual(copy.read("m.safetensors"), clone.read("m.safetensors"))
        self.expect_clones(models[:2], "last", "still")

    def begin_slowly(self, models):
        """An optimization that would go on for minutes, once it is under way."""
        push_apart(self.world, models)
        optimized = self.registry.later("optimize", "--cpu", "1")
        while True:
            state = self.registry.state("optimize")
            if state["running"]:
                return optimized
            time.sleep(0.01)

    def test_a_daemon_that_is_told_to_stop_does_not_wait_for_it(self):
        models = family(self.world.random, TENSOR_BYTES, 3)
        optimized = self.begin_slowly(models)
        begin = time.monotonic()
        self.registry.process.send_signal(signal.SIGTERM)
        self.registry.process.wait(20)
        self.assertLess(time.monotonic() - begin, 5)
        ended = optimized()
        self.assertNotEqual(ended.code, 0)
        self.assertIn("being closed", ended.err)
        self.registry.start()
        self.expect_sound()
        self.assertGreater(self.registry.later("optimize")().json()["improved_chunks"], 0)
        self.expect_clones(models, "ben")

    def test_a_garbage_collection_goes_first_and_it_goes_on_afterwards(self):
        models = family(self.world.random, TENSOR_BYTES, 3)
        optimized = self.begin_slowly(models)
        begin = time.monotonic()
        self.assertEqual(self.registry.gc()["removed_files"], 0)
        self.assertLess(time.monotonic() - begin, 5)
        state = self.registry.state("optimize")
        self.assertTrue(state["running"])
        self.registry.stop()
        optimized()
        self.registry.start()


if __name__ == "__main__":
    unittest.main()
