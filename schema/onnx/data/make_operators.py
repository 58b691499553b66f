#!/usr/bin/env python3
"""Writes operators.tsv: every version of every operator that ONNX defines.

    pip install onnx && python3 make_operators.py > operators.tsv

The facts come from the schemas that the package `onnx` carries (Apache-2.0). Lines, in this order,
their fields parted by tabs:

    onnx    VERSION                             the package it was made from
    types   NUMBER  TYPE,TYPE...                a set of types that a constraint allows
    op      DOMAIN  NAME  SINCE  FLAGS  INPUTS  OUTPUTS  CONSTRAINTS  ATTRIBUTES  BODY

DOMAIN is ai.onnx where ONNX writes nothing. FLAGS: d deprecated, f a function that a runtime
without a kernel may expand, - none. INPUTS and OUTPUTS are types or names of constraints, each
followed by ? (optional), * (variadic) or ** (variadic, each of a type of its own). CONSTRAINTS:
T=NUMBER. ATTRIBUTES: name:TYPE, with ! where it is required. BODY: the operators that the function
expands to, empty where that depends on the node. An empty list is -.
"""

import sys

import onnx
from onnx.defs import OpSchema, get_all_schemas_with_history


def parameter(item):
    marks = {OpSchema.FormalParameterOption.Optional: "?"}
    if item.option == OpSchema.FormalParameterOption.Variadic:
        return item.type_str + ("*" if item.is_homogeneous else "**")
    return item.type_str + marks.get(item.option, "")


def attribute(name, schema):
    return f"{name}:{schema.type.name}" + ("!" if schema.required else "")


def body(schema):
    if not schema.has_function:
        return []
    return sorted({node.op_type for node in schema.function_body.node})


def main():
    schemas = sorted(get_all_schemas_with_history(),
                     key=lambda s: (s.domain, s.name, s.since_version))
    sets = {}
    operators = []
    for schema in schemas:
        constraints = []
        for constraint in schema.type_constraints:
            allowed = tuple(sorted(constraint.allowed_type_strs))
            constraints.append(f"{constraint.type_param_str}={sets.setdefault(allowed, len(sets))}")
        has_body = schema.has_function or schema.has_context_dependent_function
        flags = ("d" if schema.deprecated else "") + ("f" if has_body else "")
        lists = [
            [parameter(item) for item in schema.inputs],
            [parameter(item) for item in schema.outputs],
            constraints,
            [attribute(name, schema.attributes[name]) for name in sorted(schema.attributes)],
            body(schema),
        ]
        operators.append(["op", schema.domain or "ai.onnx", schema.name,
                          str(schema.since_version), flags or "-"]
                         + [";".join(items) or "-" for items in lists])
    lines = [["onnx", onnx.__version__]]
    lines += [["types", str(number), ",".join(allowed)] for allowed, number in sets.items()]
    sys.stdout.writelines("\t".join(line) + "\n" for line in lines + operators)


if __name__ == "__main__":
    main()
