"""The course as a content cartridge that Canvas imports: pages, assignments, modules.

It is of Canvas's own kind: a resource that points to course_settings/canvas_export.txt.
Identifiers follow from names, so importing a new one updates what the last one made.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from unrolled.canvas.cartridge import xml
from unrolled.canvas.cartridge.model import (
    AssignmentItem,
    Module,
    Page,
    build_modules,
    list_items,
    make_identifier,
)
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_output

_EPOCH = (2000, 1, 1, 0, 0, 0)  # a zip's times are part of its bytes


@dataclass(frozen=True)
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
    course: Course, out: Path, force: bool = False, dry_run: bool = False
) -> CartridgeReport:
    """Write the cartridge; nothing with `dry_run`.

    Raises UserError if `out` exists (unless `force`) or a lesson cannot be read.
    """
    if not course.assignments:
        raise UserError(f"{course.root / 'course.toml'}: has no assignments.")
    modules = build_modules(course)
    if not dry_run:
        if out.exists() and not force:
            raise UserError(f"{out}: exists already; --force overwrites it.")
        write_output(out, zip_cartridge(course, modules))
    found = list(list_items(modules))
    return CartridgeReport(
        str(out),
        tuple(m.title for m in modules),
        tuple(i.title for i in found if isinstance(i, Page)),
        tuple(i.title for i in found if isinstance(i, AssignmentItem)),
        tuple(a.name for a in course.assignments.values() if a.due is None),
        course.canvas.hub,
        not dry_run,
    )


def zip_cartridge(course: Course, modules: list[Module]) -> bytes:
    """The zip file, the same bytes for the same course."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _list_files(course, modules):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def _list_files(course: Course, modules: list[Module]) -> Iterator[tuple[str, bytes]]:
    group = make_identifier(course, "group", "assignments")
    yield (
        "imsmanifest.xml",
        _serialize_xml(xml.build_manifest(course, modules, _make_settings_id(course))),
    )
    yield "course_settings/canvas_export.txt", b"Made by unrolled canvas cartridge.\n"
    yield (
        "course_settings/assignment_groups.xml",
        _serialize_xml(xml.build_assignment_groups(group)),
    )
    yield (
        "course_settings/module_meta.xml",
        _serialize_xml(xml.build_module_meta(course, modules)),
    )
    for item in list_items(modules):
        if isinstance(item, Page):
            yield xml.make_page_path(item), xml.render_page(item)
        else:
            yield xml.make_assignment_path(item), xml.render_assignment(item)
            settings = xml.build_assignment_settings(item, group)
            yield f"{item.id}/assignment_settings.xml", _serialize_xml(settings)


def _make_settings_id(course: Course) -> str:
    return make_identifier(course, "settings", "course")


def _serialize_xml(root: Any) -> bytes:
    made: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return made
