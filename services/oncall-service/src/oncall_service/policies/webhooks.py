"""The webhooks that steps of a policy call: contact methods that are nobody's."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr
from sqlmodel.ext.asyncio.session import AsyncSession

from oncall_service.core.core import Core
from oncall_service.notifications.channels import registry
from oncall_service.notifications.channels.webhook import WebhookChannel
from oncall_service.notifications.sealing import Sealer
from oncall_service.tables import ContactMethodRow
from shared.errors import FieldError, Invalid
from shared.identifiers import new_id


class Webhooks:
    """Of one policy, while its steps are replaced: those asked for again keep their secret.

    A URL as it is shown, without its path, asks again for the one that was shown like this.
    ``secrets`` are those of webhooks that were made, to be shown once.
    """

    def __init__(
        self, core: Core, session: AsyncSession, before: Sequence[ContactMethodRow]
    ) -> None:
        self._core = core
        self._session = session
        self._sealer = Sealer.of(core.settings)
        self._left = {self._sealer.comparable(method.target): method for method in before}
        self._shown: dict[str, list[str]] = {}
        for target, method in self._left.items():
            shown = registry.shown(method.channel, method.target)
            self._shown.setdefault(shown, []).append(target)
        self._called: dict[str, UUID] = {}
        self.secrets: dict[UUID, str] = {}

    async def of(self, url: str, secret: SecretStr | None, field: str) -> UUID:
        """The contact method that a URL is; ``Invalid`` where this installation forbids it."""
        like_this = self._shown.get(url, [url])
        if len(like_this) > 1:
            raise Invalid([FieldError(field, "is short for several: give the whole URL")])
        try:
            target = WebhookChannel.address(like_this[0], email=None, settings=self._core.settings)
        except ValueError as error:
            raise Invalid([FieldError(field, str(error))]) from None
        if target in self._called:
            return self._called[target]
        method = self._left.pop(target, None)
        if method is None:
            method = await self._make(target, secret)
        elif secret is not None:
            method.secret = self._sealer.secret(secret.get_secret_value())
        self._called[target] = method.id
        return method.id

    async def _make(self, target: str, secret: SecretStr | None) -> ContactMethodRow:
        signs = secret.get_secret_value() if secret else secrets.token_urlsafe(32)
        method = ContactMethodRow(
            id=new_id(),
            person_id=None,
            channel=WebhookChannel.name,
            target=self._sealer.target(WebhookChannel, target),
            secret=self._sealer.secret(signs),
            verified_at=self._core.clock.now(),
            verified_by="",
            created_at=self._core.clock.now(),
        )
        self._session.add(method)
        await self._session.flush()
        self.secrets[method.id] = signs
        return method

    async def forget_the_rest(self) -> None:
        """Remove those that no step calls any more; the steps were replaced before."""
        await self._session.flush()
        for method in self._left.values():
            await self._session.delete(method)
