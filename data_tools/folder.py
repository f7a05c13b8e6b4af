"""Pictures that are on this machine already: looked at, copied, written down. `python -m data_tools folder DIR`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import artkeras
from artkeras.errors import UserError
from data_tools import names, options, pictures
from data_tools.collect import IMAGES, own_name
from data_tools.manifest import CSV_NAME, NAME, Manifest
from data_tools.works import Report, Work, now


@dataclasses.dataclass(frozen=True)
class Local:
    """A picture at hand: its name with forward slashes, what is known of the work, how to get its bytes.

    `stamp` changes when the bytes do, so that what is known need not be read again. `origin` tells folders apart in
    which files have the same names; empty where the work's key does.
    """

    name: str
    work: Work
    read: Callable[[], bytes]
    stamp: str = ""
    origin: str = ""


def files(folder: Path, work: Callable[[str], Work], trouble: list[str], passed_over: list[str]) -> Iterator[Local]:
    """The pictures in a folder and below it, in natural order; what is one is decided as in `artkeras.data`.

    Args:
        folder: where they are.
        work: name -> what is known of it.
        trouble: gets a line for each folder or file that cannot be read, such as a pipe.
        passed_over: gets a line about files that are no pictures, if there are any.
    """
    from artkeras import data  # numpy and Pillow, which other commands do without

    listing = data.list_images(folder)
    trouble += [f"{name}: {why}" for name, why in listing.unread]
    passed_over += listing.notes
    for name in listing.names:
        path = folder / name
        try:
            changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).isoformat()
        except OSError as error:
            trouble.append(f"{name}: {error.strerror or error}")
            continue
        yield Local(name, work(name), path.read_bytes, changed, os.path.abspath(folder))


def take(locals_: Iterable[Local], out: Path, *, backend: str, in_place: bool = False) -> Report:
    """Write pictures into a folder and its manifest; what is there already and has not changed is passed over.

    Every picture gets a file of its own. A picture that somebody worked on in `out` stays as it is, with a note.

    Args:
        locals_: the pictures.
        out: the folder.
        backend: for the manifest.
        in_place: they lie in `out` already, and only the manifest is written.

    Raises:
        UserError: the folder cannot be written, or none of the pictures can be read.
        OSError: the disk is full.
    """
    from tqdm import tqdm

    report = Report()
    manifest = Manifest(out)
    with manifest.writing():
        taking = _Taking(manifest, backend, in_place)
        try:
            for local in tqdm(list(locals_), desc="pictures", unit="picture", disable=None):
                local = taking.own(local)
                row = manifest.get(local.work.key)
                if row is not None and taking.by_hand(row):
                    report.had += 1
                    report.notes.append(f"{row['file']} was changed by hand and stays: delete it to copy it again")
                elif row is None or not taking.settled(row, local):
                    row = taking.take(local)
                    report.fetched += row["status"] == "ok"
                else:
                    report.had += row["status"] == "ok"
                report.counts[row["status"]] = report.counts.get(row["status"], 0) + 1
                if row["status"] == "corrupt":
                    report.notes.append(f"{local.name}: {row['error']}")
                if row["status"] == "failed":
                    report.failed.append(f"{local.name}: {row['error']}")
        finally:
            report.table = manifest.export()
    if report.notes and set(report.counts) == {"corrupt"}:
        raise UserError(f"none of the {len(report.notes)} pictures can be read, the first being {report.notes[0]}")
    return report


class _Taking:
    """One run of `take`: what the folder holds, and whose each name is."""

    def __init__(self, manifest: Manifest, backend: str, in_place: bool):
        self.manifest, self.backend, self.in_place = manifest, backend, in_place
        here = [row for row in manifest.pictures() if self._here(row)]
        self.owners = {row["sha256"]: row["key"] for row in here if row.get("sha256")}
        self.names = names.OwnNames((row["file"], row["key"]) for row in manifest if row.get("file"))

    def own(self, local: Local) -> Local:
        """A picture with a key of its own: a file of the same name in another folder is another work, unless it is the
        same picture, such as after the folder was moved."""
        row = self.manifest.get(local.work.key)
        if row is None or not local.origin or row.get("origin", local.origin) == local.origin:
            return local
        with contextlib.suppress(OSError, pictures.NotAPicture):
            if self._here(row) and hashlib.sha256(local.read()).hexdigest() == row.get("sha256"):
                return dataclasses.replace(local, origin=row["origin"], stamp=row.get("last_modified", ""))
        digits = hashlib.sha256(local.origin.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        return dataclasses.replace(
            local, work=dataclasses.replace(local.work, work_slug=f"{local.work.work_slug}@{digits}")
        )

    def settled(self, row: dict[str, Any], local: Local) -> bool:
        """Whether the manifest answers for a picture already."""
        if row.get("last_modified") != local.stamp or row["status"] not in ("ok", "duplicate", "corrupt"):
            return False
        if row["status"] == "duplicate":
            other = self.manifest.get(row.get("duplicate_of", ""))
            return other is not None and other["status"] == "ok" and self._here(other)
        path = self._path(row)
        return row["status"] != "ok" or (path is not None and pictures.same_file(path, row))

    def by_hand(self, row: dict[str, Any]) -> bool:
        """Whether somebody has worked on the copy of a picture."""
        path = None if self.in_place or row["status"] != "ok" else self._path(row)
        return path is not None and not pictures.same_file(path, row) and pictures.changed_by_hand(path, row)

    def take(self, local: Local) -> dict[str, Any]:
        """Look at a picture, store it, write it down; returns its row."""
        facts: dict[str, Any] = {
            "last_modified": local.stamp,
            "origin": local.origin,
            "fetched_at": now(),
            "backend": self.backend,
            "tool_version": artkeras.__version__,
        }
        try:
            content = local.read()
            found = pictures.look(content)
        except OSError as error:
            return self._write(local, **facts, status="failed", error=error.strerror or str(error))
        except pictures.NotAPicture as error:
            return self._write(local, **facts, status="corrupt", error=str(error))
        facts |= dataclasses.asdict(found)
        key = local.work.key
        other = self.owners.setdefault(found.sha256, key)
        if other != key:
            return self._write(local, **facts, status="duplicate", duplicate_of=other)
        if self.in_place:
            return self._write(local, **facts, status="ok", file=local.name)
        *folders, stem = [names.file_stem(part, "-_. ()", lower=False) for part in _parts(local.name)]
        old = self.manifest.get(key) or {}
        wanted = "/".join([IMAGES, *folders, stem])
        name = own_name(self.names, self.manifest.folder, wanted, found, key, old)
        pictures.store(pictures.inside(self.manifest.folder, name), content)
        row = self._write(local, **facts, status="ok", file=name)
        path = self._path(old)
        if path is not None and old["file"] != name:  # now of another format
            path.unlink(missing_ok=True)
        return row

    def _write(self, local: Local, **facts: Any) -> dict[str, Any]:
        self.manifest.add(local.work.row() | facts)
        return self.manifest.rows[local.work.key]

    def _path(self, row: dict[str, Any]) -> Path | None:
        """Where a row's file is. A manifest is a file like any other, so what it says is checked."""
        try:
            return pictures.inside(self.manifest.folder, row["file"])
        except (KeyError, ValueError):
            return None

    def _here(self, row: dict[str, Any]) -> bool:
        path = self._path(row)
        return path is not None and path.is_file()


