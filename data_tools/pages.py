"""WikiArt's answers, read: the feed, the text list, the page of a work. Text in, `Work` out; nothing here asks anybody.

What these look like: the feed is JSON with the keys `Paintings`, `AllPaintingsCount`, `PageSize`; the text list is
plain HTML; a work's page holds two JSON objects in `ng-init` attributes, labelled lists, and badges about rights.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from data_tools import names
from data_tools.collect import PLACEHOLDERS
from data_tools.errors import Changed
from data_tools.polite import title_of
from data_tools.works import Work

SOURCE = "wikiart"
NO_WORKS = {"all-works", "mode", "text-list"}  # addresses under an artist that are no works
BADGES = "copyright"


@dataclass(frozen=True)
class FeedPage:
    """One page of the feed."""

    works: tuple[Work, ...]
    total: int
    page_size: int
    skipped: int = 0  # rows whose address cannot be read


def feed_page(text: str, base: str) -> FeedPage:
    """Read one page of the feed.

    Raises:
        Changed: it is not JSON, or its keys are not those known.
    """
    try:
        data = names.parsed(text)
    except ValueError:
        title = title_of(text.encode("utf-8", "replace"))
        raise Changed(f"the feed is {f'a web page called {title!r}' if title else 'not JSON'}") from None
    if not isinstance(data, dict) or "Paintings" not in data:
        raise Changed("the feed has no key 'Paintings'")
    items = data["Paintings"] or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Changed("the feed's 'Paintings' are no list of works")
    works = [work for item in items if (work := _from_json(item, base)) is not None]
    if items and not works:
        raise Changed("the feed's works have no 'paintingUrl'")
    skipped = sum(not names.slugs_of(names.joined(base, str(item.get("paintingUrl") or "")))[0] for item in items)
    total, size = (_whole(data.get(name)) or 0 for name in ("AllPaintingsCount", "PageSize"))
    return FeedPage(tuple(works), total, size, skipped)


def row_work(row: dict[str, Any], base: str) -> Work | None:
    """A work from a row that the browser read off the listing; None when it is no work."""
    page_url = names.joined(base, str(row.get("href") or ""))
    artist, work = names.slugs_of(page_url)
    if not artist or work in NO_WORKS:
        return None
    return Work(
        SOURCE,
        artist,
        work,
        title=names.clean(row.get("title")),
        artist_name=names.clean(str(row.get("artist") or "").split("•")[0]),
        year_text=(text := names.clean(str(row.get("year") or "").strip(" ,•"))),
        year=names.year(text),
        page_url=page_url,
        image_url=original(str(row.get("image") or "").strip("' \""), base),
    )


def text_list(text: str, base: str, artist: str) -> list[Work]:
    """All works of the page `/en/<artist>/all-works/text-list`, which does without pictures.

    Raises:
        Changed: there are no rows of works in it.
    """
    page = _Page(text)
    works = []
    for row in page.find_all("li", "painting-list-text-row"):
        link = next((node for node in row.walk() if node.tag == "a" and node.get("href")), None)
        if link is None:
            continue
        rest = row.text().removeprefix(link.text())
        found = row_work({"href": link.get("href"), "title": link.text(), "year": rest}, base)
        if found is not None and found.artist_slug == artist:
            works.append(found)
    if not works and not page.find_all("ul", "painting-list-text"):
        title = title_of(text.encode("utf-8", "replace"))
        where = f"the page {title!r}" if title else "the text list"
        raise Changed(f"{where} has no rows: looked for li.painting-list-text-row")
    return works


def details(text: str, base: str, work: Work) -> tuple[Work, list[tuple[str, str]]]:
    """Complete a work from its page.

    Returns:
        The work, and (size name, address) of the pictures that the page offers, the original last.

    Raises:
        Changed: nothing that is known was found in the page.
    """
    page = _Page(text)
    known: dict[str, Any] = {}
    holder = next((node for node in page.nodes if "paintingJson" in (node.get("ng-init") or "")), None)
    painting = _assigned(holder.get("ng-init")) if holder else {}
    facts = _labelled(page)
    badges = [names.clean(node.text()) for node in page.find_all(None, BADGES) if node.text().strip()]
    if not painting and not facts:
        title = title_of(text.encode("utf-8", "replace"))
        where = f"the page {title!r} of a work" if title else "the page of a work"
        raise Changed(f"{where} has neither paintingJson nor a list of facts")

    if painting:
        parsed = _from_json({**painting, "paintingUrl": work.page_url}, base)
        for name in ("title", "artist_name", "year_text", "declared_width", "declared_height", "image_url", "work_id"):
            if parsed is not None and getattr(parsed, name):
                known[name] = getattr(parsed, name)
    for name in ("style", "genre", "media"):
        if facts.get(name):
            known[name] = facts[name]
    if not known.get("year_text") and facts.get("date"):
        known["year_text"] = facts["date"]
    if known.get("year_text"):
        known["year"] = names.year(known["year_text"])
    if badges:
        known["rights_label"] = "; ".join(dict.fromkeys(badges))
        known["rights_status"] = _rights(page)
    offered = _sizes(page, base)
    if not known.get("image_url"):  # of a work that is only known from the text list
        shown = next((n.get("src") for n in page.nodes if n.tag == "img" and n.get("itemprop") == "image"), "")
        known["image_url"] = offered[-1][1] if offered else original(shown or "", base)
    if PLACEHOLDERS.search(known["image_url"]) and work.image_url:
        known["image_url"] = work.image_url
    return dataclasses.replace(work, **known), offered


def not_found(text: str) -> bool:
    """Whether a page says that there is no such page."""
    return "error404-hint" in text


def original(url: str, base: str) -> str:
    """The address of a picture without the part that asks for a size; empty when there is none."""
    return names.joined(base, url.split("!")[0]) if url else ""


def _from_json(item: dict[str, Any], base: str) -> Work | None:
    page_url = names.joined(base, str(item.get("paintingUrl") or ""))
    artist, work = names.slugs_of(page_url)
    if not artist or work in NO_WORKS:
        return None
    year_text = names.clean(item.get("year") or item.get("yearAsString"))
    return Work(
        SOURCE,
        artist,
        work,
        artist_name=names.clean(item.get("artistName")),
        work_id=names.clean(item.get("id") or item.get("_id")),
        content_id=names.clean(item.get("contentId")),
        title=names.clean(item.get("title")),
        year_text=year_text,
        year=names.year(year_text),
        declared_width=_whole(item.get("width")),
        declared_height=_whole(item.get("height")),
        page_url=page_url,
        image_url=original(str(item.get("image") or ""), base),
    )


def _whole(value: object) -> int | None:
    """A positive whole number, or None."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number > 0 else None


