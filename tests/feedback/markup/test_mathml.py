"""Formulas of lessons and answers, as MathML in feedback and formgrader."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from bs4 import BeautifulSoup
from jinja2 import Environment
from nbconvert.filters.markdown_mistune import MarkdownWithMath

from unrolled.feedback.markup.mathml import (
    LONGEST,
    FormulaError,
    MathRenderer,
    convert_formula,
    markdown2html,
)

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted(ROOT.glob("release/*/*.ipynb")) + sorted(
    ROOT.glob("solutions/*/*.ipynb")
)
SPACE = "{http://www.w3.org/1998/Math/MathML}"


class Reader(MathRenderer):
    """Collects formulas; one that cannot be converted fails the test."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def inline_math(self, body: str) -> str:
        self.found.append(convert_formula(body, "inline"))
        return ""

    def block_math(self, body: str) -> str:
        self.found.append(convert_formula(body, "block"))
        return ""

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")


def html(markdown: str) -> str:
    """What the filter makes, called as a template calls it."""
    environment = Environment()
    environment.filters["markdown2html"] = markdown2html
    page = environment.from_string("{{ text | markdown2html }}")
    return page.render(text=markdown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_every_formula_of_the_course_becomes_mathml(path: Path) -> None:
    """Can each formula of release and solution be converted, into sound XML?"""
    reader = Reader()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            MarkdownWithMath(renderer=reader).render("".join(cell["source"]))
    assert reader.found
    for formula in reader.found:
        assert fromstring(formula).tag == f"{SPACE}math" and "\\" not in formula


def test_there_are_notebooks_of_seven_lessons() -> None:
    """Does the test above look at anything?"""
    assert len(NOTEBOOKS) == 14


def test_code_and_money_are_no_formulas() -> None:
    """Are dollars in code, of a price and behind a backslash left as they are?"""
    for text, wanted in (
        ("`$x$` and `a $ b`", "<code>$x$</code>"),
        ("```\nprice = $5 + $6\n```", "price = $5 + $6"),
        ("It costs $5.", "It costs $5."),
        (r"From \$5 to \$6 a day.", "From $5 to $6 a day."),
    ):
        made = html(text)
        assert wanted in made and "<math" not in made


def test_a_formula_is_drawn_in_its_place() -> None:
    """Are inline, display and aligned formulas told apart, with the text around?"""
    made = html("So $h_t$ is\n\n$$a < b$$\n\n\\begin{align}x &= 1\\end{align}\n\nend")
    assert made.count("<math") == 3 and made.count('display="block"') == 2
    assert "<p>So <math" in made and "<p>end</p>" in made
    assert "&lt;" in made and "$" not in made


def test_what_cannot_be_converted_is_readable() -> None:
    """Does nonsense come out as it was typed, never as an error or half a formula?"""
    for typed in (r"\frac{", "x_", r"\unknown{x}", "}{", "x" * (LONGEST + 1)):
        made = html(f"See ${typed}$ here.")
        assert f'<code class="formula">${typed}$</code> here.' in made
        assert "<math" not in made
    with pytest.raises(FormulaError, match="unknown"):
        convert_formula(r"\unknown{x}", "inline")


ATTACKS = (
    r"\text{<img src=x onerror=alert(1)>}",
    r"\text{&lt;img src=x onerror=alert(1)&gt;}",
    r"\text{&#60;script&#62;alert(1)&#60;/script&#62;}",
    r"\href{javascript:alert(1)}{x}",
    r"\mathrm{<script>alert(1)</script>}",
    r"\class{x\" onmouseover=\"alert(1)}{y}",
    r"\color{red\" onmouseover=\"alert(1)}{y}",
    r"\style{background:url(//x)}{y}",
    "<script>alert(1)</script>",
    r"\frac{<script>alert(1)</script>",
    r"\begin{array}{c\" onclick=\"alert(1)}x\end{array}",
)

FRAMES = ("${}$", "$${}$$", "\\begin{{align}}{}\\end{{align}}")


@pytest.mark.parametrize("formula", ATTACKS)
@pytest.mark.parametrize(
    "frame", ["${}$", "$${}$$", "\\begin{{align}}{}\\end{{align}}"]
)
def test_a_formula_of_an_answer_runs_nothing(formula: str, frame: str) -> None:
    """Is whatever a student types in a formula text, without a tag or a handler?"""
    page = BeautifulSoup(html(frame.format(formula)), "html.parser")
    assert not page.find_all(["script", "img", "a", "style", "svg", "iframe"])
    for tag in page.find_all(True):
        assert not any(k.startswith("on") or k in ("href", "style") for k in tag.attrs)
