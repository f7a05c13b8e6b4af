"""The demo site of `data_tools.demo_site` with the faults of a real one: a `Behaviour` makes it misbehave."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from data_tools import demo_site
from data_tools.demo_site import (
    ANYBODY,
    FRAME,
    JPEG,
    STYLES,
    Answer,
    DemoSite,
    Request,
    asked_by_page,
    html_page,
    json_page,
    picture,
    scaled,
)

__all__ = ["STYLES", "Behaviour", "Painting", "Replica", "paintings", "picture"]

NOT_FOUND = 404, {}, b"<html><body><div class='error404-hint'>Page not found</div></body></html>"


@dataclass(frozen=True)
class Painting(demo_site.Painting):
    """One invented work. `fault` is what is wrong with its picture, see `Replica.drawn`."""

    fault: str = ""


def paintings(artist: str, count: int, **more: Any) -> list[Painting]:
    """Invented works of an artist, as `demo_site.paintings` has them."""
    fault = more.pop("fault", "")
    return [Painting(**vars(work), fault=fault) for work in demo_site.paintings(artist, count, **more)]


@dataclass
class Behaviour:
    """How the site behaves; may be changed while it runs.

    Attributes:
        delay: seconds before each part of a listing.
        modal: seconds until a window lies over the page; None for none. It comes back after each click.
        ending: what becomes of the button after the last works: "class" (of hiding), "display" (none) or "removed".
        redraw: whether the button is drawn again all the time.
        feed: "ok", "gone" (404), "bad" (400), "html", "no-key" or "repeats" (page 2 comes again and again).
        empty: what `Paintings` is beyond the last page, null or [].
        page_size: of the feed.
        more: how many works more are declared than there are.
        failing: page of the feed -> how often it answers 503 before it works.
        ignore_filter: show all works whatever style is asked for.
        renamed: whether the classes on the listing and the text list have other names.
        text_list: whether there is one.
        robots: the text of robots.txt, or a status such as 404.
        refusal: "", "403", "challenge", "429", "503" or "login": how all is answered that comes
        after: so many requests.
        matching: only requests whose path holds this text are refused.
        retry_after: the header of a 429.
        pardon: after so many refused requests all is well again; 0 for never.
        subtitle: whether the page names its filter.
    """

    delay: float = 0.0
    modal: float | None = None
    ending: str = "class"
    redraw: bool = False
    feed: str = "ok"
    empty: Any = None
    page_size: int = 60
    more: int = 0
    failing: dict[int, int] = field(default_factory=dict)
    ignore_filter: bool = False
    renamed: bool = False
    text_list: bool = True
    robots: str | int = ANYBODY
    refusal: str = ""
    after: int = 0
    matching: str = ""
    retry_after: str = ""
    pardon: int = 0
    subtitle: bool = True


class Replica(DemoSite):
    """The site, and what it was asked.

    Args:
        works: artist -> works.
        behaviour: see there.
    """

    def __init__(self, works: dict[str, list[Painting]], behaviour: Behaviour | None = None):
        self.behaviour = behaviour or Behaviour()
        self._failed: dict[int, int] = {}
        self._refusals = 0
        super().__init__(works)

    def requests(self, part: str = "", host: str = "") -> list[Request]:
        """Those whose path has `part` in it."""
        with self.lock:
            return [request for request in self.log if part in request.path and host in request.host]

    def pictures_asked(self) -> list[Request]:
        """The requests for pictures of works that were answered with one."""
        return [request for request in self.requests("/images/", "pictures") if request.status == 200]

    def forget(self) -> None:
        """Empty the log, and begin to count failures and refusals at 0."""
        with self.lock:
            self.log.clear()
            self._failed.clear()
            self._refusals = 0

    def answer(self, host: str, target: str) -> Answer:
        path = urlsplit(target).path
        if path == "/robots.txt":
            robots = self.behaviour.robots
            if isinstance(robots, int):
                return robots, {}, b""
            return 200, {"Content-Type": "text/plain"}, robots.encode()
        if refusal := self._refuse(target):
            return refusal
        if path.endswith("/text-list") and not self.behaviour.text_list:
            return NOT_FOUND
        return super().answer(host, target)

    def _refuse(self, target: str) -> Answer | None:
        how = self.behaviour
        if not how.refusal or how.matching not in target or target.startswith("/en/login"):
            return None
        with self.lock:
            seen = sum(how.matching in request.path for request in self.log)
            if seen < how.after or (how.pardon and self._refusals >= how.pardon):
                return None
            self._refusals += 1
        if how.refusal == "challenge":
            page = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
            return 403, {"Server": "cloudflare", "cf-mitigated": "challenge"}, page
        if how.refusal == "login":
            return 302, {"Location": "/en/login?next=" + quote(target)}, b""
        return int(how.refusal), {"Retry-After": how.retry_after} if how.retry_after else {}, b"no"

    def feed(self, works: list[Painting], query: dict[str, str]) -> Answer:
        how = self.behaviour
        page = int(query.get("page", "1"))
        if how.delay:
            time.sleep(how.delay)
        with self.lock:
            self._failed[page] = self._failed.get(page, 0) + 1
            if self._failed[page] <= how.failing.get(page, 0):
                return 503, {}, b"<html><body>Service Unavailable</body></html>"
        if not asked_by_page(query) and how.feed != "ok":
            if how.feed == "gone":
                return 404, {}, b"<div class='error404-hint'></div>"
            if how.feed == "bad":
                return 400, {}, b"Bad Request"
            if how.feed == "html":
                return html_page("<main>we have a new site</main>")
            if how.feed == "no-key":
                return 200, {"Content-Type": "application/json"}, b'{"Works": [], "Total": 3}'
            query = query | {"page": str(min(page, 2))}  # "repeats"
        if how.ignore_filter:
            query = query | {"filter": ""}
        self.page_size = how.page_size
        data = self.feed_data(works, query)
        data["Paintings"] = data["Paintings"] or how.empty
        data["AllPaintingsCount"] += how.more
        if "Subtitle" in data and not how.subtitle:
            data["Subtitle"] = "All works"
        return json_page(data)

    def facts(self, work: Painting) -> dict[str, Any]:
        images = {
            "frame-listed": f"http://{self.picture_host}{FRAME}",
            "foreign-host": f"http://pictures.example.com{work.picture}",
        }
        facts = super().facts(work)
        return facts | {"image": images.get(work.fault, facts["image"])}

    def listing(self, artist: str) -> str:
        page = super().listing(artist)
        if self.behaviour.renamed:
            for name in ("wiki-masonry-container", "artwork-name", "title-block", "masonry-content", "view-all-works"):
                page = page.replace(name, f"x-{name[::-1]}")
        return page

    def settings(self, artist: str) -> dict[str, Any]:
        how = self.behaviour
        return super().settings(artist) | {"modal": how.modal, "ending": how.ending, "redraw": how.redraw}

    def text_list(self, works: list[Painting]) -> str:
        page = super().text_list(works)
        return page.replace("painting-list-text", "plt") if self.behaviour.renamed else page

    def shown(self, work: Painting) -> str:
        return FRAME if work.fault == "frame-shown" else super().shown(work)

    def drawn(self, work: Painting, size: str) -> Answer:
        whole = functools.partial(picture, work.number, *scaled(work, size))
        faults: dict[str, Callable[[], Answer]] = {
            "": lambda: (200, JPEG, whole()),
            "no-large": lambda: (404, {}, b"") if size == "Large" else (200, JPEG, whole()),
            "gone": lambda: (404, {}, b""),
            "frame": lambda: (200, JPEG, picture(0, 600, 480)),  # the placeholder under the work's own address
            "frame-redirect": lambda: (302, {"Location": FRAME}, b""),
            "placeholder": lambda: (200, JPEG, picture(1, 300, 300)),  # one that has no name
            "html": lambda: (200, JPEG, b"<!DOCTYPE html><html><body>sorry</body></html>"),
            "json": lambda: (200, JPEG, b'{"error": "sorry"}'),
            "cut": lambda: (200, JPEG, whole()[: len(whole()) // 2]),
            "cut-large": lambda: (200, JPEG, whole()[: len(whole()) // 2] if size == "Large" else whole()),
            "broken-off": lambda: (200, {**JPEG, "Content-Length": str(len(whole()))}, whole()[: len(whole()) // 2]),
            "empty": lambda: (200, JPEG, b""),
            "png": lambda: (200, JPEG, whole("PNG")),
            "cmyk": lambda: (200, JPEG, whole("JPEG", "CMYK")),
            "grey": lambda: (200, JPEG, whole("JPEG", "L")),
            "grey16": lambda: (200, JPEG, whole("PNG", "I;16")),
            "error": lambda: (500, {}, b"error"),
            "to-error": lambda: (302, {"Location": "/error"}, b""),
            "away": lambda: (302, {"Location": "http://pictures.example.com/x.jpg"}, b""),
        }
        return faults.get(work.fault, faults[""])()
