#!/usr/bin/env python3
"""Measures mreg beside git-lfs, restic, borg, casync and hf_xet on one model and its edits.

    compare.py --build DIR [--work DIR] [--repeat 3] [--tools mreg,git-lfs,...] [--warm]
               [--large GB]

Prints Markdown. Every step begins with a sync and, as root and without --warm, an empty page cache.
A step's memory is the largest resident set of any of its processes; mregd's memory and processor
time are told apart. Processor time means more than wall time on a machine that does other things as
well. Tools that are not installed are left out; hf_xet is a module of the Python that runs this.
"""

import argparse
import importlib.util
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOOLS = "mreg,git-lfs,restic,borg,casync,hf_xet"
EDITS = ("metadata", "tuned", "renamed")
MB = 1_000_000
PIECE = 1 << 20


def drop_caches():
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
        return True
    except OSError:
        return False


def disk_speed(folder, size=1 << 30):
    """Bytes a second of a sequential write with its fsync."""
    path = os.path.join(folder, "speed")
    piece = os.urandom(PIECE)
    begin = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // PIECE):
            file.write(piece)
        os.fsync(file.fileno())
    seconds = time.monotonic() - begin
    os.remove(path)
    return size / seconds


def bytes_below(folder):
    return sum(os.lstat(os.path.join(at, name)).st_size
               for at, _, names in os.walk(folder) for name in names)


class Step:
    def __init__(self, seconds=0.0, memory=0):
        self.seconds, self.memory, self.cpu, self.stored = seconds, memory, 0.0, 0
        self.server_memory, self.server_cpu = 0, 0.0


class Tool:
    """What all tools have in common; `folder` is fresh for each repetition."""

    name = ""
    is_warm = False  # steps find what earlier ones left in the page cache

    def __init__(self, folder, model_name="model.onnx"):
        self.folder, self.model_name = folder, model_name
        self.tree = os.path.join(folder, "tree")
        self.copy = os.path.join(folder, "copy")
        self.remote = os.path.join(folder, "remote")
        os.makedirs(self.tree)
        self.cpu = 0.0  # seconds of all commands so far
        self.env = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder + "/config",
                        XDG_CACHE_HOME=folder + "/cache", XDG_DATA_HOME=folder + "/data",
                        GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=folder + "/gitconfig",
                        BORG_BASE_DIR=folder + "/borg", RESTIC_PASSWORD="bench")

    def put(self, source):
        shutil.copyfile(source, os.path.join(self.tree, self.model_name))

    def run(self, *command, cwd=None):
        """Runs to the end and returns the largest resident set in bytes."""
        with tempfile.TemporaryFile() as output:
            child = subprocess.Popen(command, cwd=cwd or self.tree, env=self.env, stdout=output,
                                     stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.cpu += usage.ru_utime + usage.ru_stime
            if child.returncode != 0:
                output.seek(0)
                raise SystemExit(f"{' '.join(command)}: {output.read().decode()}")
        return usage.ru_maxrss * 1024

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.name) is not None

    def step(self, action):
        if self.is_warm:
            os.sync()
        else:
            drop_caches()
        begin, cpu = time.monotonic(), self.cpu
        memory = action()
        step = Step(time.monotonic() - begin, memory)
        step.cpu = self.cpu - cpu
        step.stored = bytes_below(self.remote)
        return step

    def setup(self):
        pass

    def add(self, message):
        """Takes the model over on this side; nothing where storing is one step."""
        return None

    def store(self, message):
        """Brings it to the remote."""
        raise NotImplementedError

    def fetch(self):
        raise NotImplementedError

    def close(self):
        pass


