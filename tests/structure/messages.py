"""Every message to a user, from the syntax trees, as one text to be read in a row.

    python tests/structure/messages.py             print it
    python tests/structure/messages.py --write     write messages.txt, beside this file

A changed message is a changed line of that file, so that a review sees it. A field of
an f-string stands as it is written: {path}. A text that is put together from a variable
alone is not found; what is found is named in the lists below.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from imports import SOURCE

LISTING = Path(__file__).with_name("messages.txt")

# Calls that speak to somebody: what is raised, printed, asked, shown, logged.
SPEAKERS = re.compile(
    r"\w*(User|Refused|StudentFacing|CanvasFailed|Grading|HTTP|Dump)Error"
    r"|Canvas\w*Exception|StudentLost|fail|print|say|echo|confirm|ask_to_confirm"
    r"|Text|assemble|add_columns|leave_out|error|warning"
)
# Functions that give the words to those who speak.
WRITERS = re.compile(r"_?(explain|describe|summarize)_\w+")
# Local names that hold a message or the end of one.
HOLDERS = {"why", "message", "reason", "hint", "advice", "verdict", "loss"}
HELP = {"help", "epilog", "metavar"}


def list_messages(source: Path = SOURCE) -> dict[str, list[str]]:
    """The messages of each file that has some, in the order of the file."""
    messages = {}
    for path in sorted(source.rglob("*.py")):
        syntax = ast.parse(path.read_text(encoding="utf-8"), str(path))
        texts = dict.fromkeys(_find_messages(syntax))
        if texts:
            messages[path.relative_to(source).as_posix()] = list(texts)
    return messages


def render_messages(messages: dict[str, list[str]]) -> str:
    """The listing: each file's name, then a line for each of its messages."""
    parts = [
        "\n".join([name, *(f"    {text}" for text in texts)])
        for name, texts in messages.items()
    ]
    return "\n\n".join(parts) + "\n"


def _find_messages(node: ast.AST) -> Iterator[str]:
    """The messages under a node, as they stand in the file."""
    for child in ast.iter_child_nodes(node):
        for expression in _list_speeches(child):
            for text in _render_texts(expression):
                if re.search(r"[^\W\d_]{2}", re.sub(r"\{.*?\}", "", text)):
                    yield " ".join(text.split())
        yield from _find_messages(child)


def _list_speeches(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of one node that a user reads."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if SPEAKERS.fullmatch(name):
            yield from node.args
        yield from (k.value for k in node.keywords if k.arg in HELP)
    elif isinstance(node, ast.Assign):
        if {ast.unparse(target) for target in node.targets} & HOLDERS:
            yield node.value
    elif isinstance(node, ast.FunctionDef):
        if _is_command(node) and isinstance(node.body[0], ast.Expr):
            yield node.body[0].value
        if WRITERS.fullmatch(node.name):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.Yield) and inner.value:
                    yield inner.value


def _is_command(node: ast.FunctionDef) -> bool:
    """Whether typer makes a command of a function: its docstring is the help."""
    given = [*node.args.args, *node.args.kwonlyargs]
    notes = [ast.unparse(one.annotation) for one in given if one.annotation]
    is_typers = any(n.startswith(("typer.Context", "Annotated[")) for n in notes)
    return is_typers and not node.name.startswith("_")


def _render_texts(node: ast.expr) -> list[str]:
    """What an expression may say; nothing for one that only passes a text on."""
    if isinstance(node, ast.IfExp):
        return _render_texts(node.body) + _render_texts(node.orelse)
    if isinstance(node, ast.Tuple):  # as Text.assemble takes it: a text and its style
        return _render_texts(node.elts[0]) if node.elts else []
    if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        text = _render_text(node)
        return [text] if text is not None else []
    return []


def _render_text(node: ast.expr) -> str | None:
    """The text of literals, put together; None for what is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else f"{{{ast.unparse(part.value)}}}"  # type: ignore[attr-defined]
            for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = [_render_text(side) for side in (node.left, node.right)]
        if any(side is not None for side in sides):
            names = (ast.unparse(node.left), ast.unparse(node.right))
            pairs = zip(sides, names, strict=True)
            return "".join(f"{{{n}}}" if s is None else s for s, n in pairs)
    return None


def main() -> int:
    """Print the listing, or write it."""
    parser = argparse.ArgumentParser(description="Every message to a user.")
    parser.add_argument("--write", action="store_true", help=f"write {LISTING.name}")
    text = render_messages(list_messages())
    if parser.parse_args().write:
        LISTING.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
