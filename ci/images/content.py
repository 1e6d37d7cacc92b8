"""`python3 -m images.content IMAGE REFERENCE`: whether a registry has this Engine's very image.

Compared is what every store of images agrees on: platform, layers by content, and what a container
of it starts with. An Engine's image id is the digest of the configuration in one kind of store, and
of the manifest in the other (containerd, the default from Engine 29 on); digests in a registry
depend on how it was pushed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from images.record import inspect

_CONFIG = (
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)


def here(image: Mapping[str, Any]) -> dict[str, Any]:
    """The content of an image as `docker image inspect` gives it."""
    config = image["Config"] or {}
    return {
        "platform": f"{image['Os']}/{image['Architecture']}",
        "layers": image["RootFS"]["Layers"],
        # Stores differ in how they say "none".
        **{key: config[key] for key in _CONFIG if config.get(key)},
    }


def there(image: Mapping[str, Any], platform: str) -> dict[str, Any]:
    """The same of what a registry has; `image`: one configuration, or one a platform."""
    one = image.get(platform, image)
    config = one.get("config") or {}
    return {
        "platform": f"{one.get('os')}/{one.get('architecture')}",
        "layers": one.get("rootfs", {}).get("diff_ids"),
        **{key: config[key] for key in _CONFIG if config.get(key)},
    }


def main(argv: Sequence[str]) -> int:
    """0 when both are the same; 1 and what differs otherwise."""
    local = inspect(argv[0])
    if local is None:
        print(f"{argv[0]} is not in this Engine")
        return 1
    command = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .Image}}", argv[1]]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    mine = here(local)
    theirs = there(json.loads(said), mine["platform"])
    differing = sorted(key for key in mine.keys() | theirs if mine.get(key) != theirs.get(key))
    if differing:
        print(f"{argv[1]} is not the image that was verified: {', '.join(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
