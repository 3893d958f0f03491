"""Errors that are told to a person in one line, without a traceback."""


class UserError(Exception):
    """A mistake that the user can mend: says what is wrong, where, and what to do."""


def shorten_error(error: BaseException) -> str:
    """The first line of another's error, or the name of its kind if it says nothing."""
    return (str(error).split("\n")[0] or type(error).__name__)[:300]
