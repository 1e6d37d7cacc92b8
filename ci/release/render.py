"""A release's compose file: resolved, by image id, and independent of the checkout it came from.

What runs is decided here once. Restoring a release later means starting this file again: no
variable, no tag and no file of the checkout can make it mean something else. The configuration of
PostgreSQL, Prometheus and Grafana lies inside their images, so an id pins that as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RenderError(Exception):
    """The compose file asks for something that a release cannot pin."""


def pinned(config: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Any]:
    """`docker compose config --format json` with every image replaced by its id.

    `images`: service -> image id. Services without one are left out, with what others say about
    them (Grafana, where it could not be had). A bind mount of the checkout is refused: the files
    behind it would change under a running release.
    """
    services: dict[str, Any] = {}
    for name, service in config["services"].items():
        if name not in images:
            continue
        kept = {key: value for key, value in service.items() if key not in {"build", "depends_on"}}
        kept["image"] = images[name]
        kept["pull_policy"] = "never"
        needs = {
            other: condition
            for other, condition in service.get("depends_on", {}).items()
            if other in images
        }
        if needs:
            kept["depends_on"] = needs
        for volume in service.get("volumes", ()):
            if volume.get("type") == "bind":
                raise RenderError(
                    f"docker-compose.yml: {name} mounts {volume['source']} of the checkout: "
                    "put the file into the image, so that a release can be restored"
                )
        services[name] = kept
    # Build secrets are of no use to something that is never built.
    rest = {key: value for key, value in config.items() if key not in {"services", "secrets"}}
    return {**rest, **_unnamed(config), "services": services}


def _unnamed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Networks and volumes without the project's name in theirs, which resolving has written there.

    Otherwise a throw-away stack would share the product's volumes, whatever project it runs under.
    """
    found: dict[str, Any] = {}
    for kind in ("networks", "volumes"):
        found[kind] = {
            key: (
                {name: value for name, value in (entry or {}).items() if name != "name"}
                if (entry or {}).get("name") == f"{config.get('name')}_{key}"
                else entry
            )
            for key, entry in config.get(kind, {}).items()
        }
    return found