class Mreg(Tool):
    name = "mreg"

    def __init__(self, folder, model_name="model.onnx", *, build):
        super().__init__(folder, model_name)
        self.mreg, self.mregd = build + "/cli/mreg", build + "/daemon/mregd"
        self.env["MREG_HOME"] = folder + "/store"
        self.server = None

    @classmethod
    def is_installed(cls):
        return True  # it was built

    def setup(self):
        log = self.folder + "/log"
        config = self.folder + "/mregd.toml"
        with open(config, "w", encoding="utf-8") as file:
            file.write('content.unknown_binary = "allow"\n')
        with open(log, "wb") as file:
            self.server = subprocess.Popen([self.mregd, "serve", "--config", config,
                                            "--data", self.remote,
                                            "--listen", "127.0.0.1:0"], stderr=file, env=self.env)
        self.url = None
        while self.url is None:
            time.sleep(0.02)
            with open(log, encoding="utf-8") as file:
                found = re.search(r" on (http://\S+)", file.read())
            self.url = found and found.group(1) + "/acme/bench"
        self.env["MREG_TOKEN"] = subprocess.run(
            [self.mregd, "token", "create", "--data", self.remote, "--name", "bench", "--role",
             "write"], check=True, capture_output=True, text=True).stdout.strip()
        self.run(self.mreg, "init")
        self.run(self.mreg, "remote", "add", "origin", self.url)

    def server_peak(self):
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) * 1024

    def server_cpu(self):
        with open(f"/proc/{self.server.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def step(self, action):
        try:
            with open(f"/proc/{self.server.pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")  # forgets the peak
        except OSError:
            pass
        cpu = self.server_cpu()
        step = super().step(action)
        step.server_memory, step.server_cpu = self.server_peak(), self.server_cpu() - cpu
        return step

    def add(self, message):
        memory = self.run(self.mreg, "add", ".")
        return max(memory, self.run(self.mreg, "commit", "-m", message, "--author",
                                    "Bench <bench@example.org>"))

    def store(self, message):
        return self.run(self.mreg, "push", "-u", "origin", "main")

    def fetch(self):
        self.env["MREG_HOME"] = self.folder + "/other-store"
        try:
            return self.run(self.mreg, "clone", self.url, self.copy, cwd=self.folder)
        finally:
            self.env["MREG_HOME"] = self.folder + "/store"

    def close(self):
        self.server.terminate()
        self.server.wait()


class GitLfs(Tool):
    name = "git-lfs"

    def setup(self):
        self.run("git", "config", "--global", "user.name", "Bench")
        self.run("git", "config", "--global", "user.email", "bench@example.org")
        self.run("git", "lfs", "install", "--skip-repo")
        self.run("git", "init", "-q", "--bare", "-b", "main", self.remote, cwd=self.folder)
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "lfs", "track", "*.onnx")
        self.run("git", "remote", "add", "origin", "file://" + self.remote)

    def add(self, message):
        memory = self.run("git", "add", ".")
        return max(memory, self.run("git", "commit", "-q", "-m", message))

    def store(self, message):
        return self.run("git", "push", "-q", "-u", "origin", "main")

    def fetch(self):
        return self.run("git", "clone", "-q", "file://" + self.remote, self.copy, cwd=self.folder)


class Restic(Tool):
    name = "restic"

    def setup(self):
        self.run("restic", "-q", "init", "--repository-version", "2", "-r", self.remote)

    def store(self, message):
        return self.run("restic", "-q", "-r", self.remote, "backup", ".")

    def fetch(self):
        return self.run("restic", "-q", "-r", self.remote, "restore", "latest", "--target",
                        self.copy, cwd=self.folder)


