"""Errors that are told to a person in one line, without a traceback."""


class UserError(Exception):
    """A mistake that the user can mend: says what is wrong, where, and what to do."""
