"""oncall-service over HTTP, as whoever is signed in: people, teams, schedules, policies, services."""

from web_ui.neighbour import Neighbour


class Configuration(Neighbour):
    """Failures are those of clients.py."""
