"""Tests of the cartridge reader on a cartridge made by hand and broken variants."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cartridge_reader import CartridgeError, Item, read_cartridge

LAR = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
CCC = 'xmlns="http://canvas.instructure.com/xsd/cccv1p0"'
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="gman"
 xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
 xmlns:lom="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest">
<metadata><schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion>
<lom:lom><lom:general/></lom:lom></metadata>
<organizations><organization identifier="org_1" structure="rooted-hierarchy">
<item identifier="root"><item identifier="gmod"><title>Week 1</title>
<item identifier="gi1" identifierref="gwork"><title>Lab 1</title></item>
</item></item></organization></organizations>
<resources>
<resource identifier="gset" type="{LAR}" href="course_settings/canvas_export.txt">
<file href="course_settings/canvas_export.txt"/>
<file href="course_settings/assignment_groups.xml"/>
<file href="course_settings/module_meta.xml"/></resource>
<resource identifier="gwork" type="{LAR}" href="gwork/lab-1.html">
<file href="gwork/lab-1.html"/><file href="gwork/assignment_settings.xml"/></resource>
<resource identifier="gpage" type="webcontent" href="wiki_content/start-here.html">
<file href="wiki_content/start-here.html"/></resource>
<resource identifier="gfile" type="webcontent" href="web_resources/lab 1/ps1.ipynb">
<file href="web_resources/lab 1/ps1.ipynb"/></resource>
</resources></manifest>"""
GROUPS = f"""<assignmentGroups {CCC}><assignmentGroup identifier="ggroup">
<title>Labs</title><position>1</position></assignmentGroup></assignmentGroups>"""
MODULES = f"""<modules {CCC}><module identifier="gmod"><title>Week 1</title>
<workflow_state>active</workflow_state><position>1</position><items>
<item identifier="gi2"><content_type>WikiPage</content_type><title>Start</title>
<identifierref>gpage</identifierref><position>2</position></item>
<item identifier="gi1"><content_type>Assignment</content_type><title>Lab 1</title>
<identifierref>gwork</identifierref><position>1</position></item>
<item identifier="gi3"><content_type>Attachment</content_type><title>ps1</title>
<identifierref>gfile</identifierref><position>3</position></item>
<item identifier="gi4"><content_type>ExternalUrl</content_type><title>Hub</title>
<url>https://hub.example.edu/</url><position>4</position></item>
</items></module></modules>"""
WORK = f"""<assignment identifier="gwork" {CCC}><title>Lab 1</title>
<due_at>2026-03-01T22:59:00</due_at><unlock_at/>
<assignment_group_identifierref>ggroup</assignment_group_identifierref>
<workflow_state>published</workflow_state>
<points_possible>12.5</points_possible></assignment>"""
LAB = """<html><head><meta charset="utf-8"/><title>Lab 1</title></head><body>
<p>Zażółć: <a href="$IMS-CC-FILEBASE$/lab%201/ps1.ipynb?canvas_download=1">file</a>,
<a href="$WIKI_REFERENCE$/pages/start-here">start</a></p></body></html>"""
PAGE = """<html><head><title>Start here</title>
<meta name="identifier" content="gpage"/><meta name="workflow_state" content="active"/>
</head><body><a href="%24CANVAS_OBJECT_REFERENCE%24/assignments/gwork#a">Lab</a>
<a href="https://example.org/">out</a></body></html>"""
PARTS = {
    "imsmanifest.xml": MANIFEST,
    "course_settings/canvas_export.txt": "Q: What did the panda say?",
    "course_settings/assignment_groups.xml": GROUPS,
    "course_settings/module_meta.xml": MODULES,
    "gwork/assignment_settings.xml": WORK,
    "gwork/lab-1.html": LAB,
    "wiki_content/start-here.html": PAGE,
    "web_resources/lab 1/ps1.ipynb": "{}",
}


def pack(folder: Path, parts: dict[str, str]) -> Path:
    """Write a cartridge of these parts."""
    path = folder / "course.imscc"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def problems(path: Path) -> str:
    """Read a broken cartridge and give what was found."""
    with pytest.raises(CartridgeError) as caught:
        read_cartridge(path)
    return str(caught.value)


