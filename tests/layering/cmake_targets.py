"""The calls of mreg_library, mreg_test and mreg_fuzzer, and whether they link what they include."""

import dataclasses
import os
import re

_CALL = re.compile(r"^(mreg_library|mreg_test|mreg_fuzzer|add_executable|target_link_libraries)"
                   r"\(([^)]*)\)", re.MULTILINE)
_KEYWORDS = {"SOURCES", "HEADERS", "DEPS", "PRIVATE_DEPS", "TESTS", "TEST_DEPS", "CORPUS",
             "PRIVATE", "PUBLIC"}


@dataclasses.dataclass
class Target:
    sources: list = dataclasses.field(default_factory=list)
    headers: list = dataclasses.field(default_factory=list)
    public_deps: list = dataclasses.field(default_factory=list)
    private_deps: list = dataclasses.field(default_factory=list)


def parse(text, folder):
    """The targets that a CMakeLists.txt in `folder` defines, by name."""
    targets = {}
    for command, arguments in _CALL.findall(re.sub(r"#.*", "", text)):
        name, *words = arguments.split()
        _define(targets, command, name, _by_keyword(words), folder)
    return targets


def _by_keyword(words):
    parts, current = {}, "SOURCES"
    for word in words:
        if word in _KEYWORDS:
            current = word
        else:
            parts.setdefault(current, []).append(word)
    return parts


def _define(targets, command, name, parts, folder):
    def paths(keyword):
        return [f"{folder}/{file}" for file in parts.get(keyword, [])]

    target = targets.setdefault(name, Target())
    if command == "mreg_library":
        deps, private = parts.get("DEPS", []), parts.get("PRIVATE_DEPS", [])
        targets[name] = Target(paths("SOURCES"), paths("HEADERS"), deps, private)
        if "TESTS" in parts:
            targets[f"{name}_test"] = Target(paths("TESTS"), [], [],
                                             [name] + parts.get("TEST_DEPS", []))
        return
    if command != "target_link_libraries":
        target.sources += paths("SOURCES")
    target.private_deps += parts.get("DEPS", []) + parts.get("PRIVATE", [])


def read(root):
    targets = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != "build" and not name.startswith(".")]
        if "CMakeLists.txt" in names:
            with open(os.path.join(folder, "CMakeLists.txt"), encoding="utf-8") as lists:
                targets.update(parse(lists.read(), os.path.relpath(folder, root)))
    return targets


def _reachable(targets, names):
    """`names` and what they pass on: the closure over public dependencies."""
    reached, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += targets[name].public_deps if name in targets else []
    return reached


def breaches(targets, includes):
    """Yields a line for each file that includes a header of a library its target does not link.

    `includes` gives the headers that a path includes.
    """
    owner = {header: name for name, target in targets.items() for header in target.headers}
    for name, target in targets.items():
        public = _reachable(targets, target.public_deps)
        for paths, linked in ((target.headers, public),
                              (target.sources, public | _reachable(targets, target.private_deps))):
            for path in paths:
                for header in includes(path):
                    library = owner.get(header, "mreg_proto" if header.endswith(".pb.h") else name)
                    if library != name and library not in linked:
                        yield f"{path} includes {header}: {name} does not link {library}"
