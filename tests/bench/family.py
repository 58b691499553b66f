#!/usr/bin/env python3
"""How much room a family of models takes, in mreg and beside it.

    family.py --build DIR [--work DIR] [--tools mreg,restic,...] [--warm] [--layers 14]
    family.py --build DIR ... --releases FOLDER...

A base of 430 MB in fp32 and what people make of it are brought to one remote one after the other.
Prints Markdown: for each member what the remote grew by, as a share of the member's size, and the
time of adding and storing it; then the family of the first list, and what came to it later. What
mreg stored is fetched again and compared. compare.py's docstring tells how is measured. Fewer
layers make a quick check whose figures are not to be compared with others. With --releases the
members are what is in these folders, the oldest first: models at the same path below two of them
are versions of each other.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import compare
from compare import MB

# Name -> files, and the name under which the member's model stands in the tree: a next version
# takes its predecessor's place, a sibling stands beside it.
FIRST = {
    "base": {"base.onnx": "model.onnx"},
    "head tuned": {"head.onnx": "model.onnx"},
    "fine-tuned": {"tuned.onnx": "model.onnx"},
    "next epoch": {"epoch.onnx": "model.onnx"},
    "re-exported": {"reexported.onnx": "model.onnx"},
    "external data": {"external.onnx": "external.onnx", "external.bin": "external.bin"},
    "grown vocabulary": {"grown.onnx": "model.onnx"},
    "fp16 cast": {"half.onnx": "half.onnx"},
    "int8 quantised": {"int8.onnx": "int8.onnx"},
}
# Stored after those, and not part of the family's share.
FURTHER = {
    "int8 by column": {"columns.onnx": "columns.onnx"},
    "int4 in blocks of 32": {"int4.onnx": "int4.onnx"},
    "int8 as fp32": {"dequantised.onnx": "dequantised.onnx"},
    "bf16 cast": {"bfloat.onnx": "bfloat.onnx"},
    "bf16 fine-tuned, .1 %": {"bfloat_tuned.onnx": "bfloat.onnx"},
}
MEMBERS = FIRST | FURTHER


MODEL_SUFFIXES = (".onnx", ".safetensors", ".data")


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def releases_in(folders):
    """As MEMBERS, for unpacked releases; without those that change nothing."""
    members, stored = {}, {}
    for folder in folders:
        files = {}
        for at, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(at, name)
                if name.endswith(MODEL_SUFFIXES):
                    files[os.path.abspath(path)] = os.path.relpath(path, folder)
        release = os.path.basename(os.path.normpath(folder))
        changed = {name: digest for source, name in files.items()
                   if (digest := digest_of(source)) != stored.get(name)}
        if not changed:
            print(f"{release} changes nothing: left out.\n")
            continue
        stored |= changed
        members[release] = files
    return members


def put(tool, models, files):
    size = 0
    for source, name in files.items():
        os.makedirs(os.path.dirname(os.path.join(tool.tree, name)), exist_ok=True)
        shutil.copyfile(os.path.join(models, source), os.path.join(tool.tree, name))
        size += os.path.getsize(os.path.join(models, source))
    return size


def run(tool, models, members):
    """For each member: its size, what the remote grew by, seconds, memory."""
    rows = {}
    tool.setup()
    try:
        before = 0
        for name, files in members.items():
            size = put(tool, models, files)
            steps = []
            if type(tool).add is not compare.Tool.add:
                steps.append(tool.step(lambda: tool.add(name)))
            steps.append(tool.step(lambda: tool.store(re.sub(r"[^\w]+", "-", name))))
            rows[name] = {"size": size, "grew": steps[-1].stored - before,
                          "seconds": sum(step.seconds for step in steps),
                          "memory": max(max(step.memory, step.server_memory) for step in steps)}
            before = steps[-1].stored
        check(tool, models, members)
    finally:
        tool.close()
    return rows


def check(tool, models, members):
    """That mreg gives back every member byte for byte, to a user who has nothing yet."""
    if not isinstance(tool, compare.Mreg):
        return
    tool.env["MREG_HOME"] = tool.folder + "/other-store"
    tool.run(tool.mreg, "clone", tool.url, tool.copy, cwd=tool.folder)
    for number, files in enumerate(members.values()):
        back = len(members) - 1 - number
        tool.run(tool.mreg, "switch", "--detach", f"origin/main~{back}", cwd=tool.copy)
        for source, path in files.items():
            subprocess.run(["cmp", os.path.join(models, source), f"{tool.copy}/{path}"], check=True)


def cell(rows):
    size = sum(row["size"] for row in rows)
    share = 100 * sum(row["grew"] for row in rows) / size
    return f"{share:.2f} %, {sum(row['seconds'] for row in rows):.1f} s"


def print_row(title, results, members):
    chosen = [[rows[name] for name in members] for rows in results.values()]
    size = sum(row["size"] for row in chosen[0])
    print(f"| {title} | {size / MB:.1f} | " + " | ".join(cell(rows) for rows in chosen) + " |")


def report(results, parts):
    print("| member | MB | " + " | ".join(results) + " |")
    print("|---|---|" + "---|" * len(results))
    for title, members in parts:
        for name in members:
            print_row(name, results, [name])
        print_row(title, results, members)
    memory = {name: max(row["memory"] for row in rows.values()) for name, rows in results.items()}
    print("\nEach cell: what the remote grew by, by the member's size; time of adding and storing. "
          "Peak resident memory of any process: "
          + ", ".join(f"{name} {bytes_ / MB:.0f} MB" for name, bytes_ in memory.items()) + ".")


def main():
    parser = compare.parser_for(__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=14, help="of the base")
    parser.add_argument("--releases", nargs="+", metavar="FOLDER", help="members of a real family")
    arguments = compare.parse(parser)
    with tempfile.TemporaryDirectory(prefix="mreg-family-", dir=arguments.work) as work:
        compare.describe_machine(work)
        models = work + "/models"
        os.mkdir(models)
        if arguments.releases:
            members = releases_in(arguments.releases)
            parts = [("all", members)]
        else:
            members, parts = MEMBERS, [("the family", FIRST), ("further members", FURTHER)]
            subprocess.run([arguments.build + "/tests/bench/make_model", "family", models,
                            str(arguments.layers)], check=True)
        results = {}
        for name in compare.installed(arguments.tools):
            results[name] = run(compare.make_tool(name, arguments, f"{work}/{name}"), models,
                                members)
            shutil.rmtree(f"{work}/{name}")
            print(f"measured {name}", file=sys.stderr, flush=True)
        report(results, parts)


if __name__ == "__main__":
    main()
