"""PagerDuty's Events API v2, inbound: events, change events, and PagerDuty's own answers."""
