"""An independent, strict reader of Canvas content cartridges (.imscc)."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Any
from urllib.parse import unquote

from lxml import etree

Links = tuple[tuple[str, str], ...]  # (member, address as it stands in the HTML)
C = "http://canvas.instructure.com/xsd/cccv1p0"
M = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
NS = {"c": C, "m": M, "re": "http://exslt.org/regular-expressions"}
LAR = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
TYPES = f"webcontent|{LAR}|ims(dt|wl)_xmlv1p1|imsbasiclti_xmlv1p0|imsqti_xmlv1p2/.+"
WEB, WORK, COURSE = "web_resources/", "/assignment_settings.xml", "course_settings/"
MANIFEST, EXPORT = "imsmanifest.xml", COURSE + "canvas_export.txt"
UNSAFE = re.compile(r"^/|^[A-Za-z]:|\\|//|(^|/)\.\.?(/|$)|[\x00-\x1f]")
DATE, LIVE = r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}", "^(active|unpublished)$"
DAMAGE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
LINK = re.compile(r"(.*?)(?:\$|%24)((?:CANVAS_O|WIKI|IMS)[A-Z_-]+)(?:\$|%24)/?([^?#]*)")
RES, PAGE = "//m:resource", "member[starts-with(@name,'wiki_content/')]"
SETS, META = f"member[re:test(@name,'{WORK}$')]", "html/head/meta[@name='%s']/@content"
IDENT = "re:test(@identifier,'^[A-Za-z][A-Za-z0-9_.-]*$')"
NAMED = "(//c:assignment|//c:module|//c:item|//c:assignmentGroup)"
GROUP, PLACE = "c:assignment_group_identifierref", "concat(0,c:position)"
TASK = f"@identifier c:title c:points_possible c:workflow_state {GROUP} c:due_at"
ITEM = f"@identifier c:content_type c:title (c:url|c:identifierref)[.!=''] {PLACE}"
HEAD = f"{META % 'identifier'} html/head/title {META % 'workflow_state'} @name"
AIM = "//c:item[c:content_type='%s'][not(c:identifierref=%s)]"
RULES = {  # a problem: the XPath of what has it in <cartridge><member name="path">...
    "no assignment": AIM % ("Assignment", "//c:assignment/@identifier"),
    "no page": AIM % ("WikiPage", f"//{PAGE}/{META % 'identifier'}"),
    "no file": AIM % ("Attachment", f"{RES}[contains(@href,'{WEB}')]/@identifier"),
    "no address": "//c:item[c:content_type='ExternalUrl'][not(normalize-space(c:url))]",
    "unknown kind": "//c:item[not(re:test(c:content_type,'^(Assignment|WikiPage|"
    "Attachment|ContextModuleSubHeader|ExternalUrl)$'))]",
    "schema": "/*[not(//*[m:schema='IMS Common Cartridge'][m:schemaversion='1.1.0'])]",
    "no groups": f"/*[not(member[@name='{COURSE}assignment_groups.xml']/c:*)]",
    "no modules": f"/*[not(member[@name='{COURSE}module_meta.xml']/c:modules)]",
    "no importer": f"/*[count({RES}[@type='{LAR}'][@href='{EXPORT}'])!=1]",
    "unknown type": f"{RES}[not(re:test(@type,'^({TYPES})$'))]",
    "href not its file": f"{RES}[@href or @type='webcontent'][not(@href=m:file/@href)]",
    "web type": f"{RES}[@type!='webcontent'][m:file[re:test(@href,'^(web|wiki)_')]]",
    "no such resource": f"//@identifierref[not(.={RES}/@identifier)]",
    "listed, not in the zip": "//m:file/@href[not(.=/*/member/@name)]",
    "in the zip, not listed": f"member[not(@owner)][@name!='{MANIFEST}']",
    "bad identifier": f"(//m:*/@identifier/..|{RES}|{NAMED})[not({IDENT})]",
    "not unique": "//m:*[@identifier=(preceding::m:*|ancestor::m:*)/@identifier]",
    "not unique in Canvas": f"{NAMED}[@identifier=(preceding::c:*|ancestor::c:*"
    f"|{RES}[not(m:file[re:test(@href,'{WORK}$')])])/@identifier]",
    "namespace": "(//m:*|//c:*)[name()!=local-name()]|//c:*/*[not(self::c:*)]",
    "no title": f"{NAMED}[not(c:title/text())]|{PAGE}[not(html/head/title/text())]",
    "bad date": f"//c:*[re:test(name(),'_at$')][not(re:test(.,'^({DATE})?$'))]",
    "bad points": "//c:assignment[not(re:test(c:points_possible,'^\\d+([.]\\d+)?$'))]",
    "bad state": "//c:assignment[not(re:test(c:workflow_state,'^(un)?published$'))]",
    "bad module state": f"//c:module[not(re:test(c:workflow_state,'{LIVE}'))]",
    "bad page state": f"{PAGE}[not(re:test({META % 'workflow_state'},'{LIVE}'))]",
    "no such group": f"//{GROUP}[.!=''][not(.=//c:assignmentGroup/@identifier)]",
    "not folder, identifier and resource in one": f"{SETS}[not(@owner=c:assignment"
    f"/@identifier) or @name!=concat(@owner,'{WORK}')]",
    "not one HTML file and its type": f"{RES}[m:file[re:test(@href,'{WORK}$')]]"
    f"[@type!='{LAR}' or count(m:file[re:test(@href,'[.]html$')])!=1]",
    "not a page": f"{PAGE}[not(re:test(@name,'^wiki_content/[^/]+[.]html$'))]",
    "not its resource": f"{PAGE}[not(@owner={META % 'identifier'})]",
}


class CartridgeError(Exception):
    """A cartridge is not as Canvas needs it; the message has a line per problem."""


@dataclass(frozen=True)
class Assignment:
    """An assignment; `html` is its whole file, `group` a group's identifier."""

    identifier: str
    title: str
    points: float
    due: datetime | None
    unlock: datetime | None
    workflow_state: str
    html: str
    group: str | None
    module_titles: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """A wiki page; `slug` is the stem of its file, `html` its whole file."""

    identifier: str
    title: str
    slug: str
    html: str
    workflow_state: str


