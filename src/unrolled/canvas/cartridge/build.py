"""The course as a content cartridge that Canvas imports: pages, assignments, modules.

It is of Canvas's own kind: a resource that points to course_settings/canvas_export.txt.
Identifiers follow from names, so importing a new one updates what the last one made.
"""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from unrolled.canvas.cartridge import model
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_output

_EPOCH = (2000, 1, 1, 0, 0, 0)  # a zip's times are part of its bytes
CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
MANIFEST = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = f"{CANVAS} https://canvas.instructure.com/xsd/cccv1p0.xsd"
_ASSOCIATED = "associatedcontent/imscc_xmlv1p1/learning-application-resource"


@dataclass(frozen=True, kw_only=True)
class CartridgeReport:
    """What the file holds."""

    file: str
    modules: tuple[str, ...]
    pages: tuple[str, ...]
    assignments: tuple[str, ...]
    without_dates: tuple[str, ...]
    hub: str
    written: bool


def make_cartridge(
    course: Course, out: Path, *, force: bool = False, dry_run: bool = False
) -> CartridgeReport:
    """Write the cartridge; nothing with `dry_run`.

    Raises UserError if `out` exists (unless `force`) or a lesson cannot be read.
    """
    if not course.assignments:
        raise UserError(f"{course.root / 'course.toml'}: there are no assignments.")
    modules = model.build_modules(course)
    if not dry_run:
        if out.exists() and not force:
            raise UserError(f"{out}: already exists. Use --force to overwrite it.")
        write_output(out, zip_cartridge(course, modules))
    items = list(model.list_items(modules))
    return CartridgeReport(
        file=str(out),
        modules=tuple(m.title for m in modules),
        pages=tuple(i.title for i in items if isinstance(i, model.Page)),
        assignments=tuple(
            i.title for i in items if isinstance(i, model.AssignmentItem)
        ),
        without_dates=tuple(a.name for a in course.assignments.values() if not a.due),
        hub=course.canvas.hub,
        written=not dry_run,
    )


def zip_cartridge(course: Course, modules: list[model.Module]) -> bytes:
    """The zip file, the same bytes for the same course."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _list_files(course, modules):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def _list_files(
    course: Course, modules: list[model.Module]
) -> Iterator[tuple[str, bytes]]:
    settings = model.make_identifier(course, "settings", "course")
    group = model.make_identifier(course, "group", "assignments")
    manifest = build_manifest(course, modules, settings)
    yield "imsmanifest.xml", _serialize_xml(manifest)
    # By this file Canvas knows a cartridge of its own kind.
    yield "course_settings/canvas_export.txt", b"Made by unrolled canvas cartridge.\n"
    groups = build_assignment_groups(group)
    yield "course_settings/assignment_groups.xml", _serialize_xml(groups)
    meta = build_module_meta(course, modules)
    yield "course_settings/module_meta.xml", _serialize_xml(meta)
    for item in model.list_items(modules):
        if isinstance(item, model.Page):
            yield make_page_path(item), render_page(item)
        else:
            text = _render_document(f"Assignment: {item.title}", item.body, {})
            yield make_assignment_path(item), text
            options = build_assignment_settings(item, group)
            yield f"{item.id}/assignment_settings.xml", _serialize_xml(options)


def _serialize_xml(root: Any) -> bytes:
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document


def _make_root(tag: str, **attributes: str) -> Any:
    """The root of a file of Canvas's own, in its namespace without a prefix."""
    root = etree.Element(f"{{{CANVAS}}}{tag}", nsmap={None: CANVAS, "xsi": XSI})
    root.set(f"{{{XSI}}}schemaLocation", _SCHEMA)
    for name, value in attributes.items():
        root.set(name, value)
    return root


def _add(parent: Any, tag: str, text: str | None = None, **attributes: str) -> Any:
    """A child in the namespace of its parent; no element for no text."""
    namespace = etree.QName(parent).namespace
    child = etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
    child.text = text
    return child


def _add_texts(parent: Any, **texts: str | None) -> None:
    """Children by their tags; one without a text is empty."""
    for tag, text in texts.items():
        _add(parent, tag, text)


def make_page_path(page: model.Page) -> str:
    """Where a page lies."""
    return f"wiki_content/{page.slug}.html"


def make_assignment_path(task: model.AssignmentItem) -> str:
    """Where an assignment's text lies."""
    return f"{task.id}/assignment.html"


