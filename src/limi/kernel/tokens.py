"""What can be wrong with a token that somebody else signed; who checks it and who asks both know this."""

__all__ = ["InvalidTokenError"]


class InvalidTokenError(Exception):
    """The token is forged, expired, made for somebody else, or no token at all.

    The message is for the log: it says which rule the token breaks, and quotes nothing of it.
    """
