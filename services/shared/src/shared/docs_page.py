"""A documentation page drawn from the OpenAPI document alone: no script, no CDN, no network."""

import json
from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
section { border-top: 1px solid #8884; padding: .5rem 0 }
h2 { font-size: 1rem; font-family: ui-monospace, monospace }
h2 b { display: inline-block; min-width: 4.5rem }
pre { overflow-x: auto; padding: .75rem; background: #8882 }
td, th { text-align: left; padding: .1rem 1rem .1rem 0; vertical-align: top }
"""

_METHODS = ("get", "post", "put", "patch", "delete")


class PlainDocsPlugin(OpenAPIRenderPlugin):
    """Serves the page at /schema."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style=f"<style>{_STYLE}</style>")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The whole document as one page."""
        del request
        info = openapi_schema["info"]
        sections = "".join(
            _operation(method, path, item[method])
            for path, item in sorted(openapi_schema.get("paths", {}).items())
            for method in _METHODS
            if method in item
        )
        schemas = "".join(
            f"<section id='{escape(name)}'><h2>{escape(name)}</h2>"
            f"<pre>{_json(schema)}</pre></section>"
            for name, schema in sorted(
                openapi_schema.get("components", {}).get("schemas", {}).items()
            )
        )
        return (
            "<!doctype html><html lang='en'><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'>"
            f"<title>{escape(info['title'])}</title>{self.style}"
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
            f"<p>{escape(info.get('description') or '')}</p>"
            "<p><a href='/schema/openapi.json'>openapi.json</a></p>"
            f"{sections}<h1>Schemas</h1>{schemas}</html>"
        ).encode()


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    described = operation.get("description") or operation.get("summary") or ""
    parameters = "".join(
        f"<tr><td><code>{escape(item['name'])}</code><td>{escape(item['in'])}"
        f"<td>{escape(item.get('description') or '')}"
        for item in operation.get("parameters", [])
    )
    body = operation.get("requestBody", {}).get("content", {})
    answers = "".join(
        f"<tr><td><code>{escape(status)}</code><td>{escape(answer.get('description') or '')}"
        for status, answer in sorted(operation.get("responses", {}).items())
    )
    return (
        f"<section><h2><b>{method.upper()}</b> {escape(path)}</h2><p>{escape(described)}</p>"
        + (f"<table>{parameters}</table>" if parameters else "")
        + (f"<pre>{_json(body)}</pre>" if body else "")
        + f"<table>{answers}</table></section>"
    )


def _json(value: Any) -> str:
    return escape(json.dumps(value, indent=2))
