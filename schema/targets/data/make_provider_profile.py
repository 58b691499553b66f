#!/usr/bin/env python3
"""Writes the profile of an execution provider of ONNX Runtime from a table of its kernels.

    make_provider_profile.py KERNELS PROVIDER NAME VERSION FALLBACK > NAME.tsv

KERNELS has the rows of ONNX Runtime's docs/OperatorKernels.md (MIT), their fields parted by tabs:
provider, domain, operator, opset range, types. Domains that only optimisation makes are left out.
"""

import re
import sys

from profile_text import Profile

DOMAINS = ("ai.onnx", "ai.onnx.ml", "com.microsoft")


def versions(text):
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    # "13+" is the version of 13, however many opsets have it: later versions have rows of their own.
    return numbers[0], numbers[-1]


def limits(text):
    found = {}
    for name, types in re.findall(r"\*\*(\w+)\*\* = ([^*]*?)(?=<br|$)", text):
        found[name] = sorted(one.strip() for one in re.split(r",(?![^(]*\))", types) if one.strip())
    return found


def main():
    path, provider, name, version, fallback = sys.argv[1:]
    profile = Profile(name)
    short = provider.removesuffix("ExecutionProvider")
    profile.head("title", f"ONNX Runtime {version}, {short}, else the CPU")
    profile.head("source", "ONNX Runtime's table of kernels, docs/OperatorKernels.md")
    profile.head("fallback", fallback)
    profile.head("runtime", "onnxruntime", version)
    profile.head("provider", provider)
    with open(path, encoding="utf-8") as rows:
        for row in rows:
            row_provider, domain, operator, opsets, types = row.rstrip("\n").split("\t")
            if row_provider == provider and domain in DOMAINS:
                profile.kernel(domain, operator, *versions(opsets), limits(types))
    print(profile.text(), end="")


if __name__ == "__main__":
    main()
