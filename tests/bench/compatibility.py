#!/usr/bin/env python3
"""Holds what `mreg check` says against what real runtimes do with known models.

    compatibility.py --mreg build/release/cli/mreg TARGET=LIBRARY... [--run]
    compatibility.py --mreg build/release/cli/mreg --runner COMMAND TARGET

The models are libonnx-testdata's, or those below the folder MODELS, such as one of the node tests of
the Python package onnx (onnx.backend.test.case.node.collect_testcases, each saved with onnx.save).
For each TARGET every model is checked, and loaded in LIBRARY by mreg-runner-ort. Told are how often
"supported" was loaded, how often "unsupported" was refused, and every miss. With --run each model
is run too, by `mreg validate`, with the inputs and outputs that lie beside it. The libraries come
from npm, for example:

    npm pack sherpa-onnx-linux-x64@1.12.23 && tar xzf sherpa-onnx-linux-x64-1.12.23.tgz

Some models ask for the locale en_US.UTF-8: where the machine lacks it, a copy of C.UTF-8 stands in.
"""

import argparse
import collections
import glob
import json
import os
import shutil
import subprocess
import tempfile

DATA = os.environ.get("MODELS", "/usr/share/libonnx-testdata/data")
ANY_LOCALE = "/usr/lib/locale/C.utf8"


class Runner:
    def __init__(self, command, environment):
        self._command, self._environment = command, environment
        self._start()

    def _start(self):
        self._process = subprocess.Popen(self._command, env=self._environment, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL)
        ready = json.loads(self._process.stdout.readline())
        self.version = ready["version"]

    def load(self, model):
        """"loaded", or how it was refused and why."""
        self._process.stdin.write(json.dumps({"do": "load", "model": model, "threads": 1}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._start()
            return "crashed", ""
        answer = json.loads(line)
        return answer.get("kind", answer["event"]), answer.get("message", "")

    def stop(self):
        self._process.stdin.close()
        self._process.wait()


def check(mreg, target, model, environment):
    told = subprocess.run([mreg, "check", model, "-t", target, "--json"], env=environment, text=True,
                          stdout=subprocess.PIPE, check=False).stdout
    verdict = json.loads(told)["models"][0]["verdicts"][0]
    return verdict["support"], verdict["findings"]


def validate(mreg, target, library, model, inputs, environment):
    told = subprocess.run([mreg, "validate", model, "-t", target, "--library", library, "-i", inputs,
                           "--json"], env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if not told.stdout:
        return "not run", told.stderr.strip()
    measured = json.loads(told.stdout)["statements"][0]["predicate"]["mreg"]
    return measured["result"], measured["message"]


def measure(options, target, library, models, environment):
    beside = os.path.join(os.path.dirname(options.mreg), "mreg-runner-ort")
    runner = Runner(options.runner.split() or [beside, library], environment)
    table, misses = collections.Counter(), []
    ran = collections.Counter()
    for model in models:
        support, findings = check(options.mreg, target, model, environment)
        real, message = runner.load(model)
        table[support, real == "loaded"] += 1
        if support != ("supported" if real == "loaded" else "unsupported"):
            why = findings[0]["message"] if findings else message
            misses.append(f"{os.path.relpath(model, DATA)}: {support}, {real}: {why}")
        inputs = os.path.join(os.path.dirname(model), "test_data_set_0")
        if options.run and os.path.isdir(inputs):
            result, why = validate(options.mreg, target, library, model, inputs, environment)
            ran[result] += 1
            if options.verbose and result != "passed":
                print(f"  {os.path.relpath(model, DATA)}: {result}: {why[:150]}")
    runner.stop()
    print(f"{target} against {runner.version}: {len(models)} models")
    for support, wanted in (("supported", True), ("unsupported", False)):
        right, all_of_it = table[support, wanted], table[support, True] + table[support, False]
        share = right / all_of_it if all_of_it else 1
        print(f"  {support}: {right} of {all_of_it} {'loaded' if wanted else 'refused'},"
              f" {share:.2%}")
    print(f"  unknown: {table['unknown', True] + table['unknown', False]}")
    for result, number in sorted(ran.items()):
        print(f"  run: {result}: {number}")
    for miss in misses:
        print(f"  miss: {miss}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mreg", required=True)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--runner", default="", help="another than mreg-runner-ort; needs no LIBRARY")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("targets", nargs="+", metavar="TARGET=LIBRARY")
    options = parser.parse_args()
    models = sorted(glob.glob(DATA + "/**/*.onnx", recursive=True))
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, MREG_HOME=os.path.join(folder, "home"))
        if os.path.isdir(ANY_LOCALE):
            shutil.copytree(ANY_LOCALE, os.path.join(folder, "locale", "en_US.UTF-8"))
            environment["LOCPATH"] = os.path.join(folder, "locale")
        for pair in options.targets:
            target, _, library = pair.partition("=")
            measure(options, target, os.path.abspath(library), models, environment)


if __name__ == "__main__":
    main()
