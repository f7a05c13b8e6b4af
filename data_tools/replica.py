"""A small WikiArt on this machine, to try the scraper on without asking anybody.

It answers as the site does: listing pages that load more works at the click of a button, their pictures put in only
when they are scrolled into view; the JSON feed; the text list; pages of works; a host of pictures with several sizes.
The artists are invented, and the pictures are painted by `artkeras.synthetic`. A `Behaviour` makes it misbehave.

>>> with Replica() as site:
...     with WikiArt("feed", Politeness(delay=0), site.url, [site.picture_host]) as wikiart:
...         wikiart.list_works("vera-solano")

Or in a terminal: `python -m data_tools.replica`, which prints its address.
"""

from __future__ import annotations

import functools
import html
import io
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

STYLES = {
    "color-field-painting": "Color Field Painting",
    "abstract-expressionism": "Abstract Expressionism",
    "minimalism": "Minimalism",
}
EDGES = {"PinterestSmall": 120, "Large": 240, "HD": 320, "": 400}  # longest side in pixels, smaller than the site's
FIRST, MORE = 20, 60  # works on a listing page at first, and after each click
FRAME = "/Content/images/FRAME-600x480.jpg"


@dataclass(frozen=True)
class Painting:
    """One invented work. `file` is its picture's path; `fault` what is wrong with its picture, see `_picture` below."""

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
    fault: str = ""

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


