"""A small WikiArt on this machine, to try the scraper on without asking anybody.

It answers as the site does: listing pages that load more works at the click of a button, their pictures put in only
when they are scrolled into view; the JSON feed; the text list; pages of works; a host of pictures with several sizes.
The artists are invented, and the pictures are painted by `artkeras.synthetic`.

>>> with DemoSite() as site:
...     with WikiArt("feed", Politeness(delay=0), site.url, [site.picture_host]) as wikiart:
...         wikiart.list_works("vera-solano")

Or in a terminal: `python -m data_tools.demo_site`, which prints its address.
"""

from __future__ import annotations

import functools
import html
import io
import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

STYLES = {
    "color-field-painting": "Color Field Painting",
    "abstract-expressionism": "Abstract Expressionism",
    "minimalism": "Minimalism",
}
JPEG = {"Content-Type": "image/jpeg", "ETag": '"1"', "Last-Modified": "Wed, 25 Nov 2020 10:00:00 GMT"}
EDGES = {"PinterestSmall": 120, "Large": 240, "HD": 320, "": 400}  # longest side in pixels, smaller than the site's
FIRST, MORE = 20, 60  # works on a listing page at first, and after each click
FRAME = "/Content/images/FRAME-600x480.jpg"  # the site's placeholder for pictures that it does not have
ANYBODY = "User-agent: *\nAllow: /\n"  # robots.txt

Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


@dataclass(frozen=True)
class Painting:
    """One invented work. `file` is its picture's path."""

    artist: str
    slug: str
    title: str
    year: str
    style: str = "color-field-painting"
    genre: str = "abstract"
    media: str = "oil, canvas"
    public_domain: bool = False
    width: int = 400
    height: int = 300
    number: int = 0
    content_id: int = 9223372032559858107  # as the site has them: beyond what JavaScript can count
    file: str = ""

    @property
    def path(self) -> str:
        """Of the page."""
        return f"/en/{self.artist}/{self.slug}"

    @property
    def id(self) -> str:
        """24 hexadecimal digits."""
        return f"5772{self.number:020x}"

    @property
    def picture(self) -> str:
        """Path of the original picture."""
        return self.file or f"/{self.number % 100:05d}/images/{self.artist}/{self.slug}.jpg"


@dataclass(frozen=True)
class Request:
    """One request as the site saw it: when (seconds, monotonic), which of its hosts, path with query, who, answer."""

    time: float
    host: str
    path: str
    agent: str
    status: int


def paintings(artist: str, count: int, *, first_year: int = 1948, **more: Any) -> list[Painting]:
    """Invented works of an artist: numbered titles, some of them the same, years, styles, widths and heights."""
    dice = random.Random(artist)
    words = ("Untitled", "No.", "Veil", "Field", "Orange over", "Blue and", "Horizon", "Stripe", "Tide", "Evening")
    works = []
    for index in range(count):
        title = "Untitled" if index % 5 == 0 else f"{dice.choice(words)} {index}"
        year = str(first_year + index * 30 // max(count, 1))
        shape = (400, dice.randrange(180, 401))
        width, height = shape if dice.random() < 0.5 else shape[::-1]
        facts = {
            "title": title,
            "year": ("", f"c.{year}", f"{year}-{int(year) + 2}")[index % 3] if index % 11 == 0 else year,
            "style": "color-field-painting" if index % 4 else dice.choice(list(STYLES)[1:]),
            "media": dice.choice(("oil, canvas", "acrylic, canvas", "gouache, paper")),
            "public_domain": index % 10 == 3,
            "width": width,
            "height": height,
            "number": dice.randrange(16**12),
        }
        works.append(Painting(artist, f"{title.lower().replace(' ', '-').replace('.', '')}-{index}", **(facts | more)))
    return works


ARTISTS = {
    "vera-solano": "Vera Solano",
    "ole-brandt": "Ole Brandt",
    "mina-okafor": "Mina Okafor",
    "jun-arai": "Jun Arai",
}


def world() -> dict[str, list[Painting]]:
    """The works of four invented artists; the last has none."""
    return {
        "vera-solano": paintings("vera-solano", 48),
        "ole-brandt": paintings("ole-brandt", 20, first_year=1961),
        "mina-okafor": paintings("mina-okafor", 31, first_year=1957),
        "jun-arai": [],
    }


@functools.lru_cache(maxsize=4096)
def picture(number: int, width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    """A procedural painting as a file; the number decides which."""
    import numpy as np
    from PIL import Image

    from artkeras import synthetic

    painted = synthetic.colour_field(1, 48, seed=number % 2**32)[0]
    image = Image.fromarray(painted).resize((width, height), Image.Resampling.BICUBIC)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 85} if kind == "JPEG" else {}))
    return file.getvalue()


