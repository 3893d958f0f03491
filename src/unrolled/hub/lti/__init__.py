"""Sign-in from Canvas (LTI 1.3)."""

__all__ = ["authenticator", "identity", "settings"]
