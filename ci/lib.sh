#!/usr/bin/env bash
# What every stage script shares. Sourced, never run:
#
#     #!/usr/bin/env bash
#     # shellcheck source=ci/lib.sh
#     source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#     stage_begin quality "$@"
#     ...
#
# After stage_begin the working directory is the repository, $OUT is .ci-out/<stage>/ (empty), output
# also goes to $OUT/log.txt, the artifacts the stage takes have been checked against their manifests,
# and $OUT/manifest.sha256 is written when the script succeeds.
set -Eeuo pipefail
shopt -s inherit_errexit

CI_DIR="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(dirname -- "$CI_DIR")"
CI_OUT="${VIGIE_CI_OUT:-$ROOT/.ci-out}"
STAGE="${STAGE:-$(basename -- "${0%.sh}")}"
OUT="$CI_OUT/$STAGE"
# shellcheck disable=SC2034  # for the scripts that source this file
OFFLINE="${VIGIE_OFFLINE:-}"
export CI_OUT ROOT

# Exit codes that a script may choose itself; the full table is in docs/delivery.md.
# shellcheck disable=SC2034  # for the scripts that source this file
readonly EXIT_FAULT=1 EXIT_USAGE=2 EXIT_MACHINE=20 EXIT_ARTIFACT=21 EXIT_TIMEOUT=22 EXIT_STRANDED=23

# --- telling --------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }

# A title under which the following lines fold on GitHub; a plain heading elsewhere.
group() {
  if [[ -n "${GITHUB_ACTIONS:-}" ]]; then
    printf '::group::%s\n' "$*"
  else
    printf '\n== %s\n' "$*"
  fi
}

endgroup() { [[ -z "${GITHUB_ACTIONS:-}" ]] || printf '::endgroup::\n'; }

warn() {
  if [[ -n "${GITHUB_ACTIONS:-}" ]]; then
    printf '::warning title=%s::%s\n' "$STAGE" "$*"
  else
    printf '%s: warning: %s\n' "$STAGE" "$*" >&2
  fi
}

# fail REASON [NEXT [EXIT_CODE]]: the last line of a stage that found a fault. REASON names the file
# and what is wrong with it, NEXT the next thing to try.
fail() {
  local reason=$1 next=${2:-} code=${3:-$EXIT_FAULT}
  trap - ERR
  if [[ -n "${GITHUB_ACTIONS:-}" ]]; then
    printf '::error title=%s::%s\n' "$STAGE" "$reason"
  else
    printf '\n%s FAILED: %s\n' "$STAGE" "$reason" >&2
  fi
  [[ -z "$next" ]] || printf '  next: %s\n' "$next" >&2
  if [[ -d "$OUT" ]]; then printf '%s\n' "$reason" >"$OUT/reason.txt"; fi
  exit "$code"
}

# Without this, a command that fails under `set -e` ends the script without a word.
_on_error() {
  local code=$1 line=$2 command=$3 file=$4
  fail "${file#"$ROOT"/}:$line: '$command' exited with $code" "read the lines above" "$EXIT_FAULT"
}
trap '_on_error "$?" "$LINENO" "$BASH_COMMAND" "${BASH_SOURCE[0]}"' ERR

# --- what the summary repeats ---------------------------------------------------------------------

# unproved TEXT: what this run could not check, in a sentence. It ends up under "what this run did
# not prove"; a check that is merely left out without such a line would be a lie.
unproved() {
  printf '%s\n' "$*" >>"$OUT/unproved.txt"
  say "not proved: $*"
}

# finding SEVERITY WHERE TEXT: something worth listing that does not fail the stage.
finding() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$OUT/findings.tsv"; }

# fact NAME VALUE: a figure for summary.md (coverage, an image's size, how many checks ran).
fact() { printf '%s\t%s\n' "$1" "$2" >>"$OUT/facts.tsv"; }

# --- waiting and asking ---------------------------------------------------------------------------

# need_tool NAME HOW: exits with "the machine lacks something" unless NAME is on PATH.
need_tool() {
  command -v "$1" >/dev/null 2>&1 || fail "$1 is not on PATH" "$2" "$EXIT_MACHINE"
}

# A Docker Engine that answers, and compose. Said before anything is changed.
need_docker() {
  need_tool docker "install Docker Engine, or on Debian run ./ci/offline/engine.sh"
  docker info >/dev/null 2>&1 ||
    fail "no Docker Engine answers" "start it, or on Debian run ./ci/offline/engine.sh" "$EXIT_MACHINE"
  docker compose version >/dev/null 2>&1 ||
    fail "docker compose (v2) is missing" "install the compose plugin, or run ./ci/offline/engine.sh" "$EXIT_MACHINE"
}

# secrets_again [--entrypoint NAME] ARGUMENTS...: the one-shot container of this stack once more, from the very
# image and volume that it ran with. `docker compose run` would take the image that the settings of this shell name.
secrets_again() {
  local container image entrypoint=()
  if [[ "$1" == --entrypoint ]]; then
    entrypoint=(--entrypoint "$2")
    shift 2
  fi
  container="$(docker compose ps --all --quiet secrets)"
  [[ -n "$container" ]] ||
    fail "this stack has no secrets container" "docker compose up -d secrets, with the --env-file it was started with"
  image="$(docker inspect --format '{{.Image}}' "$container")"
  docker run --rm --interactive --network none --read-only --cap-drop ALL --cap-add CHOWN \
    --security-opt no-new-privileges --volumes-from "$container" "${entrypoint[@]}" "$image" "$@"
}

