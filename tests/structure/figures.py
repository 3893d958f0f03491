"""Measure a source tree, so that "readable" has numbers: files, functions, names.

    python tests/structure/figures.py                 src/unrolled
    python tests/structure/figures.py SRC_FOLDER      another tree
    python tests/structure/figures.py --json          for a program

All is read from the syntax trees; nothing is imported or run.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import math
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from imports import SOURCE, Tree, read_tree, show_path

# Words that tell somebody to do something. Many are nouns, too ("grade", "record"):
# they count, unless the next word is "of", which makes a noun of any verb. Those that
# are mostly nouns as the name of a function ("number", "label", "style") are left out.
WORDS = """
abort accept acquire activate adapt add adjust advance agree align allow amend
analyse analyze annotate announce answer append apply archive arrange ask assemble
assert assign attach authenticate authorize autograde await balance become begin
bind blend boot break bring broadcast build bump bundle cache calculate call cancel
capture carry cast catch change check choose clamp clean clear climb clip clone
close coerce collapse collect colour combine come commit compare compile complete
compose compress compute concatenate configure confirm connect construct consume
contain continue convert cook copy count cover crash crawl create crop cull cut
deactivate debug decide declare decode decorate decrease decrypt deduce deepcopy
define delay delegate delete deliver demand deny derive descend describe deserialize
destroy detach detect determine diagnose die disable discard disconnect discover
dismiss dispatch display dispose distribute divide do download drain draw drive drop
dump duplicate edit eject embed emit enable encode encrypt end enforce enlarge
enqueue enrol ensure enter enumerate erase escape establish estimate evaluate
examine exclude execute exit expand expect explain explore export expose express
extend extract fail feed fetch fill filter finalize find finish fit fix flatten flip
flush fold follow forbid force forget fork format freeze freshen gather generate get
give go grade grant greet group grow guard guess guide hand handle hang hash hear
hide highlight hint hold identify ignore import impose improve include increase
increment indent infer inform inherit initialize inject insert inspect install
instruct interpolate interpret interrupt intersect introduce invalidate invert
invoke isolate iterate join judge jump keep kill land launch lay lead leave lend let
lift link list listen load locate lock log loop lose make manage map mark mask match
materialize measure melt mend merge migrate minimize mirror mix modify monitor mount
move multiply mutate narrow negate nest normalize note notify obey observe obtain
offer omit open optimize order override pack pad paint parse partition pass paste
patch pause perform permit persist pick pin plan play plot plug poll pop populate
post predict prefer prepare preprocess preserve press prevent print process produce
propagate protect prove provide prune publish pull purge push put query quit quote
raise reach read realize reap rebind rebuild receive recognize recompute reconcile
record recover recurse redirect redraw reduce refer refresh refuse register reject
relate release reload remember remove rename render reorder repair repeat replace
replay reply report request require reset reshape resize resolve respond restart
restore restrict resume retain retrieve retry return retype reveal reverse revert
review revoke rewind rewire rewrite roll rotate round run sample sanitize save say
scale scan schedule score scrub seal search select send separate serialize serve set
settle share shift shorten show shrink shuffle shut sign silence simplify simulate
sketch skip sleep slice smooth solve sort spawn speak specify split spread stack
stage stamp start stop store stream strip submit subscribe subtract suggest sum
summarize supply support surround suspend swap sweep switch sync synchronize
tabulate take talk tear tell terminate test thaw throttle throw tidy tie tokenize
touch trace track train transfer transform translate traverse trigger trim truncate
trust try tune turn unbind undo unescape unify uninstall unite unlink unlock unmount
unpack unregister unshare unsolve unsubscribe unwrap update upgrade upload use
validate verify visit wait wake walk warm warn wash watch weigh welcome widen
withdraw wrap write yield zip
"""
VERBS = frozenset(WORDS.split())
PREDICATES = frozenset({"is", "has", "can"})  # a question, as good as a verb
# A name that another program or library has chosen, or that names a value.
NOT_OURS = ("pytest_", "test_", "setup_", "teardown_", "__")
VALUES = {"property", "cached_property", "setter", "getter", "default"}
POSITIONAL = 5  # arguments from here on want their names


@dataclass(frozen=True, kw_only=True)
class Function:
    """What is measured of one function, nested ones and methods included."""

    name: str
    where: str
    lines: int
    slots: int  # parameters and the return value
    typed: int
    is_named_by_us: bool

    @property
    def has_verb(self) -> bool:
        """Does the name begin with a verb?"""
        head, *rest = self.name.strip("_").split("_")
        return head in PREDICATES or (head in VERBS and rest[:1] != ["of"])


@dataclass(frozen=True, kw_only=True)
class File:
    """What is measured of one file."""

    lines: int
    code: int
    comments: int
    functions: tuple[Function, ...]
    anys: int
    long_calls: int


@dataclass(frozen=True, kw_only=True)
class FunctionFigures:
    """What the functions of a tree amount to; shares are in percent."""

    functions: int
    function_median: float
    function_90th: int
    function_longest: int
    function_longest_name: str
    annotated_share: float
    verb_share: float
    verb_share_public: float
    verb_share_private: float


@dataclass(frozen=True, kw_only=True)
class Figures(FunctionFigures):
    """The figures of a tree."""

    modules: int
    packages: int
    lines: int
    code_lines: int
    any_per_100_functions: float
    long_positional_calls: int
    modules_with_one_importer: int
    comment_lines_per_1000: float
    largest_folder: str
    largest_folder_files: int
    files_per_folder: float


# One file.


def measure_file(path: Path) -> File:
    """Measure one file."""
    text = path.read_text(encoding="utf-8")
    syntax = ast.parse(text, str(path))
    code, comments = _sort_lines(text, syntax)
    nodes = list(ast.walk(syntax))
    return File(
        lines=len(text.splitlines()),
        code=len(code),
        comments=len(comments - code),
        functions=tuple(_list_functions(syntax, show_path(path))),
        anys=sum(_is_any(node) for node in nodes),
        long_calls=sum(
            isinstance(node, ast.Call) and len(node.args) >= POSITIONAL
            for node in nodes
        ),
    )


def _sort_lines(text: str, syntax: ast.Module) -> tuple[set[int], set[int]]:
    """The lines that hold code, docstrings left out, and those that hold a comment."""
    code: set[int] = set()
    comments: set[int] = set()
    silent = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in silent and token.string:
            code.update(range(token.start[0], token.end[0] + 1))
    blank = {n for n, line in enumerate(text.splitlines(), 1) if not line.strip()}
    return code - blank - _find_docstrings(syntax), comments


def _find_docstrings(syntax: ast.Module) -> set[int]:
    """The lines of all docstrings."""
    owners = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    lines: set[int] = set()
    for node in ast.walk(syntax):
        if isinstance(node, owners) and ast.get_docstring(node, clean=False):
            first = node.body[0]
            lines.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return lines


def _is_any(node: ast.AST) -> bool:
    """Is it a use of `Any`? Its import is none."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return isinstance(node, ast.Name | ast.Attribute) and name == "Any"


