"""The cartridge: what Canvas's importer looks for, each fact with its own test."""

from __future__ import annotations

import hashlib
import re
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support.odd_course import all_items, make_odd

from unrolled.canvas.cartridge.build import zip_cartridge
from unrolled.canvas.cartridge.model import AssignmentItem, Page, build_modules
from unrolled.course.model import Course, load_course

ROOT = Path(__file__).parents[3]
CC = "{http://canvas.instructure.com/xsd/cccv1p0}"
CP = "{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}"
XSD_ID = re.compile(r"[A-Za-z_][\w.-]*\Z")


@pytest.fixture
def odd(tmp_path: Path) -> Course:
    """A course of odd titles."""
    return make_odd(tmp_path)


@pytest.fixture(params=["ours", "odd"])
def course(request: pytest.FixtureRequest) -> Any:
    """The course itself, and the odd one."""
    if request.param == "ours":
        return load_course(ROOT)
    return request.getfixturevalue("odd")


def opened(course: Course) -> zipfile.ZipFile:
    """The cartridge, to look into."""
    return zipfile.ZipFile(BytesIO(zip_cartridge(course, build_modules(course))))


def xml(archive: zipfile.ZipFile, name: str) -> Any:
    """A file's root."""
    return etree.fromstring(archive.read(name))


def test_the_minimal_set_is_there(course: Course) -> None:
    """Is every file that Canvas's own importer needs in the archive, once?"""
    names = opened(course).namelist()
    assert len(names) == len(set(names))
    assert {
        "imsmanifest.xml",
        "course_settings/canvas_export.txt",
        "course_settings/assignment_groups.xml",
        "course_settings/module_meta.xml",
    } <= set(names)
    assert sum(n.endswith("/assignment_settings.xml") for n in names) == len(
        course.assignments
    )
    assert sum(n.startswith("wiki_content/") for n in names) == 2 + len(
        course.assignments
    )


def test_a_resource_points_to_canvas_export(course: Course) -> None:
    """Does the manifest choose Canvas's importer, by schema, version and marker?"""
    root = xml(opened(course), "imsmanifest.xml")
    assert root.findtext(f"{CP}metadata/{CP}schema") == "IMS Common Cartridge"
    assert root.findtext(f"{CP}metadata/{CP}schemaversion") == "1.1.0"
    marked = root.findall(f".//{CP}resource[@href='course_settings/canvas_export.txt']")
    assert len(marked) == 1


def test_manifest_and_archive_name_the_same_files(course: Course) -> None:
    """Is each file of the manifest there, and each file there in the manifest?"""
    archive = opened(course)
    root = xml(archive, "imsmanifest.xml")
    told = {f.get("href") for f in root.iter(f"{CP}file")}
    assert told == set(archive.namelist()) - {"imsmanifest.xml"}


def test_canvas_s_namespace_is_the_default_one(course: Course) -> None:
    """Is there no prefix before Canvas's elements?"""
    archive = opened(course)
    for name in archive.namelist():
        if name.endswith(".xml") and name != "imsmanifest.xml":
            root = xml(archive, name)
            assert root.nsmap[None] == CC.strip("{}") and root.prefix is None
            assert b"ns0:" not in archive.read(name)


def test_identifiers_begin_with_a_letter_and_are_unique(course: Course) -> None:
    """Could each one stand where XML wants an ID?"""
    archive = opened(course)
    root = xml(archive, "imsmanifest.xml")
    found = [e.get("identifier") for e in root.iter() if e.get("identifier")]
    assert all(XSD_ID.match(i) and i[0].isalpha() for i in found)
    assert len(found) == len(set(found))


def test_a_second_import_updates(odd: Course) -> None:
    """Do new titles, dates and a new order keep every identifier?"""
    before = [i.id for i in all_items(odd)]
    path = odd.root / "course.toml"
    text = path.read_text().replace('"R&D <1>"', '"Another title"')
    path.write_text(text.replace("points = 12.5", "points = 99"))
    assert [i.id for i in all_items(load_course(odd.root))] == before


