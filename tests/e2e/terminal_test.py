#!/usr/bin/env python3
"""The two streams: data and messages, on a terminal and elsewhere."""

import os
import pty
import subprocess
import unittest

from worlds import MREG, FolderRegistry, World


class TerminalTest(unittest.TestCase):
    def setUp(self):
        self.world = World(FolderRegistry)
        self.addCleanup(self.world.close)
        self.clone = self.world.person("ada").begin("vad", self.world.registry.url())
        self.clone.commit("one", model_bin=self.world.bytes(2_000_000), a_md="1\n")

    def on_a_terminal(self, *words, **variables):
        """What a terminal shows of a command."""
        master, slave = pty.openpty()
        process = subprocess.Popen([MREG, *words], cwd=self.clone.folder, stdin=slave,
                                   stdout=slave, stderr=slave,
                                   env={**self.clone.environment(), "TERM": "xterm", **variables})
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        self.assertEqual(process.wait(), 0)
        return shown

    def test_colours_are_for_terminals_that_want_them(self):
        self.assertIn(b"\x1b[33mcommit", self.on_a_terminal("log"))
        self.assertNotIn(b"\x1b[", self.on_a_terminal("log", NO_COLOR="1"))
        self.assertNotIn(b"\x1b[", self.on_a_terminal("log", TERM="dumb"))
        self.assertNotIn("\x1b[", self.clone.run("log").out)

    def test_progress_is_for_terminals(self):
        self.assertIn(b"sending", self.on_a_terminal("push"))
        self.clone.write("model.bin", self.world.bytes(2_000_000))
        self.clone.run("commit", "-a", "-m", "two")
        self.assertNotIn("\r", self.clone.run("push").err)

    def test_data_and_messages_stay_apart(self):
        pushed = self.clone.run("push")
        self.assertEqual(pushed.out, "")
        self.assertIn("main -> main", pushed.err)
        self.assertEqual(self.clone.run("log", "--json").err, "")

    def test_nobody_has_to_read_to_the_end(self):
        process = self.clone.start("log")
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        self.assertEqual((process.wait(), err), (141, ""))

    def test_a_full_disk_is_said(self):
        with open("/dev/full", "wb") as full:
            ran = subprocess.run([MREG, "log"], cwd=self.clone.folder, stdout=full, check=False,
                                 stderr=subprocess.PIPE, env=self.clone.environment())
        self.assertEqual(ran.returncode, 8)
        self.assertIn(b"write the output", ran.stderr)

    def test_names_from_a_repository_cannot_move_the_cursor(self):
        self.clone.write("a.md", "\x1b[2J\n")
        self.clone.run("commit", "-a", "-m", "clear \x1b[2J")
        for words in (["log"], ["log", "--oneline"], ["show"], ["diff", "HEAD~1", "HEAD"]):
            self.assertNotIn("\x1b", self.clone.run(*words).out, words)

    def test_help_needs_no_home(self):
        for words in ([], ["help", "push"], ["push", "--help"], ["version"], ["completion", "bash"]):
            ran = subprocess.run([MREG, *words], env={}, check=False, capture_output=True)
            self.assertEqual((ran.returncode, ran.stderr), (0, b""), words)


if __name__ == "__main__":
    unittest.main()