# wait_until SECONDS WHAT COMMAND...: polls COMMAND until it succeeds; 1 after the deadline, having
# said what it waited for. Poll instead of sleep: as quick as the thing itself, and never shorter.
wait_until() {
  local seconds=$1 what=$2 deadline
  shift 2
  deadline=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      say "waited $seconds s for $what in vain"
      return 1
    fi
    sleep 0.3
  done
}

# python_ci MODULE ARGS...: a module of ci/, on the machine's own Python: no .venv is needed.
python_ci() { PYTHONPATH="$CI_DIR" PYTHONDONTWRITEBYTECODE=1 python3 -P -m "$@"; }

# pinned_image DOCKERFILE: the public image below ours, with its digest, from the only place where it is written.
pinned_image() { sed -n 's/^FROM \(.*\) AS pinned$/\1/p' "$ROOT/$1"; }

# need_cached_tools NAME...: tools that .venv cannot hold, on PATH from here on (see ci/tools.sh).
need_cached_tools() {
  local output
  output="$("$CI_DIR/tools.sh" "$@")" || exit $?
  head -n -1 <<<"$output"
  PATH="$PATH:$(tail -n 1 <<<"$output")"
  export PATH
}

# show FILE: what a tool said, without the keys that it quoted.
show() {
  python_ci pipeline.masking "$1"
  cat "$1"
}

# A command of the project's .venv, which ci/venv.sh makes from the lock (quick when it is current).
need_venv() {
  "$CI_DIR/venv.sh" dev
  PATH="$ROOT/.venv/bin:$PATH"
  export PATH
}

# --- many checks, one verdict ---------------------------------------------------------------------

_failed_checks=()
_started_checks=()
_cores="$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"

# check NAME COMMAND...: runs it beside others, as many at once as there are cores, and goes on. `checks_done` shows
# what each said, in the order in which they were started, and ends the stage: a person who broke three things learns
# of three.
check() {
  local name=$1
  shift
  while (($(jobs -rp | wc -l) >= _cores)); do wait -n; done
  (
    # Its verdict lies in a file; only then does this subshell end well, whatever the command did.
    trap - ERR EXIT
    set +e
    started=$SECONDS
    (
      # Strict inside as well: under `||` or `if` the shell would ignore all but the last command.
      _cleanups=()
      trap _run_cleanups EXIT
      set -e
      "$@"
    ) >"$OUT/$name.txt" 2>&1
    printf '%s\t%s\n' "$?" "$((SECONDS - started))" >"$OUT/$name.verdict.tsv"
  ) &
  _started_checks+=("$name")
}

# _judge NAME: shows what the check said, and remembers it if it failed.
_judge() {
  local code seconds
  read -r code seconds <"$OUT/$1.verdict.tsv"
  rm "$OUT/$1.verdict.tsv"
  group "$1"
  show "$OUT/$1.txt"
  endgroup
  printf '%s\t%s\t%s s\n' "$1" "$( ((code == 0)) && echo passed || echo failed)" "$seconds" >>"$OUT/checks.tsv"
  if ((code == EXIT_MACHINE)); then
    fail "$1 could not run: $(grep -m 1 FAILED "$OUT/$1.txt")" "see above" "$EXIT_MACHINE"
  fi
  if ((code != 0)); then
    say "$1: FAILED with $code after $seconds s"
    _failed_checks+=("$1")
  fi
}

# _first_complaint NAME: the line that names the file and the fault, in the format of most tools.
_first_complaint() {
  local pattern line
  for pattern in '^[^ ]+:[0-9]+' '(would reformat|[Ee]rror|FAIL|^In .* line )' '[A-Za-z0-9_-]+\.[a-z]+' '.'; do
    if line="$(grep -m 1 -E "$pattern" "$OUT/$1.txt")"; then
      printf '%s' "${line:0:300}"
      return
    fi
  done
  printf 'it said nothing'
}

checks_done() {
  local name reasons=""
  wait
  for name in "${_started_checks[@]}"; do _judge "$name"; done
  fact "checks" "$(wc -l <"$OUT/checks.tsv") run, ${#_failed_checks[@]} failed"
  ((${#_failed_checks[@]} > 0)) || return 0
  for name in "${_failed_checks[@]}"; do
    reasons+="${reasons:+; }$name: $(_first_complaint "$name")"
  done
  fail "$reasons" "the full output of each is above and in ${OUT#"$ROOT"/}/<check>.txt"
}

# --- beginning and ending -------------------------------------------------------------------------

_cleanups=()

# on_exit COMMAND...: run when the script ends, however it ends; the last registered runs first.
on_exit() {
  local quoted
  printf -v quoted '%q ' "$@"
  _cleanups+=("$quoted")
}

_run_cleanups() {
  local code=$? index
  trap - ERR EXIT
  set +e
  for ((index = ${#_cleanups[@]} - 1; index >= 0; index--)); do
    eval "${_cleanups[index]}"
  done
  exit "$code"
}
trap _run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage_begin NAME "$@": puts the script under the stage runner (ci/pipeline), which gives it its
# folder, log, timeout and manifest, in the same way whether a person, the workflow or pipeline.sh
# started it. --offline and --target have become settings by then; what remains is in STAGE_ARGS.
stage_begin() {
  STAGE=$1
  shift
  OUT="$CI_OUT/$STAGE"
  if [[ "${VIGIE_STAGE:-}" != "$STAGE" ]]; then
    command -v python3 >/dev/null 2>&1 ||
      fail "python3 is not on PATH" "install Python 3.11 or newer" "$EXIT_MACHINE"
    PYTHONPATH="$CI_DIR" PYTHONDONTWRITEBYTECODE=1 exec python3 -P -m pipeline.stage_cli "$STAGE" "$@"
  fi
  # shellcheck disable=SC2034  # likewise
  STAGE_ARGS=("$@")
  cd "$ROOT"
}