def test_whole(tmp_path: Path) -> None:
    """Does everything in a sound cartridge come out as it went in?"""
    cartridge = read_cartridge(pack(tmp_path, PARTS))
    (work,) = cartridge.assignments
    assert (work.identifier, work.title, work.points) == ("gwork", "Lab 1", 12.5)
    assert work.due == datetime(2026, 3, 1, 22, 59, tzinfo=UTC)
    assert work.unlock is None
    assert (work.workflow_state, work.group, work.html) == ("published", "ggroup", LAB)
    assert work.module_titles == ("Week 1",)
    (page,) = cartridge.pages
    assert (page.identifier, page.slug) == ("gpage", "start-here")
    assert (page.title, page.workflow_state) == ("Start here", "active")
    (module,) = cartridge.modules
    assert (module.identifier, module.title, module.position) == ("gmod", "Week 1", 1)
    assert module.items[0] == Item("gi1", "Assignment", "Lab 1", "gwork", 1)
    assert [item.position for item in module.items] == [1, 2, 3, 4]
    assert module.items[3].target == "https://hub.example.edu/"
    assert cartridge.groups == {"ggroup": "Labs"}
    assert cartridge.files == {"lab 1/ps1.ipynb": b"{}"}
    assert len(cartridge.links) == 4


MAIN, META = "imsmanifest.xml", "course_settings/module_meta.xml"
TASK, TEXT = "gwork/assignment_settings.xml", "gwork/lab-1.html"
WIKI = "wiki_content/start-here.html"
BROKEN = [  # member, what stands there, what to put instead, what must be reported
    (MAIN, "1.1.0", "1.3.0", "schema"),
    (MAIN, "IMS Common", "Common", "schema"),
    (MAIN, 'href="course_settings/canvas_export.txt">', ">", "no importer"),
    (MAIN, '<file href="gwork/lab-1.html"/>', "", "in the zip, not listed"),
    (MAIN, 'ps1.ipynb"/', 'ps2.ipynb"/', "listed, not in the zip"),
    (MAIN, 'type="webcontent"', 'type="page"', "unknown type"),
    (MAIN, 'type="webcontent"', f'type="{LAR}"', "web type"),
    (MAIN, 'href="wiki_content/start-here.html">', ">", "href not its file"),
    (MAIN, 'identifierref="gwork"', 'identifierref="x"', "no such resource"),
    (MAIN, f'"{LAR}" href="gwork', '"webcontent" href="gwork', "not one HTML"),
    (MAIN, '<file href="gwork/lab-1.html"/>', "", "not one HTML"),
    (MAIN, '"gfile"', '"gpage"', "not unique: gpage"),
    (MAIN, '"gfile"', '"7file"', "bad identifier: 7file"),
    (MAIN, '"gfile"', '"gi4"', "not unique in Canvas: gi4"),
    (MAIN, 'identifier="gfile" ', "", "bad identifier"),
    (MAIN, '"gpage"', '"gside"', "not its resource"),
    (META, "gwork", "gpage", "no assignment: gi1"),
    (META, "gpage", "gfile", "no page: gi2"),
    (META, "gfile", "gwork", "no file: gi3"),
    (META, "https://hub.example.edu/", "", "no address: gi4"),
    (META, "WikiPage", "Wiki", "unknown kind: gi2"),
    (META, ">active<", "><", "bad module state: gmod"),
    (META, '"gi2"', '"gi1"', "not unique in Canvas: gi1"),
    (META, '"gi2"', '"gmod"', "not unique in Canvas: gmod"),
    (META, ' identifier="gi2"', "", "bad identifier"),
    ("course_settings/assignment_groups.xml", "cccv1p0", "x", "no groups"),
    (META, "<title>Start</title>", "", "no title: gi2"),
    (META, "</modules>", "", "no modules"),
    (META, ">2<", ">two<", "two"),
    (TASK, "ggroup", "gother", "no such group"),
    (TASK, "12.5", "12,5", "bad points: gwork"),
    (TASK, "12.5", "nan", "bad points: gwork"),
    (TASK, ">published<", ">active<", "bad state: gwork"),
    (TASK, ":00<", ":00Z<", "bad date"),
    (TASK, "2026-03-01T", "2026-03-01 ", "bad date"),
    (TASK, "2026-03-01", "2026-02-30", "day"),
    (TASK, '"gwork"', '"gwark"', "identifier and resource"),
    (TASK, "cccv1p0", "cccv1p1", "default namespace"),
    (TASK, "<assignment", "<!DOCTYPE a><assignment", "DOCTYPE"),
    (TASK, "<title>", "<title xmlns=''>", "namespace"),
    (TEXT, ' charset="utf-8"', "", "not whole HTML"),
    (TEXT, "</html>", "", "not whole HTML"),
    (TEXT, "ps1", "ps2", "leads nowhere"),
    (TEXT, "$IMS", "../$IMS", "leads nowhere"),
    (TEXT, "pages/start-here", "pages/gpage", "leads nowhere"),
    (WIKI, "gwork", "gpage", "leads nowhere"),
    (WIKI, 'name="identifier"', "", "not its resource"),
    (WIKI, 'content="active"', "", "bad page state"),
    (WIKI, "Start here", "", "no title"),
]


