#!/usr/bin/env python3
"""Writes the profile of a runtime of which only a list of operators is told.

    make_listed_profile.py NAME TITLE SOURCE [KEY=VALUE[,VALUE...]]... < LIST > NAME.tsv

LIST has one operator a line, DOMAIN:NAME (ai.onnx where there is no domain), then, after a blank,
the element types of its first input, parted by commas. Without them the types are not told, or with
types=TYPE,... all inputs and outputs are limited to those. Other keys are lines of the profile:
fallback=NAME, runtime=NAME,VERSION, provider=NAME, opset=DOMAIN,FIRST,LAST. Versions are those that
ONNX has up to `upto=OPSET`.
"""

import os
import sys

from profile_text import Profile

OPERATORS = os.path.join(os.path.dirname(__file__), "../../onnx/data/operators.tsv")


def schemas():
    """Rows of operators.tsv by (domain, name), and its sets of types."""
    found, sets = {}, {}
    with open(OPERATORS, encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "types":
                sets[fields[1]] = fields[2].split(",")
            if fields[0] == "op":
                found.setdefault((fields[1], fields[2]), []).append(fields)
    return found, sets


def constraints(row):
    return {} if row[7] == "-" else dict(item.rsplit("=", 1) for item in row[7].split(";"))


def limits(row, sets, own, common):
    if own:
        first = row[5].split(";")[0].rstrip("?*")
        return {first: sorted(f"tensor({one})" for one in own)} if first in constraints(row) else {}
    if not common:
        return None
    allowed = {f"tensor({one})" for one in common} | {f"seq(tensor({one}))" for one in common}
    return {name: sorted(set(sets[number]) & allowed)
            for name, number in constraints(row).items() if not set(sets[number]) <= allowed}


def main():
    name, title, source, *settings = sys.argv[1:]
    profile = Profile(name)
    profile.head("title", title)
    profile.head("source", source)
    common, upto = [], 10**9
    for key, values in (setting.split("=", 1) for setting in settings):
        if key == "types":
            common = values.split(",")
        elif key == "upto":
            upto = int(values)
        else:
            profile.head(key, *values.split(","))
    found, sets = schemas()
    for line in sys.stdin:
        operator, _, types = line.strip().partition(" ")
        domain, _, operator = operator.rpartition(":")
        domain = domain or "ai.onnx"
        rows = [row for row in found.get((domain, operator), []) if int(row[3]) <= upto]
        for row, after in zip(rows, rows[1:] + [None]):
            last = int(after[3]) - 1 if after else max(int(row[3]), min(upto, 99))
            if "d" not in row[4]:
                own = [one for one in types.split(",") if one]
                profile.kernel(domain, operator, int(row[3]), last, limits(row, sets, own, common))
        if not rows and domain != "ai.onnx":
            profile.kernel(domain, operator, 1, 1, None)
    print(profile.text(), end="")


if __name__ == "__main__":
    main()
