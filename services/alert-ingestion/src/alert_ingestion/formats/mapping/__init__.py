"""What generic JSON says: a mapping from a sender's body to alerts, as people write it."""
