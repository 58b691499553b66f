#!/usr/bin/env python3
"""A runner that only loads (docs/formats/runner-protocol.md), over the Python package openvino:

    pip install openvino==2025.4.0
    mreg target probe --runner 'python3 openvino_loader.py' --name openvino-2025.4 -o FILE

A model loads if OpenVINO reads it and, where the ranks of all inputs are known, compiles it for the
CPU: those that a probe tries are without shapes, which the CPU plugin does not take.
"""

import base64
import json
import os
import sys
import time

import openvino

# That it has no such operator. Whatever else goes wrong may be due to shapes that are not known.
UNSUPPORTED = "does not support the following ONNX operations"


def kind_of(message):
    return "unsupported" if UNSUPPORTED in message else "invalid"


def load(core, request):
    begin = time.monotonic()
    model = core.read_model(request.get("model") or base64.b64decode(request["bytes"]))
    if not any(value.get_partial_shape().rank.is_dynamic for value in model.inputs):
        core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {"event": "loaded", "seconds": time.monotonic() - begin, "inputs": [], "outputs": []}


def main():
    # What the runtime prints must not go among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    core = openvino.Core()

    def say(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    say({"event": "ready", "protocol": 1, "runner": "openvino_loader.py", "runtime": "openvino",
         "version": openvino.__version__.split("-")[0], "library": "", "providers": ["CPU"]})
    for line in sys.stdin:
        try:
            say(load(core, json.loads(line)))
        except Exception as error:  # pylint: disable=broad-except
            say({"event": "failed", "kind": kind_of(str(error)), "message": str(error)})


if __name__ == "__main__":
    main()
