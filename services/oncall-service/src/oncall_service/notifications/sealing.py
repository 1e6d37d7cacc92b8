"""What a contact method knows of its person is kept sealed: secrets, and addresses that are one.

A sealed value is ``sealed:<Fernet token>``. One of an address is followed by a space and the
address as everybody may see it, so that showing it needs no key (docs/adr/0040).
"""

from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from oncall_service.notifications.channels.base import Channel
from oncall_service.settings import PLAIN, OncallSettings

PREFIX = "sealed:"


class CannotOpen(Exception):
    """None of the keys that are configured opens a sealed value."""


class Sealer:
    """Seals with the first key and opens with all: rotation is a new key in front of the others.

    With ``PLAIN`` in front, or without any key, nothing is sealed any more.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        names = list(keys)
        fernets = [Fernet(key) for key in names if key != PLAIN]
        self._first = fernets[0] if fernets and names[0] != PLAIN else None
        self._all = MultiFernet(fernets) if fernets else None

    @classmethod
    def of(cls, settings: OncallSettings) -> "Sealer":
        """With the keys of ``VIGIE_SEALING_KEYS``."""
        return cls(settings.sealing_key_list)

    @property
    def seals(self) -> bool:
        """Whether new values are sealed."""
        return self._first is not None

    def secret(self, plain: str) -> str:
        """A secret as it is to be stored."""
        if self._first is None:
            return plain
        return PREFIX + self._first.encrypt(plain.encode()).decode()

    def target(self, channel: type[Channel], plain: str) -> str:
        """An address as it is to be stored: sealed where the channel says that it is a secret."""
        if self._first is None or not channel.sealed_target:
            return plain
        return f"{self.secret(plain)} {channel.shown(plain)}"

    def opened(self, stored: str) -> str:
        """What was sealed; a value that never was, as it is.

        Raises:
            CannotOpen: it was sealed under a key that is not configured.
        """
        if not is_sealed(stored):
            return stored
        if self._all is None:
            raise CannotOpen
        try:
            return self._all.decrypt(_token(stored)).decode()
        except InvalidToken:
            raise CannotOpen from None

    def comparable(self, stored: str) -> str:
        """To look for an address among stored ones: what no key opens is like none of them."""
        try:
            return self.opened(stored)
        except CannotOpen:
            return stored

    def is_current(self, stored: str) -> bool:
        """Whether it is stored as it would be today: under the first key, or plainly."""
        if self._first is None or not is_sealed(stored):
            return is_sealed(stored) == self.seals
        try:
            self._first.decrypt(_token(stored))
        except InvalidToken:
            return False
        return True


def is_sealed(stored: str) -> bool:
    """Whether a stored value is one that needs a key."""
    return stored.startswith(PREFIX)


def shown(stored: str) -> str:
    """What a sealed address lets everybody see; empty for a sealed secret."""
    return stored.partition(" ")[2]


def _token(stored: str) -> bytes:
    return stored.removeprefix(PREFIX).partition(" ")[0].encode()
