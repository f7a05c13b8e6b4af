"""WikiArt: the works of artists, of a style, as pictures with what is known about them.

Three ways lead to the list of an artist's works: the site's own JSON feed by plain HTTP, its listing page in a real
browser (Selenium), and its plain text list. "auto" takes the first that works; when the site *refuses*, no other way is
tried. Then each work's page is read (style, genre, media, rights) and its picture fetched by plain HTTP.

>>> with WikiArt(politeness=Politeness(contact="me@example.org")) as wikiart:
...     listing = wikiart.list_works("mark-rothko", style="color-field-painting")
...     report = wikiart.download([listing], "data/colour_field", size="large")
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from artkeras.errors import UserError
from data_tools import names
from data_tools.artists import artist_slugs, artists
from data_tools.collect import Collector
from data_tools.errors import Changed, Incomplete, Missing, Refused
from data_tools.listings import Listing
from data_tools.manifest import Manifest
from data_tools.names import encoded
from data_tools.polite import Failed, Politeness, Session, base_address
from data_tools.sizes import SIZES, chain, estimate
from data_tools.works import Report, Work

if TYPE_CHECKING:
    from data_tools.browser import Browser

SITE = "https://www.wikiart.org"
# The site's own picture hosts; any other is not contacted.
PICTURE_HOSTS = re.compile(r"(use\d+-)?uploads\d*\.wikiart\.org")
BACKENDS = ("auto", "feed", "selenium")
WAYS = {"auto": ("feed", "selenium", "text-list"), "feed": ("feed",), "selenium": ("selenium",)}
PAGES = 500  # no list has more

RIGHTS_NOTICE = (
    "Rights: most colour-field paintings are in copyright. The site shows them as fair use, which does not extend to "
    "you: keep the pictures to yourself, do not publish them. The manifest records the rights label of every work."
)


@dataclass(frozen=True)
class _Pages:
    """All pages of a feed: works by (artist, work), the declared total, why they may not be all, and see `Listing`."""

    works: dict[tuple[str, str], Work]
    total: int
    warnings: tuple[str, ...]
    short: bool


class UnknownArtist(UserError):
    """The site has no such artist."""


# ---------------------------------------------------------------------------------------- the site


class WikiArt:
    """One visit to WikiArt. A context manager.

    Args:
        backend: "auto", "feed" (no browser needed) or "selenium".
        politeness: how the site is asked.
        base_url: of the site, or of a replica, such as `demo_site`.
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


def _named(work: Work) -> Work:
    """A work whose artist is called by the table's name, if that knows them."""
    name = next((row["name"] for row in artists() if row["slug"] == work.artist_slug), "")
    return dataclasses.replace(work, artist_name=name) if name else work


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", text.lower()))
