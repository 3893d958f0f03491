"""Small source trees, made to break one rule."""

from __future__ import annotations

from pathlib import Path

from imports import Tree, read_tree


def make_tree(folder: Path, files: dict[str, str]) -> Tree:
    """Write modules below a folder `unrolled`, each package with a door; read them.

    The names are paths in it: "grade/run.py".
    """
    source = folder / "unrolled"
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in [source, *source.rglob("*")]:
        if path.is_dir() and not (path / "__init__.py").exists():
            (path / "__init__.py").write_text('"""A door."""\n', encoding="utf-8")
    return read_tree(source)