def _parts(name: str) -> list[str]:
    """Folders and the file's name without its ending."""
    path = Path(name)
    return [*path.parts[:-1], path.stem]


def add(commands: argparse._SubParsersAction) -> None:
    """Add the commands `folder` and `manifest`."""
    text = "take over pictures from a folder on this machine"
    command = commands.add_parser("folder", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("folder", metavar="DIR", help="with pictures, also in folders below it")
    command.add_argument("--out", metavar="DIR", help="(default: data/NAME; DIR itself: write only its manifest)")
    command.add_argument("--artist", default="", metavar="NAME", help="who made them (default: not known)")
    command.add_argument(
        "--artist-folders", action="store_true", help="the first folder in DIR is named after the artist"
    )
    command.add_argument("--style", default="", metavar="NAME", help="of all of them")

    text = "say what a manifest holds, and write it as CSV"
    command = commands.add_parser("manifest", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run_manifest)
    command.add_argument("folder", metavar="DIR", help="with a manifest.jsonl")
    command.add_argument("--csv", metavar="FILE", help=f"(default: DIR/{CSV_NAME})")
    command.add_argument("--verify", action="store_true", help="compare every file with its SHA-256")


def run(arguments: argparse.Namespace) -> int:
    """Take over a folder."""
    folder = Path(arguments.folder).expanduser()
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: name the folder that holds your pictures")
    folder = folder.resolve()
    out = Path(arguments.out).expanduser() if arguments.out else Path("data", folder.name)
    in_place = out.resolve() == folder
    if not in_place and out.resolve().is_relative_to(folder):
        raise UserError(f"{out} lies inside {folder}: choose another with --out, or {folder} itself")
    options.writable(out)
    artist = names.clean(arguments.artist)

    def work(name: str) -> Work:
        first = name.split("/")[0] if arguments.artist_folders and "/" in name else ""
        by = artist or names.clean(first.replace("_", " ").replace("-", " "))
        return Work(
            "folder",
            names.slug(by),
            name,
            artist_name=by,
            title=names.clean(Path(name).stem.replace("_", " ")),
            style=names.clean(arguments.style),
            rights_label="not stated",
        )

    from artkeras import data

    data.checked_folder(folder)
    trouble: list[str] = []
    passed_over: list[str] = []
    found = list(files(folder, work, trouble, passed_over))
    report = take(found, out, backend="folder", in_place=in_place)
    report.done = "listed" if in_place else "copied"
    report.failed += trouble
    report.notes += passed_over
    return options.finish(report, out)


def run_manifest(arguments: argparse.Namespace) -> int:
    """Count, maybe verify, export."""
    folder = Path(arguments.folder).expanduser()
    if not (folder / NAME).is_file():
        raise UserError(f"there is no {NAME} in {folder}: name a folder that was filled by this program")
    manifest = Manifest(folder)
    options.say(f"{len(manifest)} works: {', '.join(f'{n} {status}' for status, n in manifest.counts().items())}")
    if manifest.damaged:
        options.say(f"{manifest.damaged} lines cannot be read and were passed over")
    wrong = 0
    seen: dict[str, str] = {}
    for row in manifest.pictures():
        other = seen.setdefault(names.folded(row.get("file", row["key"])), row["key"])
        if other != row["key"]:
            wrong += 1
            options.complain(f"{row['file']} is named by two works: {other} and {row['key']}")
            continue
        try:
            path = pictures.inside(folder, row["file"])
            good = pictures.same_file(path, row)
            good = good and (not arguments.verify or pictures.file_sha256(path) == row.get("sha256"))
        except (KeyError, ValueError):
            good = False
        if not good:
            wrong += 1
            options.complain(f"{row.get('file', row['key'])} is missing or changed")
    try:
        wanted = Path(arguments.csv or folder / CSV_NAME)
        written = manifest.export(arguments.csv)
        if written != wanted:
            options.complain(f"{wanted} was edited by hand, or is another file, and stays as it is")
        options.say(f"wrote {written}")
    except OSError as error:
        place = arguments.csv or folder / CSV_NAME
        raise UserError(f"cannot write {place} ({error.strerror or error}): choose another with --csv") from error
    return options.INCOMPLETE if wrong or manifest.damaged else options.COMPLETE
