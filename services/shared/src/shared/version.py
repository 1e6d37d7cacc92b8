VERSION = "0.1.0"
"""The release of the platform: its services are versioned, tested and shipped together."""
