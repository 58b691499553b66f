#!/bin/bash
# Fails when a C++ file of the repository is not as clang-format 14 would write it. Exits with 77,
# skipped, where that or git is absent.
set -eu
cd "$1"
command -v clang-format-14 >/dev/null || exit 77
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || exit 77
git ls-files -z '*.cc' '*.h' | xargs -0 clang-format-14 --dry-run -Werror