class DemoSite:
    """The site: two servers on 127.0.0.1, one for pages and one for pictures. A context manager.

    Args:
        works: artist -> works; by default those of `world`.

    Attributes:
        url: of the site. picture_host: "127.0.0.1:PORT", of the pictures.
        log: every request, in order of arrival.
    """

    page_size = 60  # of the feed

    def __init__(self, works: dict[str, list[Painting]] | None = None):
        self.works = world() if works is None else works
        self.log: list[Request] = []
        self.lock = threading.Lock()
        self._servers = [self._server("site"), self._server("pictures")]
        self.url = f"http://127.0.0.1:{self._servers[0].server_port}"
        self.picture_host = f"127.0.0.1:{self._servers[1].server_port}"

    def __enter__(self) -> DemoSite:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> DemoSite:
        """Begin to answer."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def painting(self, artist: str, slug: str) -> Painting | None:
        """A work, or None."""
        return next((work for work in self.works.get(artist, []) if work.slug == slug), None)

    # ------------------------------------------------------------------------------------ serving

    def _server(self, host: str) -> ThreadingHTTPServer:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one go: else each answer waits 40 ms for the other side's nod

            def do_GET(self) -> None:
                arrived = time.monotonic()
                try:
                    status, headers, body = site.answer(host, self.path)
                except Exception as error:  # a fault of this site should be seen, not wait for ever
                    status, headers, body = 500, {}, repr(error).encode()
                with site.lock:
                    agent = self.headers.get("User-Agent", "")
                    site.log.append(Request(arrived, host, self.path, agent, status))
                headers = dict(headers)
                length = headers.pop("Content-Length", str(len(body)))
                self.send_response(status)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", length)
                self.end_headers()
                self.wfile.write(body)
                if length != str(len(body)):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:  # a client that was killed
                    pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        return server

    def answer(self, host: str, target: str) -> Answer:
        """Status, headers and body for a path with its query."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, ANYBODY.encode()
        return self.picture(path) if host == "pictures" else self._page(path, query)

    def _page(self, path: str, query: dict[str, str]) -> Answer:
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["en"] and len(parts) > 1:
            artist = parts[1]
            if artist == "paintings-by-style" and len(parts) == 3 and parts[2] in STYLES:
                works = [work for list_ in self.works.values() for work in list_ if work.style == parts[2]]
                return self.feed(works, query) if "json" in query else html_page("<main>a style</main>")
            if artist == "login":
                return html_page("<title>Log in</title><form></form>")
            if artist in self.works:
                works = self.works[artist]
                if len(parts) == 2:
                    return html_page(f"<main><h1>{html.escape(ARTISTS.get(artist, artist))}</h1></main>")
                if parts[2:] == ["mode", "all-paintings"]:
                    return self.feed(works, query)
                if parts[2:] == ["all-works"]:
                    return html_page(self.listing(artist))
                if parts[2:] == ["all-works", "text-list"]:
                    return html_page(self.text_list(works))
                work = self.painting(artist, parts[2]) if len(parts) == 3 else None
                if work is not None:
                    return html_page(self._work(work))
        return 404, {}, b"<html><body><div class='error404-hint'>Page not found</div></body></html>"

    def feed(self, works: list[Painting], query: dict[str, str]) -> Answer:
        """A page of a list of works as JSON."""
        return json_page(self.feed_data(works, query))

    def feed_data(self, works: list[Painting], query: dict[str, str]) -> dict[str, Any]:
        """What a page of the feed says."""
        page = int(query.get("page", "1"))
        style = query.get("filter", "").removeprefix("Style_")
        if style in STYLES:
            works = [work for work in works if work.style == style]
        in_page = asked_by_page(query)
        if in_page:
            start, end = (0, FIRST) if page == 1 else (FIRST + MORE * (page - 2), FIRST + MORE * (page - 1))
        else:
            start, end = self.page_size * (page - 1), self.page_size * page
        data = {
            "ArtistsHtml": None,
            "CanLoadMoreArtists": False,
            "Paintings": [self.facts(work) for work in works[start:end]] or None,
            "Artists": None,
            "AllArtistsCount": 0,
            "PaintingsHtml": None,
            "AllPaintingsCount": len(works),
            "PageSize": self.page_size,
            "TimeLog": None,
        }
        # what the page's own script knows by itself
        return data | {"Subtitle": STYLES.get(style, "All works")} if in_page else data

    def facts(self, work: Painting) -> dict[str, Any]:
        """What the feed and the page of a work say of it."""
        return {
            "id": work.id,
            "title": work.title,
            "year": work.year,
            "width": work.width,
            "height": work.height,
            "artistName": ARTISTS.get(work.artist, work.artist),
            "image": f"http://{self.picture_host}{quote(work.picture)}",
            "map": "0123**67*",
            "paintingUrl": work.path,
            "artistUrl": f"/en/{work.artist}",
            "contentId": work.content_id,
            "albums": None,
            "flags": 2,
            "images": None,
        }

    def listing(self, artist: str) -> str:
        """The page with all works of an artist."""
        return LISTING.read_text("utf-8").replace("SETTINGS", json.dumps(self.settings(artist)))

    def settings(self, artist: str) -> dict[str, Any]:
        """What the script of the listing page goes by.

        "feed" is where it asks for works; "modal" after how many seconds a window lies over the page, if any; "ending"
        what becomes of the button after the last works; "redraw" whether the button is drawn again all the time.
        """
        feed = f"/en/{quote(artist)}/mode/all-paintings?json=2&layout=new&resultType=masonry&from=masonry"
        return {"feed": feed, "modal": None, "ending": "class", "redraw": False}

    def text_list(self, works: list[Painting]) -> str:
        """The page with all works of an artist as plain text."""
        rows = "".join(
            f'<li class="painting-list-text-row"><a href="{html.escape(work.path)}">{html.escape(work.title)}</a>'
            f"<span>, {html.escape(work.year)}</span></li>"
            for work in works
        )
        return f'<main><ul class="painting-list-text">{rows}</ul></main>'

    def shown(self, work: Painting) -> str:
        """Path of the picture that the page of a work shows."""
        return f"{work.picture}!Large.jpg"

    def _work(self, work: Painting) -> str:
        image = f"http://{self.picture_host}{quote(work.picture)}"
        painting = {**self.facts(work), "_t": "PaintingForGalleryNew", "_id": work.id, "image": image}
        del painting["id"]
        sizes = [
            {"SizeKB": 9, "Width": edge, "Height": edge, "Url": f"{image}{'!' + name + '.jpg' if name else ''}"}
            | {"Name": name or "Original"}
            for name, edge in EDGES.items()
        ]
        model = {"_t": "ThumbnailSizesModel", "ImageThumbnailsModel": [{"Thumbnails": sizes}]}
        free = '<i class="copyright-icon-public-domain"></i> Public domain'
        badges = [free] if work.public_domain else ["© the artist", "Fair Use"]
        wrapped = "".join(f'<div class="copyright-wrapper"><span class="copyright">{b}</span></div>' for b in badges)
        return WORK_PAGE.format(
            painting=html.escape("paintingJson = " + json.dumps(painting), quote=True),
            model=html.escape("thumbnailSizesModel = " + json.dumps(model) + ";", quote=True),
            image=html.escape(f"http://{self.picture_host}{self.shown(work)}"),
            title=html.escape(work.title),
            year=html.escape(work.year),
            style=html.escape(STYLES[work.style]),
            style_slug=work.style,
            genre=html.escape(work.genre),
            media=html.escape(work.media),
            badges=wrapped,
        )

    def picture(self, path: str) -> Answer:
        """The picture of a work, in one of its sizes."""
        if path == FRAME:
            return 200, JPEG, picture(0, 600, 480)
        path, _, token = path.partition("!")
        size = token.rpartition(".")[0]
        work = next((work for list_ in self.works.values() for work in list_ if work.picture == path), None)
        return (404, {}, b"not found") if work is None or size not in EDGES else self.drawn(work, size)

    def drawn(self, work: Painting, size: str) -> Answer:
        """A work as a picture of a size, a key of `EDGES`."""
        return 200, JPEG, picture(work.number, *scaled(work, size))


