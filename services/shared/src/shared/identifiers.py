from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): unique without coordination, and in the order of its making."""
    return compat.uuid7()
