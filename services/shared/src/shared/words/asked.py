"""The language a request asks for, as handlers take it (see :func:`catalogues.preferred`)."""

from typing import Annotated

from litestar.params import HeaderParameter

Language = Annotated[
    str | None,
    HeaderParameter(name="Accept-Language", description="of the sentences: en (default) or fr"),
]
