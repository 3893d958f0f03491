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

from unrolled.canvas.cartridge import model, xml
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.files import write_output

_EPOCH = (2000, 1, 1, 0, 0, 0)  # a zip's times are part of its bytes


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
    manifest = xml.build_manifest(course, modules, settings)
    yield "imsmanifest.xml", _serialize_xml(manifest)
    # By this file Canvas knows a cartridge of its own kind.
    yield "course_settings/canvas_export.txt", b"Made by unrolled canvas cartridge.\n"
    groups = xml.build_assignment_groups(group)
    yield "course_settings/assignment_groups.xml", _serialize_xml(groups)
    meta = xml.build_module_meta(course, modules)
    yield "course_settings/module_meta.xml", _serialize_xml(meta)
    for item in model.list_items(modules):
        if isinstance(item, model.Page):
            yield xml.make_page_path(item), xml.render_page(item)
        else:
            yield xml.make_assignment_path(item), xml.render_assignment(item)
            options = xml.build_assignment_settings(item, group)
            yield f"{item.id}/assignment_settings.xml", _serialize_xml(options)


def _serialize_xml(root: Any) -> bytes:
    document: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True
    )
    return document
