"""`unrolled trace`, `unrolled live`: how long training steps take on this machine."""

__all__ = ["live", "record"]
