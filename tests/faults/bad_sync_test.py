"""A disk whose syncs fail: no push is acknowledged that is not durable."""

import shutil
import subprocess
import unittest

import faults


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class FailingSync(faults.FaultTest):
    def begin_failing(self, nth):
        """Every thread's syncs from its `nth` on fail with EIO, until strace ends."""
        tracer = subprocess.Popen(
            ["strace", "-f", "-p", str(self.daemon.process.pid), "-o", self.path("strace.log"),
             "-e", "trace=fsync,fdatasync,sync_file_range",
             "-e", f"inject=fsync,fdatasync:error=EIO:when={nth}+"],
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_process, tracer)
        line = tracer.stderr.readline()
        if "attached" not in line:
            self.skipTest("strace cannot attach: " + line.strip())
        return tracer

    def test_fails_the_push_and_acknowledges_nothing(self):
        self.start()
        code, _, errors = self.push(self.fresh_home(), "--seed", 1, "--count", 1)
        self.assertEqual(code, 0, errors)
        failures = 0
        for number in range(faults.rounds(6)):
            with self.subTest(round=number, seed=self.seed):
                tracer = self.begin_failing(1 + number % 3)
                before = self.acknowledged()
                code, _, errors = self.push(self.fresh_home(), "--seed",
                                            self.random.randrange(1 << 30), "--count", 4)
                tracer.terminate()
                tracer.communicate()
                if code != 0:
                    failures += 1
                    self.assertNotIn("UNAVAILABLE", errors)  # the server answered
                    self.assertLess(self.acknowledged() - before, 4)
                self.assertIsNone(self.daemon.process.poll(), "the server ended by itself")
                self.assertEqual(self.daemon.stop(), 0)
                self.daemon.start()
                self.expect_sound()
        self.assertGreater(failures, 0)
        code, _, errors = self.push(self.fresh_home(), "--seed", 2, "--count", 1)
        self.assertEqual(code, 0, errors)


if __name__ == "__main__":
    unittest.main()
