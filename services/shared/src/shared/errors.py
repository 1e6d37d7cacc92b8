"""Every failure a client can see, with a sentence a person can act on (RFC 9457)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One field of a request that cannot be accepted; ``field`` is a dotted path."""

    field: str
    message: str


class Problem(Exception):
    """A failure with an HTTP status.

    ``extra`` becomes members of the problem document beside type, title, status and detail.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


class Malformed(Problem):
    """The request cannot be read at all (400)."""

    status = 400
    title = "Malformed request"


class Unauthorized(Problem):
    """No valid key, token or session (401)."""

    status = 401
    title = "Not authenticated"

    def __init__(self, detail: str) -> None:
        # RFC 9110 section 11.6.1: a 401 says how to authenticate.
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="vigie"'})


class Forbidden(Problem):
    """Authenticated, but not allowed (403)."""

    status = 403
    title = "Not allowed"


class NotFound(Problem):
    """There is no such thing, or none this caller may see (404)."""

    status = 404
    title = "Not found"


class TooSlow(Problem):
    """The request did not come to its end in time (408)."""

    status = 408
    title = "Request timed out"


class Conflict(Problem):
    """The state of the thing forbids it (409); the detail says why."""

    status = 409
    title = "Conflict"


class TooLarge(Problem):
    """The body exceeds what is accepted (413)."""

    status = 413
    title = "Body too large"


class HeaderTooLarge(Problem):
    """The header exceeds what is accepted (431)."""

    status = 431
    title = "Header too large"

    def __init__(self) -> None:
        super().__init__("The header of the request is larger than is accepted.")


class HungUp(Problem):
    """Whoever asked is gone before the end of the request; for the log, for nobody reads it."""

    status = 499
    title = "Client closed the connection"

    def __init__(self) -> None:
        super().__init__("The connection ended before the request did.")


class Unsupported(Problem):
    """The body is of a media type that is not understood (415)."""

    status = 415
    title = "Unsupported media type"


class Invalid(Problem):
    """The request reads well but says something that cannot be (422)."""

    status = 422
    title = "Invalid fields"

    def __init__(self, errors: Sequence[FieldError], detail: str | None = None) -> None:
        super().__init__(
            detail or "; ".join(f"{error.field}: {error.message}" for error in errors),
            errors=[{"field": error.field, "message": error.message} for error in errors],
        )
        self.errors = tuple(errors)


class TooMany(Problem):
    """The caller has to slow down (429)."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class Unavailable(Problem):
    """Something this request needs is down; the same request may succeed later (503)."""

    status = 503
    title = "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})
        self.retry_after = retry_after


class Busy(Unavailable):
    """More is asked of this process at once than it can hold (503)."""

    def __init__(self) -> None:
        super().__init__("Too much is asked at once; send it again in a moment.", retry_after=2)
