#!/usr/bin/env python3
"""A runner over the Python package onnxruntime: docs/formats/runner-protocol.md.

    pip install onnxruntime numpy
    mreg validate model.onnx -t TARGET --runner mreg-runner-onnxruntime

Installed as mreg-runner-onnxruntime beside mreg.
"""

import base64
import glob
import json
import os
import resource
import sys
import time

import numpy
import onnxruntime

# As operators' schemas name them.
TYPES = {"float": "float32", "double": "float64", "float16": "float16", "bool": "bool",
         "int8": "int8", "uint8": "uint8", "int16": "int16", "uint16": "uint16", "int32": "int32",
         "uint32": "uint32", "int64": "int64", "uint64": "uint64"}
NAMES = {numpy.dtype(dtype): name for name, dtype in TYPES.items()}

UNSUPPORTED = ("is not a registered function/op", "No Op registered for", "No opset import",
               "is under development", "Unsupported model IR version", "NOT_IMPLEMENTED",
               "is deprecated in domain_version", "Unrecognized attribute")
INVALID = ("INVALID_GRAPH", "Type Error", "InferenceError")


def kind_of(message):
    if any(part in message for part in UNSUPPORTED):
        return "unsupported"
    return "invalid" if any(part in message for part in INVALID) else "failed"


def describe(value):
    name = value.type.removeprefix("tensor(").removesuffix(")")
    is_tensor = value.type.startswith("tensor(")
    shape = [one if isinstance(one, int) else -1 for one in value.shape] if is_tensor else []
    return {"name": value.name, "type": name if is_tensor else "", "shape": shape}


def from_tensor(tensor):
    if tensor["type"] == "string":
        texts = [base64.b64decode(text).decode("utf-8", "replace") for text in tensor["strings"]]
        return numpy.array(texts, dtype=object).reshape(tensor["shape"])
    data = base64.b64decode(tensor["data"])
    return numpy.frombuffer(data, dtype=TYPES[tensor["type"]]).reshape(tensor["shape"])


def to_tensor(name, value):
    if not isinstance(value, numpy.ndarray):
        raise TypeError("an output is no tensor")
    if value.dtype not in NAMES:
        texts = [base64.b64encode(str(text).encode()).decode() for text in value.ravel()]
        return {"name": name, "type": "string", "shape": list(value.shape), "strings": texts}
    data = base64.b64encode(numpy.ascontiguousarray(value).tobytes()).decode()
    return {"name": name, "type": NAMES[value.dtype], "shape": list(value.shape), "data": data}


class Server:
    def __init__(self):
        self._session = None
        self._profile = ""

    def load(self, request):
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        settings.intra_op_num_threads = request.get("threads", 0)
        if not request.get("optimize", True):
            settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._profile = request.get("profile", "")
        if self._profile:
            settings.enable_profiling = True
            settings.profile_file_prefix = self._profile
        provider = request.get("provider", "CPUExecutionProvider")
        model = request.get("model") or base64.b64decode(request["bytes"])
        begin = time.monotonic()
        self._session = onnxruntime.InferenceSession(model, settings, providers=[provider])
        return {"event": "loaded", "seconds": time.monotonic() - begin,
                "inputs": [describe(value) for value in self._session.get_inputs()],
                "outputs": [describe(value) for value in self._session.get_outputs()]}

    def run(self, request):
        inputs = {tensor["name"]: from_tensor(tensor) for tensor in request["inputs"]}
        names = [value.name for value in self._session.get_outputs()]
        begin = time.monotonic()
        values = self._session.run(names, inputs)
        seconds = time.monotonic() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"event": "ran", "seconds": seconds, "peak_bytes": peak,
                "outputs": [to_tensor(name, value) for name, value in zip(names, values)]}

    def unload(self, _request):
        providers = {}
        if self._session is not None and self._profile:
            self._session.end_profiling()
            for path in glob.glob(self._profile + "*"):
                with open(path, encoding="utf-8") as events:
                    for event in json.load(events):
                        used = event.get("args", {}).get("provider")
                        if event.get("cat") == "Node" and used:
                            providers.setdefault(used, set()).add(event["name"])
        self._session = None
        return {"event": "unloaded", "providers": [{"provider": name, "nodes": len(nodes)}
                                                   for name, nodes in sorted(providers.items())]}

    def answer(self, line):
        try:
            request = json.loads(line)
            do = {"load": self.load, "run": self.run, "unload": self.unload}[request["do"]]
            return do(request)
        except Exception as error:  # pylint: disable=broad-except
            return {"event": "failed", "kind": kind_of(str(error)), "message": str(error)}


def main():
    # What the runtime prints must not go among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = Server()

    def say(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    say({"event": "ready", "protocol": 1, "runner": "mreg_runner_onnxruntime.py",
         "runtime": "onnxruntime", "version": onnxruntime.__version__, "library": "",
         "providers": onnxruntime.get_available_providers()})
    for line in sys.stdin:
        say(server.answer(line))


if __name__ == "__main__":
    main()
