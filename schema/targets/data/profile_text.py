"""Target profiles as text: docs/formats/target-profile.md."""


class Profile:
    def __init__(self, name):
        self._head = [("mreg-target", "1"), ("name", name)]
        self._sets = {}
        self._kernels = {}

    def head(self, *fields):
        self._head.append(fields)

    def kernel(self, domain, operator, first, last, limits):
        """`limits`: types by constraint; None where they are not told."""
        types = "?"
        if limits is not None:
            types = ";".join(f"{name}={self._number(types)}"
                             for name, types in sorted(limits.items())) or "-"
        alternatives = self._kernels.setdefault((domain, operator, first, last), [])
        if types not in alternatives:
            alternatives.append(types)

    def _number(self, types):
        return self._sets.setdefault(" ".join(types), len(self._sets))

    def text(self):
        lines = ["\t".join(fields) for fields in self._head]
        lines += [f"types\t{number}\t{types}" for types, number in self._sets.items()]
        for key, types in sorted(self._kernels.items()):
            lines.append("\t".join(["op", *map(str, key), "|".join(types)]))
        return "\n".join(lines) + "\n"
