"""Jobs and results as bytes: the same at the other end, and nothing else accepted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_assignment import material

from unrolled.course.limits import Limits
from unrolled.grade.scheduling.job import GradingJob, JobResult
from unrolled.grade.scheduling.wire import (
    WireError,
    WorkerAnswer,
    decode_answer,
    decode_job,
    decode_material,
    encode_answer,
    encode_job,
    encode_material,
)

SMALL = replace(material(), data={"words.txt": bytes(range(256))})
JOB = GradingJob(
    student="ada",
    name="x.ipynb",
    submission=b"\x00\xff{",
    material=SMALL,
    seed=2**200,
    limits=Limits(call_seconds=0.5),
)
POINTS = {
    c["metadata"]["nbgrader"]["grade_id"]: c["metadata"]["nbgrader"]["points"]
    for c in SMALL.release["cells"]
    if c["metadata"].get("nbgrader", {}).get("grade")
}
NOTEBOOK = json.dumps({"cells": [], "metadata": {"unrolled": {"verdict": {}}}})
RIGHT = JobResult(
    student="ada", notebook=NOTEBOOK, scores=dict(POINTS), comments={"why": None}
)
WRONG_FILE = JobResult(student="ada", reason="no notebook")


def test_a_job_arrives_as_it_was() -> None:
    """Are submission, seed, limits and material the same, to the byte?"""
    data = encode_material(SMALL)
    assert decode_job(data, encode_job(JOB)) == JOB
    assert decode_material(data).digest == SMALL.digest
    assert decode_material(data) is decode_material(data)


def test_a_job_holds_no_material_twice() -> None:
    """Is what is the same for all students sent apart from the job?"""
    assert SMALL.oracle.strip().encode() not in encode_job(JOB)
    assert len(encode_job(JOB)) < 1000


@pytest.mark.parametrize("graded", [RIGHT, WRONG_FILE, None])
def test_an_answer_arrives_as_it_was(graded: JobResult | None) -> None:
    """Do result, reason and the worker's version come back?"""
    answer = WorkerAnswer("engine 1", graded, "" if graded else "no sandbox")
    assert decode_answer(encode_answer(answer), JOB) == answer


WRONG: dict[str, JobResult] = {
    "not 'ada'": replace(RIGHT, student="eve"),
    "the cells of its result": replace(RIGHT, scores={}),
    "gives": replace(RIGHT, scores={n: p + 1 for n, p in POINTS.items()}),
    "no graded notebook": replace(RIGHT, notebook=""),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_result_that_cannot_be_one_of_this_job_is_refused(why: str) -> None:
    """Is it told what is wrong with it?"""
    with pytest.raises(WireError, match=why):
        decode_answer(encode_answer(WorkerAnswer("e", WRONG[why])), JOB)


def test_negative_and_odd_scores_are_refused() -> None:
    """Can no worker take points away, or give something that is no number?"""
    for score in (-1, float("nan"), "3", [1]):
        scores: Any = dict.fromkeys(POINTS, score)
        with pytest.raises(WireError):
            decode_answer(
                encode_answer(WorkerAnswer("e", replace(RIGHT, scores=scores))), JOB
            )


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.binary() | documents.map(lambda d: json.dumps(d).encode()))
def test_whatever_a_worker_sends_is_an_answer_or_refused(data: bytes) -> None:
    """Does no byte string do anything but that?"""
    with pytest.raises(WireError):
        decode_answer(data, JOB)


@settings(max_examples=200, deadline=None)
@given(documents, st.sampled_from(["student", "reason", "notebook", "scores", "x"]))
def test_odd_fields_of_a_result_are_refused(value: Any, key: str) -> None:
    """Is a result with something odd in a field no result?"""
    document = json.loads(encode_answer(WorkerAnswer("e", RIGHT)))
    if document["graded"].get(key, "none") == value:
        return
    document["graded"][key] = value
    try:
        answer = decode_answer(json.dumps(document).encode(), JOB)
    except WireError:
        return
    assert answer.graded is not None and type(answer.graded.reason) is str
    assert answer.graded.reason or answer.graded.scores == RIGHT.scores
