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

from artkeras.cli.arguments import whole
from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.tables import read_rows
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
        short: whether all that is wrong is that the site's list ends before the number that it declares.
    """

    artist: str
    style: str
    works: tuple[Work, ...] = field(repr=False)
    declared: int
    complete: bool
    backend: str
    warnings: tuple[str, ...] = ()
    short: bool = False


@dataclass(frozen=True)
class _Pages:
    """All pages of a feed: works by (artist, work), the declared total, why they may not be all, and see `Listing`."""

    works: dict[tuple[str, str], Work]
    total: int
    warnings: tuple[str, ...]
    short: bool


class UnknownArtist(UserError):
    """The site has no such artist."""


# ---------------------------------------------------------------------------------------- names


def artists(preset: str = "") -> list[dict[str, str]]:
    """The table of artists: preset, slug, name, style, pictures_2021 (how many the study found)."""
    rows = read_rows(Path(__file__).with_name("artists.csv"))
    return [dict(row) for row in rows if not preset or row["preset"] == preset]


def artist_slug(text: str) -> str:
    """The likeliest slug of an artist given as slug, name ("Albrecht Dürer") or address.

    Raises:
        UserError: it is none of these.
    """
    return artist_slugs(text)[0]


def artist_slugs(text: str) -> list[str]:
    """The slugs that the site may have for an artist, the likeliest first; see `names.spellings`.

    Raises:
        UserError: see `artist_slug`.
    """
    given = text.strip()
    if "://" in given:
        path = urlsplit(given).path if names.joined("", given) else ""
        parts = [unquote(part) for part in path.split("/") if part]
        given = next((part for part in parts if not re.fullmatch("[a-z]{2}", part)), "")
    by_name = {names.slug(row["name"]): row["slug"] for row in artists()}
    if "/" in given or "\\" in given or not names.slug(given):
        raise UserError(f"{text!r} is no artist: give a name, or a slug such as mark-rothko")
    found = names.slug(given)
    return [by_name[found]] if found in by_name else names.spellings(given)


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
        self._styles: dict[str, _Pages] = {}

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
        spellings = artist_slugs(artist)
        for slug in spellings[:-1]:
            try:
                return self._list_works(slug, names.slug(style))
            except UnknownArtist:
                self.log(f"the site has no artist {slug!r}; trying another spelling")
        try:
            return self._list_works(spellings[-1], names.slug(style))
        except UnknownArtist as error:
            if len(spellings) == 1:
                raise
            raise self._unknown(spellings[0], spellings) from error

    def _list_works(self, artist: str, style: str) -> Listing:
        """As `list_works`, with slugs."""
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
            pages = self._pages(path, f"/en/{quote(artist)}")
        except Missing:
            self._must_know(artist)
            raise Changed("the feed is gone (404)") from None
        except Failed as error:
            if 400 <= error.status < 500:  # "bad request" means that it wants to be asked in another way
                raise Changed(f"the feed answered {error.status}") from error
            raise
        if not pages.works and not pages.total:
            self._must_know(artist)
        works = [work for key, work in pages.works.items() if key[0] == artist]
        complete = not pages.warnings
        return self._styled(artist, style, works, pages.total, complete, "feed", pages.warnings, pages.short)

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
        short: bool = False,
    ) -> Listing:
        """A listing of those works that the style's own list has too."""
        unique = list({work.key: work for work in works}.values())
        if style and unique:
            members = self._style(style)
            unique = [work for work in unique if (work.artist_slug, work.work_slug) in members.works]
            if members.warnings:
                short = members.short and (complete or short)
                why = "; ".join(members.warnings)
                complete, warnings = False, [*warnings, f"the list of the style {style} is not complete: {why}"]
        return Listing(artist, style, tuple(unique), total, complete, backend, tuple(warnings), short)

    def _style(self, style: str) -> _Pages:
        """All works of a style; asked for once."""
        if style not in self._styles:
            page = f"/en/paintings-by-style/{quote(style)}"
            try:
                self._styles[style] = self._pages(f"{page}?json=2", page)
            except Missing:
                if not self._exists(page):
                    raise UserError(
                        f"the site has no style {style!r}: see {self.base}/en/paintings-by-style for their names"
                    ) from None
                raise Changed(f"the list of the style {style} is gone (404)") from None
        return self._styles[style]

    def _pages(self, path: str, referer: str) -> _Pages:
        """All pages of a feed.

        Raises:
            Missing, Changed, Failed: on the first page. Further ones are passed over, and the warnings say so.
        """
        from data_tools.pages import feed_page

        headers = {"X-Requested-With": "XMLHttpRequest", "Referer": f"{self.base}{referer}"}
        works: dict[tuple[str, str], Work] = {}
        total = size = stuck = skipped = 0
        warnings: list[str] = []
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
            total, size, skipped = found.total or total, max(size, len(found.works)), skipped + found.skipped
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
        else:
            warnings.append(f"not read beyond page {PAGES}")
        short = not warnings or stuck == 2
        if total > len(works):
            unread = f"; {skipped} of its rows have no address that can be read" if skipped else ""
            warnings.append(f"{len(works)} of {total} works listed{unread}")
        return _Pages(works, total, tuple(warnings), short and bool(warnings))

    def _must_know(self, artist: str) -> None:
        if not self._exists(f"/en/{quote(artist)}"):
            raise self._unknown(artist)

    def _unknown(self, artist: str, tried: Sequence[str] = ()) -> UnknownArtist:
        near = difflib.get_close_matches(artist, [row["slug"] for row in artists()], n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "see the address of the artist's page for the slug"
        hint = f"nor {' or '.join(map(repr, tried[1:]))}; {hint}" if tried[1:] else hint
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
            collector.note(works, report)
            return report
        self.log(RIGHTS_NOTICE)
        with manifest.writing():
            try:
                for backend in dict.fromkeys(backends.values()):
                    collector.backend = backend
                    collector.run([work for work in works if backends[work.key] == backend], report)
            finally:
                report.table = manifest.export()
        return report

    def _details(self, work: Work, size: str) -> tuple[Work, list[tuple[str, str]]]:
        from data_tools.pages import details

        answer = self.session.get(encoded(work.page_url))
        work, offered = details(answer.text, self.base, work)
        return _named(work), chain(work, size, offered)

    def _placeholder(self, works: Sequence[Work]) -> str:
        """The address of the site's placeholder picture, on the host of the first work's picture."""
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
    """An address with everything encoded that must be, and nothing twice; empty for what is no address."""
    if not names.joined("", url):
        return ""
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
    if listing.complete:
        _short_path(path).unlink(missing_ok=True)
    elif listing.short:
        path = _short_path(path)
    elif load_listing(out, listing.artist, listing.style) is not None:
        return
    data = dataclasses.asdict(listing) | {"fetched_at": now()}
    with atomic(path) as part:
        part.write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")


def load_listing(out: Path, artist: str, style: str, base_url: str = "") -> Listing | None:
    """A complete listing that was kept not long ago, or None."""
    listing = _read_listing(_listing_path(out, artist, style))
    good = listing is not None and listing.complete and all(w.page_url.startswith(base_url) for w in listing.works)
    return listing if good else None


def confirmed(out: Path, listing: Listing) -> Listing:
    """A listing that ends before the number that the site declares, taken for complete if the run before got the very
    same: the number is wrong then, and asking again brings nothing."""
    before = _read_listing(_short_path(_listing_path(out, listing.artist, listing.style))) if listing.short else None
    if before is None or {work.key for work in before.works} != {work.key for work in listing.works}:
        return listing
    warnings = (*listing.warnings, "the same as in the run before, so the site has no more")
    return dataclasses.replace(listing, complete=True, short=False, warnings=warnings)


def _read_listing(path: Path) -> Listing | None:
    """A listing that was kept in the last days; None when there is none that can be read."""
    try:
        data = names.parsed(path.read_text("utf-8"))
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(data.pop("fetched_at"))
        works = tuple(Work(**work) for work in data.pop("works"))
        listing = Listing(**{**data, "warnings": tuple(data["warnings"])}, works=works)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return listing if age < FRESH else None


def _short_path(path: Path) -> Path:
    """Where a listing is kept that ends early."""
    return path.with_suffix(".short.json")


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
    report.limits += missing
    return options.finish(report, out, arguments.dry_run)


def _wanted(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """The artists as they were given, each once, and the slug of the style."""
    given = list(arguments.artist)
    if arguments.artists_file:
        try:
            given += Path(arguments.artists_file).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            raise UserError(f"cannot read {arguments.artists_file}: it should be a text file of artists") from error
    wanted = [text for text in given if text.strip() and not text.startswith("#")]
    style = arguments.style
    if arguments.preset:
        rows = artists(arguments.preset)
        wanted += [row["slug"] for row in rows]
        style = style or rows[0]["style"]
    if not wanted:
        raise UserError("whose works? Say --artist NAME, or --preset colour-field")
    if style and not names.slug(style):
        raise UserError(f"{style!r} is no style: give a slug such as color-field-painting")
    by_slug = {artist_slug(text): text for text in reversed(wanted)}
    return list(reversed(by_slug.values())), names.slug(style)


def _listings(
    wikiart: WikiArt, wanted: Sequence[str], style: str, out: Path, arguments: argparse.Namespace
) -> tuple[list[Listing], list[str]]:
    """A listing for each artist, and a line for each whom the site does not know."""
    from tqdm import tqdm

    listings: list[Listing] = []
    unknown: list[str] = []
    for artist in tqdm(wanted, desc="artists", unit="artist", disable=None if len(wanted) > 1 else True, leave=False):
        known = (load_listing(out, slug, style, wikiart.base) for slug in artist_slugs(artist))
        kept = None if arguments.refresh else next(filter(None, known), None)
        if kept is None:
            try:
                kept = wikiart.list_works(artist, style)
            except UnknownArtist as error:
                if not arguments.preset and not arguments.artists_file:
                    raise  # a slip, said before any picture is asked for
                unknown.append(str(error))
                continue
            kept = confirmed(out, kept)
            if not arguments.dry_run:
                save_listing(out, kept)
        listings.append(kept)
        if not kept.works:
            options.complain(f"{kept.artist} has no works{f' of the style {style}' if style else ''} there")
    return listings, unknown
