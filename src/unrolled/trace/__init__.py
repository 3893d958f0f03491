"""`unrolled trace`: record how long training steps take on this machine."""

__all__ = ["record"]
