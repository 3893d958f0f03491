"""Sign-in from Canvas (LTI 1.3)."""
