"""How Canvas takes grades, rule by rule: what we write, and what the stand-in does.

The rules of reading a CSV stand in test_canvas_importer.py, those of the cartridge
in test_canvas_cartridge.py.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import requests
from support.canvas_stand_in import Bucket, StandIn, parse_grade
from support.canvas_stand_in_server import Server

from unrolled.canvas.api.http import RetryingSession
from unrolled.canvas.api.token import Token
from unrolled.canvas.grades_csv.exported_csv import parse_number, read_exported_csv
from unrolled.canvas.grades_csv.plan import ExportPlan, plan_export
from unrolled.canvas.records import ExportedAssignment, Grade, Student

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,Notes,Lab (7),Essay (8)"
LAB = ExportedAssignment("01_lab", "Lab", 100.0)
BASE = "/api/v1/courses/77/assignments/501/submissions"


def plan(
    folder: Path, *rows: str, grades: dict[str, Grade], points: str = "100.00"
) -> ExportPlan:
    """The plan for students p1, p2, ..., whose Canvas ids are 1, 2, ...."""
    path = folder / "export.csv"
    lines = [HEAD, f"    Points Possible,,,,,,{points},20.00", *rows, ""]
    path.write_text("\n".join(lines))
    pupils = [Student(name=name, canvas_id=name[1:]) for name in grades]
    by_key = {(name, "01_lab"): grade for name, grade in grades.items()}
    return plan_export(read_exported_csv(path), pupils, [LAB], by_key)


def test_rows_are_as_long_as_the_header_with_one_kind_of_line_end(
    tmp_path: Path,
) -> None:
    """Are UTF-8 without BOM, minimal quoting, `\\n` and full rows kept?"""
    rows = ('"L, A",1,S1,ada,A,n,,5', "李 ,2,,bo,A,,3,5")
    data = plan(tmp_path, *rows, grades={"p1": Grade(5), "p2": Grade(None)}).to_csv()
    assert not data.startswith(b"\xef\xbb\xbf") and b"\r" not in data
    assert data.decode().split("\n")[2:] == [
        '"L, A",1,S1,ada,A,5.00',
        "李 ,2,,bo,A,3.00",
        "",
    ]
    widths = {len(row) for row in csv.reader(io.StringIO(data.decode()))}
    assert widths == {6}


def test_no_trailing_comma_and_no_quoted_empty_cell(tmp_path: Path) -> None:
    """Is no nameless column made, and no points cell changed by `""`?"""
    made = plan(tmp_path, "A,1,,ada,A,,,", grades={"p1": Grade(None)}, points="")
    assert b'""' not in made.to_csv() and not made.to_csv().split(b"\n")[0].endswith(
        b","
    )


def test_only_our_columns_and_identity_are_written(tmp_path: Path) -> None:
    """Are the notes between Section and the assignments, and others' columns, left?"""
    made = plan(tmp_path, "A,1,,ada,A,n,,5", grades={"p1": Grade(5)})
    assert made.header[-2:] == ("Section", "Lab (7)")
    left = {item.what: item.why for item in made.left_out}
    assert "not an assignment" in left["Notes"] and "Essay (8)" in left


@pytest.mark.parametrize("points", ["5e-05", "0.1", "1e3", "99.994"])
def test_always_raw_points_with_two_decimals(tmp_path: Path, points: str) -> None:
    """Is never an exponent, a percent or a thousands mark written?"""
    made = plan(tmp_path, "A,1,,ada,A,,,", grades={"p1": Grade(float(points))})
    cell = made.rows[1][-1]
    assert cell == f"{float(points):.2f}" and parse_grade(cell, 100) is not None


def test_the_key_is_nbgrader_s_lms_user_id(tmp_path: Path) -> None:
    """Does the Canvas id win over a login that somebody else has by now?"""
    made = plan(tmp_path, "A,1,,p2,A,,,", "B,2,,p1,A,,,", grades={"p1": Grade(5)})
    (filled,) = made.filled
    assert filled.canvas_student == "1" and made.rows[1][0] == "A"


@pytest.mark.parametrize("present", ["", "-", "3.00"])
def test_no_submission_is_never_a_zero_nor_a_blank_over_a_grade(
    tmp_path: Path, present: str
) -> None:
    """Is Canvas's present value copied where nothing was handed in?"""
    made = plan(tmp_path, f"A,1,,ada,A,,{present},", grades={"p1": Grade(None)})
    assert made.rows[1][-1] == present and not made.filled


def test_a_grade_that_is_no_number_of_points_is_left_alone(tmp_path: Path) -> None:
    """Is "complete" or "A-" in Canvas neither overwritten nor cleared?"""
    made = plan(tmp_path, "A,1,,ada,A,,complete,", grades={"p1": Grade(5)})
    assert made.rows[1][-1] == "complete" and "not a number of points" in made.as_text()


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12,50", 12.5),
        ("1,234.50", 1234.5),
        ("1.234,5", 1234.5),
        ("12", 12.0),
        ("-1.00", -1.0),
        ("1,2,3", None),
        ("", None),
        ("N/A", None),
    ],
)
def test_what_canvas_exports_is_understood(cell: str, number: float | None) -> None:
    """Are decimal commas and thousands marks of its export read as numbers?"""
    assert parse_number(cell) == number


