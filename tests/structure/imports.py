"""Who imports whom in src, and the order that the packages keep.

The ORDER is data; so is what a few folders may import, and who may speak with the
gradebook's database. Functions find what breaks a rule, and each finding says where
it is and what to do. `test_structure.py` asks them; `figures.py` and `picture.py`
read the same imports.

An import counts wherever it stands: at the top, in a function, under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "unrolled"

# A package's places, lowest first. Who stands on a line may import what stands on the
# lines before it: nothing above, and nothing beside. "." are the modules that lie in
# the package itself, "__init__" is its door: above all, unless a line says otherwise.
ORDER: dict[str, tuple[str, ...]] = {
    "unrolled": (
        "__init__",  # the version, and nothing else
        "errors doors",
        "sandbox",
        "processes files timestamps",
        "lab",
        "course",
        "pages",
        "assignment",
        "gradebook",
        "deadlines",  # when one student's work is due, and what lateness costs
        "pipeline",
        "converters",
        "grade",
        "feedback",
        "author",
        "canvas",
        "class_report regrade",
        "marking",  # marks by hand, and comments for a cluster of the class report
        "similar",  # works that are alike; asks the class report who fails how
        "hub",
        "trace handout",
        "report",
        "samples",
        "new_term",
        "cli",
        "__main__",
    ),
    "unrolled.grade": (
        "protocol",
        "student",
        "worker",
        "session",
        "judge doctor",
        "submission",
        "scheduling",
        "warm",
        ".",
    ),
    "unrolled.hub": (
        ".",
        "lti exchange staff",
        "student",
        "marking",
        "grading",  # shows what was collected and what students see
        "setup",
        "check",
    ),
}

# All of ours that these folders may import, beside themselves. The student's process
# loads the last three, and nothing that it loads may know a solution or a score.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "unrolled.lab": ("unrolled.errors",),
    "unrolled.grade.student": ("unrolled.grade.protocol", "unrolled.sandbox"),
    "unrolled.grade.protocol": ("unrolled.sandbox", "unrolled.errors"),
    "unrolled.sandbox": ("unrolled.errors",),
}
STUDENT = "unrolled.grade.student"
LATE = "unrolled.doors"  # what it opens is loaded when somebody asks, and not before

# Only this package speaks with the gradebook's database.
SPEAKER = "unrolled.gradebook"
DATABASE = ("nbgrader.api", "sqlalchemy", "sqlite3")
# Who else may, and why: (module, what it imports) -> reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}

MOST_FILES = 10
MORE_FILES = {"unrolled.lab.figures": 18}  # one module a topic of the lessons


@dataclass(frozen=True, kw_only=True)
class Import:
    """One import: which module asks for what, and where it says so."""

    importer: str
    module: str  # of ours: exactly this module; of others: as it is written
    name: str  # what is taken out of the module, "" for the module itself
    path: Path
    line: int
    is_late: bool  # in a function, or for types only: loading the module skips it

    @property
    def target(self) -> str:
        """The whole dotted name of what is imported."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def where(self) -> str:
        """The file and the line, as an editor opens them."""
        return f"{show_path(self.path)}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A source tree: its modules, its packages (a subset), and all their imports."""

    name: str
    modules: Mapping[str, Path]
    packages: frozenset[str]
    imports: tuple[Import, ...]

    @property
    def own_imports(self) -> Iterable[Import]:
        """Which module of ours imports which other one, once a line."""
        own = {
            (one.importer, one.module, one.line): one
            for one in self.imports
            if one.module in self.modules and one.module != one.importer
        }
        return own.values()


def show_path(path: Path) -> str:
    """A path as seen from the project's root, where it lies in there."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def read_tree(source: Path = SOURCE) -> Tree:
    """Read all modules under a folder; the folder's name is the package's."""
    return _read_source() if source == SOURCE else _read_folder(source)


@cache
def _read_source() -> Tree:
    """Our own modules, read once for all tests: it takes seconds."""
    return _read_folder(SOURCE)


def _read_folder(source: Path) -> Tree:
    files = {_name_module(source, path): path for path in sorted(source.rglob("*.py"))}
    packages = frozenset(n for n, path in files.items() if path.stem == "__init__")
    found = (one for name in files for one in _read_imports(name, files))
    return Tree(
        name=source.name, modules=files, packages=packages, imports=tuple(found)
    )


def _name_module(source: Path, path: Path) -> str:
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read_imports(importer: str, files: Mapping[str, Path]) -> Iterator[Import]:
    """All imports of one module, each name of a `from` import for itself."""
    path = files[importer]
    syntax = ast.parse(path.read_text(encoding="utf-8"), str(path))
    late = set(_walk_late(syntax))
    for node in ast.walk(syntax):
        for module, name in _list_targets(node, importer, files):
            yield Import(
                importer=importer,
                module=module,
                name=name,
                path=path,
                line=getattr(node, "lineno", 0),
                is_late=node in late,
            )


def _walk_late(syntax: ast.Module) -> Iterator[ast.AST]:
    """All nodes that do not run when the module is loaded."""
    for node in ast.walk(syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ast.walk(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                yield from ast.walk(child)


def _list_targets(
    node: ast.AST, importer: str, files: Mapping[str, Path]
) -> Iterator[tuple[str, str]]:
    """What a node imports: pairs of a module and a name in it, which may be empty."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    if not isinstance(node, ast.ImportFrom):
        return
    base = _resolve(node, importer, files)
    for alias in node.names:
        inner = f"{base}.{alias.name}"
        yield (inner, "") if inner in files else (base, alias.name)


