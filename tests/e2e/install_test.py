#!/usr/bin/env python3
"""What `cmake --install` puts down is complete: mreg finds its runners there."""

import os
import subprocess
import tempfile
import unittest

BUILD, CMAKE = os.environ["MREG_BUILD"], os.environ.get("CMAKE", "cmake")


class InstallTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="mreg-install-")
        self.addCleanup(self._folder.cleanup)
        self.prefix = os.path.join(self._folder.name, "prefix")
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", self.prefix], check=True,
                       capture_output=True)

    def mreg(self, *words):
        return subprocess.run([os.path.join(self.prefix, "bin", "mreg"), *words],
                              cwd=self._folder.name, capture_output=True, text=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "MREG_HOME": self._folder.name})

    def test_programs_and_manual_are_there(self):
        for program in ("mreg", "mregd", "mreg-lint-onnx", "mreg-runner-ort",
                        "mreg-runner-onnxruntime"):
            self.assertTrue(os.access(os.path.join(self.prefix, "bin", program), os.X_OK), program)
        self.assertTrue(os.path.exists(os.path.join(self.prefix, "share/man/man1/mreg.1")))
        self.assertEqual(self.mreg("version").returncode, 0)

    def test_runners_are_found_beside_mreg(self):
        probe = ("target", "probe", "/no/such/library.so", "--name", "x")
        told = self.mreg(*probe).stderr
        self.assertIn("cannot open shared object file", told, "it is the runner that says so")
        # A runner of that name, though it is nowhere in PATH.
        runner = os.path.join(self.prefix, "bin", "mreg-runner-test")
        with open(runner, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho it is me >&2\nexit 1\n")
        os.chmod(runner, 0o755)
        told = self.mreg(*probe, "--runner", "mreg-runner-test").stderr
        self.assertIn("it is me", told)


if __name__ == "__main__":
    unittest.main()
