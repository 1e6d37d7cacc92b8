"""Addresses that came from outside, made safe to send somebody to."""

from urllib.parse import urlencode, urlsplit

HOME = "/"
SIGN_IN = "/sign-in"

# Going there again would loop, or act without a form.
_NOT_A_DESTINATION = (SIGN_IN, "/sign-out", "/theme", "/events", "/static/")


def local(address: str | None, default: str = HOME) -> str:
    """``address`` if it is a path of ours, else ``default``.

    Browsers read ``//host``, also with backslashes, as another site and drop tabs and newlines, so
    nothing but a plain absolute path passes.
    """
    if not address or not address.startswith("/") or address.startswith("//"):
        return default
    if "\\" in address or any(not character.isprintable() for character in address):
        return default
    try:
        parts = urlsplit(address)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or address.startswith(_NOT_A_DESTINATION):
        return default
    return address


def path_of(url: str | None) -> str:
    """The path and query of a full URL a browser sent (Referer, HX-Current-URL), made safe."""
    if not url:
        return HOME
    try:
        parts = urlsplit(url)
    except ValueError:
        return HOME
    return local(parts.path + (f"?{parts.query}" if parts.query else ""))


def sign_in(back: str, ended: str | None = None) -> str:
    """Where to sign in, and come back from; ``ended`` is why again (see ``pages.session``)."""
    return with_query(SIGN_IN, next=None if back == HOME else back, ended=ended)


def with_query(path: str, **values: str | None) -> str:
    """``path`` with the values that are set as its query."""
    given = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
