"""Where a webhook may lead: to public addresses, and to what the operator's list names. Pure."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
# Translators between the families: an address in here stands for the IPv4 address at its end.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")


@dataclass(frozen=True)
class AllowedTargets:
    """The operator's list: networks, and names of hosts whose addresses do not matter."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "AllowedTargets":
        """Read ``10.1.0.0/16, 192.0.2.7, hooks.internal``.

        Raises:
            ValueError: an entry is none of these.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if not _HOST.fullmatch(entry.rstrip(".")) or literal(entry) is not None:
                    raise ValueError(
                        f"'{entry}' is neither an address, a network nor a host"
                    ) from None
                hosts.add(entry.rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def allows(self, host: str, address: Address) -> bool:
        """Whether ``host``, which has this address, may be called there."""
        return (
            is_public(address)
            or self.names(host)
            or any(
                meant.version == network.version and meant in network
                for meant in {address, _meant(address)}
                for network in self.networks
            )
        )

    def names(self, host: str) -> bool:
        """Whether a host may be called by its name, whatever its addresses are."""
        return _name(host) in self.hosts

    def refuses(self, host: str) -> bool:
        """Whether a host can be refused by its looks, without asking anybody for its address."""
        name = _name(host)
        address = literal(name)
        if address is None and (name == "localhost" or name.endswith(".localhost")):
            address = ipaddress.IPv4Address("127.0.0.1")
        return address is not None and not self.allows(host, address)


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it: no probe of the inside."""
    meant = _meant(address)
    if isinstance(address, ipaddress.IPv6Address) and address in _LOCAL_NAT64:
        return False
    return all(
        each.is_global
        and not each.is_multicast
        and not each.is_reserved
        and not (isinstance(each, ipaddress.IPv6Address) and each.is_site_local)
        for each in ({meant} if _is_mapped(address) or address in _NAT64 else {address, meant})
    )


def literal(host: str) -> Address | None:
    """The address that a host is, in any spelling that systems take: 127.1, 0x7f000001, [::1]."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _meant(address: Address) -> Address:
    """The IPv4 address inside of an IPv6 one that stands for it, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_mapped(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


def _name(host: str) -> str:
    return host.lower().rstrip(".")
