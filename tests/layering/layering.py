#!/usr/bin/env python3
"""Fails when a file includes what its room may not know, or what its CMake target does not link.

usage: layering.py ROOT
"""

import fnmatch
import os
import re
import sys

import cmake_targets
import rules

_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def room_of(path):
    """The innermost room above `path`, or None."""
    if path.startswith("mreg/v1/"):  # what protoc makes
        return "schema/proto"
    above = [room for room in rules.ROOMS if path.startswith(room + "/")]
    return max(above, key=len, default=None)


def is_within(room, allowed):
    return any(room == name or room.startswith(name + "/") for name in allowed)


def is_test(path):
    return matches(path, rules.TEST_FILES)


class House:
    """The sources as {path: text} and the targets of CMake."""

    def __init__(self, files, targets):
        self.files = files
        self.targets = targets
        self.public = {header for target in targets.values() for header in target.headers}

    def breaches(self):
        for path in sorted(self.files):
            for included in _INCLUDE.findall(self.files[path]):
                problem = self._problem(path, included)
                if problem:
                    yield f"{path} includes {included}: {problem}"
        yield from cmake_targets.breaches(self.targets, self._includes)

    def _includes(self, path):
        return _INCLUDE.findall(self.files.get(path, ""))

    def _problem(self, path, included):
        if room_of(included):
            return self._room_problem(path, included)
        return self._outside_problem(path, included)

    def _room_problem(self, path, included):
        room, other = room_of(path), room_of(included)
        if room == other:
            return None
        if room is None:
            return "its folder is no room in rules.py"
        allowed = rules.ROOMS[room] + (rules.TEST_ROOMS if is_test(path) else [])
        if not is_within(other, allowed):
            return f"{room} may not know {other}"
        is_helper = is_test(path) and is_test(included)
        if included.endswith(".pb.h") or included in self.public or is_helper:
            return None
        return f"not under HEADERS in {other}/CMakeLists.txt, so private to it"

    def _outside_problem(self, path, included):
        if "/" not in included and "." not in included:
            return None
        if matches(included, rules.COMMON + rules.POSIX):
            return None
        is_public = path in self.public and not is_test(path)
        if matches(included, rules.COMMON_IN_SOURCES):
            return "third-party in a public header" if is_public else None
        for pattern, adapters in rules.THIRD_PARTY.items():
            if not fnmatch.fnmatchcase(included, pattern):
                continue
            if not matches(path, adapters):
                return f"only {', '.join(adapters)} may"
            return "third-party in a public header" if is_public else None
        return "known to no rule in rules.py"


def read_sources(root):
    files = {}
    for top in sorted({room.split("/")[0] for room in rules.ROOMS}):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith((".h", ".cc")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as source:
                        files[os.path.relpath(path, root)] = source.read()
    return files


def main(root):
    house = House(read_sources(root), cmake_targets.read(root))
    found = list(house.breaches())
    for breach in found:
        print(breach)
    print(f"{len(house.files)} files, {len(house.targets)} targets, {len(found)} breaches")
    return 1 if found or not house.files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
