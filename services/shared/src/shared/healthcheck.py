"""``python -m shared.healthcheck [path]``: exit 0 if this container's service answers 200.

Standard library only and no settings class: it starts every few seconds and must start fast.
"""

import http.client
import os
import sys

TIMEOUT_SECONDS = 3


def main(path: str = "/health") -> int:
    """0 when healthy; otherwise 1, with the reason on standard error."""
    port = int(os.environ.get("VIGIE_BIND_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except OSError as error:
        sys.stderr.write(f"no answer on port {port}: {error}\n")
        return 1
    finally:
        connection.close()
    if status != 200:
        sys.stderr.write(f"GET {path} answered {status}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
