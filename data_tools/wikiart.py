"""WikiArt: the works of artists, of a style, as pictures with what is known about them.

Three ways lead to the list of an artist's works: the site's own JSON feed by plain HTTP, its listing page in a real
browser (Selenium), and its plain text list. "auto" takes the first that works; when the site *refuses*, no other way is
tried. Then each work's page is read (style, genre, media, rights) and its picture fetched by plain HTTP.

>>> with WikiArt(politeness=Politeness(contact="me@example.org")) as wikiart:
...     listing = wikiart.list_works("mark-rothko", style="color-field-painting")
...     report = wikiart.download([listing], "data/colour_field", size="large")
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from artkeras.arguments import whole
from artkeras.errors import UserError
from artkeras.files import atomic
from data_tools import names, options
from data_tools.collect import Collector, Report, Work, now
from data_tools.errors import Changed, Incomplete, Missing, Refused
from data_tools.manifest import Manifest
from data_tools.polite import Failed, Politeness, Session, base_address, is_loopback

if TYPE_CHECKING:
    from data_tools.browser import Browser

SITE = "https://www.wikiart.org"
# The site's own picture hosts; any other is not contacted.
PICTURE_HOSTS = re.compile(r"(use\d+-)?uploads\d*\.wikiart\.org")
BACKENDS = ("auto", "feed", "selenium")
WAYS = {"auto": ("feed", "selenium", "text-list"), "feed": ("feed",), "selenium": ("selenium",)}
FRESH = datetime.timedelta(days=7)  # how long a listing is taken from the folder
PAGES = 500  # no list has more

# size -> the site's names for it; "" is the original
SIZES: dict[str, tuple[str, ...]] = {
    "thumb": ("PinterestSmall",),
    "large": ("Large",),
    "hd": ("HD", "HalfHD"),
    "original": ("Original", ""),
}
# The size that is asked for, and what is taken instead when it is not there: the site has no "large" of every fourth.
CHAINS = {
    "thumb": ("thumb", "large", "original"),
    "large": ("large", "original", "hd", "thumb"),
    "hd": ("hd", "original", "large", "thumb"),
    "original": ("original", "hd", "large", "thumb"),
}
KILOBYTES = {"thumb": 15, "large": 58, "hd": 191, "original": 300}  # of a typical picture, for the estimate

RIGHTS_NOTICE = (
    "Rights: most colour-field paintings are in copyright. The site shows them as fair use, which does not extend to "
    "you: keep the pictures to yourself, do not publish them. The manifest records the rights label of every work."
)


@dataclass(frozen=True)
class Listing:
    """The works of one artist, maybe of one style.

    Attributes:
        artist, style: slugs; style may be empty.
        works: in the site's order.
        declared: how many works the site says the artist has; 0 when it does not say.
        complete: whether all of them (of the style) are here.
        backend: the way that led to it.
        warnings: why it is not complete, and what else is odd.
    """

    artist: str
    style: str
    works: tuple[Work, ...] = field(repr=False)
    declared: int
    complete: bool
    backend: str
    warnings: tuple[str, ...] = ()


class UnknownArtist(UserError):
    """The site has no such artist."""


# ---------------------------------------------------------------------------------------- names


def artists(preset: str = "") -> list[dict[str, str]]:
    """The table of artists: preset, slug, name, style, pictures_2021 (how many the study found)."""
    with open(Path(__file__).with_name("artists.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if not preset or row["preset"] == preset]


def artist_slug(text: str) -> str:
    """The slug of an artist given as slug, name ("Albrecht Dürer") or address.

    Raises:
        UserError: it is none of these.
    """
    given = text.strip()
    if "://" in given:
        parts = [unquote(part) for part in urlsplit(given).path.split("/") if part]
        given = next((part for part in parts if not re.fullmatch("[a-z]{2}", part)), "")
    by_name = {names.slug(row["name"]): row["slug"] for row in artists()}
    if "/" in given or "\\" in given or not names.slug(given):
        raise UserError(f"{text!r} is no artist: give a name, or a slug such as mark-rothko")
    found = names.slug(given)
    return by_name.get(found, found)


# ---------------------------------------------------------------------------------------- the site


class WikiArt:
    """One visit to WikiArt. A context manager.

    Args:
        backend: "auto", "feed" (no browser needed) or "selenium".
        politeness: how the site is asked.
        base_url: of the site, or of a replica.
        picture_hosts: hosts of pictures, as in a URL, besides the site's own; for a replica.
        wait: seconds that the browser waits for works to appear.
        browser_binary, headed: see `browser.Browser`.
        log: takes a line of text.

    Raises:
        UserError: an argument makes no sense.
    """

    def __init__(
        self,
        backend: str = "auto",
        politeness: Politeness | None = None,
        base_url: str = SITE,
        picture_hosts: Iterable[str] = (),
        *,
        wait: float = 20.0,
        browser_binary: str = "",
        headed: bool = False,
        log: Callable[[str], object] = print,
    ):
        if backend not in BACKENDS:
            raise UserError(f"backend must be one of {', '.join(BACKENDS)}, not {backend!r}")
        self.backend, self.base, self.log = backend, base_address(base_url), log
        self._hosts = {urlsplit(self.base).netloc.lower(), *(host.lower() for host in picture_hosts)}
        self.session = Session(politeness or Politeness(), self._allowed, log=log)
        self._browser_options: dict[str, Any] = {"wait": wait, "binary": browser_binary, "headed": headed}
        self._browser: Browser | None = None
        self._styles: dict[str, tuple[set[tuple[str, str]], bool]] = {}

    def __enter__(self) -> WikiArt:
        return self

    def __exit__(self, *_: object) -> None:
        if self._browser is not None:
            self._browser.close()
        self.session.__exit__()

    def list_works(self, artist: str, style: str = "") -> Listing:
        """List the works of an artist, maybe of one style only.

        Args:
            artist: slug, name or address.
            style: the style's slug, such as "color-field-painting", or its name.

        Raises:
            UserError: the site knows no such artist or style, or there is no browser (backend "selenium").
            Refused: the site refuses.
            Changed: no way led to a list, since the site has changed its form.
            Incomplete: the site could not be reached, or kept failing.
        """
        artist, style = artist_slug(artist), names.slug(style)
        best: Listing | None = None
        closed: list[str] = []
        for way in WAYS[self.backend]:
            try:
                listing = self._ways[way](self, artist, style)
            except (UnknownArtist, Refused, Incomplete):
                raise
            except Changed as error:
                closed.append(f"{way}: {error}")
            except Failed as error:
                # A site that is down is not asked in other ways; a browser that breaks down is another matter.
                if len(WAYS[self.backend]) == 1 or way == "feed":
                    raise Incomplete(f"cannot list the works of {artist}: {error}; try again later") from error
                closed.append(f"{way}: {error}")
            except UserError as error:  # no browser, or no such style
                if way != "selenium" or self.backend == "selenium":
                    raise
                closed.append(f"{way}: {error}")
            else:
                if best is None or len(listing.works) > len(best.works) or listing.complete:
                    best = listing
                if listing.complete:
                    return listing
                closed.append(f"{way}: {'; '.join(listing.warnings)}")
            if way != WAYS[self.backend][-1]:
                self.log(f"{artist}: {closed[-1]}; trying another way")
        if best is None:
            raise Changed(f"cannot list the works of {artist}: {'; '.join(closed)}")
        return best

    def _feed(self, artist: str, style: str) -> Listing:
        path = f"/en/{quote(artist)}/mode/all-paintings?json=2&layout=new&resultType=masonry"
        try:
            works, total, warnings = self._pages(path, f"/en/{quote(artist)}")
        except Missing:
            self._must_know(artist)
            raise Changed("the feed is gone (404)") from None
        except Failed as error:
            if 400 <= error.status < 500:  # "bad request" means that it wants to be asked in another way
                raise Changed(f"the feed answered {error.status}") from error
            raise
        if not works and not total:
            self._must_know(artist)
        works = {key: work for key, work in works.items() if key[0] == artist}
        return self._styled(artist, style, list(works.values()), total, not warnings, "feed", warnings)

    def _selenium(self, artist: str, style: str) -> Listing:
        from data_tools.browser import Browser, NotThere
        from data_tools.pages import row_work

        if self._browser is None:
            self._browser = Browser(self.session, log=self.log, **self._browser_options)
        # The browser is held by the rules for what the page itself asks for, too.
        self.session.check(f"{self.base}/en/{quote(artist)}/mode/all-paintings")
        filter_name = f"Style_{style}" if style else "all-paintings-chronologically"
        url = f"{self.base}/en/{quote(artist)}/all-works#!#filterName:{filter_name},resultType:masonry"
        try:
            found = self._browser.read(url, artist)
        except NotThere:
            raise self._unknown(artist) from None
        if not found.rows and self._text_list(artist, style).works:
            raise Failed(f"the listing shows no works within {self._browser.wait:g} s, the text list has some")
        works = [work for row in found.rows if (work := row_work(row, self.base)) and work.artist_slug == artist]
        warnings = [found.note] if found.note else []
        filtered = not style or _letters(style) in _letters(found.subtitle)
        if style and filtered:
            return Listing(artist, style, tuple(works), found.total, found.whole, "selenium", tuple(warnings))
        if style:
            self.log(f"{artist}: the page ignored the filter {style}; keeping what the style's own list has")
        return self._styled(artist, style, works, found.total, found.whole, "selenium", warnings)

    def _text_list(self, artist: str, style: str) -> Listing:
        from data_tools.pages import text_list

        try:
            answer = self.session.get(f"{self.base}/en/{quote(artist)}/all-works/text-list")
        except Missing:
            self._must_know(artist)
            raise Changed("the text list is gone (404)") from None
        works = text_list(answer.text, self.base, artist)
        return self._styled(artist, style, works, 0, True, "text-list", [])

    _ways = {"feed": _feed, "selenium": _selenium, "text-list": _text_list}

    def _styled(
        self,
        artist: str,
        style: str,
        works: Sequence[Work],
        total: int,
        complete: bool,
        backend: str,
        warnings: Sequence[str],
    ) -> Listing:
        """A listing of those works that the style's own list has too."""
        unique = list({work.key: work for work in works}.values())
        if style and unique:
            members, whole = self._style(style)
            unique = [work for work in unique if (work.artist_slug, work.work_slug) in members]
            if not whole:
                complete, warnings = False, [*warnings, f"the list of the style {style} is not whole"]
        return Listing(artist, style, tuple(unique), total, complete, backend, tuple(warnings))

    def _style(self, style: str) -> tuple[set[tuple[str, str]], bool]:
        """(artist, work) of all works of a style, and whether these are all; asked for once."""
        if style not in self._styles:
            page = f"/en/paintings-by-style/{quote(style)}"
            try:
                works, _, warnings = self._pages(f"{page}?json=2", page)
            except Missing:
                if not self._exists(page):
                    raise UserError(
                        f"the site has no style {style!r}: see {self.base}/en/paintings-by-style for their names"
                    ) from None
                raise Changed(f"the list of the style {style} is gone (404)") from None
            self._styles[style] = set(works), not warnings
        return self._styles[style]

    def _pages(self, path: str, referer: str) -> tuple[dict[tuple[str, str], Work], int, list[str]]:
        """All pages of a feed: works by (artist, work), the declared total, why they may not be all.

        Raises:
            Missing, Changed, Failed: on the first page. Further ones are passed over, and the warnings say so.
        """
        from data_tools.pages import feed_page

        headers = {"X-Requested-With": "XMLHttpRequest", "Referer": f"{self.base}{referer}"}
        works: dict[tuple[str, str], Work] = {}
        total = size = stuck = 0
        warnings = []
        for page in range(1, PAGES + 1):
            try:
                found = feed_page(self.session.get(f"{self.base}{path}&page={page}", headers=headers).text, self.base)
            except (Missing, Changed, Failed) as error:
                if page == 1:
                    raise
                if isinstance(error, Missing):
                    break  # a page beyond the last
                warnings.append(f"page {page}: {error}")
                if not size or page * size >= total:
                    break
                continue
            total, size = found.total or total, max(size, len(found.works))
            if not found.works:
                break
            before = len(works)
            works.update({(work.artist_slug, work.work_slug): work for work in found.works})
            stuck = stuck + 1 if len(works) == before else 0
            if stuck == 2:
                warnings.append("the same page comes again and again")
                break
            if total and len(works) >= total:
                break
        if total > len(works):
            warnings.append(f"{len(works)} of {total} works listed")
        return works, total, warnings

    def _must_know(self, artist: str) -> None:
        if not self._exists(f"/en/{quote(artist)}"):
            raise self._unknown(artist)

    def _unknown(self, artist: str) -> UnknownArtist:
        near = difflib.get_close_matches(artist, [row["slug"] for row in artists()], n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "see the address of the artist's page for the slug"
        return UnknownArtist(f"the site has no artist {artist!r}: {hint}")

    def _exists(self, path: str) -> bool:
        from data_tools.pages import not_found

        try:
            return not not_found(self.session.get(f"{self.base}{path}").text)
        except Missing:
            return False

    def _allowed(self, host: str) -> bool:
        return host in self._hosts or bool(PICTURE_HOSTS.fullmatch(host))

    # ------------------------------------------------------------------------------- pictures

    def download(
        self,
        listings: Iterable[Listing],
        out: str | Path,
        size: str = "large",
        *,
        details: bool = True,
        rights: str = "any",
        limit: int | None = None,
        retry_missing: bool = False,
        dry_run: bool = False,
    ) -> Report:
        """Fetch the pictures of listings into a folder that `train --data` reads.

        Args:
            listings: from `list_works`.
            out: the folder, made if need be.
            size: "thumb" (210 px wide), "large" (600), "hd", "original"; another one is taken when it is not there.
            details: read each work's page too: style, genre, media, rights. Without, a work costs half the time.
            rights: "any", or "public-domain" for works whose every rights label says so (needs the details).
            limit: at most so many works of each listing.
            retry_missing: ask again for what was missing, or failed too often.
            dry_run: only say what it would take.

        Raises:
            UserError: an argument makes no sense, or the folder cannot be written.
            Refused, Incomplete: see `Session.get`. What was fetched is written down.
            Changed: pages of works have no known form.
            OSError: the disk is full.
        """
        if size not in SIZES:
            raise UserError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
        if rights not in ("any", "public-domain"):
            raise UserError(f"rights must be any or public-domain, not {rights!r}")
        if rights != "any" and not details:
            raise UserError("public-domain needs the works' pages: leave out --no-details")
        listings = list(listings)
        report = Report()
        for listing in listings:
            report.whole &= listing.complete
            where = f"{listing.artist}{f' ({listing.style})' if listing.style else ''}"
            report.notes += [f"{where}: {warning}" for warning in listing.warnings]
        works = [work for listing in listings for work in listing.works[:limit]]
        works = list({work.key: _named(work) for work in works}.values())
        backends = {work.key: listing.backend for listing in listings for work in listing.works}
        manifest = Manifest(out)
        collector = Collector(
            manifest,
            self.session,
            size=size,
            candidates=lambda work: chain(work, size),
            details=(lambda work: self._details(work, size)) if details else None,
            keep=(lambda work: work.rights_status == "public_domain") if rights != "any" else (lambda work: True),
            retry_missing=retry_missing,
            placeholder=self._placeholder(works),
            headers={"Referer": f"{self.base}/"},
        )
        to_do = len(collector.to_do(works))
        self.log(estimate(to_do, len(works), size, details, self.session.politeness.delay))
        if dry_run or not to_do:
            report.had = len(works) - to_do
            return report
        self.log(RIGHTS_NOTICE)
        with manifest.writing():
            try:
                for backend in dict.fromkeys(backends.values()):
                    collector.backend = backend
                    collector.run([work for work in works if backends[work.key] == backend], report)
            finally:
                manifest.export()
        return report

    def _details(self, work: Work, size: str) -> tuple[Work, list[tuple[str, str]]]:
        from data_tools.pages import details

        answer = self.session.get(encoded(work.page_url))
        work, offered = details(answer.text, self.base, work)
        return _named(work), chain(work, size, offered)

    def _placeholder(self, works: Sequence[Work]) -> str:
        """The address of the site's stand-in picture, on the host of the first work's picture."""
        first = next((work.image_url for work in works if work.image_url), "")
        parts = urlsplit(first)
        return urlunsplit((parts.scheme, parts.netloc, "/Content/images/FRAME-600x480.jpg", "", "")) if first else ""


def chain(work: Work, size: str, offered: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """(size, address) of a work's picture in the order of trying: as its page offers, else as addresses are made."""
    if not work.image_url and not offered:
        return []
    by_name = dict(offered)
    found: list[tuple[str, str]] = []
    for name in CHAINS[size]:
        for token in SIZES[name]:
            if token in by_name:
                url = by_name[token]
            elif token in ("", "Original"):
                url = work.image_url
            elif offered:
                continue  # the page says that it has no such size
            else:
                url = f"{work.image_url}!{token}{Path(urlsplit(work.image_url).path).suffix or '.jpg'}"
            if url and encoded(url) not in [known for _, known in found]:
                found.append((name, encoded(url)))
            if url:
                break
    return found


def encoded(url: str) -> str:
    """An address with everything encoded that must be, and nothing twice."""
    parts = urlsplit(url)
    path = quote(unquote(parts.path), safe="/!()',*:@&=+$;~-._")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def estimate(to_do: int, total: int, size: str, details: bool, delay: float) -> str:
    """One line: how many pictures, how long it takes, how much room."""
    if not to_do:
        return f"{total} works, no picture to fetch"
    seconds = to_do * (2.3 if details else 1.3) * (delay * 1.15 + 0.3)
    minutes = max(1, round(seconds / 60))
    took = f"{seconds / 3600:.1f} hours" if minutes > 90 else f"{minutes} minute{'s' * (minutes > 1)}"
    room = max(1, round(to_do * KILOBYTES[size] / 1000))
    return f"{total} works, {to_do} pictures to fetch: about {took} and {room} MB"


def _named(work: Work) -> Work:
    """A work whose artist is called by the table's name, if that knows them."""
    name = next((row["name"] for row in artists() if row["slug"] == work.artist_slug), "")
    return dataclasses.replace(work, artist_name=name) if name else work


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", text.lower()))


# ---------------------------------------------------------------------------------------- listings on disk


def save_listing(out: Path, listing: Listing) -> None:
    """Keep a listing in `<out>/listings/`; one that is not complete never replaces one that is."""
    path = _listing_path(out, listing.artist, listing.style)
    if not listing.complete and load_listing(out, listing.artist, listing.style) is not None:
        return
    data = dataclasses.asdict(listing) | {"fetched_at": now()}
    with atomic(path) as part:
        part.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")


def load_listing(out: Path, artist: str, style: str, base_url: str = "") -> Listing | None:
    """A complete listing that was kept not long ago, or None."""
    try:
        data = json.loads(_listing_path(out, artist, style).read_text("utf-8"))
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(data.pop("fetched_at"))
        works = tuple(Work(**work) for work in data.pop("works"))
        listing = Listing(**{**data, "warnings": tuple(data["warnings"])}, works=works)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    fresh = listing.complete and age < FRESH and all(w.page_url.startswith(base_url) for w in works)
    return listing if fresh else None


def _listing_path(out: Path, artist: str, style: str) -> Path:
    return out / "listings" / f"{names.file_stem(artist)}{f'--{names.file_stem(style)}' if style else ''}.json"


# ---------------------------------------------------------------------------------------- command line


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `wikiart`."""
    presets = sorted({row["preset"] for row in artists()})
    text = "fetch the works of artists from WikiArt, with what is known about them"
    command = commands.add_parser("wikiart", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("--artist", nargs="+", action="extend", default=[], metavar="NAME", help="slug, name, address")
    command.add_argument("--artists-file", metavar="TXT", help="a text file of artists, one a line")
    command.add_argument("--preset", choices=presets, help="the artists and the style of a study")
    command.add_argument("--style", default="", metavar="SLUG", help="only works of it, such as color-field-painting")
    command.add_argument(
        "--out", metavar="DIR", help="folder (default: data/colour_field with the preset, data/wikiart)"
    )
    command.add_argument("--size", choices=tuple(SIZES), default="large", help="(default: large, 600 pixels)")
    command.add_argument("--backend", choices=BACKENDS, default="auto", help="(default: auto; feed needs no browser)")
    command.add_argument("--rights", choices=("any", "public-domain"), default="any", help="(default: any)")
    command.add_argument("--limit", type=whole(1), metavar="N", help="at most N works of each artist")
    command.add_argument("--no-details", action="store_true", help="skip the works' pages: faster, no style, no rights")
    command.add_argument("--retry-missing", action="store_true", help="ask again for what was missing or given up")
    command.add_argument("--refresh", action="store_true", help="list anew, also what was listed in the last 7 days")
    command.add_argument("--dry-run", action="store_true", help="list, say what it would take, fetch no picture")
    options.add_politeness(command)
    command.add_argument("--base-url", default=SITE, metavar="URL", help="of a replica of the site")
    command.add_argument("--picture-host", action="append", default=[], metavar="HOST", help="of a replica's pictures")
    command.add_argument("--browser-binary", default="", metavar="PATH", help="the browser's program")
    command.add_argument("--headed", action="store_true", help="show the browser")
    command.add_argument(
        "--wait", type=options.seconds, default=20.0, metavar="S", help="for works in it (default: 20)"
    )


def run(arguments: argparse.Namespace) -> int:
    """List, estimate, fetch, report."""
    wanted, style = _wanted(arguments)
    if arguments.rights != "any" and arguments.no_details:
        raise UserError("--rights public-domain needs the works' pages: leave out --no-details")
    out = Path(arguments.out or ("data/colour_field" if arguments.preset == "colour-field" else "data/wikiart"))
    politeness = options.politeness(arguments, is_loopback(base_address(arguments.base_url)))
    with WikiArt(
        arguments.backend,
        politeness,
        arguments.base_url,
        arguments.picture_host,
        wait=arguments.wait,
        browser_binary=arguments.browser_binary,
        headed=arguments.headed,
        log=options.say,
    ) as wikiart:
        if not arguments.dry_run:
            options.writable(out)
        listings, missing = _listings(wikiart, wanted, style, out, arguments)
        report = wikiart.download(
            listings,
            out,
            arguments.size,
            details=not arguments.no_details,
            rights=arguments.rights,
            limit=arguments.limit,
            retry_missing=arguments.retry_missing,
            dry_run=arguments.dry_run,
        )
    report.notes += missing
    report.whole &= not missing
    return options.finish(report, out, arguments.dry_run)


def _wanted(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """The slugs of the artists, each once, and of the style."""
    given = list(arguments.artist)
    if arguments.artists_file:
        try:
            given += Path(arguments.artists_file).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise UserError(f"cannot read {arguments.artists_file}: it should be a text file of artists") from error
    wanted = [artist_slug(text) for text in given if text.strip() and not text.startswith("#")]
    style = arguments.style
    if arguments.preset:
        rows = artists(arguments.preset)
        wanted += [row["slug"] for row in rows]
        style = style or rows[0]["style"]
    if not wanted:
        raise UserError("whose works? Say --artist NAME, or --preset colour-field")
    if style and not names.slug(style):
        raise UserError(f"{style!r} is no style: give a slug such as color-field-painting")
    return list(dict.fromkeys(wanted)), names.slug(style)


def _listings(
    wikiart: WikiArt, wanted: Sequence[str], style: str, out: Path, arguments: argparse.Namespace
) -> tuple[list[Listing], list[str]]:
    """A listing for each artist, and a line for each whom the site does not know."""
    from tqdm import tqdm

    listings: list[Listing] = []
    unknown: list[str] = []
    for artist in tqdm(wanted, desc="artists", unit="artist", disable=None if len(wanted) > 1 else True, leave=False):
        kept = None if arguments.refresh else load_listing(out, artist, style, wikiart.base)
        if kept is None:
            try:
                kept = wikiart.list_works(artist, style)
            except UnknownArtist as error:
                if not arguments.preset and not arguments.artists_file:
                    raise  # a slip, said before any picture is asked for
                unknown.append(str(error))
                continue
            if not arguments.dry_run:
                save_listing(out, kept)
        listings.append(kept)
        if not kept.works:
            options.complain(f"{artist} has no works{f' of the style {style}' if style else ''} there")
    return listings, unknown
