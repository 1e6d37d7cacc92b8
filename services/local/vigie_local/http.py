"""The little HTTP that the runner needs, without a dependency."""

import urllib.error
import urllib.request

# A proxy of the environment must not see calls to this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str, timeout_seconds: float = 2) -> bool:
    """Whether a GET of ``url`` is answered with 200."""
    try:
        with _direct.open(url, timeout=timeout_seconds) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False