@pytest.mark.parametrize(("member", "old", "new", "expected"), BROKEN)
def test_broken(tmp_path: Path, member: str, old: str, new: str, expected: str) -> None:
    """Is each single fault in a cartridge reported?"""
    assert old in PARTS[member]
    parts = {**PARTS, member: PARTS[member].replace(old, new, 1)}
    assert expected in problems(pack(tmp_path, parts))


@pytest.mark.parametrize("member", PARTS)
def test_missing(tmp_path: Path, member: str) -> None:
    """Is a cartridge that lacks any one of its parts turned down?"""
    parts = {name: text for name, text in PARTS.items() if name != member}
    assert problems(pack(tmp_path, parts))


def test_prefix(tmp_path: Path) -> None:
    """Is an ns0: prefix, which is valid XML, reported all the same?"""
    text = WORK.replace("xmlns=", "xmlns:ns0=").replace("</", "</ns0:")
    for tag in ("assignment ", "title", "due_at", "workflow", "points", "assignment_"):
        text = text.replace("<" + tag, "<ns0:" + tag)
    text = text.replace("<unlock_at/>", "")
    parts = {**PARTS, TASK: text}
    assert "default namespace" in problems(pack(tmp_path, parts))


@pytest.mark.parametrize(
    "name", ["../x.txt", "/x.txt", "C:/x", "a\\b", "a/../b", "a//b"]
)
def test_names(tmp_path: Path, name: str) -> None:
    """Is a name that leaves the folder of the cartridge turned down?"""
    assert "unsafe" in problems(pack(tmp_path, {**PARTS, name: ""}))


def test_page_in_folder(tmp_path: Path) -> None:
    """Is a page that does not lie in wiki_content itself, or no HTML, reported?"""
    for name in ("wiki_content/more/x.html", "wiki_content/x.txt"):
        assert "not a page" in problems(pack(tmp_path, {**PARTS, name: PAGE}))


@pytest.mark.parametrize("member", PARTS)
@pytest.mark.parametrize("text", ["", "\0", "</html>", "<a/>", "x"])
def test_nonsense(tmp_path: Path, member: str, text: str) -> None:
    """Does nonsense in a part lead to a report and never to another error?"""
    path = pack(tmp_path, {**PARTS, member: text})
    if member.endswith((".ipynb", ".txt")):
        assert read_cartridge(path).assignments
    else:
        assert member in problems(path)


def test_entities(tmp_path: Path) -> None:
    """Does an entity that names a file of this machine bring in nothing?"""
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    head = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    text = head + WORK.replace("Lab 1", "&e;")
    parts = {**PARTS, TASK: text}
    found = problems(pack(tmp_path, parts))
    assert "DOCTYPE" in found
    assert "hidden" not in found


def test_damage(tmp_path: Path) -> None:
    """Are a cut file, a changed byte and no file at all reported as damage?"""
    path = pack(tmp_path, PARTS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert "damaged" in problems(path)
    at = whole.index(b"imsmanifest.xml") + 60
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    assert "damaged" in problems(path)
    assert "damaged" in problems(tmp_path / "none.imscc")


def test_all(tmp_path: Path) -> None:
    """Are several faults reported together, each on a line of its own?"""
    work = WORK.replace("12.5", "x").replace(">published<", "><")
    parts = {**PARTS, TASK: work, "stray.txt": ""}
    found = problems(pack(tmp_path, parts)).splitlines()
    assert len(found) == 3