def _assigned(text: str | None) -> dict[str, Any]:
    """The JSON object in `name = {...};`, split at the first "=", for addresses hold more of them."""
    text = (text or "").partition("=")[2].strip().rstrip(";").strip()
    for attempt in (text, html.unescape(text), text.replace("&ququot;", '\\"')):
        try:
            data = names.parsed(attempt)
        except ValueError:
            continue
        return data if isinstance(data, dict) else {}
    return {}


def _labelled(page: _Page) -> dict[str, str]:
    """The labelled facts of a work, by lower-case label: `<li><s>Style:</s> <a>Color Field Painting</a></li>`."""
    facts = {}
    for item in page.find_all("li", None):
        label = next((node for node in item.children if node.tag == "s"), None)
        if label is None:
            continue
        name = label.text().strip().rstrip(":").lower()
        links = [node.text() for node in item.walk() if node.tag == "a"]
        values = links or [item.text().removeprefix(label.text())]
        values = [value for text in values if (value := names.clean(text).strip(" ,")) and value != "?"]
        if values:
            facts[name] = "; ".join(dict.fromkeys(values))
    return facts


def _rights(page: _Page) -> str:
    """Public domain only if every badge says so."""
    badges = [node for node in page.find_all(None, BADGES) if node.text().strip()]
    free = [any("public-domain" in (n.get("class") or "") for n in badge.walk()) for badge in badges]
    return "public_domain" if free and all(free) else "restricted"


def _sizes(page: _Page, base: str) -> list[tuple[str, str]]:
    """(name, address) of the sizes that the page offers, smallest first."""
    holder = next((node for node in page.nodes if "thumbnailSizesModel" in (node.get("ng-init") or "")), None)
    model = _assigned(holder.get("ng-init")) if holder else {}
    found = []
    for picture in _dicts(model.get("ImageThumbnailsModel"))[:1]:  # the first is the work, others are details of it
        for size in _dicts(picture.get("Thumbnails")):
            if size.get("Name") and (url := names.joined(base, str(size.get("Url") or ""))) != base:
                found.append((str(size["Name"]), url))
    return found


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


# ------------------------------------------------------------------------------------------- HTML

_VOID = {"img", "br", "meta", "link", "input", "hr", "source", "wbr", "area", "base", "col", "embed", "track"}


class _Node:
    """An element: its tag, its attributes, its children (elements and texts)."""

    def __init__(self, tag: str, attributes: dict[str, str | None]):
        self.tag, self.attributes = tag, attributes
        self.inside: list[_Node | str] = []

    @property
    def children(self) -> list[_Node]:
        return [child for child in self.inside if isinstance(child, _Node)]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def walk(self) -> Iterable[_Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.inside)


class _Page(HTMLParser):
    """A page as a tree, lenient as browsers are: a closing tag that fits nothing is passed over."""

    DEPTH = 200  # beyond it, elements become neighbours: a page that nests without end must not end the program

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.nodes: list[_Node] = []
        self._open = [_Node("", {})]
        self.feed(text)
        self.close()

    def find_all(self, tag: str | None, css_class: str | None) -> list[_Node]:
        """The elements of a tag and a class; None stands for any."""
        return [
            node
            for node in self.nodes
            if tag in (None, node.tag) and (css_class is None or css_class in (node.get("class") or "").split())
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("li", "p", "option") and self._open[-1].tag == tag:
            self._open.pop()
        node = _Node(tag, dict(attrs))
        self.nodes.append(node)
        self._open[-1].inside.append(node)
        if tag not in _VOID and len(self._open) < self.DEPTH:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, dict(attrs))
        self.nodes.append(node)
        self._open[-1].inside.append(node)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)