def test_an_assignment_whose_title_loses_its_number_is_found(tmp_path: Path) -> None:
    """Is "Lab (2)", which Canvas exports as "Lab (2) (9)", not taken for id 2?"""
    path = tmp_path / "export.csv"
    path.write_text("Student,ID,Section,Lab (2) (9),Lab (2)\nA,1,S,,\n")
    pupils = [Student(name="p1", canvas_id="1")]
    work = ExportedAssignment("02", "Lab (2)", 10)
    columns = read_exported_csv(path).columns
    assert [c.title for c in columns] == ["Lab (2)", "Lab"]
    made = plan_export(
        read_exported_csv(path), pupils, [work], {("p1", "02"): Grade(5)}
    )
    assert not made.filled and "2 columns titled" in made.as_text()


@pytest.fixture
def canvas() -> StandIn:
    """Twelve students, one assignment."""
    made = StandIn()
    for number in range(1, 13):
        made.add_user(number, f"N{number}", sis_user_id=f"S:{number}")
    made.add_assignment(501, "Lab")
    return made


def ask(server: Server, method: str, path: str, **options: Any) -> requests.Response:
    """One plain request, by no code of ours."""
    headers = {"Authorization": f"Bearer {server.canvas.token}"}
    return requests.request(
        method, server.url + path, headers=headers, timeout=10, **options
    )


def bulk(server: Server, fields: dict[str, str]) -> str:
    """A bulk update, waited for; how its Progress ended."""
    job = ask(server, "POST", f"{BASE}/update_grades", data=fields).json()
    assert job["workflow_state"] == "queued"
    while job["workflow_state"] in ("queued", "running"):
        job = ask(server, "GET", f"/api/v1/progress/{job['id']}").json()
    return str(job["workflow_state"])


def test_bulk_update_returns_a_progress_to_poll(server: Server) -> None:
    """Are grades given by Canvas id and by sis_user_id, when the job is done?"""
    fields = {
        "grade_data[1][posted_grade]": "83.50",
        "grade_data[sis_user_id:S:2][posted_grade]": "50%",
        "grade_data[3][excuse]": "true",
    }
    assert bulk(server, fields) == "completed"
    state = server.canvas.state()
    assert state["501/1"][0] == 83.5 and state["501/3"][1] is True
    assert state["501/2"][0] == 50.0


def test_unknown_students_fail_the_job_but_others_are_graded(server: Server) -> None:
    """Does "failed" not mean that nothing was done?"""
    fields = {"grade_data[99][posted_grade]": "1", "grade_data[1][posted_grade]": "2"}
    assert bulk(server, fields) == "failed"
    assert server.canvas.state()["501/1"][0] == 2.0


def test_a_text_comment_is_added_at_every_run(server: Server) -> None:
    """Is a comment that is sent twice there twice, so that we need a journal?"""
    for _ in range(2):
        bulk(server, {"grade_data[1][text_comment]": "Hello"})
    assert [text for text, _ in server.canvas.state()["501/1"][2]] == ["Hello"] * 2


def test_paging_is_by_link_ten_a_page_unless_asked(server: Server) -> None:
    """Are there two pages of twelve, and one if a hundred are asked for?"""
    first = ask(server, "GET", BASE)
    assert len(first.json()) == 10
    second = ask(server, "GET", first.links["next"]["url"].removeprefix(server.url))
    assert len(second.json()) == 2 and "next" not in second.links
    assert len(ask(server, "GET", f"{BASE}?per_page=100").json()) == 12


