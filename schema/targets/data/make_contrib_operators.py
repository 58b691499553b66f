#!/usr/bin/env python3
"""Writes contrib_operators.tsv: the operators that ONNX Runtime adds to ONNX's.

    pip install onnxruntime && python3 make_contrib_operators.py > contrib_operators.tsv

The facts come from the schemas that the package `onnxruntime` carries (MIT). The lines are those of
schema/onnx/data/operators.tsv, which make_operators.py there describes.
"""

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema, schemadef

DOMAINS = ("com.microsoft", "com.microsoft.nchwc")
Option = schemadef.OpSchema.FormalParameterOption


def parameter(item):
    if item.option == Option.Optional:
        return item.typeStr + "?"
    if item.option == Option.Variadic:
        return item.typeStr + ("*" if item.isHomogeneous else "**")
    return item.typeStr


def attribute(name, schema):
    kind = str(schema.type).split(".")[-1]
    return f"{name}:{kind}" + ("!" if schema.required else "")


def main():
    schemas = sorted((s for s in get_all_operator_schema() if s.domain in DOMAINS),
                     key=lambda s: (s.domain, s.name, s.since_version))
    sets = {}
    operators = []
    for schema in schemas:
        constraints = []
        for constraint in schema.type_constraints:
            allowed = tuple(sorted(constraint.allowed_type_strs))
            number = sets.setdefault(allowed, len(sets))
            constraints.append(f"{constraint.type_param_str}={number}")
        lists = [
            [parameter(item) for item in schema.inputs],
            [parameter(item) for item in schema.outputs],
            constraints,
            [attribute(name, schema.attributes[name]) for name in sorted(schema.attributes)],
            [],
        ]
        operators.append([schema.domain, schema.name, str(schema.since_version), "-"] +
                         [";".join(items) or "-" for items in lists])
    print("onnxruntime", onnxruntime.__version__, sep="\t")
    for types, number in sets.items():
        print("types", number, ",".join(types), sep="\t")
    for fields in operators:
        print("op", *fields, sep="\t")


if __name__ == "__main__":
    main()
