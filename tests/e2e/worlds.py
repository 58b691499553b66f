"""The vocabulary of the end-to-end tests: people with clones, and registries of both kinds."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

MREG = os.environ["MREG"]
MREGD = os.environ.get("MREGD", "")
TEST_MODELS = os.environ.get("MREG_TEST_MODELS", "")
ONNX_MODELS = "/usr/share/libonnx-testdata/data"
START_SECONDS = 20


class Result:
    """What a command said, and how it ended."""

    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __str__(self):
        return f"mreg {' '.join(self.words)}: exit {self.code}\n{self.out}{self.err}"

    def json(self):
        return json.loads(self.out)


class Person:
    """Somebody with a home of their own, at work in one folder."""

    def __init__(self, world, name, folder=None):
        self.world, self.name = world, name
        self.home = world.path("home-" + name)
        self.folder = folder or world.path("")
        self.variables = {}

    def at(self, folder):
        """The same person in another folder."""
        other = Person(self.world, self.name, folder)
        other.variables = self.variables
        return other

    def environment(self):
        kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
                                                 "TSAN_OPTIONS") if key in os.environ}
        author = f"{self.name} <{self.name}@example.org>"
        return {**kept, "MREG_HOME": self.home, "MREG_AUTHOR": author, **self.variables}

    def start(self, *words, **options):
        return subprocess.Popen([MREG, *words], cwd=self.folder, env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **options)

    def run(self, *words, code=0, **options):
        """Runs mreg, which must end with `code` (None: in any way)."""
        given = options.pop("input", None)
        if given is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, **options)
        out, err = process.communicate(given)
        result = Result(words, process.returncode, out, err)
        if code is not None and result.code != code:
            raise AssertionError(f"expected exit {code}: {result}")
        return result

    def later(self, *words):
        """Starts mreg; called, what it returns waits for the end."""
        process = self.start(*words)

        def end():
            out, err = process.communicate()
            return Result(words, process.returncode, out, err)

        return end

    def json(self, *words):
        return self.run(*words, "--json").json()

    def git(self, *words):
        """Stock git on this clone's .mreg."""
        ran = subprocess.run(["git", "--git-dir=.mreg", *words], cwd=self.folder, check=False,
                             capture_output=True, text=True,
                             env={**self.environment(), "HOME": self.home})
        return Result(words, ran.returncode, ran.stdout, ran.stderr)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def read(self, name):
        return read_file(self.path(name))

    def begin(self, name, url):
        """A new repository in the folder `name` with origin at `url`."""
        self.run("init", name)
        clone = self.at(self.path(name))
        clone.run("remote", "add", "origin", url)
        return clone

    def clone(self, url, name, code=0):
        self.run("clone", url, name, code=code)
        return self.at(self.path(name))

    def commit(self, message, **files):
        """Writes, adds and commits files, '_' in their names standing for '.'."""
        for name, content in files.items():
            self.write(name.replace("_", "."), content)
        self.run("add", ".")
        self.run("commit", "-m", message)


class FolderRegistry:
    """A registry that is a folder, without a daemon."""

    kind = "folder"

    def __init__(self, world):
        self.folder = world.path("registry")

    def url(self, name="acme/vad"):
        return f"file://{self.folder}/{name}"

    def let_in(self, person):
        """Whoever can open the folder may push."""

    def fsck(self, person):
        return person.run("fsck", "--registry", self.folder, code=None)

    def gc(self, *words):
        """What `mregd gc` says it did, without a daemon."""
        ran = subprocess.run([MREGD, "gc", "--data", self.folder, "--json", *words], check=True,
                             capture_output=True, text=True)
        return json.loads(ran.stdout)

    def stop(self):
        pass