# Functions.


def _list_functions(
    owner: ast.AST, file: str, *, nested: bool = False
) -> Iterator[Function]:
    """All functions under a node."""
    for node in ast.iter_child_nodes(owner):
        inner = nested
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _measure_function(node, owner, file, nested=nested)
            inner = True
        yield from _list_functions(node, file, nested=inner)


def _measure_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    owner: ast.AST,
    file: str,
    *,
    nested: bool,
) -> Function:
    slots = list(_list_slots(node, is_method=isinstance(owner, ast.ClassDef)))
    foreign = node.name.startswith(NOT_OURS) or VALUES & _name_decorators(node)
    return Function(
        name=node.name,
        where=f"{file}:{node.lineno}",
        lines=(node.end_lineno or node.lineno) - node.lineno + 1,
        slots=len(slots),
        typed=sum(slot is not None for slot in slots),
        is_named_by_us=not (nested or foreign),
    )


def _list_slots(
    node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool
) -> Iterator[ast.expr | None]:
    """The annotation of each parameter and of the return value; None for none."""
    args = node.args
    given = [*args.posonlyargs, *args.args]
    if is_method and "staticmethod" not in _name_decorators(node):
        given = given[1:]  # self
    given += args.kwonlyargs
    given += [more for more in (args.vararg, args.kwarg) if more is not None]
    yield from (parameter.annotation for parameter in given)
    yield node.returns


