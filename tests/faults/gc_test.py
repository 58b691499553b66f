"""kill -9 of garbage collections at random moments, without a daemon and in one, beside pushes."""

import shutil
import subprocess
import time
import unittest

import faults


class GcFaults(faults.FaultTest):
    SMALL = ("--max-bytes", 1 << 20)

    def begin_gc(self):
        process = subprocess.Popen(
            [faults.MREGD, "gc", "--data", self.daemon.data, "--grace-days", "0", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_process, process)
        return process

    def push_some(self, count):
        """Versions of models of their own, some of which lose their branch again."""
        home = self.fresh_home()
        code, _, errors = self.push(home, "--seed", self.random.randrange(1 << 30), "--count",
                                    count, "--replace", *self.SMALL)
        self.assertEqual(code, 0, errors)
        shutil.rmtree(home, ignore_errors=True)


class KilledCollection(GcFaults):
    def test_loses_nothing_and_the_next_one_completes_it(self):
        self.start()
        for number in range(faults.rounds(6)):
            with self.subTest(round=number, seed=self.seed):
                self.push_some(8)
                self.daemon.stop()  # and so what was offered to it is not kept any longer
                collection = self.begin_gc()
                time.sleep(self.random.uniform(0.01, 0.25))  # the moment is what is being tested
                collection.kill()
                collection.communicate()
                self.start()
                self.expect_sound()
                self.daemon.stop()
                collection = self.begin_gc()
                _, errors = collection.communicate(timeout=120)
                self.assertEqual(collection.returncode, 0, errors)
                self.start()
                self.expect_sound()
        self.assertGreater(self.acknowledged(), 0)


class KilledServer(GcFaults):
    def test_that_collects_beside_a_push_loses_nothing_acknowledged(self):
        self.start()
        for number in range(faults.rounds(4)):
            with self.subTest(round=number, seed=self.seed):
                self.push_some(4)
                self.daemon.stop()
                self.start()
                home = self.fresh_home()
                client = self.begin_push(home, "--seed", self.random.randrange(1 << 30),
                                         "--replace", *self.SMALL)
                client.stdout.readline()  # it is at work
                collection = self.begin_gc()
                time.sleep(self.random.uniform(0.01, 0.3))
                self.daemon.kill()
                client.communicate(timeout=60)
                collection.communicate(timeout=60)
                self.start()
                self.expect_sound()
                shutil.rmtree(home, ignore_errors=True)
        self.assertGreater(self.acknowledged(), 0)


if __name__ == "__main__":
    unittest.main()