class DaemonRegistry:
    """A registry behind mregd, at a port that the kernel chose."""

    kind = "daemon"

    def __init__(self, world):
        self.folder = world.path("registry")
        self.log = world.path("mregd.log")
        self.watcher = None
        self.config = world.path("mregd.toml")
        self.configure('[content]\nunknown_binary = "allow"\n')
        self.start()

    def configure(self, text):
        """For the next start. Most tests push bytes of no known format."""
        with open(self.config, "w", encoding="utf-8") as config:
            config.write(text)

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [MREGD, "serve", "--config", self.config, "--data", self.folder,
                 "--listen", "127.0.0.1:0"],
                stdout=log, stderr=log)
        self.base = self._address()

    def _address(self):
        # Another process cannot be waited for in any other way than by looking.
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r" on (http://\S+)", self.log_text())
            if found:
                return found.group(1)
            time.sleep(0.01)
        raise AssertionError("mregd did not start")

    def log_text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def url(self, name="acme/vad"):
        return f"{self.base}/{name}"

    def token(self, name, role="write"):
        made = subprocess.run([MREGD, "token", "create", "--data", self.folder, "--name", name,
                               "--role", role], check=True, capture_output=True, text=True)
        return made.stdout

    def let_in(self, person):
        person.run("login", self.base, "--token-stdin", input=self.token(person.name))

    def fsck(self, person):
        ran = subprocess.run([MREGD, "fsck", "--data", self.folder], check=False,
                             capture_output=True, text=True)
        return Result(["fsck"], ran.returncode, ran.stdout, ran.stderr)

    def gc(self, *words):
        """What `mregd gc` says it did."""
        return self.later("gc", *words)().json()

    def later(self, command, *words):
        """Starts a command of mregd; called, what it returns waits for the end."""
        process = subprocess.Popen([MREGD, command, "--data", self.folder, "--json", *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def end():
            out, err = process.communicate()
            return Result([command, *words], process.returncode, out, err)

        return end

    def state(self, task):
        """How far "gc" or "optimize" is."""
        if not self.watcher:
            self.watcher = self.token("watcher", "admin").strip()
        request = urllib.request.Request(f"{self.base}/api/v1/{task}",
                                         headers={"Authorization": "Bearer " + self.watcher})
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.load(answer)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(START_SECONDS)


REGISTRIES = [FolderRegistry] + ([DaemonRegistry] if MREGD and os.path.exists(MREGD) else [])


class World:
    """A folder of its own with one registry, gone at the end."""

    def __init__(self, registry_kind):
        self.folder = tempfile.mkdtemp(prefix="mreg-e2e-")
        self.seed = int(os.environ.get("MREG_E2E_SEED", random.randrange(1 << 30)))
        self.random = random.Random(self.seed)
        self.registry = registry_kind(self)

    def path(self, name):
        return os.path.join(self.folder, name).rstrip("/")

    def person(self, name, may_push=True):
        person = Person(self, name)
        os.makedirs(self.path("work-" + name), exist_ok=True)
        person.folder = self.path("work-" + name)
        if may_push:
            self.registry.let_in(person)
        return person

    def bytes(self, count):
        """Bytes that do not compress."""
        return self.random.randbytes(count)

    def close(self):
        self.registry.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def on_each_registry(test):
    """Runs a test method, which takes a World, against each kind of registry."""

    def run(self):
        for kind in REGISTRIES:
            world = World(kind)
            try:
                with self.subTest(registry=kind.kind, seed=world.seed):
                    test(self, world)
            finally:
                world.close()

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def two_releases():
    """Two releases of a model: real ones where they are at hand, else of a large part in common."""
    if TEST_MODELS:
        return (read_file(os.path.join(TEST_MODELS, "silero_vad_v5.onnx")),
                read_file(os.path.join(TEST_MODELS, "silero_vad_legacy.onnx")))
    source = random.Random(5)
    shared = source.randbytes(2_000_000)
    return (shared + source.randbytes(300_000), shared + source.randbytes(200_000))


def safetensors(tensors):
    """A file with these F32 tensors: bytes by name."""
    header, offset = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "F32", "shape": [len(data) // 4],
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(tensors.values())


def family(source, size, count):
    """A model and `count` trained further, whose weights differ in their last bits: files of two
    tensors of `size` bytes."""
    def weights():
        data = bytearray(source.randbytes(size))
        signs = bytes((byte & 0x80) | 0x3c for byte in range(256))
        data[3::4] = bytes(data[3::4]).translate(signs)
        return data

    def trained(data):
        data = bytearray(data)
        data[0::4] = source.randbytes(len(data) // 4)
        return bytes(data)

    first, second = weights(), weights()
    models = [safetensors({"a": bytes(first), "b": bytes(second)})]
    for number in range(count):
        # Other names, so that only the weights tell what they are like.
        models.append(safetensors({f"a{number}": trained(first), f"b{number}": trained(second)}))
    return models


def onnx_models(limit):
    """Paths of small real ONNX files, where the distribution's package of them is installed."""
    found = []
    for folder, _, names in sorted(os.walk(ONNX_MODELS)):
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".onnx")]
    return found[:limit]


READY = '{"event":"ready","protocol":1,"runner":"fake","runtime":"fake","version":"1"}'


def fake_runner(person):
    """A runner of a runtime in which every model gives the same output."""
    tensor = {"name": "x", "type": "float", "shape": [1]}
    ran = {"event": "ran", "seconds": .25, "peak_bytes": 4096,
           "outputs": [{**tensor, "data": "AACAPw=="}]}
    answers = [{"event": "loaded", "seconds": .5, "inputs": [tensor], "outputs": [tensor]}, ran,
               {"event": "unloaded", "providers": [{"provider": "Fake", "nodes": 1}]}]
    lines = "".join(f"read line; echo '{json.dumps(answer)}'\n" for answer in answers)
    person.write("../runner.sh", f"echo '{READY}'\n{lines}")
    return "sh " + person.path("../runner.sh")


def searched(clone, *query):
    """The answer to a search once the registry has entered everything, which it does a moment
    after a push."""
    for _ in range(600):
        answer = clone.json("search", *query)
        if answer["behind"] == 0:
            return answer
        time.sleep(.1)
    raise AssertionError("the registry does not follow")


def field(number, payload):
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])
