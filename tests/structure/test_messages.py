"""The listing of all messages to users is fresh, and finds what users read."""

from __future__ import annotations

from pathlib import Path

from messages import LISTING, list_messages, render_messages

MODULE = '''
"""A module."""


def open_file(path):
    """Not for users."""
    if not path.exists():
        raise UserError(
            f"{path}: does not exist. "
            "Make it."
        )
    raise HTTPError(403, "Not for you.", reason=path)


def explain_size(size):
    """Not for users, either."""
    return "too large" if size else f"{size} is no size"


def show(context: typer.Context, *, all: Annotated[bool, Option(help="All.")] = False):
    """Show a file.

    In one line.
    """
    why = "it is " + colour
    console.print(why, "done", end="no message")
    table.add_columns("what", "where")
'''


def test_the_listing_is_fresh() -> None:
    """Is messages.txt what the sources say?"""
    old = LISTING.read_text(encoding="utf-8") if LISTING.is_file() else ""
    is_fresh = render_messages(list_messages()) == old  # no report shall show both
    assert is_fresh, "run: python tests/structure/messages.py --write, and read it"


def test_what_a_user_reads_is_found(tmp_path: Path) -> None:
    """Are errors, help, prints and reasons found, and nothing else?"""
    (tmp_path / "module.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "silent.py").write_text('"""Says nothing."""\n', encoding="utf-8")
    assert list_messages(tmp_path) == {
        "module.py": [
            "{path}: does not exist. Make it.",
            "Not for you.",
            "too large",
            "{size} is no size",
            "Show a file. In one line.",
            "All.",
            "it is {colour}",
            "done",
            "what",
            "where",
        ]
    }


def test_each_file_has_its_messages_below_it() -> None:
    """Is the listing a line for each message, with the file once?"""
    messages = {"a.py": ["One.", "Two."], "b/c.py": ["Three."]}
    assert (
        render_messages(messages) == "a.py\n    One.\n    Two.\n\nb/c.py\n    Three.\n"
    )
