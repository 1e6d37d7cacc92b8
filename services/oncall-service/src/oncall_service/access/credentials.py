"""Tokens as they are made."""

import secrets

SESSION_PREFIX = "vgs_"
TOKEN_PREFIX = "vgt_"  # noqa: S105 - how a token begins, so that a scanner knows it


def new_token(prefix: str) -> str:
    """A token nobody can guess: 256 random bits."""
    return prefix + secrets.token_urlsafe(32)
