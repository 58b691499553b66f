"""The vocabulary of the fault tests: a daemon that can be harmed, and clients that keep book."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

MREGD = os.environ["MREGD"]
DRIVER = os.environ["CRASH_DRIVER"]
MREG = os.environ.get("MREG", "")
START_SECONDS = 20
STOP_SECONDS = 20


def rounds(default):
    return int(os.environ.get("MREG_FAULT_ROUNDS", default))


def wait_for(condition, seconds, what):
    """Polls, because another process cannot be waited for in any other way."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {seconds} s")


class Daemon:
    """A mregd on `data`. Its log goes to `log`; `prefix` is a command to run it under."""

    def __init__(self, data, log, prefix=()):
        self.data, self.log, self.prefix = data, log, list(prefix)
        self.process = None
        self.base = None
        self.config = log + ".toml"
        # What is pushed are bytes of no known format.
        with open(self.config, "w", encoding="utf-8") as config:
            config.write('content.unknown_binary = "allow"\n')

    def start(self):
        with open(self.log, "ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(
                self.prefix + [MREGD, "serve", "--config", self.config, "--data", self.data,
                               "--listen", "127.0.0.1:0"],
                stderr=log, stdout=log)

        def address():
            if self.process.poll() is not None:
                raise AssertionError("mregd ended: " + self.log_text(begin))
            return re.search(r" on (http://\S+)", self.log_text(begin))

        self.base = wait_for(address, START_SECONDS, "mregd's start").group(1)
        return self

    def log_text(self, begin=0):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(begin)
            return log.read()

    @property
    def url(self):
        return self.base + "/acme/vad"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to stop; its exit code."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def token(self, name="tester", role="write"):
        made = subprocess.run([MREGD, "token", "create", "--data", self.data, "--name", name,
                               "--role", role], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def admin(self, command):
        """What `mregd COMMAND --json` prints, and its exit code."""
        ran = subprocess.run([MREGD, command, "--data", self.data, "--json"],
                             capture_output=True, text=True, check=False)
        if not ran.stdout:
            raise AssertionError(f"mregd {command}: {ran.stderr}")
        return json.loads(ran.stdout), ran.returncode


class FaultTest(unittest.TestCase):
    """One folder, one daemon on it, one book; all of them gone afterwards."""

    def setUp(self):
        self.seed = int(os.environ.get("MREG_FAULT_SEED", random.randrange(1 << 30)))
        print(f"\nseed {self.seed} (MREG_FAULT_SEED)", file=sys.stderr, flush=True)
        self.random = random.Random(self.seed)
        self.folder = tempfile.mkdtemp(prefix="mreg-faults-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.oracle = self.path("oracle")
        self.daemon = Daemon(self.path("registry"), self.path("mregd.log"))
        self.addCleanup(self.end_daemon)
        self.token = ""
        self.homes = 0

    def end_daemon(self):
        if self.daemon.process is not None and self.daemon.process.poll() is None:
            self.daemon.kill()

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.daemon.start()
        if not self.token:
            self.token = self.daemon.token()

    def environment(self):
        return dict(os.environ, MREG_TOKEN=self.token)

    def fresh_home(self):
        self.homes += 1
        return self.path(f"home{self.homes}")

    def driver(self, command, home, *more):
        return [DRIVER, command, "--url", self.daemon.url, "--home", home, "--oracle", self.oracle,
                *map(str, more)]

    def push(self, home, *more):
        """Runs a push to its end: its exit code, and what it wrote."""
        ran = subprocess.run(self.driver("push", home, *more), env=self.environment(),
                             capture_output=True, text=True, check=False, timeout=300)
        return ran.returncode, ran.stdout, ran.stderr

    def begin_push(self, home, *more):
        """A push that runs beside the test."""
        process = subprocess.Popen(self.driver("push", home, *more), env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_process, process)
        return process

    @staticmethod
    def end_process(process):
        if process.poll() is None:
            process.kill()
            process.communicate()

    def expect_sound(self):
        """Everything acknowledged is there, byte for byte, for a client that has nothing yet."""
        report, code = self.daemon.admin("fsck")
        self.assertEqual(report["problems"], [], f"seed {self.seed}")
        self.assertEqual(code, 0)
        home = self.fresh_home()
        ran = subprocess.run(self.driver("check", home), env=self.environment(),
                             capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual(ran.returncode, 0, f"seed {self.seed}: {ran.stderr}")
        shutil.rmtree(home, ignore_errors=True)

    def acknowledged(self):
        if not os.path.exists(self.oracle):
            return 0
        with open(self.oracle, encoding="ascii") as oracle:
            return sum(line.startswith("acknowledged") for line in oracle)

    def get(self, path):
        return urllib.request.urlopen(self.daemon.base + path, timeout=30)


def needs_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "needs root")(test)


class SmallDisk:
    """A tmpfs of `megabytes` on `path`."""

    def __init__(self, path, megabytes):
        self.path = path
        os.makedirs(path, exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest("cannot mount a tmpfs: " + mounted.stderr.strip())

    def remount(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.path], check=True)

    def unmount(self):
        subprocess.run(["umount", "-l", self.path], check=False)


__all__ = ["Daemon", "FaultTest", "SmallDisk", "DRIVER", "MREG", "MREGD", "needs_root", "rounds",
           "signal", "wait_for"]
