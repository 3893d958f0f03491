"""Importing the package leaves every other package as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

OURS = """
import importlib, pkgutil, unrolled
names = [m.name for m in pkgutil.walk_packages(unrolled.__path__, "unrolled.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
"""
THEIRS = """
import importlib, json
for name in json.loads(input()):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # made by another module, under a name of its own
"""
LOOK = """
import json, sys, types

def ours(value):
    module = getattr(value, "__module__", None)
    own = ("unrolled", "__main__", "__mp_main__")
    return isinstance(module, str) and module.split(".")[0] in own

def inside(owner, where):
    for key, value in list(vars(owner).items()):
        if ours(value) and not isinstance(value, types.ModuleType):
            yield f"{where}.{key}"
        if isinstance(value, (bool, int, float, str, type(None))):
            plain[f"{where}.{key}"] = repr(value)

modules = {n: m for n, m in sys.modules.items() if n.split(".")[0] not in
           ("unrolled", "__main__", "__mp_main__")}
plain, patched = {}, []
for name, module in modules.items():
    if not isinstance(module, types.ModuleType):
        continue
    patched += inside(module, name)
    for key, value in list(vars(module).items()):
        if isinstance(value, type) and value.__module__ == name:
            patched += inside(value, f"{name}.{key}")
print(json.dumps({
    "modules": [n for n in modules if isinstance(modules[n], types.ModuleType)],
    "empty": sorted(n for n, m in modules.items() if m is None),
    "patched": patched,
    "plain": plain,
}))
"""


def looked(script: str, told: str = "") -> Any:
    """What a fresh Python holds of others' modules after it has run a script."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script + LOOK],
        input=told,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# Whoever describes a table counts it up: the order of its columns.
COUNTERS = {"sqlalchemy.util.langhelpers._creation_order"}


def test_no_import_of_ours_changes_another_package() -> None:
    """Are others' modules the same with and without ours, none stopped, none patched?

    Values that differ between two runs without ours (times, paths) say nothing.
    """
    with_ours = looked(OURS)
    assert len(with_ours["modules"]) > 500
    assert with_ours["patched"] == []
    names = json.dumps(with_ours["modules"])
    first, second = looked(THEIRS, names), looked(THEIRS, names)
    assert with_ours["empty"] == first["empty"]
    steady = {k: v for k, v in first["plain"].items() if second["plain"].get(k) == v}
    assert len(steady) > 1000
    changed = {
        k: v
        for k, v in steady.items()
        if k not in COUNTERS and with_ours["plain"].get(k, v) != v
    }
    assert changed == {}


def test_reading_notebooks_builds_no_grammar() -> None:
    """Is the version of jsonschema that makes every command slow kept out by a pin?"""
    script = "import nbformat, sys; print('rfc3987_syntax' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=600
    )
    assert done.stdout.strip() == "False"
