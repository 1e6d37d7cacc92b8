"""``python -m web_ui`` serves."""

from shared.server import serve
from web_ui.app import NAME, create_app
from web_ui.settings import WebUiSettings

if __name__ == "__main__":
    serve(NAME, create_app, WebUiSettings)
