#!/usr/bin/env bash
# Makes or updates .venv from the hash-pinned lock.
#   ./ci/venv.sh [runtime|local|dev]   default: dev
# A second run with the same lock does nothing. What a larger set already holds is not taken away:
# asking for `local` in a .venv made for `dev` is answered at once. Two runs at a time are safe (one
# waits), and a run that was killed is noticed, because the stamp is written last.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

set_name="${1:-dev}"
case "$set_name" in
  runtime) accepted=(runtime local dev) ;;
  local) accepted=(local dev) ;;
  dev) accepted=(dev) ;;
  *)
    echo "venv.sh: unknown set '$set_name': use runtime, local or dev" >&2
    exit 2
    ;;
esac

root="$PWD"
venv="$root/.venv"
requirements="$root/services/requirements"

find_python() {
  local candidate
  for candidate in "${VIGIE_PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [[ -n "$candidate" ]] && command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
      command -v "$candidate"
      return
    fi
  done
  echo "venv.sh: no Python 3.11, 3.12 or 3.13 found; install one or set VIGIE_PYTHON" >&2
  exit 1
}

fingerprint() { # of a set: its lock, where it lies, and this script, which decides what is installed
  "$python" - "$root" "$requirements/$1.txt" "$root/ci/venv.sh" <<'PY'
import hashlib, pathlib, sys

digest = hashlib.sha256(f"{sys.argv[1]} {sys.version}".encode())
for name in sys.argv[2:]:
    digest.update(pathlib.Path(name).read_bytes())
print(digest.hexdigest())
PY
}

is_current() {
  local candidate
  [[ -x "$venv/bin/python" ]] || return 1
  for candidate in "${accepted[@]}"; do
    if [[ -f "$venv/.vigie-$candidate" && "$(<"$venv/.vigie-$candidate")" == "$(fingerprint "$candidate")" ]]; then
      return 0
    fi
  done
  return 1
}

python="$(find_python)"
is_current && exit 0

# The lock is on the list itself, so no lock file is left behind.
exec 9<"$requirements/dev.in"
# flock(1) is not on every machine; Python's is.
"$python" -c 'import fcntl, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); fcntl.flock(9, fcntl.LOCK_EX)'
is_current && exit 0

echo "venv.sh: installing the '$set_name' set into .venv" >&2
rm -f "$venv"/.vigie-*
if [[ ! -x "$venv/bin/python" ]] ||
  [[ "$("$venv/bin/python" -c 'import sys; print(sys.version)')" != "$("$python" -c 'import sys; print(sys.version)')" ]]; then
  "$python" -m venv --clear "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
  --only-binary :all: -r "$requirements/$set_name.txt"

# The services run from their folders, so an edit needs no install.
"$venv/bin/python" - "$root" <<'PY'
import pathlib, sys, sysconfig

root = pathlib.Path(sys.argv[1])
folders = [
    *(root / "services" / name / "src" for name in ("alert-ingestion", "incident-management", "oncall-service", "web-ui")),
    root / "services/shared/src",
    root / "services/local",
    root / "services/testing",
]
site = pathlib.Path(sysconfig.get_path("purelib"))
(site / "vigie.pth").write_text("".join(f"{folder}\n" for folder in folders))
PY
fingerprint "$set_name" >"$venv/.vigie-$set_name"
echo "venv.sh: ready" >&2
