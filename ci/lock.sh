#!/usr/bin/env bash
# Resolves services/requirements/*.in into the hash-pinned *.txt beside them: one universal
# resolution for Python 3.11 to 3.13, so that images, laptops and runners install the same files.
#   ./ci/lock.sh                       keeps what is pinned, adds what is new
#   ./ci/lock.sh --upgrade             moves everything to the newest
#   ./ci/lock.sh --upgrade-package X   moves one
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

./ci/venv.sh dev >&2
cd services/requirements
# Each list is resolved against the one it builds on (-c in the .in files), so the order matters.
for list in runtime local dev; do
  # Neither an index address nor an annotation: the lock names packages and hashes, never a host.
  # Extras stay (`coverage[toml]`): pip before 23.3, which Python 3.11 came with, does not apply the pin
  # of a package to the package with an extra, takes the newest, and then misses its hash.
  UV_CUSTOM_COMPILE_COMMAND="./ci/lock.sh" ../../.venv/bin/uv pip compile "$list.in" \
    --output-file "$list.txt" --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links "$@"
  printf 'locked %s: %s packages\n' "$list" "$(grep -c '==' "$list.txt")"
done