def build_manifest(
    course: Course, modules: Sequence[model.Module], settings: str
) -> Any:
    """imsmanifest.xml: the modules as an outline, and every file."""
    names = {None: MANIFEST, "lomimscc": LOM, "xsi": XSI}
    root = etree.Element(f"{{{MANIFEST}}}manifest", nsmap=names)
    root.set("identifier", f"{settings}_manifest")
    _add_metadata(root, course)
    outline = _add(_add(root, "organizations"), "organization")
    outline.attrib.update({"identifier": "org_1", "structure": "rooted-hierarchy"})
    top = _add(outline, "item", identifier="LearningModules")
    for module in modules:
        below = _add(top, "item", identifier=module.id)
        _add(below, "title", module.title)
        for item in module.items:
            number = f"{item.id}_item"
            inner = _add(below, "item", identifier=number, identifierref=item.id)
            _add(inner, "title", item.title)
    _add_resources(root, modules, settings)
    return root


def _add_metadata(root: Any, course: Course) -> None:
    metadata = _add(root, "metadata")
    _add_texts(metadata, schema="IMS Common Cartridge", schemaversion="1.1.0")
    lom = etree.SubElement(metadata, f"{{{LOM}}}lom")
    _add(_add(_add(lom, "general"), "title"), "string", course.title)


def _add_resources(root: Any, modules: Sequence[model.Module], settings: str) -> None:
    resources = _add(root, "resources")
    marker = "course_settings/canvas_export.txt"
    files = [
        "course_settings/module_meta.xml",
        "course_settings/assignment_groups.xml",
        marker,
    ]
    _add_resource(resources, settings, _ASSOCIATED, files, href=marker)
    for item in model.list_items(modules):
        if isinstance(item, model.Page):
            file = make_page_path(item)
            _add_resource(resources, item.id, "webcontent", [file])
        else:
            file = make_assignment_path(item)
            both = [file, f"{item.id}/assignment_settings.xml"]
            _add_resource(resources, item.id, _ASSOCIATED, both)


def _add_resource(
    parent: Any, identifier: str, kind: str, files: Sequence[str], *, href: str = ""
) -> None:
    """A resource and its files; it points to the first unless `href` says which."""
    attributes = {"identifier": identifier, "type": kind, "href": href or files[0]}
    element = _add(parent, "resource", **attributes)
    for file in files:
        _add(element, "file", href=file)


def build_assignment_groups(group: str) -> Any:
    """One group for all assignments."""
    root = _make_root("assignmentGroups")
    element = _add(root, "assignmentGroup", identifier=group)
    _add_texts(element, title="Assignments", position="1", group_weight="0.0")
    return root


def build_assignment_settings(task: model.AssignmentItem, group: str) -> Any:
    """Title, dates in UTC, points; published, since only so it takes grades."""
    root = _make_root("assignment", identifier=task.id)
    due, release = task.source.due, task.source.release
    _add_texts(root, title=task.title, due_at=_format_utc(due), lock_at=None)
    _add_texts(root, unlock_at=_format_utc(release))
    _add_texts(root, assignment_group_identifierref=group, workflow_state="published")
    _add_texts(root, points_possible=f"{task.source.points:.2f}", grading_type="points")
    _add_texts(root, submission_types="none", position=str(task.position))
    _add_texts(root, peer_reviews="false")
    return root


def build_module_meta(course: Course, modules: Sequence[model.Module]) -> Any:
    """The modules, and in each its pages and assignments."""
    root = _make_root("modules")
    for position, module in enumerate(modules, 1):
        element = _add(root, "module", identifier=module.id)
        _add_texts(element, title=module.title, workflow_state="active")
        _add_texts(element, position=str(position))
        if module.opens:
            _add_texts(element, unlock_at=_format_utc(module.opens))
        _add_texts(element, require_sequential_progress="false", locked="false")
        items = _add(element, "items")
        for index, item in enumerate(module.items, 1):
            _add_module_item(items, item, index)
    return root


def _add_module_item(
    items: Any, item: model.Page | model.AssignmentItem, position: int
) -> None:
    element = _add(items, "item", identifier=f"{item.id}_item")
    kind = "WikiPage" if isinstance(item, model.Page) else "Assignment"
    _add_texts(element, content_type=kind, workflow_state="active", title=item.title)
    _add_texts(element, identifierref=item.id, position=str(position))
    _add_texts(element, new_tab="false", indent="0")


def _format_utc(moment: datetime | None) -> str | None:
    """A time as Canvas reads it: UTC, without a zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" if moment else None


def render_page(page: model.Page) -> bytes:
    """A page, with the identifier that Canvas knows it by."""
    metas = {
        "identifier": page.id,
        "editing_roles": "teachers",
        "workflow_state": "active",
    }
    return _render_document(page.title, page.body, metas)


def _render_document(title: str, body: str, metas: dict[str, str]) -> bytes:
    lines = [f'<meta name="{k}" content="{v}"/>\n' for k, v in metas.items()]
    charset = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>'
    return (
        f"<html>\n<head>\n{charset}\n<title>{html.escape(title)}</title>\n"
        f"{''.join(lines)}</head>\n<body>\n{body}\n</body>\n</html>\n"
    ).encode()
