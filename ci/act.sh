#!/usr/bin/env bash
# Runs the GitHub workflow on this machine with act, and is green only when every job that it planned
# ran and succeeded. With internet and without.
#
#   ./ci/act.sh                    .github/workflows/ci.yml as a push to main
#   ./ci/act.sh --offline          no registry: stand-ins from Debian below the runner's image and ours
#   ./ci/act.sh --event NAME       pull_request, merge_group, ...
#   ./ci/act.sh --workflow PATH    another workflow file
#   ./ci/act.sh --job NAME         only that job and those before it
#   ./ci/act.sh --keep             leave the clone and the artifacts for a look
#
# What runs is a fresh clone of HEAD: what is not committed is not tested, as on GitHub. act's own
# findings (a label without an image is skipped and green, run id always 1, ...) and our answers to
# them are in docs/github-actions.md. Exit codes: 0 green, 1 a job failed or did not run, 2 usage,
# 20 the machine lacks something, 24 another run of act did not end in time.
# shellcheck source=ci/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

STAGE=act
OUT="$CI_OUT/act"
readonly CLONE="$OUT/repository"
readonly EXIT_BUSY=24
readonly RUNNER_TAG=vigie-act-runner:local
readonly CACHE_VOLUME=vigie-act-cache          # downloads of pip and of ci/tools.sh, for all jobs and runs
readonly MATRIX=(--matrix python-version:3.13) # the one Python in the runner image
readonly STOP_SECONDS=30 WAIT_SECONDS=3600
readonly CA_IN_CONTAINER=/etc/ssl/certs/ca-certificates.crt
readonly CA_VARIABLES=(SSL_CERT_FILE PIP_CERT REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS GIT_SSL_CAINFO)
readonly PASSED_BY_NAME=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL)

EVENT=push
JOB=()
RUNNING="" # the process group of act and its report
WORKFLOW=.github/workflows/ci.yml
KEEP=""

parse_arguments() {
  while (($#)); do
    case "$1" in
      --offline) OFFLINE=1 ;;
      --keep) KEEP=1 ;;
      --event | --workflow | --job)
        [[ -n "${2:-}" ]] || fail "$1 needs a value" "./ci/act.sh $1 ..." "$EXIT_USAGE"
        case "$1" in
          --event) EVENT=$2 ;;
          --workflow) WORKFLOW=$2 ;;
          --job) JOB=(--job "$2") ;;
        esac
        shift
        ;;
      *) fail "unknown argument $1" "read the top of ci/act.sh" "$EXIT_USAGE" ;;
    esac
    shift
  done
}

# act names its containers after workflow and job, so two runs on one machine would share them.
lock_this_machine() {
  exec 8>"${TMPDIR:-/tmp}/vigie-act-$UID.lock"
  if python3 -c 'import fcntl; fcntl.flock(8, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null; then return; fi
  say "act runs already on this machine: waiting up to $WAIT_SECONDS s for it to end"
  # Ctrl-C ends Python as it ends any program, without a traceback.
  python3 -c 'import fcntl, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.alarm(int(sys.argv[1])); fcntl.flock(8, fcntl.LOCK_EX)' "$WAIT_SECONDS" ||
    fail "act still runs" "wait for it to end" "$EXIT_BUSY"
}

# --- the runner image ------------------------------------------------------------------------------

# Sets IMAGE: ci/act/runner on the image that ours are built on too, or on what stands in for it.
build_image() {
  local base
  "$CI_DIR/offline/base-images.sh" ${OFFLINE:+--offline}
  base="$(sed -n 's/^VIGIE_PYTHON_IMAGE=//p' "$CI_OUT/offline.env")"
  if [[ -z "$base" ]]; then
    base="$(pinned_image services/alert-ingestion/Dockerfile)"
  elif [[ -z "$OFFLINE" ]]; then
    warn "no registry answers: going on as with --offline"
    OFFLINE=1
  fi
  say "building $RUNNER_TAG on $base"
  docker build --quiet --tag "$RUNNER_TAG" --build-arg BASE="$base" \
    --build-arg http_proxy --build-arg https_proxy --build-arg no_proxy \
    "$CI_DIR/act/runner" >"$OUT/runner-image.log" 2>&1 ||
    fail "the runner image could not be built: $(tail -n 1 "$OUT/runner-image.log")" \
      "read $OUT/runner-image.log" "$EXIT_MACHINE"
  IMAGE=$RUNNER_TAG
}