class Borg(Tool):
    name = "borg"

    def setup(self):
        self.env["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes"
        self.run("borg", "init", "-e", "none", self.remote)

    def store(self, message):
        return self.run("borg", "create", f"{self.remote}::{message}", ".")

    def fetch(self):
        os.mkdir(self.copy)
        return self.run("borg", "extract", f"{self.remote}::base", cwd=self.copy)


class Casync(Tool):
    name = "casync"

    def setup(self):
        os.mkdir(self.remote)

    def store(self, message):
        return self.run("casync", "make", "--store=" + self.remote + "/store",
                        f"{self.remote}/{message}.caidx", ".")

    def fetch(self):
        return self.run("casync", "extract", "--store=" + self.remote + "/store",
                        self.remote + "/base.caidx", self.copy, cwd=self.folder)


class HfXet(Tool):
    """The engine of the Hugging Face Hub, with a folder in place of its service."""

    name = "hf_xet"

    def __init__(self, folder, model_name="model.onnx"):
        super().__init__(folder, model_name)
        self.endpoint = self.remote
        self.remote += "/xet/xorbs"  # what a service would keep; the client's cache lies beside it
        self.env["HF_HOME"] = folder + "/hf"
        self.client = (sys.executable, os.path.dirname(os.path.abspath(__file__)) + "/xet_client.py")

    @classmethod
    def is_installed(cls):
        return importlib.util.find_spec("hf_xet") is not None

    def store(self, message):
        return self.run(*self.client, "store", self.endpoint, f"{self.folder}/{message}.json", ".")

    def fetch(self):
        return self.run(*self.client, "fetch", self.endpoint, self.folder + "/base.json", self.copy)


def run_once(tool, models, edits):
    """All steps with one tool, by name. The model may be any file; edits follow the base."""
    steps = {}

    def take(step_name, message):
        if type(tool).add is not Tool.add:
            steps["add " + step_name] = tool.step(lambda: tool.add(message))
        steps["store " + step_name] = tool.step(lambda: tool.store(message))

    tool.setup()
    try:
        tool.put(models["base"])
        take("base", "base")
        steps["fetch base"] = tool.step(tool.fetch)
        for edit in edits:
            tool.put(models[edit])
            take(edit, edit)
        if edits:
            os.utime(os.path.join(tool.tree, tool.model_name))
            steps["store unchanged"] = tool.step(lambda: again(tool))
        check_copy(tool, models["base"])
    finally:
        tool.close()
    return steps


def again(tool):
    """Adds and stores what is there already: only its time of modification is new."""
    memory = 0
    if isinstance(tool, Mreg):
        memory = tool.run(tool.mreg, "add", ".")
    elif isinstance(tool, GitLfs):
        memory = tool.run("git", "add", ".")
    return max(memory, tool.store("unchanged"))


def check_copy(tool, model):
    found = [os.path.join(at, name) for at, _, names in os.walk(tool.copy) for name in names
             if name == tool.model_name]
    subprocess.run(["cmp", model, found[0]], check=True)


def median_steps(runs):
    result = {}
    for name in runs[0]:
        step = Step()
        for field in vars(step):
            setattr(step, field, statistics.median(getattr(run[name], field) for run in runs))
        result[name] = step
    return result


def print_table(results):
    names = list(dict.fromkeys(step for steps in results.values() for step in steps))
    print("| step | " + " | ".join(results) + " |")
    print("|---|" + "---|" * len(results))
    for name in names:
        cells = []
        for steps in results.values():
            step = steps.get(name)
            if step is None:
                cells.append("")
                continue
            has_server = step.server_memory > 0
            cpu = f" + {step.server_cpu:.1f}" if has_server else ""
            memory = f" + {step.server_memory / MB:.0f}" if has_server else ""
            cells.append(f"{step.seconds:.1f} s, cpu {step.cpu:.1f}{cpu} s, "
                         f"{step.memory / MB:.0f}{memory} MB, {step.stored / MB:.1f} MB")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\nEach cell: wall time, processor time (client + server), peak resident memory (client "
          "+ server), bytes at the remote afterwards.")


def describe_machine(work):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = re.search(r"model name\s*: (.*)", file.read()).group(1)
    if Tool.is_warm:
        cache = "kept (--warm)"
    else:
        cache = "dropped before each step" if drop_caches() else "not dropped (not root)"
    print(f"{os.cpu_count()} cores of {model}; sequential fsynced write "
          f"{disk_speed(work) / MB:.0f} MB/s; page cache {cache}; load before "
          f"{os.getloadavg()[0]:.1f}.\n")


def compare(arguments, work):
    models = {name: f"{work}/{name}.onnx" for name in ("base", *EDITS)}
    subprocess.run([arguments.build + "/tests/bench/make_model", "versions", work], check=True)
    print(f"Model: {os.path.getsize(models['base']) / MB:.1f} MB; median of {arguments.repeat}.\n")
    results = {}
    for name in installed(arguments.tools):
        runs = []
        for number in range(arguments.repeat):
            runs.append(run_once(make_tool(name, arguments, f"{work}/{name}-{number}"), models,
                                 EDITS))
            shutil.rmtree(f"{work}/{name}-{number}")
        results[name] = median_steps(runs)
        print(f"measured {name}", file=sys.stderr, flush=True)
    print_table(results)


def large(arguments, work):
    """Written where it is added from: room for one copy, the stores and the clone is enough."""
    tool = Mreg(work + "/large", "model.safetensors", build=arguments.build)
    path = os.path.join(tool.tree, tool.model_name)
    steps = {}
    tool.setup()
    try:
        for name, command in (("base", "large"), ("tuned", "large-tuned")):
            subprocess.run([arguments.build + "/tests/bench/make_model", command, path,
                            str(arguments.large)], check=True)
            steps[f"add {name}"] = tool.step(lambda: tool.add(name))
            steps[f"store {name}"] = tool.step(lambda: tool.store(name))
        steps["fetch tuned"] = tool.step(tool.fetch)
        check_copy(tool, path)
    finally:
        tool.close()
    print(f"File: {os.path.getsize(path) / MB:.1f} MB of fp32 tensors.\n")
    print_table({"mreg": steps})


def tool_classes():
    return {tool.name: tool for tool in (Mreg, GitLfs, Restic, Borg, Casync, HfXet)}


def installed(names):
    """Those of the comma-separated names that are here; tells which are not."""
    present = []
    for name in names.split(","):
        if tool_classes()[name].is_installed():
            present.append(name)
        else:
            print(f"{name} is not installed: left out.\n")
    return present


def make_tool(name, arguments, folder):
    if name == "mreg":
        return Mreg(folder, build=arguments.build)
    return tool_classes()[name](folder)


def parser_for(description):
    """With the options that family.py has as well."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True, help="a release build of mreg")
    parser.add_argument("--work", default=None, help="a folder on the disk to measure")
    parser.add_argument("--tools", default=TOOLS)
    parser.add_argument("--warm", action="store_true",
                        help="keep the page cache; for machines that give memory back to a host, "
                             "where each new page costs more than the disk")
    return parser


def parse(parser):
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    Tool.is_warm = arguments.warm
    return arguments


def main():
    parser = parser_for(__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--large", type=int, default=0, metavar="GB",
                        help="instead: one file of that size, with mreg alone")
    arguments = parse(parser)
    with tempfile.TemporaryDirectory(prefix="mreg-bench-", dir=arguments.work) as work:
        describe_machine(work)
        if arguments.large:
            large(arguments, work)
        else:
            compare(arguments, work)


if __name__ == "__main__":
    main()
