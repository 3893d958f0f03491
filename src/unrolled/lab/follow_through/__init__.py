"""What a notebook says where an earlier exercise is the reason for a later failure."""

__all__ = ["calls", "kernel", "outline", "session"]
