"""A disk that fills up: the registry's, and a user's."""

import os
import subprocess
import unittest

import faults

MEGABYTES = 160
FREED = 64 << 20  # at the end, by somebody who makes room


@faults.needs_root
class FullRegistry(faults.FaultTest):
    def setUp(self):
        super().setUp()
        self.disk = faults.SmallDisk(self.path("disk"), MEGABYTES)
        self.addCleanup(self.disk.unmount)
        self.daemon.data = os.path.join(self.disk.path, "registry")
        # Unmounting comes last, after the daemon has let go.
        self.addCleanup(self.end_daemon)

    def test_refuses_what_does_not_fit_and_goes_on(self):
        self.start()
        ballast = os.path.join(self.disk.path, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(FREED))
        code, _, errors = self.push(self.fresh_home(), "--seed", 1, "--count", 1)
        self.assertEqual(code, 0, errors)

        code, output, errors = self.push(self.fresh_home(), "--seed", 2, "--count", 1,
                                         "--max-bytes", 2 * MEGABYTES << 20, "--exact")
        self.assertEqual(code, 7, output)
        self.assertIn("RESOURCE_EXHAUSTED", errors)
        self.assertIn("No space left", errors)
        self.assertEqual(self.acknowledged(), 1)
        self.expect_sound()  # which also reads everything through the daemon

        # To the last byte, so that the index cannot grow either.
        self.fill(ballast)
        code, _, errors = self.push(self.fresh_home(), "--seed", 3, "--count", 1)
        self.assertEqual(code, 7, errors)
        self.assertIn("RESOURCE_EXHAUSTED", errors)
        self.expect_sound()

        os.remove(ballast)
        self.recover()
        self.expect_sound()

    def test_is_collected_while_it_is_nearly_full(self):
        self.start()
        for seed in (1, 2):
            code, _, errors = self.push(self.fresh_home(), "--seed", seed, "--count", 12,
                                        "--max-bytes", 4 << 20, "--replace")
            self.assertEqual(code, 0, errors)
        self.daemon.stop()  # and so what was offered to it is not kept any longer
        self.daemon.start()
        # The index sets room for its log aside with its first write.
        code, _, errors = self.push(self.fresh_home(), "--seed", 4, "--count", 1)
        self.assertEqual(code, 0, errors)
        self.leave(20 << 20)  # less than pushes need
        collected = subprocess.run([faults.MREGD, "gc", "--data", self.daemon.data,
                                    "--grace-days", "0"], capture_output=True, text=True,
                                   check=False, timeout=120)
        self.assertIn(collected.returncode, (0, 5), collected.stderr)
        self.assertNotIn("freed: 0 files", collected.stdout)
        self.expect_sound()
        code, _, errors = self.push(self.fresh_home(), "--seed", 3, "--count", 1)
        self.assertEqual(code, 0, errors)

    def leave(self, free):
        """Fills the disk until only so much is free."""
        space = os.statvfs(self.disk.path)
        with open(os.path.join(self.disk.path, "ballast"), "wb") as ballast:
            ballast.write(bytes(max(0, space.f_bavail * space.f_frsize - free)))

    def recover(self):
        """Pushing works again, if need be after a restart."""
        code, _, errors = self.push(self.fresh_home(), "--seed", 4, "--count", 1)
        if code != 0:
            print(f"needs a restart after a full disk: {errors}")
            self.assertEqual(self.daemon.stop(), 0)
            self.daemon.start()
            code, _, errors = self.push(self.fresh_home(), "--seed", 5, "--count", 1)
        self.assertEqual(code, 0, errors)

    @staticmethod
    def fill(path):
        with open(path, "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(1 << 16))
            except OSError:
                return


@faults.needs_root
@unittest.skipUnless(os.path.exists(faults.MREG), "mreg is not built")
class FullUserStore(faults.FaultTest):
    def mreg(self, *arguments):
        environment = dict(os.environ, MREG_HOME=self.disk.path, HOME=self.folder)
        return subprocess.run([faults.MREG, *arguments], cwd=self.clone, env=environment,
                              capture_output=True, text=True, check=False, timeout=120)

    def write(self, name, size):
        with open(os.path.join(self.clone, name), "wb") as file:
            file.write(self.random.randbytes(size))

    def test_says_so_and_stays_sound(self):
        self.disk = faults.SmallDisk(self.path("disk"), 24)
        self.addCleanup(self.disk.unmount)
        self.clone = self.path("clone")
        os.mkdir(self.clone)
        self.assertEqual(self.mreg("init").returncode, 0)
        self.write("small.bin", 1 << 20)
        self.assertEqual(self.mreg("add", "small.bin").returncode, 0)
        self.write("large.bin", 48 << 20)
        added = self.mreg("add", "large.bin")
        self.assertEqual(added.returncode, 8, added.stderr)
        self.assertIn("No space left", added.stderr)
        checked = self.mreg("fsck")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        os.remove(os.path.join(self.clone, "large.bin"))
        self.write("other.bin", 2 << 20)
        added = self.mreg("add", "other.bin")
        self.assertEqual(added.returncode, 0, added.stderr)
        committed = self.mreg("commit", "-m", "after the flood")
        self.assertEqual(committed.returncode, 0, committed.stderr)


if __name__ == "__main__":
    unittest.main()