def _resolve(node: ast.ImportFrom, importer: str, files: Mapping[str, Path]) -> str:
    """The module that a `from` import names, whole also where it is relative."""
    if not node.level:
        return node.module or ""
    is_package = files[importer].stem == "__init__"
    parts = importer.split(".")
    above = parts[: len(parts) - node.level + is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def is_inside(module: str, package: str) -> bool:
    """Is it the package itself, or something in it?"""
    return module == package or module.startswith(f"{package}.")


# The order.


def find_unplaced(tree: Tree) -> list[str]:
    """Places that ORDER does not know, and lines of ORDER where nothing lies."""
    problems = []
    for package in ORDER.keys() & tree.packages:
        ranks = _rank_places(package)
        there = {
            _find_place(tree, module, package): path
            for module, path in tree.modules.items()
            if is_inside(module, package)
        }
        problems += [
            f"{show_path(there[place])}:1: ORDER[{package!r}] has no {place!r}. Put it "
            "on the lowest line that stands above all it imports."
            for place in there.keys() - ranks.keys()
        ]
    return sorted(problems)


def find_upward(tree: Tree) -> list[str]:
    """Imports that run up the order, or to a neighbour on the same line of it."""
    return sorted(
        f"{one.where}: {one.importer} imports {one.module}, but {words}. Move what is "
        "shared down, or hand it in as an argument."
        for one in tree.own_imports
        for words in _explain_direction(tree, one)
    )


def _explain_direction(tree: Tree, one: Import) -> Iterator[str]:
    """Words for an import that goes the wrong way; nothing for a good one."""
    package = _share_package(one.importer, one.module)
    ranks = _rank_places(package)
    low, high = (_find_place(tree, m, package) for m in (one.importer, one.module))
    if low == high or low not in ranks or high not in ranks:
        return
    if ranks[low] < ranks[high]:
        yield f"in {package} {high!r} stands above {low!r}"
    elif ranks[low] == ranks[high]:
        yield f"in {package} {high!r} stands beside {low!r}"


def _share_package(first: str, second: str) -> str:
    """The deepest package that holds both."""
    shared = []
    for one, other in zip(first.split("."), second.split("."), strict=False):
        if one != other:
            break
        shared.append(one)
    return ".".join(shared)


def _find_place(tree: Tree, module: str, package: str) -> str:
    """The place of a module in a package, as ORDER names it."""
    if module == package:
        return "__init__"
    inner = module.removeprefix(f"{package}.")
    lies_here = "." not in inner and module not in tree.packages
    return "." if lies_here and package != tree.name else inner.split(".")[0]


def _rank_places(package: str) -> dict[str, int]:
    """The rank of each place of a package; a door is above all unless it has a line."""
    lines = ORDER.get(package, ())
    ranks = {place: rank for rank, line in enumerate(lines) for place in line.split()}
    return {"__init__": len(lines), **ranks} if ranks else {}


# Folders, boundaries, the gradebook's database.


def find_crowded(tree: Tree) -> list[str]:
    """Folders with more files than a reader takes in at a glance."""
    folders: dict[str, list[Path]] = {}
    for module, path in tree.modules.items():
        package = module if module in tree.packages else module.rpartition(".")[0]
        folders.setdefault(package, []).append(path)
    return [
        f"{show_path(files[0].parent)}: {len(files)} files, and at most {most} fit. "
        "Put those that belong together into a folder of their own."
        for package, files in sorted(folders.items())
        if len(files) > (most := MORE_FILES.get(package, MOST_FILES))
    ]


def find_leaks(tree: Tree, package: str) -> list[str]:
    """What a folder of MAY_IMPORT imports of ours without leave."""
    allowed = (package, *MAY_IMPORT[package])
    return [
        f"{one.where}: {one.importer} imports {one.module}; {package} may know only "
        f"{' and '.join(MAY_IMPORT[package])}. Move what needs more out of there."
        for one in tree.own_imports
        if is_inside(one.importer, package)
        and not any(is_inside(one.module, name) for name in allowed)
    ]


def find_open_doors(tree: Tree, package: str) -> list[str]:
    """What the doors above a folder load, and with them whoever imports the folder.

    Python runs `unrolled/grade/__init__.py` before anything in `unrolled/grade/`.
    """
    parts = package.split(".")
    doors = {".".join(parts[:end]) for end in range(1, len(parts))}
    allowed = (package, *MAY_IMPORT[package], LATE)
    return [
        f"{one.where}: the door of {one.importer} loads {one.module}, and so does each "
        f"process that imports {package}. Open it late: unrolled/doors.py says how."
        for one in tree.own_imports
        if one.importer in doors
        and not one.is_late
        and not any(is_inside(one.module, name) for name in allowed)
    ]


def find_speakers(tree: Tree) -> list[str]:
    """Imports of the gradebook's database outside the package that speaks with it."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for one in _list_speakers(tree):
        if (one.importer, one.target) not in EXCEPTIONS:
            key = (one.where, one.importer, one.module)
            names.setdefault(key, []).append(one.name or one.module)
    return [
        f"{where}: {importer} imports {', '.join(taken)} ({module}); only {SPEAKER} "
        "speaks with the gradebook's database. Give it a function there, and call that."
        for (where, importer, module), taken in names.items()
    ]


def find_idle_exceptions(tree: Tree) -> list[str]:
    """Exceptions that nobody needs any more."""
    used = {(one.importer, one.target) for one in _list_speakers(tree)}
    return [
        f"EXCEPTIONS has {pair}, which nobody needs any more. Take it out."
        for pair in sorted(EXCEPTIONS.keys() - used)
    ]


def _list_speakers(tree: Tree) -> Iterator[Import]:
    """All imports of DATABASE outside SPEAKER."""
    for one in tree.imports:
        is_database = any(is_inside(one.target, name) for name in DATABASE)
        if is_database and not is_inside(one.importer, SPEAKER):
            yield one
