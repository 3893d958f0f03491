"""Every wait of a test ends: one that stands still would stop all tests, unnamed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What takes a bound as `timeout=`; and methods that take it as their only argument.
COMMANDS = {f"subprocess.{n}" for n in ("run", "call", "check_call", "check_output")}
REQUESTS = {f"requests.{n}" for n in ("get", "head", "post", "put", "patch", "delete")}
CONNECTIONS = {
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "socket.create_connection",
    "urllib.request.urlopen",
}
NAMED = {*COMMANDS, *REQUESTS, *CONNECTIONS, "requests.request"}
# The same of an object: `process.communicate`, `session.get`, `_opener.open`.
ENDINGS = ("communicate", "session.get", "session.post", "opener.open", "as_completed")
BARE = {"wait", "join", "get", "result", "acquire"}
# What takes no bound, and which call in the same function sets one.
BOUNDED_BY = {
    "os.read": ("select.select", "poll"),
    "os.waitpid": ("signal.alarm",),  # its child may have set itself a bound
    "stdout.read": ("threading.Timer",),
    "stdout.readline": ("threading.Timer",),
    "stderr.read": ("threading.Timer",),
    "stderr.readline": ("threading.Timer",),
    "recv": ("settimeout", "poll"),
    "accept": ("settimeout",),
    "asyncio.run": ("asyncio.wait_for",),
}
# These may be called without a wait; the word that says so.
AT_ONCE = {"os.waitpid": "WNOHANG", "fcntl.flock": "LOCK_NB", "fcntl.lockf": "LOCK_NB"}


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
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield from ((n.lineno, ast.unparse(n)) for n in find_processes(node))
        elif isinstance(node, ast.For) and is_output(node.iter):
            yield node.lineno, f"for ... in {ast.unparse(node.iter)}"


def waits(call: ast.Call, function: ast.AST) -> bool:
    """Whether a call may last for ever; `function` is what it stands in."""
    options = {k.arg for k in call.keywords}
    if "timeout" in options or not isinstance(call.func, ast.Attribute):
        return False
    name = ast.unparse(call.func)
    if name in NAMED or name.lower().endswith(ENDINGS):
        return True
    if name == "select.select":
        return len(call.args) < 4
    if name in AT_ONCE and AT_ONCE[name] in ast.unparse(call):
        return False
    if name.startswith("fcntl."):
        return name in AT_ONCE
    bounds = next((b for n, b in BOUNDED_BY.items() if ends_with(name, n)), None)
    if bounds is None:
        return call.func.attr in BARE and not call.args and not options
    if name == "dialog.accept":  # the answer to a browser's question
        return False
    owner = ast.unparse(call.func.value)
    near = {b if "." in b else f"{owner}.{b}" for b in bounds}
    return not near & calls(function)


def ends_with(name: str, ending: str) -> bool:
    """Whether a dotted name is another one, or ends with it."""
    return f".{name}".endswith(f".{ending}")


def find_processes(node: ast.With | ast.AsyncWith) -> Iterator[ast.expr]:
    """Processes that a `with` waits for at its end, for ever if need be."""
    for item in node.items:
        made = item.context_expr
        if isinstance(made, ast.Call) and ast.unparse(made.func) == "subprocess.Popen":
            yield made


def is_output(node: ast.expr) -> bool:
    """Whether it is what a process prints, as it comes, line by line."""
    return isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr")


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
        "process.stdout.readline()",
        "server.accept()",
        "ours.recv(100)",
        "os.read(ours, 100)",
        "select.select([ours], [], [])",
        "socket.create_connection(address)",
        "http.client.HTTPConnection(host)",
        "session.get(url)",
        "self._opener.open(request)",
        "asyncio.run(work())",
        "fcntl.flock(file, fcntl.LOCK_EX)",
        "with subprocess.Popen(words) as process:\n    look()",
        "for line in process.stdout:\n    look()",
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
        "def f():\n    ours.settimeout(60)\n    return ours.recv(100)",
        "def f():\n    select.select([ours], [], [], 60)\n    os.read(ours, 100)",
        "socket.create_connection(address, timeout=60)",
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "for line in done.stdout.splitlines():\n    look()",
        "page.on('dialog', lambda dialog: dialog.accept())",
        "while time.monotonic() < until:\n    time.sleep(0.1)",
    ],
)
def test_a_wait_with_a_bound_is_none(text: str) -> None:
    """Is nothing said of waits that end?"""
    assert list(unbounded(text)) == []


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_hang_has_a_name(tmp_path: Path, workers: str) -> None:
    """Does a test that stands still end the run, with its name and where it stands?"""
    config = (TESTS.parent / "pyproject.toml").read_text(encoding="utf-8")
    patience = "faulthandler_timeout = 1200"
    assert config.count(patience) == 1 and "exit_on_timeout = true" in config
    hang = "import threading\n\ndef test_stands(): threading.Event().wait(600)\n"
    (tmp_path / "test_hang.py").write_text(hang, encoding="utf-8")
    words = ["-n", workers, "--max-worker-restart=0", str(tmp_path)]
    options = ["-c", str(TESTS.parent / "pyproject.toml")]
    options += ["-o", "faulthandler_timeout=1"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *options],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "passed" not in said
    assert "test_hang.py" in said and "in test_stands" in said
