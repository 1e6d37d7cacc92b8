"""Which addresses a webhook may lead to."""

import ipaddress

import pytest

from oncall_service.targets import AllowedTargets, is_public, literal

INSIDE = [
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.17.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
OUTSIDE = ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_of_the_inside_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert not AllowedTargets().allows("any.example", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_seen_in_every_spelling(spelling: str, meant: str) -> None:
    assert literal(spelling) == ipaddress.ip_address(meant)


@pytest.mark.parametrize("host", ["example.org", "1.2.3.4.example", "abc", ""])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None


def test_the_list_names_networks_addresses_and_hosts() -> None:
    allowed = AllowedTargets.parse("10.1.0.0/16, 192.0.2.7 ,fd00::/8,Hooks.Internal.,localhost")
    for host, address in (
        ("a.example", "10.1.255.255"),
        ("a.example", "::ffff:10.1.0.1"),
        ("a.example", "192.0.2.7"),
        ("a.example", "fd12::1"),
        ("hooks.internal", "172.16.0.9"),
        ("HOOKS.internal.", "172.16.0.9"),
        ("localhost", "127.0.0.1"),
    ):
        assert allowed.allows(host, ipaddress.ip_address(address)), (host, address)
    for host, address in (("a.example", "10.2.0.1"), ("nothooks.internal", "172.16.0.9")):
        assert not allowed.allows(host, ipaddress.ip_address(address)), (host, address)


@pytest.mark.parametrize("text", ["10.0.0.0/33", "http://hooks.internal", "a b", "-x", "*"])
def test_an_entry_that_is_none_of_these_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an address, a network nor a host"):
        AllowedTargets.parse(text)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "localhost", "db.localhost.", "::1", "169.254.169.254"]
)
def test_a_host_that_looks_inside_is_refused_before_it_is_stored(host: str) -> None:
    assert AllowedTargets().refuses(host)
    assert not AllowedTargets.parse("0.0.0.0/0, ::/0").refuses(host)


def test_a_name_is_not_looked_up_to_be_refused() -> None:
    assert not AllowedTargets().refuses("inside.example")
    assert not AllowedTargets().refuses("93.184.215.14")
