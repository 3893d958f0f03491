"""Every wait of a test ends: one that stands still would stop all tests, unnamed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What takes a bound as `timeout=`; and methods that take it as their only argument.
COMMANDS = {f"subprocess.{n}" for n in ("run", "call", "check_call", "check_output")}
REQUESTS = {f"requests.{n}" for n in ("get", "head", "post", "put", "patch", "delete")}
NAMED = {*COMMANDS, *REQUESTS, "requests.request", "urllib.request.urlopen"}
BARE = {"wait", "join", "get", "recv", "result", "acquire"}


def unbounded(text: str) -> Iterator[tuple[int, str]]:
    """Waits without a bound in the text of a module: line and what it is."""
    tree = ast.parse(text)
    near = {
        inner: outer
        for outer in ast.walk(tree)  # from the outside to the inside
        if isinstance(outer, FUNCTIONS)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and waits(node, near.get(node, tree)):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.While) and stays(node):
            yield node.lineno, f"while {ast.unparse(node.test)}"


def waits(call: ast.Call, function: ast.AST) -> bool:
    """Whether a call may last for ever; `function` is what it stands in."""
    options = {k.arg for k in call.keywords}
    if "timeout" in options or not isinstance(call.func, ast.Attribute):
        return False
    name = ast.unparse(call.func)
    if name in NAMED or name.endswith(".communicate"):
        return True
    if name == "os.waitpid":  # its child may have set itself a bound
        return "WNOHANG" not in ast.unparse(call) and "signal.alarm" not in calls(
            function
        )
    if call.args or options:
        return False
    if call.func.attr == "recv":  # of multiprocessing: it takes none
        return f"{ast.unparse(call.func.value)}.poll" not in calls(function)
    return call.func.attr in BARE


def stays(loop: ast.While) -> bool:
    """Whether a loop sleeps or polls, and looks at no clock."""
    asks = any(name.endswith(("sleep", ".poll")) for name in calls(loop))
    return asks and "time.monotonic" not in calls(loop)


def calls(tree: ast.AST) -> set[str]:
    """What is called in it."""
    return {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}


def test_every_wait_has_a_bound() -> None:
    """Does no test wait for ever for a process, a thread, a queue or an answer?"""
    found = [
        f"tests/{path.relative_to(TESTS).as_posix()}:{line}: {what}"
        for path in sorted(TESTS.rglob("*.py"))
        for line, what in unbounded(path.read_text(encoding="utf-8"))
    ]
    assert not found, "without a bound:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run(words, check=True)",
        "subprocess.check_output(words)",
        "process.wait()",
        "process.communicate(b'input')",
        "thread.join()",
        "queue.get()",
        "pipe.recv()",
        "def f():\n    other.poll(60)\n    pipe.recv()",
        "future.result()",
        "lock.acquire()",
        "requests.get(url)",
        "urllib.request.urlopen(url)",
        "os.waitpid(child, 0)",
        "while not file.exists():\n    time.sleep(0.1)",
        "while run.poll() is None:\n    look()",
    ],
)
def test_a_wait_without_a_bound_is_found(text: str) -> None:
    """Is each kind of it found, where it stands?"""
    last = len(text.splitlines()) if text.startswith("def") else 1
    assert [line for line, _ in unbounded(text)] == [last]


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.run(words, timeout=60)",
        "process.wait(60)",
        "process.wait(timeout=60)",
        "', '.join(words)",
        "table.get('key')",
        "queue.get(timeout=60)",
        "def f():\n    assert pipe.poll(60)\n    return pipe.recv()",
        "def f():\n    signal.alarm(60)\n    os.waitpid(child, 0)",
        "os.waitpid(child, os.WNOHANG)",
        "while time.monotonic() < until:\n    time.sleep(0.1)",
    ],
)
def test_a_wait_with_a_bound_is_none(text: str) -> None:
    """Is nothing said of waits that end?"""
    assert list(unbounded(text)) == []
