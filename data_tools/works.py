"""One work as a source lists it, and the report of a run over many."""

from __future__ import annotations

import dataclasses
import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Work:
    """One work as a source lists it. The fields are those of the manifest."""

    source: str
    artist_slug: str
    work_slug: str
    artist_name: str = ""
    work_id: str = ""
    content_id: str = ""
    title: str = ""
    year_text: str = ""
    year: int | None = None
    style: str = ""
    genre: str = ""
    media: str = ""
    declared_width: int | None = None
    declared_height: int | None = None
    page_url: str = ""
    image_url: str = ""
    rights_label: str = ""
    rights_status: str = "unknown"

    @property
    def key(self) -> str:
        """See `manifest.FIELDS`."""
        return key(self.source, self.artist_slug, self.work_slug)

    def row(self) -> dict[str, Any]:
        """The work as a row of the manifest, without a status."""
        return {"key": self.key, **dataclasses.asdict(self)}


def key(source: str, artist_slug: str, work_slug: str) -> str:
    """The one name of a work. "/" becomes "%2F", and what reads so already gets a "25" after the "%"."""
    parts = (re.sub("%(?=(25)*2F)", "%25", part).replace("/", "%2F") for part in (source, artist_slug, work_slug))
    return "/".join(part or "-" for part in parts)


def image_path(url: str) -> str:
    """What is the same in all addresses of one picture: its path, without host and size."""
    try:
        return unquote(urlsplit(url).path.split("!")[0])
    except ValueError:  # no address
        return url


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@dataclass
class Report:
    """What a run did: numbers by outcome, and what is still to do.

    Attributes:
        fetched: pictures stored by this run.
        had: pictures that were there before.
        counts: status -> works of this run in that status, at its end.
        failed: a line for each work without a picture that another run may get.
        notes: lines about listings that are not whole, and the like.
        whole: whether every listing was.
        done: what became of the pictures that are counted as fetched, for people.
        limits: lines about what the same command will not bring, such as works beyond what a search reaches.
        table: the manifest as a table, where it was written.
    """

    fetched: int = 0
    had: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: bool = True
    done: str = "fetched"
    limits: list[str] = field(default_factory=list)
    table: Path | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there, or known not to be."""
        return self.whole and not self.failed and not self.limits

    def __str__(self) -> str:
        others = [f"{count} {status}" for status, count in sorted(self.counts.items()) if status != "ok"]
        return ", ".join([f"{self.fetched} pictures {self.done}", f"{self.had} already there", *others])
