"""What crosses between a student's process and the judge."""

__all__ = ["codec", "copies", "frames", "quiet", "rpc"]
