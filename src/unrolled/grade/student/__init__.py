"""What runs inside a student's process; it knows the protocol and the sandbox only."""

__all__ = ["child", "preload", "shell", "zygote"]
