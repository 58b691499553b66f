#!/bin/bash
# Builds everything and runs every test. --sanitize: under AddressSanitizer and ThreadSanitizer too.
set -eu
cd "$(dirname "$0")"

usage() {
  echo "usage: ./test.sh [--sanitize]" >&2
  exit 2
}
presets=(dev)
for argument in "$@"; do
  case $argument in
    --sanitize) presets+=(asan tsan) ;;
    *) usage ;;
  esac
done

step() {
  echo
  echo "==> $*"
  "$@"
}

step cmake/install_packages.sh
for preset in "${presets[@]}"; do
  step cmake --preset "$preset"
  step cmake --build --preset "$preset"
done
# Every header of a library compiles on its own.
step cmake --build --preset dev --target all_verify_interface_header_sets
for preset in "${presets[@]}"; do
  step ctest --preset "$preset" -j "$(nproc)"
done
