"""Museums that give their pictures away: the Met, Cleveland, Chicago. `python -m data_tools museum --source met ...`.

Only works that the museum itself calls public domain or CC0 are fetched: the legal way to ukiyo-e, to Monet, to
textiles. Their programming interfaces are documented and need no key.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from artkeras.cli.arguments import whole
from artkeras.errors import UserError
from data_tools import names, options
from data_tools.collect import Collector
from data_tools.errors import Changed, Incomplete, Missing
from data_tools.manifest import Manifest
from data_tools.names import encoded
from data_tools.polite import Failed, Politeness, Session, base_address, is_loopback, title_of
from data_tools.works import Report, Work, now

KINDS = ("any", "painting", "print", "textile", "drawing")
PAGE = 100  # works a request
WINDOW = 1000  # how far Chicago's search reaches; the others reach further


@dataclass(frozen=True)
class Query:
    """What is looked for."""

    text: str
    kind: str = "any"
    artist: str = ""


@dataclass(frozen=True)
class Museum:
    """One museum: its address, the hosts of its pictures, how it is asked, and whether each work takes a request."""

    name: str
    base: str
    picture_hosts: tuple[str, ...]
    find: Callable[[Visit, Query], Iterator[tuple[Work, list[tuple[str, str]]]]]
    one_by_one: bool = False


@dataclass
class Visit:
    """A museum being asked.

    Attributes:
        base, session, source: where, by whom, and the museum's key in `MUSEUMS`.
        known: work id -> row of the manifest.
        total: how many works the museum says that it found.
        seen: how many of them it has listed so far.
    """

    base: str
    session: Session
    known: dict[str, dict[str, Any]]
    source: str
    total: int = 0
    seen: int = 0

    def json(self, path: str, **query: Any) -> dict[str, Any]:
        """One answer.

        Raises:
            Changed: it is no JSON object. Missing, Failed, Refused, Incomplete: see `Session.get`.
        """
        question = f"?{urlencode(query)}" if query else ""
        contact = self.session.politeness.user_agent
        answer = self.session.get(f"{self.base}{path}{question}", headers={"AIC-User-Agent": contact})
        try:
            data = names.parsed(answer.text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            title = title_of(answer.body)
            instead = f", but with a web page called {title!r}: open it in a browser" if title else " any more"
            raise Changed(f"{urlsplit(self.base).netloc} does not answer with a JSON object{instead}")
        return data

    def work(self, number: object, artist: object, **facts: Any) -> Work:
        """A work by its number; texts are cleaned."""
        by = names.clean(artist)
        texts: dict[str, Any] = {
            name: names.clean(value) if isinstance(value, str) else value for name, value in facts.items()
        }
        return Work(self.source, names.slug(by), str(number), artist_name=by, work_id=str(number), **texts)


def _met(visit: Visit, query: Query) -> Iterator[tuple[Work, list[tuple[str, str]]]]:
    more = {"medium": f"{query.kind.title()}s"} if query.kind != "any" else {}
    offset = 0
    while True:
        page = visit.json(
            "/public/collection/v1.1/search",
            q=query.text,
            hasImages="true",
            isPublicDomain="true",
            offset=offset,
            limit=PAGE,
            **more,
        )
        if "objectIDs" not in page:
            raise Changed("the Met's search has no key 'objectIDs'")
        numbers = page["objectIDs"] or []
        visit.total = int(page.get("total") or 0)
        visit.seen += len(numbers)
        for number in numbers:
            row = visit.known.get(str(number))
            if row is not None:  # what is written down need not be asked for again
                fields = {f.name: row[f.name] for f in dataclasses.fields(Work) if f.name in row}
                yield Work(**fields), [(row.get("image_variant", "large"), row.get("image_url", ""))]
                continue
            try:
                item = visit.json(f"/public/collection/v1/objects/{int(number)}")
            except Missing:
                continue
            work = visit.work(
                number,
                item.get("artistDisplayName") or item.get("culture"),
                title=item.get("title") or "",
                year_text=item.get("objectDate") or "",
                year=_year(item.get("objectBeginDate"), item.get("objectDate")),
                style=item.get("period") or "",
                genre=item.get("classification") or "",
                media=item.get("medium") or "",
                page_url=item.get("objectURL") or "",
                rights_label="public domain (Open Access)" if item.get("isPublicDomain") is True else "",
                rights_status="public_domain" if item.get("isPublicDomain") is True else "restricted",
                image_url=item.get("primaryImage") or "",
            )
            small, large = item.get("primaryImageSmall"), item.get("primaryImage")
            yield work, [(size, url) for size, url in (("small", small), ("large", large)) if url]
        offset += len(numbers)
        if not numbers or offset >= visit.total:
            return


def _cleveland(visit: Visit, query: Query) -> Iterator[tuple[Work, list[tuple[str, str]]]]:
    more = {"type": query.kind.title()} if query.kind != "any" else {}
    skip = 0
    while True:
        page = visit.json("/api/artworks/", q=query.text, cc0=1, has_image=1, limit=PAGE, skip=skip, **more)
        if not isinstance(page.get("data"), list):
            raise Changed("Cleveland's answer has no list 'data'")
        visit.total = int((page.get("info") or {}).get("total") or 0)
        visit.seen += len(page["data"])
        for item in page["data"]:
            images = item.get("images") or {}
            creators = [c.get("description") or "" for c in item.get("creators") or [] if isinstance(c, dict)]
            free = item.get("share_license_status") == "CC0"
            full = images.get("full") or images.get("print") or {}
            work = visit.work(
                item.get("id"),
                (creators[0] if creators else "").partition(" (")[0],
                title=item.get("title") or "",
                year_text=item.get("creation_date") or "",
                year=_year(item.get("creation_date_earliest"), item.get("creation_date")),
                genre=item.get("type") or "",
                media=item.get("technique") or "",
                declared_width=_whole(full.get("width")),
                declared_height=_whole(full.get("height")),
                page_url=item.get("url") or "",
                rights_label=str(item.get("share_license_status") or ""),
                rights_status="public_domain" if free else "restricted",
                image_url=(images.get("web") or {}).get("url") or "",
            )
            sizes = (("small", images.get("web")), ("large", images.get("print")), ("small", images.get("web")))
            yield work, [(size, image["url"]) for size, image in sizes if image and image.get("url")]
        skip += len(page["data"])
        if not page["data"] or skip >= visit.total:
            return


def _artic(visit: Visit, query: Query) -> Iterator[tuple[Work, list[tuple[str, str]]]]:
    fields = (
        "id,title,artist_title,date_display,date_start,image_id,is_public_domain,thumbnail,medium_display,"
        "style_title,classification_title,artwork_type_title"
    )
    for number in range(1, WINDOW // PAGE + 1):
        page = visit.json(
            "/api/v1/artworks/search",
            q=query.text,
            fields=fields,
            limit=PAGE,
            page=number,
            **{"query[term][is_public_domain]": "true"},
        )
        iiif = (page.get("config") or {}).get("iiif_url")
        if not isinstance(page.get("data"), list) or not iiif:
            raise Changed("Chicago's answer has no list 'data', or no address of its pictures")
        visit.total = int((page.get("pagination") or {}).get("total") or 0)
        visit.seen += len(page["data"])
        for item in page["data"]:
            kind = f"{item.get('artwork_type_title') or ''} {item.get('classification_title') or ''}".lower()
            if query.kind != "any" and query.kind not in kind:
                continue
            free, thumbnail = item.get("is_public_domain") is True, item.get("thumbnail") or {}
            address = f"{iiif}/{item.get('image_id')}/full/" if item.get("image_id") else ""
            work = visit.work(
                item.get("id"),
                item.get("artist_title"),
                title=item.get("title") or "",
                year_text=item.get("date_display") or "",
                year=_year(item.get("date_start"), item.get("date_display")),
                style=item.get("style_title") or "",
                genre=item.get("classification_title") or "",
                media=item.get("medium_display") or "",
                declared_width=_whole(thumbnail.get("width")),
                declared_height=_whole(thumbnail.get("height")),
                page_url=f"https://www.artic.edu/artworks/{item.get('id')}",
                rights_label="CC0 (public domain)" if free else "",
                rights_status="public_domain" if free else "restricted",
                image_url=f"{address}843,/0/default.jpg" if address else "",
            )
            sizes = (("small", "843"), ("large", "1686"))
            yield work, [(size, f"{address}{edge},/0/default.jpg") for size, edge in sizes if address]
        if not page["data"] or number >= int((page.get("pagination") or {}).get("total_pages") or 0):
            return


MUSEUMS: dict[str, Museum] = {
    "met": Museum(
        "The Metropolitan Museum of Art", "https://collectionapi.metmuseum.org", ("images.metmuseum.org",), _met, True
    ),
    "cleveland": Museum(
        "The Cleveland Museum of Art",
        "https://openaccess-api.clevelandart.org",
        ("openaccess-cdn.clevelandart.org",),
        _cleveland,
    ),
    "artic": Museum("Art Institute of Chicago", "https://api.artic.edu", ("www.artic.edu",), _artic),
}


def take(
    source: str,
    query: Query,
    out: str | Path,
    *,
    limit: int = 200,
    size: str = "small",
    politeness: Politeness | None = None,
    base_url: str = "",
    picture_hosts: tuple[str, ...] = (),
    retry_missing: bool = False,
    log: Callable[[str], object] = print,
) -> Report:
    """Fetch works that a museum has put into the public domain.

    Args:
        source: a key of `MUSEUMS`.
        query: what is looked for. Museums match loosely: `artist` keeps only those whose name has it in it, accents
            and case apart.
        out: the folder, made if need be.
        limit: at most so many works, those already there included.
        size: "small" (600 to 900 pixels) or "large"; the other is taken when it is not there.
        politeness, base_url, picture_hosts: see `wikiart.WikiArt`.
        retry_missing: ask again for what was missing, or failed too often.
        log: takes a line of text.

    Raises:
        UserError: the folder cannot be written, or the artist is no name. Refused, Incomplete: see `Session.get`.
        Changed: see `Visit.json`.
        OSError: the disk is full.
    """
    if source not in MUSEUMS:
        raise UserError(f"there is no museum {source!r}: choose one of {', '.join(MUSEUMS)}")
    museum = MUSEUMS[source]
    artist = names.slug(query.artist)
    if query.artist and not artist:
        raise UserError(f"{query.artist!r} is no name of an artist: give letters, such as Hokusai")
    base = base_address(base_url or museum.base)
    hosts = {urlsplit(base).netloc.lower(), *museum.picture_hosts, *picture_hosts}
    manifest = Manifest(out)
    report = Report()
    offered: dict[str, list[tuple[str, str]]] = {}

    def candidates(work: Work) -> list[tuple[str, str]]:
        pairs = offered.get(work.key, [])
        pairs = sorted(pairs, key=lambda pair: pair[0] != size)
        return [(name, encoded(names.joined(base, url))) for name, url in pairs]

    with Session(politeness or Politeness(), hosts.__contains__, log) as session:
        with manifest.writing():
            known = {row.get("work_id", ""): row for row in manifest if row.get("source") == source}
            known = {number: row for number, row in known.items() if _settled(row, size)}
            collector = Collector(
                manifest,
                session,
                size=size,
                candidates=candidates,
                keep=lambda work: work.rights_status == "public_domain",
                retry_missing=retry_missing,
                backend="api",
            )
            visit = Visit(base, session, known, source)
            try:
                works: list[Work] = []
                others: dict[str, None] = {}  # artists of works that were passed over, in order
                found = museum.find(visit, query)
                while len(works) < limit:
                    try:
                        item = next(found, None)
                    except Missing as error:
                        raise Changed(f"{museum.name} has no {error} any more") from error
                    except Failed as error:
                        raise Incomplete(f"{museum.name}: {error}; run the same command again") from error
                    except (AttributeError, KeyError, TypeError, ValueError) as error:
                        if isinstance(error, UserError):
                            raise
                        raise Changed(f"{museum.name} answers in another form than before ({error})") from error
                    if item is None:
                        report.limits += _shortfall(museum, visit)
                        break
                    work, pairs = item
                    free = work.rights_status == "public_domain"
                    by = artist in names.slug(work.artist_name)
                    if free and not by:
                        others.setdefault(work.artist_name or "unknown artists")
                    if not free or not by:
                        if museum.one_by_one and work.key not in manifest:  # noted, so that it is asked for once
                            manifest.add(work.row() | {"status": "filtered", "fetched_at": now(), "backend": "api"})
                        continue
                    works.append(work)
                    offered[work.key] = pairs
                if not works and others:
                    named = ", ".join(list(others)[:5])
                    report.notes.append(f"none of the works found is by {query.artist}; they are by {named}")
                log(f"{museum.name}: {len(works)} works, {len(collector.to_do(works))} pictures to fetch")
                collector.run(works, report)
            finally:
                report.table = manifest.export()
    return report


def _shortfall(museum: Museum, visit: Visit) -> list[str]:
    """A line if a museum listed fewer works than it found."""
    if visit.seen >= visit.total:
        return []
    return [
        f"{museum.name} found {visit.total:,} works and lists {visit.seen:,} of them: ask for fewer at a time, "
        "such as by a narrower --query"
    ]


def _settled(row: dict[str, Any], size: str) -> bool:
    """Whether what is written down about a work is enough to do without its page."""
    return row["status"] == "filtered" or (
        row["status"] in ("ok", "duplicate", "missing", "placeholder") and row.get("size_asked") == size
    )


def _year(number: object, text: object) -> int | None:
    """The year as a number, if the museum gives one, else from its words."""
    return number if isinstance(number, int) and not isinstance(number, bool) and number else names.year(text)


def _whole(value: object) -> int | None:
    try:
        return int(str(value)) or None
    except ValueError:
        return None


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `museum`."""
    text = "fetch works in the public domain from a museum"
    command = commands.add_parser("museum", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("--source", choices=tuple(MUSEUMS), required=True)
    command.add_argument("--query", required=True, metavar="WORDS", help='such as "ukiyo-e" or "Monet"')
    command.add_argument("--artist", default="", metavar="NAME", help="only those whose artist's name has this in it")
    command.add_argument("--kind", choices=KINDS, default="any", help="(default: any)")
    command.add_argument("--out", default="data/museum", metavar="DIR", help="(default: data/museum)")
    command.add_argument("--limit", type=whole(1), default=200, metavar="N", help="works (default: 200)")
    command.add_argument("--size", choices=("small", "large"), default="small", help="(default: small)")
    command.add_argument("--retry-missing", action="store_true", help="ask again for what was missing or given up")
    options.add_politeness(command)
    command.add_argument("--base-url", default="", metavar="URL", help="of a replica of the museum")
    command.add_argument("--picture-host", action="append", default=[], metavar="HOST", help="of a replica's pictures")


def run(arguments: argparse.Namespace) -> int:
    """Ask, fetch, report."""
    out = Path(arguments.out)
    own_machine = bool(arguments.base_url) and is_loopback(base_address(arguments.base_url))
    politeness = options.politeness(arguments, own_machine)
    options.writable(out)
    report = take(
        arguments.source,
        Query(arguments.query, arguments.kind, arguments.artist),
        out,
        limit=arguments.limit,
        size=arguments.size,
        politeness=politeness,
        base_url=arguments.base_url,
        picture_hosts=tuple(arguments.picture_host),
        retry_missing=arguments.retry_missing,
        log=options.say,
    )
    return options.finish(report, out)
