"""Pictures that are on this machine already: looked at, copied, written down. `python -m data_tools folder DIR`."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import artkeras
from artkeras.errors import UserError
from data_tools import names, options, pictures
from data_tools.collect import IMAGES, Report, Work, now
from data_tools.manifest import CSV_NAME, NAME, Manifest

SUFFIXES = frozenset(".jpg .jpeg .png .webp .bmp .gif .tif .tiff .avif".split())


@dataclasses.dataclass(frozen=True)
class Local:
    """A picture at hand: its name with forward slashes, what is known of the work, how to get its bytes.

    `stamp` changes when the bytes do, so that what is known need not be read again.
    """

    name: str
    work: Work
    read: Callable[[], bytes]
    stamp: str = ""


def files(folder: Path, work: Callable[[str], Work]) -> Iterator[Local]:
    """The pictures in a folder and below it, by name; hidden ones are passed over."""
    for place, folders, found in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(found):
            path = Path(place, file)
            if file.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            name = path.relative_to(folder).as_posix()
            try:
                changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).isoformat()
            except OSError:
                continue
            yield Local(name, work(name), path.read_bytes, changed)


def take(locals_: Iterable[Local], out: Path, *, backend: str, in_place: bool = False) -> Report:
    """Write pictures into a folder and its manifest; what is there already and has not changed is passed over.

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
        owners = {row["sha256"]: row["key"] for row in manifest.pictures() if row.get("sha256")}
        try:
            for local in tqdm(list(locals_), desc="pictures", unit="picture", disable=None):
                row = manifest.get(local.work.key)
                if row is None or not _settled(out, row, local):
                    row = _one(manifest, owners, local, backend, in_place)
                    report.fetched += row["status"] == "ok"
                else:
                    report.had += row["status"] == "ok"
                report.counts[row["status"]] = report.counts.get(row["status"], 0) + 1
                if row["status"] == "corrupt":
                    report.notes.append(f"{local.name}: {row['error']}")
                if row["status"] == "failed":
                    report.failed.append(f"{local.name}: {row['error']}")
        finally:
            manifest.export()
    if report.notes and set(report.counts) == {"corrupt"}:
        raise UserError(f"none of the {len(report.notes)} pictures can be read, the first being {report.notes[0]}")
    return report


def _settled(out: Path, row: dict[str, Any], local: Local) -> bool:
    if row.get("last_modified") != local.stamp or row["status"] not in ("ok", "duplicate", "corrupt"):
        return False
    try:
        return row["status"] != "ok" or pictures.same_file(pictures.inside(out, row["file"]), row)
    except (KeyError, ValueError):
        return False


def _one(manifest: Manifest, owners: dict[str, str], local: Local, backend: str, in_place: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "last_modified": local.stamp,
        "fetched_at": now(),
        "backend": backend,
        "tool_version": artkeras.__version__,
    }
    key = local.work.key
    try:
        content = local.read()
    except OSError as error:
        manifest.add(local.work.row() | facts | {"status": "failed", "error": error.strerror or str(error)})
        return manifest.rows[key]
    except pictures.NotAPicture as error:
        manifest.add(local.work.row() | facts | {"status": "corrupt", "error": str(error)})
        return manifest.rows[key]
    try:
        found = pictures.look(content)
    except pictures.NotAPicture as error:
        manifest.add(local.work.row() | facts | {"status": "corrupt", "error": str(error)})
        return manifest.rows[key]
    facts |= dataclasses.asdict(found)
    other = owners.setdefault(found.sha256, key)
    if other != key:
        manifest.add(local.work.row() | facts | {"status": "duplicate", "duplicate_of": other})
        return manifest.rows[key]
    if in_place:
        name = local.name
    else:
        *folders, stem = [names.file_stem(part, "-_. ()", lower=False) for part in _parts(local.name)]
        name = "/".join([IMAGES, *folders, stem + found.ending])
        pictures.store(pictures.inside(manifest.folder, name), content)
    manifest.add(local.work.row() | facts | {"status": "ok", "file": name})
    return manifest.rows[key]


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

    found = list(files(folder, work))
    if not found:
        raise UserError(f"the folder {folder} holds no pictures ({' '.join(sorted(s[1:] for s in SUFFIXES))})")
    report = take(found, out, backend="folder", in_place=in_place)
    report.done = "listed" if in_place else "copied"
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
    for row in manifest.pictures():
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
        options.say(f"wrote {manifest.export(arguments.csv)}")
    except OSError as error:
        place = arguments.csv or folder / CSV_NAME
        raise UserError(f"cannot write {place} ({error.strerror or error}): choose another with --csv") from error
    return options.INCOMPLETE if wrong or manifest.damaged else options.COMPLETE