def _name_decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """The last word of each decorator: `setter` of `@size.setter`."""
    calls = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return {ast.unparse(name).rpartition(".")[2] for name in calls}


# The whole tree.


def measure_tree(tree: Tree) -> Figures:
    """All figures of a tree."""
    files = [measure_file(path) for path in tree.modules.values()]
    functions = [function for file in files for function in file.functions]
    lines = sum(file.lines for file in files)
    folders = Counter(path.parent for path in tree.modules.values())
    (largest, most), *_ = folders.most_common(1)
    return Figures(
        modules=len(files),
        packages=len(tree.packages),
        lines=lines,
        code_lines=sum(file.code for file in files),
        any_per_100_functions=_share(sum(f.anys for f in files), len(functions)),
        long_positional_calls=sum(file.long_calls for file in files),
        modules_with_one_importer=count_single_importers(tree),
        comment_lines_per_1000=10 * _share(sum(f.comments for f in files), lines),
        largest_folder=show_path(largest),
        largest_folder_files=most,
        files_per_folder=round(len(files) / len(folders), 1),
        **asdict(measure_functions(functions)),
    )


def measure_functions(functions: Sequence[Function]) -> FunctionFigures:
    """The figures of all functions together."""
    longest = max(functions, key=lambda function: function.lines)
    slots = sum(function.slots for function in functions)
    own = [function for function in functions if function.is_named_by_us]
    return FunctionFigures(
        functions=len(functions),
        function_median=statistics.median(f.lines for f in functions),
        function_90th=_find_90th([f.lines for f in functions]),
        function_longest=longest.lines,
        function_longest_name=f"{longest.name} ({longest.where})",
        annotated_share=_share(sum(f.typed for f in functions), slots),
        verb_share=_share_verbs(own),
        verb_share_public=_share_verbs([f for f in own if f.name[0] != "_"]),
        verb_share_private=_share_verbs([f for f in own if f.name[0] == "_"]),
    )


def _find_90th(lengths: Sequence[int]) -> int:
    return sorted(lengths)[math.ceil(0.9 * len(lengths)) - 1]


def _share(part: float, whole: float) -> float:
    """A share in percent; nothing of nothing is nothing."""
    return round(100 * part / whole, 1) if whole else 0.0


def _share_verbs(functions: Sequence[Function]) -> float:
    found = [function.has_verb for function in functions]
    return _share(sum(found), len(found))


def count_single_importers(tree: Tree) -> int:
    """Modules that only one other module imports; doors and `__main__` left out.

    Who imports a name through a door imports the module behind it; the door itself
    does not count.
    """
    own = [one for one in tree.imports if one.module in tree.modules]
    behind = {
        (one.importer, one.name): one.module
        for one in own
        if one.importer in tree.packages
    }
    pairs = {
        (one.importer, behind.get((one.module, one.name), one.module))
        for one in own
        if one.importer not in tree.packages
    }
    importers = Counter(module for importer, module in pairs if importer != module)
    return sum(
        importers[module] == 1 and not module.endswith("__main__")
        for module in tree.modules.keys() - tree.packages
    )


def main() -> None:
    """Print the figures of a tree."""
    parser = argparse.ArgumentParser(description="Measure a source tree.")
    parser.add_argument("source", nargs="?", type=Path, default=SOURCE)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not (given.source / "__init__.py").is_file():  # imports would fit no module
        parser.error(f"{given.source} is no package: name one, such as src/unrolled")
    figures = asdict(measure_tree(read_tree(given.source)))
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{value}")


if __name__ == "__main__":
    main()
