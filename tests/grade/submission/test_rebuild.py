"""Only the student's own text counts; what is lost or doubled is found and reported."""

from __future__ import annotations

import base64
import copy
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.small_assignment import (
    RIGHT,
    cell,
    graded,
    material,
    release_notebook,
    submission,
)

from unrolled.grade.submission.rebuild import RebuiltNotebook, rebuild_submission

Notebook = dict[str, Any]


def made(submitted: Any) -> RebuiltNotebook:
    """The rebuilt notebook of the small assignment."""
    return rebuild_submission(material(), submitted)


def sources(rebuilt: RebuiltNotebook) -> list[str]:
    """The texts of its cells."""
    return [c["source"] for c in rebuilt.notebook["cells"]]


def solution(rebuilt: RebuiltNotebook, name: str) -> str:
    """The text of one solution cell."""
    return next(
        str(c["source"])
        for c in rebuilt.notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def named(notebook: Notebook, name: str) -> Notebook:
    """The submitted cell with a grade id."""
    return next(
        c
        for c in notebook["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == name
    )


def test_an_honest_submission_is_taken_over_without_a_word() -> None:
    """Is the student's code in its place, and nothing else changed?"""
    rebuilt = made(submission(**RIGHT))
    assert rebuilt.repairs == ()
    assert "return 2 * x" in solution(rebuilt, "double")
    assert len(sources(rebuilt)) == len(release_notebook()["cells"])


def test_edited_tests_and_given_cells_are_the_released_ones() -> None:
    """Does editing a check or a given cell change anything but the report?"""
    notebook = submission(**RIGHT)
    named(notebook, "double_values")["source"] = "pass"
    notebook["cells"][1]["source"] = "np = None"
    rebuilt = made(notebook)
    assert solution(rebuilt, "double_values") == solution(
        made(release_notebook()), "double_values"
    )
    assert "np = None" not in sources(rebuilt)
    assert any("Check double_values was changed" in r for r in rebuilt.repairs)
    assert any("Given cell cell-1 was changed" in r for r in rebuilt.repairs)


def test_a_deleted_check_is_back() -> None:
    """Is a grade cell that was deleted there again, and said so?"""
    notebook = submission(**RIGHT)
    notebook["cells"].remove(named(notebook, "double_values"))
    rebuilt = made(notebook)
    assert solution(rebuilt, "double_values")
    assert any("Check double_values was missing" in r for r in rebuilt.repairs)


@pytest.mark.parametrize("order", ["first", "last"])
def test_of_two_copies_the_written_one_counts(order: str) -> None:
    """Is the copy with work in it taken, wherever the empty one stands?"""
    notebook = submission(**RIGHT)
    empty = copy.deepcopy(named(release_notebook(), "double"))
    place = 0 if order == "first" else len(notebook["cells"])
    notebook["cells"].insert(place, empty)
    rebuilt = made(notebook)
    assert "return 2 * x" in solution(rebuilt, "double")
    assert sum("def double" in s for s in sources(rebuilt)) == 1
    assert any("2 times" in r for r in rebuilt.repairs)


def test_a_cell_that_lost_its_metadata_is_found_by_what_it_defines() -> None:
    """Is work in a plain copy of the cell found again?"""
    notebook = submission(quadruple=RIGHT["quadruple"])
    notebook["cells"].remove(named(notebook, "double"))
    notebook["cells"].append(cell("code", "def double(x):\n    return x + x"))
    rebuilt = made(notebook)
    assert "return x + x" in solution(rebuilt, "double")
    assert sum("def double" in s for s in sources(rebuilt)) == 1


def test_merged_cells_still_define_both_functions() -> None:
    """Are two solution cells merged into one not overwritten by an empty one?"""
    notebook = submission(**RIGHT)
    second = named(notebook, "quadruple")
    named(notebook, "double")["source"] += "\n\n" + second["source"]
    notebook["cells"].remove(second)
    rebuilt = made(notebook)
    assert "NotImplementedError" not in "\n".join(sources(rebuilt))
    assert any("another cell defines it" in r for r in rebuilt.repairs)


def test_metadata_and_outputs_of_the_file_count_for_nothing() -> None:
    """Do tags, points, foreign schemas or outputs get in?"""
    notebook = submission(**RIGHT)
    for number, made_cell in enumerate(notebook["cells"]):
        made_cell["metadata"]["tags"] = ["skip-execution"]
        made_cell["outputs"] = [{"output_type": "display_data"}]
        if "nbgrader" in made_cell["metadata"]:
            schema = (2, 99, "x")[number % 3]
            made_cell["metadata"]["nbgrader"] |= {
                "schema_version": schema,
                "points": 99,
            }
    rebuilt = made(notebook)
    text = str(rebuilt.notebook)
    assert "skip-execution" not in text and "display_data" not in text
    assert "99" not in text


def test_own_cells_stay_where_the_student_put_them() -> None:
    """Do added cells keep their place between the released ones?"""
    notebook = submission(**RIGHT, why_cell="Because.")
    notebook["cells"].insert(3, cell("code", "mine = 1"))
    notebook["cells"].insert(0, cell("markdown", "before all"))
    rebuilt = sources(made(notebook))
    assert rebuilt[0] == "before all"
    assert rebuilt.index("mine = 1") == 1 + 3


def picture(kind: str) -> str:
    """A small real picture, base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def test_only_real_pictures_stay_attached_to_answers() -> None:
    """Do PNG and JPEG stay with a written answer, and nothing else?"""
    notebook = submission(why_cell="See ![a](attachment:a.png)")
    named(notebook, "why")["attachments"] = {
        "a.png": {"image/png": picture("PNG"), "text/html": "<script>"},
        "b.png": {"image/png": picture("JPEG")},
        "c.svg": {"image/svg+xml": "<svg onload='x()'/>"},
        "../d.png": {"image/png": picture("PNG")},
    }
    rebuilt = made(notebook)
    answer = next(c for c in rebuilt.notebook["cells"] if "attachments" in c)
    assert answer["attachments"] == {"a.png": {"image/png": picture("PNG")}}


def test_answers_keep_every_character() -> None:
    """Is a written text taken over as it is? (What shows it makes it safe to show.)"""
    text = "<script>x</script> a < b `<b>` $x<y$ `` `<i>` ``"
    assert solution(made(submission(why_cell=text)), "why") == text


json_like: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
cell_like = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": json_like | st.sampled_from(["code", "markdown", "raw"]),
        "source": json_like | st.lists(st.text(max_size=9)),
        "metadata": json_like
        | st.builds(
            lambda name: {"nbgrader": graded(name, False, True)},
            st.sampled_from(["double", "quadruple", "why", "double_values"]),
        ),
        "id": json_like | st.sampled_from(["cell-1", "cell-2"]),
        "attachments": json_like,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({"cells": st.lists(cell_like | json_like, max_size=8)}))
def test_any_document_is_rebuilt_into_the_released_structure(document: Any) -> None:
    """Whatever the file holds: are all released cells there, once, in order?"""
    rebuilt = made(document).notebook["cells"]
    ids = [c["id"] for c in rebuilt]
    released = [c["id"] for c in release_notebook()["cells"]]
    assert [i for i in ids if i in released] == released
    assert len(set(ids)) == len(ids)
    for made_cell in rebuilt:
        assert isinstance(made_cell["source"], str)
