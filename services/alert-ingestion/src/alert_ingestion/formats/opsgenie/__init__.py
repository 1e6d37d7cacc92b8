"""Opsgenie's Alert API, inbound: alerts, what is done with them, heartbeats, Opsgenie's answers."""
