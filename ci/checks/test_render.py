"""A rendered stack belongs to the project it runs under, not to the one it was rendered in."""

from release.render import pinned

CONFIG = {
    "name": "vigie",
    "services": {"web-ui": {"image": "vigie-web-ui:local", "volumes": []}},
    "networks": {"vigie": {"name": "vigie_vigie", "ipam": {}}, "outside": {"name": "shared-proxy"}},
    "volumes": {"secrets": {"name": "vigie_secrets", "driver_opts": {"type": "tmpfs"}}},
    "secrets": {"ca": {"name": "vigie_ca", "file": "/dev/null"}},
}


def test_a_throw_away_stack_does_not_share_the_volumes_and_networks_of_the_product() -> None:
    rendered = pinned(CONFIG, {"web-ui": "sha256:1"})
    assert rendered["volumes"] == {"secrets": {"driver_opts": {"type": "tmpfs"}}}
    assert rendered["networks"]["vigie"] == {"ipam": {}}


def test_a_network_that_a_person_named_keeps_its_name() -> None:
    assert pinned(CONFIG, {"web-ui": "sha256:1"})["networks"]["outside"] == {"name": "shared-proxy"}
