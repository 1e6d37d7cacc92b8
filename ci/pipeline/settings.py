"""What a run is told, in one form: environment variables, however a person said it.

A flag of one script and a flag of the whole chain mean the same, and so have the same digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class SettingError(Exception):
    """A setting makes no sense; the message says which."""


def told(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The arguments that are left, and the environment with VIGIE_OFFLINE and VIGIE_TARGET set.

    --offline and --target product|ephemeral are taken out of the arguments. Without a target,
    CI=true means ephemeral. Raises SettingError for a target that does not exist.
    """
    offline = environment.get("VIGIE_OFFLINE", "")
    target = environment.get("VIGIE_TARGET", "")
    left: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--offline":
            offline = "1"
        elif argument == "--target":
            target = waiting.pop(0) if waiting else "nothing"
        else:
            left.append(argument)
    target = target or ("ephemeral" if environment.get("CI") == "true" else "product")
    if target not in {"product", "ephemeral"}:
        raise SettingError(f"the target is product or ephemeral, not {target}")
    settings = {"VIGIE_OFFLINE": "1" if offline else "", "VIGIE_TARGET": target}
    return tuple(left), {**environment, **settings}
