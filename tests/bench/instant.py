#!/usr/bin/env python3
"""How soon mreg answers: `mreg help`, and `mreg status` in a clone of 1,000 files.

    instant.py --mreg FILE [--runs 40] [--slack 1]

Prints Markdown. Fails where a command takes more than what is promised, times the slack, of
processor time at the least: wall time says more about what else the machine does.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 1_000
FOLDERS = 10
BYTES = 2_000
PROMISED_MS = {"help": 10, "status": 50}


class Clone:
    """A clone of many files, all of them committed."""

    def __init__(self, mreg, folder):
        self.mreg, self.folder = mreg, folder
        self.env = dict(os.environ, MREG_HOME=folder + "/.home", MREG_AUTHOR="B <b@example.org>")
        self.run("init")
        for number in range(FILES):
            path = f"{folder}/part{number % FOLDERS}/file{number}.bin"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(os.urandom(BYTES))
            os.utime(path, (1_000_000_000, 1_000_000_000))  # old, so that its stamp proves it
        for words in (["add", "."], ["commit", "-m", "all"]):
            self.run(*words)

    def run(self, *words):
        """Wall and processor time in milliseconds."""
        begin = time.monotonic()
        child = subprocess.Popen([self.mreg, *words], cwd=self.folder, env=self.env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"mreg {' '.join(words)} ended with {child.returncode}")
        return (1e3 * (time.monotonic() - begin), 1e3 * (usage.ru_utime + usage.ru_stime))


def measure(clone, runs):
    """By command: its wall times and its processor times."""
    times = {}
    for command in PROMISED_MS:
        clone.run(command)  # warms the page cache
        times[command] = list(zip(*[clone.run(command) for _ in range(runs)]))
    return times


def print_table(times):
    print("| command | promised | wall: least, median | processor: least, median |")
    print("|---|---|---|---|")
    for command, (wall, cpu) in times.items():
        cells = [f"{min(some):.1f}, {statistics.median(some):.1f} ms" for some in (wall, cpu)]
        print(f"| {command} | {PROMISED_MS[command]} ms | {cells[0]} | {cells[1]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mreg", required=True)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--slack", type=float, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mreg-instant-") as folder:
        times = measure(Clone(os.path.abspath(arguments.mreg), folder), arguments.runs)
    print_table(times)
    late = [command for command, (_, cpu) in times.items()
            if min(cpu) > arguments.slack * PROMISED_MS[command]]
    if late:
        print(f"too slow: {', '.join(late)}", file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
