"""Lists of an artist's works, and keeping them in a folder for a few days."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path

from artkeras.files import atomic
from data_tools import names
from data_tools.works import Work, now

FRESH = datetime.timedelta(days=7)  # how long a listing is taken from the folder


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