def scaled(work: Painting, size: str) -> tuple[int, int]:
    """Width and height of a work's picture of a size."""
    scale = EDGES[size] / max(work.width, work.height)
    return round(work.width * scale), round(work.height * scale)


def asked_by_page(query: dict[str, str]) -> bool:
    """Whether a request for the feed is one of the listing page's own."""
    return "masonry" in query.get("from", "")


def json_page(data: dict[str, Any]) -> Answer:
    """An answer in JSON."""
    return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(data).encode()


def html_page(body: str) -> Answer:
    """An answer in HTML."""
    page = (
        body
        if "<html" in body
        else f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>{body}</body></html>"
    )
    return 200, {}, page.encode()


# The listing as the site has it since 2018, its script reduced to what a visitor sees.
LISTING = Path(__file__).with_name("demo_site.html")

WORK_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head><body>
<main ng-controller="ArtworkViewCtrl" ng-init="{model}">
<div class="wiki-layout-artist-image-wrapper"><img itemprop="image" src="{image}"></div>
<div class="wiki-layout-painting-info-bottom" ng-init="{painting}"></div>
<article class="wiki-layout-artwork-info"><ul>
<li><s>Date:</s> <span itemprop="dateCreated">{year}</span></li>
<li class="dictionary-values"><s>Style:</s>
  <span><a href="/en/paintings-by-style/{style_slug}">{style}</a></span></li>
<li class="dictionary-values"><s>Genre:</s> <span><a><span itemprop="genre">{genre}</span></a></span></li>
<li class="dictionary-values"><s>Media:</s> <span><a>{media}</a></span></li>
</ul></article>
{badges}
</main></body></html>"""


if __name__ == "__main__":
    with DemoSite() as running:
        print(f"{running.url}  (pictures: {running.picture_host}; Ctrl-C ends it)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