@dataclass(frozen=True)
class Item:
    """A module's line; `target` is an identifier, for outside addresses the URL."""

    identifier: str
    kind: str
    title: str
    target: str
    position: int


@dataclass(frozen=True)
class Module:
    """A module with its items in the order of their positions."""

    identifier: str
    title: str
    position: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Cartridge:
    """All that was read; `files` are those below web_resources/."""

    assignments: tuple[Assignment, ...]
    pages: tuple[Page, ...]
    modules: tuple[Module, ...]
    groups: dict[str, str]  # identifier -> title
    files: dict[str, bytes]
    links: Links


def read_cartridge(path: str | PathLike[str]) -> Cartridge:
    """Read a cartridge, or raise `CartridgeError` with all its problems."""
    bad: list[str] = []
    data: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name, link = info.filename, info.external_attr >> 28 == 0xA  # S_IFLNK
                if link or name in data or UNSAFE.search(name):
                    bad.append(f"{name!r}: a link, unsafe or twice in the zip")
                elif not info.is_dir():
                    data[name] = archive.read(info)
        tree = _judge(data, bad)
        links = _links(tree, bad)
        if bad:
            raise CartridgeError("\n".join(dict.fromkeys(bad)))
        return _build(tree, data, links)
    except (*DAMAGE, ValueError) as error:
        raise CartridgeError(f"{path}: damaged: {error}") from error


def _parse(name: str, raw: bytes) -> list[Any]:
    """Parse a member safely; nothing for one that Canvas only stores."""
    if name.endswith(".html") and not name.startswith(WEB):
        text = raw.decode()
        root = etree.fromstring(raw, etree.HTMLParser(encoding="utf-8", huge_tree=True))
        good: object = text.isascii() or re.search("charset=.?utf-8", text.lower())
        good = good and "</html>" in text and root is not None and root.xpath("body")
    elif re.fullmatch(f"{MANIFEST}|{COURSE}.+[.]xml|.+{WORK}", name):
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
        space = f'xmlns="{M if name == MANIFEST else C}"'.encode()
        good = space in raw.replace(b"'", b'"') and b"<ns0:" not in raw
        good = good and not root.getroottree().docinfo.doctype
    else:
        return []
    if not good:
        raise ValueError("not whole HTML in UTF-8, a DOCTYPE or no default namespace")
    return [root]


