"""The page on which a student fetches, hands in and reads feedback."""

__all__ = ["exchange_client", "page"]