def test_the_bytes_are_the_same_at_every_run(course: Course) -> None:
    """Is the archive a function of the course alone?"""
    first, second = (
        hashlib.sha256(zip_cartridge(course, build_modules(course))).hexdigest()
        for _ in range(2)
    )
    assert first == second


def test_assignments_have_title_points_and_dates_in_utc(odd: Course) -> None:
    """Are all of course.toml's facts in the settings, in Canvas's own shape?"""
    archive = opened(odd)
    task = next(i for i in all_items(odd) if isinstance(i, AssignmentItem))
    root = xml(archive, f"{task.id}/assignment_settings.xml")
    told = {etree.QName(e).localname: e.text for e in root}
    assert root.get("identifier") == task.id
    assert told["title"] == "R&D <1>" and float(told["points_possible"] or 0) == 12.5
    assert told["due_at"] == "2027-07-06T04:59:00"
    assert told["unlock_at"] == "2027-01-25T15:00:00"
    assert datetime.fromisoformat(told["due_at"]).replace(tzinfo=UTC) == (
        odd.assignments["01_a"].due
    )
    assert told["workflow_state"] == "published" and told["grading_type"] == "points"
    groups = xml(archive, "course_settings/assignment_groups.xml")
    (group,) = groups.findall(f"{CC}assignmentGroup")
    assert told["assignment_group_identifierref"] == group.get("identifier")


def test_an_assignment_without_dates_has_none(odd: Course) -> None:
    """Is no date better than a wrong one?"""
    archive = opened(odd)
    task = next(i for i in all_items(odd) if i.title == "門")
    root = xml(archive, f"{task.id}/assignment_settings.xml")
    assert root.findtext(f"{CC}due_at") == root.findtext(f"{CC}unlock_at") == ""


def test_settings_and_text_are_one_resource(course: Course) -> None:
    """Are both files of an assignment in one resource of the right type?"""
    root = xml(opened(course), "imsmanifest.xml")
    kind = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
    for task in (i for i in all_items(course) if isinstance(i, AssignmentItem)):
        (found,) = root.findall(f".//{CP}resource[@identifier='{task.id}']")
        files = {f.get("href") for f in found}
        assert found.get("type") == kind and found.get("href") in files
        assert f"{task.id}/assignment_settings.xml" in files and len(files) == 2


def test_modules_hold_every_page_and_assignment(course: Course) -> None:
    """Is each one an item of a module, published, in order, known to the manifest?"""
    archive = opened(course)
    resources = {
        r.get("identifier")
        for r in xml(archive, "imsmanifest.xml").iter(f"{CP}resource")
    }
    root = xml(archive, "course_settings/module_meta.xml")
    refs = [e.text for e in root.iter(f"{CC}identifierref")]
    assert refs == [i.id for i in all_items(course)] and set(refs) <= resources
    kinds = [e.text for e in root.iter(f"{CC}content_type")]
    assert kinds.count("Assignment") == len(course.assignments)
    assert {e.text for e in root.iter(f"{CC}workflow_state")} == {"active"}


def test_pages_carry_their_identifier(course: Course) -> None:
    """Does each page name itself, and is it published?"""
    archive = opened(course)
    for page in (i for i in all_items(course) if isinstance(i, Page)):
        root = xml(archive, f"wiki_content/{page.slug}.html")
        metas = {m.get("name"): m.get("content") for m in root.iter("meta")}
        assert metas["identifier"] == page.id and metas["workflow_state"] == "active"
        assert root.findtext("head/title") == page.title


def test_links_lead_somewhere(course: Course) -> None:
    """Is every link to a page or an assignment one of the archive's?"""
    pages = {i.slug for i in all_items(course) if isinstance(i, Page)}
    tasks = {i.id for i in all_items(course) if isinstance(i, AssignmentItem)}
    found = 0
    for item in all_items(course):
        for kind, end in re.findall(r'href="\$(\w+)\$/\w+/([^"]+)"', item.body):
            found += 1
            assert end in (pages if kind == "WIKI_REFERENCE" else tasks)
    assert found >= 3 * len(course.assignments)