def _judge(data: dict[str, bytes], bad: list[str]) -> Any:
    """Hang all members into one tree and apply the rules to it."""
    tree = etree.Element("cartridge")
    for name, raw in data.items():
        member = etree.SubElement(tree, "member", name=name)
        try:
            member.extend(_parse(name, raw))
        except (ValueError, etree.LxmlError) as error:
            bad.append(f"{name}: {error}")
    for file in tree.iter(f"{{{M}}}file"):
        for member in tree.xpath("member[@name=$n]", n=file.get("href", "")):
            member.set("owner", file.getparent().get("identifier", ""))
    for what, path in RULES.items():
        for hit in tree.xpath(path, namespaces=NS):
            node = hit if etree.iselement(hit) else hit.getparent()
            name = hit.get("identifier", hit.tag) if node is hit else hit
            where = node.xpath("string(ancestor-or-self::member/@name)")
            bad.append(f"{where or 'cartridge'}: {what}: {name}")
    return tree


def _links(tree: Any, bad: list[str]) -> Links:
    """Gather the addresses in the HTML and check those that are Canvas's own."""
    links, known = [], set()
    for name in tree.xpath("member/@name"):
        known.add(re.sub("^web_resources/", "IMS-CC-FILEBASE/", name))
        known.add(re.sub("^wiki_content/(.+).html$", r"WIKI_REFERENCE/pages/\1", name))
    for one in tree.xpath("//c:assignment/@identifier", namespaces=NS):
        known.add(f"CANVAS_OBJECT_REFERENCE/assignments/{one}")
    for url in tree.xpath("//html//@href|//html//@src|//html//@data|//html//@poster"):
        where = url.getparent().xpath("string(ancestor::member/@name)")
        links.append((where, str(url)))
        found = LINK.match(url.strip())
        if found and (found[1] or f"{found[2]}/{unquote(found[3])}" not in known):
            bad.append(f"{where}: link {url!r} leads nowhere")
    return tuple(links)


def _texts(node: Any, paths: str) -> list[str]:
    """Give the stripped text of the first hit of each path."""
    found = (node.xpath(f"string({path})", namespaces=NS) for path in paths.split())
    return [str(text).strip() for text in found]


def _module(node: Any) -> Module:
    """Make a module with its items in order."""
    rows = [_texts(line, ITEM) for line in node.xpath("c:items/c:item", namespaces=NS)]
    items = [Item(one, kind, title, to, int(n)) for one, kind, title, to, n in rows]
    one, title, place = _texts(node, f"@identifier c:title {PLACE}")
    items.sort(key=lambda item: item.position)
    return Module(one, title, int(place), tuple(items))


def _build(tree: Any, data: dict[str, bytes], links: Links) -> Cartridge:
    """Make the records of a tree without problems."""
    modules = [_module(node) for node in tree.xpath("//c:module", namespaces=NS)]
    modules.sort(key=lambda module: module.position)
    work, pages, read = [], [], datetime.fromisoformat
    for node in tree.xpath("//c:assignment", namespaces=NS):
        one, title, points, state, group, *dates = _texts(node, TASK + " c:unlock_at")
        page = f"{RES}[@identifier='{one}']/m:file[re:test(@href,'html$')]/@href"
        text = data[_texts(tree, page)[0]].decode()
        held = tuple(m.title for m in modules if one in [i.target for i in m.items])
        due, unlock = (read(day + "+00:00") if day else None for day in dates)
        head = one, title, float(points), due, unlock, state
        work.append(Assignment(*head, text, group or None, held))
    for node in tree.xpath(PAGE):
        one, title, state, name = _texts(node, HEAD)
        pages.append(Page(one, title, name[13:-5], data[name].decode(), state))
    found = tree.xpath("//c:assignmentGroup", namespaces=NS)
    groups = {node.get("identifier"): _texts(node, "c:title")[0] for node in found}
    files = {name[14:]: raw for name, raw in data.items() if name.startswith(WEB)}
    return Cartridge(tuple(work), tuple(pages), tuple(modules), groups, files, links)
