"""A marker in formgrader: nbgrader's own handlers, without the web server.

`python marker.py COURSE ASSIGNMENT ROUNDS` says that it is ready, waits for a line,
marks every written answer again and again, and prints what it wrote last, as JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from types import SimpleNamespace
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader import apihandlers as web


def request(gradebook: Gradebook, handler: Any, row: str, body: Any = None) -> Any:
    """What a handler answers; it is called as the web server would call it."""
    answer: list[str] = []
    this = SimpleNamespace(
        gradebook=gradebook,
        write=answer.append,
        get_json_body=lambda: body,
        get_argument=lambda _: row,
    )
    if body is None:
        inspect.unwrap(handler.get)(this)
    else:
        inspect.unwrap(handler.put)(this, row)
    return json.loads(answer[0])


def mark(gradebook: Gradebook, part: str, number: int) -> tuple[float, str]:
    """Read a submission as the page does, then mark and comment on each answer."""
    points, words = float(number % 40), f"round {number}"
    for grade in request(gradebook, web.GradeCollectionHandler, part):
        if grade["name"] == "why":
            mark = {"manual_score": points, "extra_credit": None}
            said = request(gradebook, web.GradeHandler, grade["id"], mark)
            assert said["manual_score"] == points, said
    for comment in request(gradebook, web.CommentCollectionHandler, part):
        body = {"manual_comment": words}
        request(gradebook, web.CommentHandler, comment["id"], body)
    return points, words


def main(course: str, assignment: str, rounds: str) -> None:
    """Mark, with the database that nbgrader_config.py names."""
    os.chdir(course)
    app = NbGrader()
    app.load_config_file()
    place = CourseDirectory(config=app.config)
    last = {}
    with Gradebook(place.db_url, place.course_id) as gradebook:
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(1, int(rounds) + 1):
            for part in gradebook.notebook_submissions("tiny", assignment):
                last[part.student.id] = mark(gradebook, part.id, number)
    print(json.dumps(last))


if __name__ == "__main__":
    main(*sys.argv[1:])