# --- the clone -------------------------------------------------------------------------------------

# A plain clone, since act cannot read a worktree. Its path is the same in the container and from run
# to run, so that the .venv of the jobs, which names its path, can be kept in a volume.
make_clone() {
  rm -rf "$CLONE"
  if [[ -n "$(git -C "$ROOT" status --porcelain)" ]]; then
    warn "there are uncommitted changes: act runs HEAD, $(git -C "$ROOT" log -1 --format='%h %s')"
  fi
  git clone --quiet --no-local "$ROOT" "$CLONE"
  git -C "$CLONE" checkout --quiet -B main "$(git -C "$ROOT" rev-parse HEAD)"
  git -C "$CLONE" remote set-url origin "${VIGIE_PUBLIC_URL:-https://github.com/example/vigie.git}"
  if [[ -f "$CI_OUT/offline.env" && -n "$OFFLINE" ]]; then
    mkdir -p "$CLONE/.ci-out"
    cp "$CI_OUT/offline.env" "$CLONE/.ci-out/offline.env"
  fi
}

# --- the run ---------------------------------------------------------------------------------------

container_options() {
  local options bundle venv
  venv="vigie-act-venv-$(sha256sum <<<"$CLONE" | cut -c1-12)"
  options="--label vigie.act=$RUN_ID --volume $CACHE_VOLUME:/root/.cache --volume $venv:$CLONE/.venv"
  bundle="${SSL_CERT_FILE:-$CA_IN_CONTAINER}"
  [[ ! -f "$bundle" ]] || options+=" --volume $bundle:$CA_IN_CONTAINER:ro"
  printf '%s' "$options"
}

