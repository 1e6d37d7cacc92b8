#!/usr/bin/env bash
# Secrets in the working tree and in every commit; known holes in the locked dependencies.
#   ./ci/security.sh [--offline]
# On GitHub the checkout needs fetch-depth: 0, or there is no history to search.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin security "$@"
need_tool git "install git"
need_cached_tools gitleaks

# gitleaks exits with 1 for a leak and for its own failures; 7 tells the two apart.
readonly LEAK=7
# Nothing was looked up, which is something else than nothing found.
readonly NOT_SCANNED=3

# report FILE: one line a leak, with file, line, rule and commit, and never the value.
report() {
  python3 - "$1" <<'PY'
import json, sys

for leak in json.load(open(sys.argv[1], encoding="utf-8")):
    commit = f" in commit {leak['Commit'][:12]} of {leak['Date'][:10]}" if leak["Commit"] else ""
    print(f"{leak['File']}:{leak['StartLine']}: {leak['RuleID']}: {leak['Description']}{commit}")
PY
}

leaks() { # NAME SOURCE GITLEAKS_ARGUMENTS...
  local name=$1 source=$2 code=0
  shift 2
  gitleaks detect --config "$ROOT/.gitleaks.toml" --source "$source" --redact --no-banner \
    --exit-code "$LEAK" --report-format json --report-path "$OUT/$name.json" "$@" >"$OUT/$name.log" 2>&1 ||
    code=$?
  case "$code" in
    0) say "no secrets" ;;
    "$LEAK")
      report "$OUT/$name.json"
      return 1
      ;;
    *)
      cat "$OUT/$name.log"
      say "FAILED: gitleaks itself ended with $code: nothing was searched"
      return "$EXIT_MACHINE"
      ;;
  esac
}

# The content as it lies here, staged or not, without what .gitignore keeps out of the repository.
working_tree() {
  local copy
  copy="$(mktemp -d)"
  on_exit rm -rf "$copy"
  git ls-files -coz --exclude-standard >"$copy.list"
  on_exit rm -f "$copy.list"
  # A file that git knows and that was deleted since is not there to be copied.
  tar --create --null --files-from "$copy.list" --ignore-failed-read 2>"$OUT/tar.log" | tar --extract -C "$copy"
  (cd "$copy" && leaks working-tree . --no-git)
}

history() {
  [[ "$(git rev-parse --is-shallow-repository)" == false ]] || {
    say "FAILED: this clone is shallow (git fetch --unshallow; on GitHub fetch-depth: 0)"
    return 1
  }
  leaks history . --log-opts="--all"
}

# Known holes in what the lock pins, from the package index's own advisories.
dependencies() {
  pip-audit --require-hashes --disable-pip --progress-spinner off --timeout 20 \
    --format json --output "$OUT/audit.json" -r services/requirements/runtime.txt \
    >"$OUT/audit.log" 2>&1 || say "pip-audit ended with $?" >>"$OUT/audit.log"
  python3 - "$OUT/audit.json" "$NOT_SCANNED" <<'PY'
import json, pathlib, sys

report, not_scanned = pathlib.Path(sys.argv[1]), int(sys.argv[2])
packages = json.loads(report.read_text())["dependencies"] if report.is_file() else []
# pip-audit calls a package that it could not look up "skipped", and the whole clean.
skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
if not packages or skipped:
    print(f"{len(skipped)} of {len(packages)} packages could not be looked up: {skipped[:1]}")
    sys.exit(not_scanned)
holes = [(package, hole) for package in packages for hole in package["vulns"]]
for package, hole in holes:
    mended = ", ".join(hole["fix_versions"]) or "no release yet"
    print(f"runtime.txt: {package['name']} {package['version']}: {hole['id']}, mended in {mended}")
print(f"{len(packages)} packages looked up, {len(holes)} holes")
sys.exit(bool(holes))
PY
}

check working-tree working_tree
check history history
fact "commits searched for secrets" "$(git rev-list --all --count)"

need_venv
group "dependencies"
code=0
dependencies >"$OUT/dependencies.txt" || code=$?
cat "$OUT/dependencies.txt"
endgroup
case "$code" in
  0) printf 'dependencies\tpassed\n' >>"$OUT/checks.tsv" ;;
  "$NOT_SCANNED")
    printf 'dependencies\tnot scanned\n' >>"$OUT/checks.tsv"
    [[ -n "$OFFLINE" ]] ||
      fail "services/requirements/runtime.txt was not scanned: no advisories could be had" \
        "look at ${OUT#"$ROOT"/}/audit.log; with --offline it is listed as not proved" "$EXIT_MACHINE"
    unproved "known holes in the locked dependencies: no advisories could be had"
    ;;
  *)
    printf 'dependencies\tfailed\n' >>"$OUT/checks.tsv"
    _failed_checks+=(dependencies)
    ;;
esac
checks_done
