"""Use cases: API tokens, and telling whose a token is."""

from uuid import UUID

from oncall_service.access import store
from oncall_service.access.credentials import TOKEN_PREFIX, new_token
from oncall_service.access.shapes import TokenCreate
from oncall_service.core.audit import note
from oncall_service.core.core import Core
from oncall_service.tables import TokenRow
from shared.auth import hash_token
from shared.contracts.configuration import TokenCreated, TokenView
from shared.contracts.identity import Principal
from shared.contracts.wire import Page
from shared.errors import FieldError, Invalid, NotFound
from shared.identifiers import new_id
from shared.paging import Keyset

_TOKENS = Keyset("tokens", UUID)


class LocalTokenDirectory:
    """Implements ``shared.auth.TokenDirectory``: this service knows the tokens itself."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def find(self, token: str) -> Principal | None:
        """Whose token this is; null when unknown, expired or revoked."""
        async with self._core.database.session() as session:
            return await store.principal_of(session, hash_token(token), self._core.clock.now())


async def create(core: Core, command: TokenCreate, who: Principal) -> TokenCreated:
    """Make an API token; the answer is the only place where it can be read."""
    now = core.clock.now()
    if command.expires_at is not None and command.expires_at <= now:
        raise Invalid([FieldError("expires_at", "must be in the future")])
    token = new_token(TOKEN_PREFIX)
    row = TokenRow(
        id=new_id(),
        name=command.name,
        role=command.role,
        token_hash=hash_token(token),
        created_by=who.name,
        created_at=now,
        expires_at=command.expires_at,
    )
    async with core.database.session() as session:
        session.add(row)
        await note(core, session, who, "token.created", after=store.token_view(row))
    return TokenCreated(token=token, **store.token_view(row).model_dump())


async def listed(core: Core, *, limit: int, cursor: str | None) -> Page[TokenView]:
    """Tokens, newest first, revoked ones included."""
    after = _TOKENS.after(cursor)
    async with core.database.session() as session:
        rows = await store.tokens(session, before=after[0] if after else None, limit=limit + 1)
    return _TOKENS.page(rows, limit, key=lambda row: (row.id,), show=store.token_view)


async def revoke(core: Core, token_id: UUID, who: Principal) -> None:
    """End a token for ever; the other services notice within a minute."""
    async with core.database.session() as session:
        row = await session.get(TokenRow, token_id, with_for_update=True)
        if row is None:
            raise NotFound(f"There is no token {token_id}.")
        before = store.token_view(row)
        row.revoked_at = row.revoked_at or core.clock.now()
        after = store.token_view(row)
        await note(core, session, who, "token.revoked", before=before, after=after)