@dataclass
class Behaviour:
    """How the site behaves; may be changed while it runs.

    Attributes:
        delay: seconds before each part of a listing.
        modal: seconds until a window lies over the page; None for none. It comes back after each click.
        ending: what becomes of the button after the last works: "class" (of hiding), "display" (none) or "removed".
        redraw: whether the button is drawn anew all the time.
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
    robots: str | int = "User-agent: *\nAllow: /\n"
    refusal: str = ""
    after: int = 0
    matching: str = ""
    retry_after: str = ""
    pardon: int = 0
    subtitle: bool = True


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


class Replica:
    """The site: two servers on 127.0.0.1, one for pages and one for pictures. A context manager.

    Args:
        works: artist -> works; by default those of `world`.
        behaviour: see there.

    Attributes:
        url: of the site. picture_host: "127.0.0.1:PORT", of the pictures.
        log: every request, in order of arrival.
    """

    def __init__(self, works: dict[str, list[Painting]] | None = None, behaviour: Behaviour | None = None):
        self.works = world() if works is None else works
        self.behaviour = behaviour or Behaviour()
        self.log: list[Request] = []
        self._lock = threading.Lock()
        self._failed: dict[int, int] = {}
        self._refusals = 0
        self._servers = [self._server("site"), self._server("pictures")]
        self.url = f"http://127.0.0.1:{self._servers[0].server_port}"
        self.picture_host = f"127.0.0.1:{self._servers[1].server_port}"

    def __enter__(self) -> Replica:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Replica:
        """Begin to answer."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer no more."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def requests(self, part: str = "", host: str = "") -> list[Request]:
        """Those whose path has `part` in it."""
        with self._lock:
            return [request for request in self.log if part in request.path and host in request.host]

    def pictures_asked(self) -> list[Request]:
        """The requests for pictures of works that were answered with one."""
        return [request for request in self.requests("/images/", "pictures") if request.status == 200]

    def forget(self) -> None:
        """Empty the log, and begin to count failures and refusals anew."""
        with self._lock:
            self.log.clear()
            self._failed.clear()
            self._refusals = 0

    def painting(self, artist: str, slug: str) -> Painting | None:
        """A work, or None."""
        return next((work for work in self.works.get(artist, []) if work.slug == slug), None)

    # ------------------------------------------------------------------------------------ serving

    def _server(self, host: str) -> ThreadingHTTPServer:
        replica = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one go: else each answer waits 40 ms for the other side's nod

            def do_GET(self) -> None:
                arrived = time.monotonic()
                try:
                    status, headers, body = replica.answer(host, self.path)
                except Exception as error:  # a fault of the replica should be seen, not hang a test
                    status, headers, body = 500, {}, repr(error).encode()
                with replica._lock:
                    agent = self.headers.get("User-Agent", "")
                    replica.log.append(Request(arrived, host, self.path, agent, status))
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

    def answer(self, host: str, target: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path with its query."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}
        if path == "/robots.txt":
            robots = self.behaviour.robots
            return (
                (200, {"Content-Type": "text/plain"}, robots.encode()) if isinstance(robots, str) else (robots, {}, b"")
            )
        if refusal := self._refuse(target):
            return refusal
        if host == "pictures":
            return self._picture(path)
        return self._page(path, query)

    def _refuse(self, target: str) -> tuple[int, dict[str, str], bytes] | None:
        how = self.behaviour
        if not how.refusal or how.matching not in target or target.startswith("/en/login"):
            return None
        with self._lock:
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

    def _page(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["en"] and len(parts) > 1:
            artist = parts[1]
            if artist == "paintings-by-style" and len(parts) == 3 and parts[2] in STYLES:
                works = [work for list_ in self.works.values() for work in list_ if work.style == parts[2]]
                return self._feed(works, query) if "json" in query else _html("<main>a style</main>")
            if artist == "login":
                return _html("<title>Log in</title><form></form>")
            if artist in self.works:
                works = self.works[artist]
                if len(parts) == 2:
                    return _html(f"<main><h1>{html.escape(ARTISTS.get(artist, artist))}</h1></main>")
                if parts[2:] == ["mode", "all-paintings"]:
                    return self._feed(works, query)
                if parts[2:] == ["all-works"]:
                    return _html(self._listing(artist))
                if parts[2:] == ["all-works", "text-list"] and self.behaviour.text_list:
                    return _html(self._text_list(works))
                work = self.painting(artist, parts[2]) if len(parts) == 3 else None
                if work is not None:
                    return _html(self._work(work))
        return 404, {}, b"<html><body><div class='error404-hint'>Page not found</div></body></html>"

    def _feed(self, works: list[Painting], query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        how = self.behaviour
        page = int(query.get("page", "1"))
        in_page = "masonry" in query.get("from", "")  # the listing page's own requests
        if how.delay:
            time.sleep(how.delay)
        with self._lock:
            self._failed[page] = self._failed.get(page, 0) + 1
            if self._failed[page] <= how.failing.get(page, 0):
                return 503, {}, b"<html><body>Service Unavailable</body></html>"
        if not in_page and how.feed != "ok":
            if how.feed == "gone":
                return 404, {}, b"<div class='error404-hint'></div>"
            if how.feed == "bad":
                return 400, {}, b"Bad Request"
            if how.feed == "html":
                return _html("<main>we have a new site</main>")
            if how.feed == "no-key":
                return 200, {"Content-Type": "application/json"}, b'{"Works": [], "Total": 3}'
            page = min(page, 2)  # "repeats"
        style = query.get("filter", "").removeprefix("Style_")
        filtered = style in STYLES and not how.ignore_filter
        if filtered:
            works = [work for work in works if work.style == style]
        if in_page:
            start, end = (0, FIRST) if page == 1 else (FIRST + MORE * (page - 2), FIRST + MORE * (page - 1))
        else:
            start, end = how.page_size * (page - 1), how.page_size * page
        data = {
            "ArtistsHtml": None,
            "CanLoadMoreArtists": False,
            "Paintings": [self._json(work) for work in works[start:end]] or how.empty,
            "Artists": None,
            "AllArtistsCount": 0,
            "PaintingsHtml": None,
            "AllPaintingsCount": len(works) + how.more,
            "PageSize": how.page_size,
            "TimeLog": None,
        }
        if in_page:  # what the page's own script knows by itself
            data["Subtitle"] = STYLES[style] if filtered and how.subtitle else "All works"
        return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(data).encode()

    def _json(self, work: Painting) -> dict[str, Any]:
        # The host of one file differs between answers on the site; here at least the size part may be there or not.
        image = f"http://{self.picture_host}{FRAME if work.fault == 'frame-listed' else quote(work.picture)}"
        return {
            "id": work.id,
            "title": work.title,
            "year": work.year,
            "width": work.width,
            "height": work.height,
            "artistName": ARTISTS.get(work.artist, work.artist),
            "image": image if work.fault != "foreign-host" else f"http://pictures.example.com{work.picture}",
            "map": "0123**67*",
            "paintingUrl": work.path,
            "artistUrl": f"/en/{work.artist}",
            "contentId": work.content_id,
            "albums": None,
            "flags": 2,
            "images": None,
        }

    def _listing(self, artist: str) -> str:
        how = self.behaviour
        settings = {
            "feed": f"/en/{quote(artist)}/mode/all-paintings?json=2&layout=new&resultType=masonry&from=masonry",
            "modal": how.modal,
            "ending": how.ending,
            "redraw": how.redraw,
        }
        page = LISTING.replace("SETTINGS", json.dumps(settings))
        if how.renamed:
            for name in ("wiki-masonry-container", "artwork-name", "title-block", "masonry-content", "view-all-works"):
                page = page.replace(name, f"x-{name[::-1]}")
        return page

    def _text_list(self, works: list[Painting]) -> str:
        rows = "".join(
            f'<li class="painting-list-text-row"><a href="{html.escape(work.path)}">{html.escape(work.title)}</a>'
            f"<span>, {html.escape(work.year)}</span></li>"
            for work in works
        )
        page = f'<main><ul class="painting-list-text">{rows}</ul></main>'
        return page.replace("painting-list-text", "plt") if self.behaviour.renamed else page

    def _work(self, work: Painting) -> str:
        image = f"http://{self.picture_host}{quote(work.picture)}"
        painting = {**self._json(work), "_t": "PaintingForGalleryNew", "_id": work.id, "image": image}
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
        shown = FRAME if work.fault == "frame-shown" else f"{work.picture}!Large.jpg"
        return WORK_PAGE.format(
            painting=html.escape("paintingJson = " + json.dumps(painting), quote=True),
            model=html.escape("thumbnailSizesModel = " + json.dumps(model) + ";", quote=True),
            image=html.escape(f"http://{self.picture_host}{shown}"),
            title=html.escape(work.title),
            year=html.escape(work.year),
            style=html.escape(STYLES[work.style]),
            style_slug=work.style,
            genre=html.escape(work.genre),
            media=html.escape(work.media),
            badges=wrapped,
        )

    def _picture(self, path: str) -> tuple[int, dict[str, str], bytes]:
        jpeg = {"Content-Type": "image/jpeg", "ETag": '"1"', "Last-Modified": "Wed, 25 Nov 2020 10:00:00 GMT"}
        if path == FRAME:
            return 200, jpeg, picture(0, 600, 480)
        path, _, token = path.partition("!")
        size = token.rpartition(".")[0]
        works = (work for list_ in self.works.values() for work in list_ if work.picture == path)
        work = next(works, None)
        if work is None or size not in EDGES:
            return 404, {}, b"not found"
        longest = EDGES[size]
        scale = longest / max(work.width, work.height)
        width, height = round(work.width * scale), round(work.height * scale)
        whole = functools.partial(picture, work.number, width, height)
        faults: dict[str, Callable[[], tuple[int, dict[str, str], bytes]]] = {
            "": lambda: (200, jpeg, whole()),
            "no-large": lambda: (404, {}, b"") if size == "Large" else (200, jpeg, whole()),
            "gone": lambda: (404, {}, b""),
            "frame": lambda: (200, jpeg, picture(0, 600, 480)),  # the placeholder under the work's own address
            "frame-redirect": lambda: (302, {"Location": FRAME}, b""),
            "placeholder": lambda: (200, jpeg, picture(1, 300, 300)),  # one that has no name
            "html": lambda: (200, jpeg, b"<!DOCTYPE html><html><body>sorry</body></html>"),
            "json": lambda: (200, jpeg, b'{"error": "sorry"}'),
            "cut": lambda: (200, jpeg, whole()[: len(whole()) // 2]),
            "cut-large": lambda: (200, jpeg, whole()[: len(whole()) // 2] if size == "Large" else whole()),
            "broken-off": lambda: (200, {**jpeg, "Content-Length": str(len(whole()))}, whole()[: len(whole()) // 2]),
            "empty": lambda: (200, jpeg, b""),
            "png": lambda: (200, jpeg, whole("PNG")),
            "cmyk": lambda: (200, jpeg, whole("JPEG", "CMYK")),
            "grey": lambda: (200, jpeg, whole("JPEG", "L")),
            "grey16": lambda: (200, jpeg, whole("PNG", "I;16")),
            "error": lambda: (500, {}, b"error"),
            "to-error": lambda: (302, {"Location": "/error"}, b""),
            "away": lambda: (302, {"Location": "http://pictures.example.com/x.jpg"}, b""),
        }
        return faults.get(work.fault, faults[""])()


def _html(body: str) -> tuple[int, dict[str, str], bytes]:
    page = (
        body
        if "<html" in body
        else f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body>{body}</body></html>"
    )
    return 200, {}, page.encode()


# The listing as the site has it since 2018, its script reduced to what a visitor sees.
LISTING = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>All works</title><style>
.hide { display: none } #shade { position: fixed; inset: 0; background: #0008; z-index: 9 }
li { display: inline-block; width: 220px; min-height: 250px }
</style></head><body>
<div class="wiki-container"><section><main>
<div class="view-all-works ng-scope"><div class="masonry-outter-container">
<div class="subtitle ng-binding ng-scope"></div>
<div class="masonry-content"><div ng-switch-when="masonry"><ul class="wiki-masonry-container"></ul></div></div>
<span class="count ng-binding"></span>
<div class="masonry-load-more-button-wrapper"></div>
</div></div></main></section></div>
<script>
const settings = SETTINGS;
const placeholder = '/Content/wiki/img/lazy-load-placeholder.png';
const list = document.querySelector('ul.wiki-masonry-container');
const wrapper = document.querySelector('.masonry-load-more-button-wrapper');
const name = (location.hash.match(/filterName:([^,]+)/) || [])[1] || '';
let page = 0, shown = 0, busy = false, more = false;
const seen = new IntersectionObserver(entries => entries.forEach(e => {
  if (e.isIntersecting) e.target.src = e.target.getAttribute('img-source').replace(/'/g, '') + '!PinterestSmall.jpg';
}));
function button() {
  wrapper.innerHTML = '';
  if (!more && settings.ending === 'removed') return;
  const a = document.createElement('a');
  a.className = 'masonry-load-more-button' + (!more && settings.ending === 'class' ? ' hide' : '');
  if (!more && settings.ending === 'display') a.style.display = 'none';
  a.setAttribute('ng-click', 'loadMore($event);');
  a.innerHTML = '<span></span><span>Load more</span><span></span>';
  a.addEventListener('click', load);
  wrapper.append(a);
}
function modal() {
  if (document.getElementById('shade')) return;
  const shade = document.createElement('div');
  shade.id = 'shade';
  shade.innerHTML = '<button id="close-popup">close</button>';
  shade.querySelector('button').addEventListener('click', () => shade.remove());
  document.body.append(shade);
}
async function load() {
  if (busy) return;
  busy = true;
  try {
    const answer = await fetch(`${settings.feed}&page=${page + 1}&filter=${encodeURIComponent(name)}`,
      {headers: {'X-Requested-With': 'XMLHttpRequest'}});
    if (!answer.ok) throw new Error(answer.status);
    const data = await answer.json();
    page += 1;
    for (const work of data.Paintings || []) {
      const li = document.createElement('li');
      li.className = 'ng-scope';
      const picture = document.createElement('a');
      const image = document.createElement('img');
      image.className = 'ng-isolate-scope';
      image.setAttribute('lazy-load', '');
      image.setAttribute('img-source', `'${work.image}'`);
      image.src = placeholder;
      picture.append(image);
      const block = document.createElement('div');
      block.className = 'title-block';
      block.id = work.id;
      for (const [tag, kind, text] of [['a', 'artwork-name ng-binding', work.title],
          ['span', 'artwork-year', work.year], ['a', 'artist-name', work.artistName + ' \u2022 ' + work.year]]) {
        const e = document.createElement(tag);
        e.className = kind;
        e.textContent = text;
        if (kind.startsWith('artwork-name')) e.setAttribute('href', work.paintingUrl);
        block.append(e);
      }
      li.append(picture, block);
      list.append(li);
      seen.observe(image);
      shown += 1;
    }
    const total = data.AllPaintingsCount;
    more = (data.Paintings || []).length > 0 && shown < total;
    document.querySelector('span.count').textContent = page === 1 && !more ? '' : `1-${shown} out of ${total}`;
    document.querySelector('.subtitle').textContent = data.Subtitle;
  } catch (error) {
    more = more || page === 0;  // the button stays, as it does on the site
  } finally {
    busy = false;
    button();
    if (settings.modal !== null && page > 0) setTimeout(modal, 1000 * settings.modal);
  }
}
if (settings.redraw) setInterval(button, 30);
load();
</script></body></html>"""

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
    with Replica() as running:
        print(f"{running.url}  (pictures: {running.picture_host}; Ctrl-C ends it)", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
