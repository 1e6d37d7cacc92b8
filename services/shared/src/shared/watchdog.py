"""``python -m shared.watchdog alert_ingestion``: the first process of a container.

It starts the service as its child, hands signals on, and ends with the child's exit code. Docker
restarts a container whose process ends, and not one whose process hangs: so a child of which
nothing is heard any more is killed here, and this process ends, for ``restart: unless-stopped`` to
bring both back.

Standard library only and no settings class: it stays in memory as long as the service does.
"""

import json
import os
import signal
import sys
import time

from shared.liveness import ANSWER_SECONDS, ASK_EVERY_SECONDS, Silence, speaks

# sysexits.h: an internal error. The service's own codes are passed on as they are.
EX_SOFTWARE = 70
_HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_AWAITED = {signal.SIGCHLD, *_HANDED_ON}


def main(
    module: str,
    *,
    ask_every: float = ASK_EVERY_SECONDS,
    answer_within: float = ANSWER_SECONDS,
    silence: Silence | None = None,
) -> int:
    """Run a service until it ends or hangs; the exit code."""
    port = int(os.environ.get("VIGIE_BIND_PORT", "8000"))
    silence = silence or Silence()
    # Taken one by one below; the child begins with none of them blocked, in a group of its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    command = [sys.executable, "-m", module]
    child = os.posix_spawn(sys.executable, command, os.environ, setpgroup=0, setsigmask=[])
    stopping = False
    ask_at = time.monotonic() + ask_every
    while True:
        received = signal.sigtimedwait(_AWAITED, max(0.0, ask_at - time.monotonic()))
        if received is not None and received.si_signo == signal.SIGCHLD:
            if (code := _ended(child)) is not None:
                return code
        elif received is not None:
            stopping = True
            os.kill(child, received.si_signo)
        else:
            asked_at = time.monotonic()
            # A service that is told to stop may take the time it is given, and is no longer asked.
            if not stopping:
                silence.hears(speaks("127.0.0.1", port, answer_within), asked_at, time.monotonic())
            if silence.is_death:
                _tell(module)
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return EX_SOFTWARE
            ask_at = time.monotonic() + ask_every


def _ended(child: int) -> int | None:
    """Bury whoever ended: the first process of a container inherits orphans. The child's code."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            # As shells and Docker write the end by a signal.
            code = code if code >= 0 else 128 - code


def _tell(module: str) -> None:
    line = {
        "event": "service_hangs",
        "detail": "it answers nobody: killed, for the container to be started again",
        "service": module.replace("_", "-"),
        "level": "error",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
