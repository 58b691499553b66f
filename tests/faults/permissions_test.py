"""Folders that may not be written, or not even read."""

import os
import subprocess
import unittest

import faults

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@faults.needs_root
class ReadOnlyRegistry(faults.FaultTest):
    def setUp(self):
        super().setUp()
        self.disk = faults.SmallDisk(self.path("disk"), 64)
        self.addCleanup(self.disk.unmount)
        self.daemon.data = os.path.join(self.disk.path, "registry")
        self.addCleanup(self.end_daemon)

    def test_of_a_disk_that_is_mounted_read_only_is_refused_clearly(self):
        self.start()
        code, _, errors = self.push(self.fresh_home(), "--seed", 1, "--count", 1)
        self.assertEqual(code, 0, errors)
        self.assertEqual(self.daemon.stop(), 0)
        self.disk.remount("ro")
        ran = subprocess.run([faults.MREGD, "serve", "--data", self.daemon.data, "--listen",
                              "127.0.0.1:0"], capture_output=True, text=True, check=False,
                             timeout=30)
        self.assertIn(ran.returncode, (4, 8), ran.stderr)
        self.assertIn("mregd: ", ran.stderr)
        self.assertIn("Read-only file system", ran.stderr)
        self.disk.remount("rw")
        self.daemon.start()
        self.expect_sound()

    def test_of_somebody_else_is_not_allowed(self):
        self.start()
        self.assertEqual(self.daemon.stop(), 0)
        os.chmod(self.folder, 0o755)
        for command in (["serve", "--listen", "127.0.0.1:0"], ["fsck"], ["stats"]):
            with self.subTest(command=command[0]):
                ran = subprocess.run(NOBODY + [faults.MREGD, *command, "--data", self.daemon.data],
                                     capture_output=True, text=True, check=False, timeout=30)
                self.assertEqual(ran.returncode, 4, ran.stderr)
                self.assertIn("Permission denied", ran.stderr)

    def test_is_not_created_where_one_may_not_write(self):
        os.chmod(self.folder, 0o755)
        ran = subprocess.run(NOBODY + [faults.MREGD, "serve", "--data", self.path("new"),
                                       "--listen", "127.0.0.1:0"],
                             capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(ran.returncode, 4, ran.stderr)
        self.assertIn("Permission denied", ran.stderr)


@faults.needs_root
@unittest.skipUnless(os.path.exists(faults.MREG), "mreg is not built")
class ForbiddenUserStore(faults.FaultTest):
    def mreg(self, home, *arguments):
        environment = dict(os.environ, MREG_HOME=home, HOME=self.folder)
        return subprocess.run(NOBODY + [faults.MREG, *arguments], cwd=self.clone, env=environment,
                              capture_output=True, text=True, check=False, timeout=60)

    def test_is_named_in_the_error(self):
        os.chmod(self.folder, 0o755)
        self.clone, mine, theirs = self.path("clone"), self.path("mine"), self.path("theirs")
        for folder, owner in ((self.clone, 65534), (mine, 65534), (theirs, 0)):
            os.mkdir(folder, 0o700)
            os.chown(folder, owner, owner)
        self.assertEqual(self.mreg(mine, "init").returncode, 0)
        path = os.path.join(self.clone, "model.bin")
        with open(path, "wb") as file:
            file.write(self.random.randbytes(100_000))
        added = self.mreg(theirs, "add", "model.bin")
        self.assertEqual(added.returncode, 4, added.stderr)
        self.assertIn("Permission denied", added.stderr)
        os.chmod(path, 0)
        added = self.mreg(mine, "add", "model.bin")
        self.assertEqual(added.returncode, 4, added.stderr)
        os.chmod(path, 0o644)
        os.chown(path, 65534, 65534)
        added = self.mreg(mine, "add", "model.bin")
        self.assertEqual(added.returncode, 0, added.stderr)


if __name__ == "__main__":
    unittest.main()