def test_throttling_is_403_with_rate_limit_exceeded(server: Server) -> None:
    """Is it told by 403 and the header, and does our session wait and go on?"""
    server.canvas.bucket = Bucket(capacity=2, refill=4)
    server.canvas.bucket.level = 0
    answer = ask(server, "GET", BASE)
    assert answer.status_code == 403 and "Rate Limit Exceeded" in answer.text
    assert answer.headers["X-Rate-Limit-Remaining"] == "0.0"
    token = Token(server.canvas.token)
    session = RetryingSession(token, server.url, server.canvas.bucket.wait)
    headers = {"Authorization": "Bearer kept-by-unrolled"}
    answer = session.get(server.url + BASE, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert server.canvas.bucket.waited > 0


def test_429_is_taken_too_and_its_retry_after_kept(server: Server) -> None:
    """Is the pause as long as the server asks?"""
    server.faults = lambda n, m, p: 429 if n < 3 else None
    pauses: list[float] = []
    session = RetryingSession(Token(server.canvas.token), server.url, pauses.append)
    headers = {"Authorization": "Bearer kept-by-unrolled"}
    answer = session.get(server.url + BASE, headers=headers, timeout=60)
    assert answer.status_code == 200
    assert len(pauses) == 2 and all(p > 0 for p in pauses)


def names(server: Server, query: str) -> list[str]:
    """Who is in a list of users."""
    answer = ask(server, "GET", f"/api/v1/courses/77/search_users?{query}&per_page=99")
    return [u["name"] for u in answer.json()]


def test_the_test_student_is_enrolled_in_a_way_of_its_own(server: Server) -> None:
    """Is it left out of a list of students, and told where one asks for it?"""
    server.canvas.add_user(99, "Test Student", enrollment="student_view")
    assert "Test Student" not in names(server, "enrollment_type[]=student")
    assert names(server, "enrollment_type[]=student_view") == ["Test Student"]
    fields = {"grade_data[99][posted_grade]": "5"}
    assert bulk(server, fields) == "completed"
    assert server.canvas.state()["501/99"][0] == 5.0


def test_whom_an_assignment_is_not_assigned_to_is_missing(server: Server) -> None:
    """Is there no submission of theirs, and a grade for them Canvas's own message?"""
    server.canvas.overrides[501] = {1, 2}
    assert [s["user_id"] for s in ask(server, "GET", BASE).json()] == [1, 2]
    assert ask(server, "GET", f"{BASE}/3").status_code == 404
    fields = {"grade_data[3][posted_grade]": "1", "grade_data[1][posted_grade]": "2"}
    job = ask(server, "POST", f"{BASE}/update_grades", data=fields).json()
    while job["workflow_state"] in ("queued", "running"):
        job = ask(server, "GET", f"/api/v1/progress/{job['id']}").json()
    assert job["message"] == "Couldn't find User(s) with API ids '3'"
    assert server.canvas.state()["501/1"][0] == 2.0


def test_a_closed_grading_period_takes_no_grade(server: Server) -> None:
    """Does the assignment say that there is one, and the due dates for whom?"""
    server.canvas.closed[501] = {2}
    (told,) = ask(server, "GET", "/api/v1/courses/77/assignments").json()
    assert told["in_closed_grading_period"] is True
    path = "/api/v1/courses/77/effective_due_dates?assignment_ids[]=501"
    dates = ask(server, "GET", path).json()["501"]
    assert [s for s, d in dates.items() if d["in_closed_grading_period"]] == ["2"]
    assert bulk(server, {"grade_data[2][posted_grade]": "2"}) == "failed"
    assert server.canvas.state() == {}


def test_moderated_and_unpublished_assignments_fail_the_job(server: Server) -> None:
    """Is nothing graded, and the reason told?"""
    usual = dict(server.canvas.assignments[501])
    for kind in ({"moderated_grading": True}, {"published": False}):
        server.canvas.assignments[501] = usual | kind
        assert bulk(server, {"grade_data[2][posted_grade]": "2"}) == "failed"
    assert server.canvas.state() == {}


def test_a_group_gets_one_grade(server: Server) -> None:
    """Is a member's grade everybody's, unless members are graded individually?"""
    canvas = server.canvas
    canvas.assignments[501]["group_category_id"] = 5
    canvas.groups[5] = [{1, 2}]
    canvas.post_grade(501, 1, "7")
    assert canvas.submission(501, 2)["score"] == 7.0
    canvas.assignments[501]["grade_group_students_individually"] = True
    canvas.post_grade(501, 1, "9")
    assert canvas.submission(501, 2)["score"] == 7.0


def test_an_anonymous_assignment_names_nobody(server: Server) -> None:
    """Has a submission no user there?"""
    server.canvas.assignments[501]["anonymous_grading"] = True
    assert all("user_id" not in s for s in ask(server, "GET", BASE).json())


def test_a_post_policy_hides_grades_and_comments(server: Server) -> None:
    """Does a student see them only when somebody has posted them?"""
    canvas = server.canvas
    canvas.assignments[501]["post_manually"] = True
    fields = {
        "grade_data[1][posted_grade]": "7",
        "grade_data[1][text_comment]": "Hello",
    }
    assert bulk(server, fields) == "completed"
    assert canvas.seen(501, 1) == (None, [])
    canvas.post(501)
    assert canvas.seen(501, 1) == (7.0, ["Hello"])


def test_an_upload_may_end_with_a_redirect_that_wants_the_token(
    server: Server,
) -> None:
    """Is the file ready only when its Location was asked for by somebody known?"""
    server.canvas.redirect = server.url
    offer = ask(
        server, "POST", f"{BASE}/1/comments/files", data={"name": "a.html", "size": "2"}
    ).json()
    answer = requests.post(
        offer["upload_url"],
        data=offer["upload_params"],
        files={"file": ("a.html", b"hi")},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code == 303
    place = answer.headers["Location"]
    (file,) = server.canvas.files.values()
    assert requests.get(place, timeout=10).status_code == 401 and not file["ready"]
    assert "id" in ask(server, "GET", place.removeprefix(server.url)).json()
    assert file["ready"]


def test_every_request_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does no request wait for ever, as canvasapi's would?"""
    limits = []

    def send(self: object, request: object, **options: object) -> requests.Response:
        limits.append(options["timeout"])
        answer = requests.Response()
        answer.status_code, answer._content = 200, b"{}"
        return answer

    monkeypatch.setattr(requests.Session, "send", send)
    RetryingSession(Token("abcd"), "https://c.edu").get("https://c.edu/x")
    assert limits == [(10.0, 60.0)]
