"""alert-ingestion over HTTP, as whoever is signed in: alerts, the inbox, integrations, silences."""

from web_ui.neighbour import Neighbour


class Ingestion(Neighbour):
    """Failures are those of clients.py."""
