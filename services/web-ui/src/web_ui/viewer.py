"""Who is looking: the person behind the session cookie."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from litestar import Request

from shared.auth import CachedTokenDirectory
from shared.contracts.identity import Principal, Role
from shared.errors import Unavailable
from web_ui.actions import NEEDS
from web_ui.clients import Down, SignedOut
from web_ui.cookies import Cookies
from web_ui.reading import of, use


@dataclass(frozen=True)
class Viewer:
    """A signed-in person; ``token`` is what the neighbours are asked with."""

    id: str
    name: str
    role: Role
    token: str

    @property
    def can_act(self) -> bool:
        """Whether they may change incidents."""
        return self.role.includes(NEEDS)

    @property
    def can_configure(self) -> bool:
        """Whether they may change people, teams, schedules and what else is set up."""
        return self.role is Role.ADMIN


class Viewers:
    """Finds the viewer of a request.

    Known sessions are honoured while oncall-service is down, so that an incident can be
    acknowledged then.
    """

    def __init__(self, directory: CachedTokenDirectory, cookies: Cookies) -> None:
        self._directory = directory
        self._cookies = cookies

    async def of(self, request: Request[Any, Any, Any]) -> Viewer:
        """The viewer.

        Raises:
            SignedOut: nobody is signed in.
            Down: it cannot be told now.
        """
        token = self._cookies.token(request)
        principal = await self.principal(token) if token else None
        if token is None or principal is None:
            raise SignedOut("Sign in first.")
        viewer = Viewer(principal.id, principal.name, principal.role, token)
        request.state.viewer = viewer
        return viewer

    async def read_as_they_do(self, request: Request[Any, Any, Any]) -> None:
        """From here on this request is answered in the reader's language, clock and zone."""
        token = self._cookies.token(request)
        known = None
        if token:
            with suppress(Down):
                known = await self.principal(token)
        accepted = request.headers.get("accept-language")
        use(of(known, self._cookies.chosen_language(request), accepted))

    async def principal(self, token: str) -> Principal | None:
        """Whose session this is, if it still lives."""
        try:
            principal = await self._directory.find(token)
        except Unavailable as error:
            raise Down("oncall-service", error.detail) from error
        # An API token is for programs: taken from a cookie it would make one out of a stolen key.
        return principal if principal is not None and principal.kind == "person" else None

    def forget(self, token: str) -> None:
        """The session ended here: the next request with it is asked about anew."""
        self._directory.forget(token)