# The actions that act would fetch from github.com, and the folder that takes the place of each: at the very
# commits that the workflow pins, wherever Dependabot has moved them.
stand_ins() {
  local uses folder
  while read -r uses; do
    folder="ci/act/actions/$(sed -E 's,^[^/]+/([^@]+)@.*,\1,' <<<"$uses")"
    [[ -d "$ROOT/$folder" ]] || fail "act has no stand-in for $uses" "put one into $folder"
    printf '%s=%s\n' "$uses" "$folder"
  done < <(cat "$ROOT"/.github/workflows/ci.yml "$ROOT"/.github/actions/*/action.yml |
    sed -nE 's,^ *(- )?uses: ([^./][^ ]*@[0-9a-f]+).*$,\2,p' | grep -v '^actions/checkout@' | sort -u)
}

act_arguments() {
  ARGUMENTS=(
    "$EVENT"
    --workflows "$WORKFLOW"
    --platform "ubuntu-24.04=$IMAGE"
    --pull=false
    --rm
    --json
    --use-gitignore=false # .ci-out/offline.env goes in with the rest
    --artifact-server-path "$OUT/artifacts"
    --artifact-server-port "$(free_port)"
    --env "GITHUB_RUN_ID=$RUN_ID" # act's own is always 1, which brings back the artifacts of earlier runs
    --container-options "$(container_options)"
  )
  local name
  while read -r name; do ARGUMENTS+=(--local-repository "$name"); done < <(stand_ins)
  for name in "${CA_VARIABLES[@]}"; do ARGUMENTS+=(--env "$name=$CA_IN_CONTAINER"); done
  for name in "${PASSED_BY_NAME[@]}"; do
    [[ -z "${!name:-}" ]] || ARGUMENTS+=(--env "$name")
  done
  if [[ -n "$OFFLINE" ]]; then
    # The same archive as on the host gives the same recipes, so that no stand-in is made again in a job.
    # shellcheck disable=SC2016  # expanded by that shell
    name="$(bash -c 'source "$1/offline/lib.sh" && require_debian_archive' _ "$CI_DIR")"
    ARGUMENTS+=(--env VIGIE_OFFLINE=1 --env "VIGIE_DEBIAN_ARCHIVE=$name")
  fi
}

run_act() {
  local code=0
  act "${ARGUMENTS[@]}" "$@" || code=$?
  printf '\n{"act_exit": %d}\n' "$code"
}

run_and_report() {
  trap - ERR # the report has said it all
  run_act "${MATRIX[@]}" "${JOB[@]}" 2>&1 | tee "$OUT/log.jsonl" |
    python -P "$CI_DIR/act/report.py" --workflow "$WORKFLOW" "${MATRIX[@]}" "${JOB[@]}"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# act cleans up when it is asked to stop. It has a process group of its own, so that a signal to this
# script alone and a Ctrl-C to the whole terminal end in the same way.
stop_act() {
  local deadline=$((SECONDS + STOP_SECONDS))
  kill -TERM -- "-$RUNNING" 2>/dev/null || return 0
  while kill -0 -- "-$RUNNING" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      kill -KILL -- "-$RUNNING"
      break
    fi
    sleep 0.3
  done
}

# act forgets the volumes of a job that it had to kill. Only those that came with this run are ours.
remove_new_volumes() {
  local volume
  while read -r volume; do
    [[ $'\n'"$VOLUMES_BEFORE"$'\n' == *$'\n'"$volume"$'\n'* ]] || docker volume rm "$volume" >/dev/null
  done < <(docker volume ls --quiet --filter dangling=true --filter name=^act- | grep -v '^act-toolcache$')
}

# What is left when act itself was killed: its containers and their volumes carry our label.
remove_leftovers() {
  local ids projects project
  [[ -z "$RUNNING" ]] || stop_act
  mapfile -t ids < <(docker ps --all --quiet --filter "label=vigie.act=$RUN_ID")
  ((${#ids[@]} == 0)) || docker rm --force --volumes "${ids[@]}" >/dev/null
  # A job that was killed had no time for its teardown: its stack names the clone's path.
  mapfile -t projects < <(docker ps --all --filter "label=com.docker.compose.project.working_dir=$CLONE" \
    --format '{{.Label "com.docker.compose.project"}}' | sort -u)
  for project in "${projects[@]}"; do
    docker compose --project-name "$project" down --volumes --remove-orphans --timeout 5
  done
  remove_new_volumes
  [[ -n "$KEEP" ]] || rm -rf "${OUT:?}/repository" "${OUT:?}/artifacts"
}

main() {
  local code=0
  parse_arguments "$@"
  mkdir -p "$OUT"
  lock_this_machine
  need_docker
  need_venv
  need_tool act "./ci/venv.sh dev installs it"
  RUN_ID="$(date +%s)$$"
  rm -rf "$OUT/log.jsonl" "$OUT/artifacts"
  mkdir -p "$OUT/artifacts/$RUN_ID" # act's server fails on a list of artifacts before this exists
  build_image
  VOLUMES_BEFORE="$(docker volume ls --quiet)"
  on_exit remove_leftovers
  make_clone
  act_arguments
  cd "$CLONE"
  say "act $(act --version | awk '{ print $3 }'), image $IMAGE, commit $(git log -1 --format='%h %s')"
  set -m # in a group of its own, and waited for: bash runs no trap while a command is in the foreground
  run_and_report &
  RUNNING=$!
  set +m
  wait "$RUNNING" || code=$?
  RUNNING=""
  ((code == 0)) || fail "the workflow is not green under act" "the whole log: $OUT/log.jsonl"
}

main "$@"
