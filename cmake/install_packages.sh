#!/bin/bash
# Installs what cmake/debian-packages.txt names and this machine lacks.
set -eu
cd "$(dirname "$0")"

missing=()
while read -r package; do
  dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
    missing+=("$package")
done < <(grep -E '^[a-z]' debian-packages.txt)

if [ ${#missing[@]} -eq 0 ]; then
  echo "All packages are installed."
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
set -x
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
