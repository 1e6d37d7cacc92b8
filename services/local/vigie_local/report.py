"""What a person at the terminal is told."""

from vigie_local import http, secret_files
from vigie_local.installation import Installation
from vigie_local.run_state import RunState


def addresses(installation: Installation, seconds: float | None) -> str:
    """Where to go and how to sign in; of the password only its file: terminals remember."""
    title = "Vigie is ready" + (f" ({seconds:.1f} s)." if seconds is not None else ".")
    lines = [
        title,
        f"  web UI               {installation.url('web-ui')}",
        f"  sign in as           {installation.admin_user}",
        f"  with the password in {installation.secrets / 'admin_password'}",
        f"  alerts go to         {installation.url('alert-ingestion')}/api/v1/alerts",
        f"  incidents            {installation.url('incident-management')}",
        f"  on-call              {installation.url('oncall-service')}",
    ]
    if http.answers(f"{installation.url('prometheus')}/-/ready"):
        lines.append(f"  Prometheus           {installation.url('prometheus')}")
    lines.append(
        "  ./services/credentials.sh  prints all of it, with a curl line to send the first alert"
    )
    return "\n".join(lines)


def status(installation: Installation, state: RunState) -> tuple[str, bool]:
    """A table of what runs, and whether all of it is ready."""
    installation = installation.on_ports(state.ports)
    lines = [f"Vigie is {state.phase} (supervisor: process {state.supervisor.pid})."]
    good = state.phase == "ready"
    for name, child in state.children.items():
        port = state.ports.get(name)
        if child.process is None or not child.process.is_running():
            word = "down"
        elif name in secret_files.SERVICES and not http.answers(f"{installation.url(name)}/ready"):
            word = "not ready"
        else:
            word = "ready"
        good = good and word == "ready"
        pid = child.process.pid if child.process is not None else "-"
        restarts = f"{child.restarts} restarts" if child.restarts else ""
        if child.hangs:
            restarts += f" ({child.hangs} because it answered nobody)"
        lines.append(f"  {name:<20} {word:<10} process {pid:<8} port {port:<6} {restarts}".rstrip())
    return "\n".join(lines), good


def orphans(state: RunState | None) -> str | None:
    """What still runs although its supervisor is gone, and what to do; None when nothing does."""
    if state is None:
        return None
    left = [
        (name, child.process)
        for name, child in state.children.items()
        if child.process is not None and child.process.is_running()
    ]
    if not left:
        return None
    return "\n".join(
        [
            f"The supervisor (process {state.supervisor.pid}) is gone; nobody looks after these:",
            *(f"  {name:<20} orphaned   process {process.pid}" for name, process in left),
            "End them with ./services/run.sh --stop, or start again: a start ends them first.",
        ]
    )
