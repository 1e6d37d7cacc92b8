"""Passwords as they are stored and checked."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's recommendation for argon2id (19 MiB, two passes): about 20 ms on one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Hashing costs memory and a core; a flood of sign-ins must not take all of both.
_AT_ONCE = 2


class Passwords:
    """argon2id, in threads, a few at a time."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """A salted hash."""
        async with self._slots:
            return await asyncio.to_thread(_hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits. Without a stored one it takes as long, and does not."""
        if stored is None:
            if self._nobody is None:
                self._nobody = await self.hash(secrets.token_urlsafe(16))
            await self._matches(self._nobody, password)
            return False
        return await self._matches(stored, password)

    async def _matches(self, stored: str, password: str) -> bool:
        async with self._slots:
            return await asyncio.to_thread(_matches, stored, password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
