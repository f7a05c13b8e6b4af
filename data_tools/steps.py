"""What `clean`, `curate` and `augment` share: reading a folder of pictures, and making another one from it.

The source is only ever read. The target is a folder of its own, and `step.json` in it says which command made it, from
what, and which files are its own: so a second run goes on where the first one stopped, takes away what it would no
longer make, and touches nothing that somebody else put there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from artkeras import data
from artkeras.cli.arguments import number
from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.tables import write_rows
from data_tools import names, options
from data_tools.errors import Incomplete
from data_tools.manifest import CSV_NAME, NAME, Manifest
from data_tools.pictures import changed_by_hand, inside, sweep

MARK = "step.json"
share = number(lambda value: 0 <= value <= 1, "a number from 0 to 1")


def listed(folder: Path) -> list[str]:
    """The picture files below a folder, as `train` finds them: relative names in natural order.

    Raises:
        UserError: the folder is missing, holds no picture files, or one whose name is not text.
        Incomplete: something in it cannot be read: what is not seen would count as removed.
    """
    data.checked_folder(folder)
    listing = data.list_images(folder)
    if listing.unread:
        place, why = listing.unread[0]
        more = f" and {len(listing.unread) - 1} more" if listing.unread[1:] else ""
        error = UserError if why == data.NOT_UTF8 else Incomplete
        raise error(f"cannot read {folder / place} ({why}){more}: nothing is made before all can be read")
    if not listing.names:
        raise UserError(f"{folder} holds packed pictures and no files: name the folder that it was made from")
    return listing.names


@dataclass(frozen=True)
class Labels:
    """What the list beside a folder, `<folder>_labels.csv`, says of the folder's pictures.

    Attributes:
        path: of the list.
        named: the pictures that it names.
        rejected, curated: which of them it rejects and chooses. None is in both.
    """

    path: Path
    named: frozenset[str]
    rejected: frozenset[str]
    curated: frozenset[str]


def labels(folder: Path, files: Sequence[str]) -> Labels | None:
    """Read the list beside a folder; None without one.

    A row names a picture by its path in the folder or, if only one picture is called so, by its name alone.

    Raises:
        UserError: the list cannot be read, names none of the pictures, or one of its rows fits several.
    """
    path = data.labels_path(Path(os.path.abspath(folder)).name, folder)[0]
    if path is None:
        return None
    rows = data.match_labels(files, data.read_labels(path), path)
    matched = {name: row for name, row in rows.items() if row}
    if not matched:
        raise UserError(f"{path} names none of the {len(files)} pictures: its column file must name them")
    first: dict[str, str] = {}
    for name, (key, _) in matched.items():  # two names that differ in their Unicode form only
        if first.setdefault(key, name) != name:
            raise UserError(
                f"{path}: {key!r} fits several files ({first[key]}, {name}): name each by its path in the folder, and "
                "no two alike"
            )
    found = {name: label for name, (_, label) in matched.items()}
    rejected = frozenset(name for name, label in found.items() if label[0])
    curated = frozenset(name for name, label in found.items() if data.belongs(label, "curated"))
    return Labels(path, frozenset(found), rejected, curated)


def by_hand_before(folder: Path, command: str) -> dict[str, str]:
    """file -> "keep" or "drop", as earlier runs of a command that made a folder were told by `--apply`."""
    try:
        mark = names.parsed((folder / MARK).read_text("utf-8"))
        hand = mark["hand"] if mark["made_by"] == f"data_tools {command}" else {}
        return {str(file): word for file, word in hand.items() if word in ("keep", "drop")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def target_folder(source: Path, out: str | Path | None, suffix: str) -> Path:
    """The folder that a command makes: by default beside the source, its name with a suffix."""
    real = Path(os.path.realpath(source))
    return Path(out).expanduser() if out else real.with_name(f"{real.name}_{suffix}")


def known(folder: Path) -> dict[str, dict[str, Any]]:
    """file -> what the folder's manifest says of it; empty without one."""
    return {row["file"]: row for row in Manifest(folder).pictures() if row.get("file")}


class Target:
    """The folder that a command makes from another one.

    Args:
        source: the folder with the pictures.
        out: the target; by default beside the source, its name with `suffix`.
        command: such as "clean"; another command's target is refused.
        settings: what decides the content of the files; when it differs from an earlier run, all are made again.
        with_list: whether `write_list` is going to be called.
        hand: what `--apply` decided, now or earlier: kept for the next run.
        forget: whether a list of an earlier run may be let go of.

    Attributes:
        by_hand: the files that somebody changed since they were made; they stay as they are.

    Raises:
        UserError: one folder lies in the other, the target belongs to somebody else, it cannot be written, or this run
            would lose the list of an earlier one.
    """

    def __init__(
        self,
        source: Path,
        out: str | Path | None,
        suffix: str,
        command: str,
        settings: Mapping[str, Any],
        with_list: bool = False,
        hand: Mapping[str, str] | None = None,
        forget: bool = False,
    ):
        self.source = source
        self.folder = target_folder(source, out, suffix)
        self.command, self.settings, self.hand = command, dict(settings), dict(hand or {})
        self.by_hand: list[str] = []
        _apart(Path(os.path.realpath(source)), self.folder)
        self.before = self._mark()
        self.same = self.before.get("settings") == self.settings
        self.complete = self.same and bool(self.before.get("complete"))
        self.list_path = self.folder.with_name(f"{self.folder.name}_labels.csv")
        self.with_list = with_list
        if with_list and self.list_path.exists() and not self.before.get("list"):
            raise UserError(f"{self.list_path} is there already: move it away, or choose another folder with --out")
        if self.before.get("list") and not with_list and not forget:
            raise UserError(
                f"{self.folder} was made with a list of choices, and now there is none: put the list beside {source} "
                "back, or give --study-list again, or let go of the choices with --forget"
            )
        self._written = {str(name): str(value) for name, value in self.before.get("written", {}).items()}
        _probe(self.folder)

    def begin(self, files: Sequence[str], sources: Mapping[str, str] | None = None, stale: Iterable[str] = ()) -> None:
        """Write down what is going to be made, before it is; clear away what an earlier run left.

        Args:
            files: the names of all files, relative to the target.
            sources: name of a source -> hash of its content, for `was`.
            stale: of `files`, those that must not be taken for new if this run is stopped before it comes to them.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        mine = set(self.before.get("files", ()))
        self.facts = {
            "made_by": f"data_tools {self.command}",
            "source": os.path.abspath(self.source),
            "settings": self.settings,
            "sources": dict(sources or {}),
            "files": sorted(files),
            "list": self.with_list,
            "list_hashes": self.before.get("list_hashes", []),
            "hand": self.hand,
            "written": self._written,
            "complete": False,
        }
        for name in sorted(mine - (set(files) - set(stale))):
            with contextlib.suppress(OSError, ValueError):  # the file is open to all, so it may name any place
                if not self._is_by_hand(name):
                    inside(self.folder, name).unlink()
        # Until the end both what was and what will be count as ours: this run may be stopped too.
        self._write({**self.facts, "files": sorted(mine | set(files))})
        if self.before.get("list") and not self.with_list and not self._list_is_by_hand():
            self.list_path.unlink(missing_ok=True)
        sweep(self.folder)

    def put(self, name: str, content: bytes) -> None:
        """Write a file, unless it is there already, or somebody has changed the one that is there."""
        path, new = inside(self.folder, name), data.digest(content)
        there = data.hash_file(path) if os.path.lexists(path) else ""
        if there != new:
            if there and self._is_by_hand(name, there):
                return
            put(path, content)
        self._written[name] = new

    def copy(self, source: Path, name: str) -> None:
        """Copy a file, as `put`."""
        self.put(name, source.read_bytes())

    def notes(self) -> list[str]:
        """A line for each file that somebody changed, at most `options.SHOWN` and a number."""
        lines = [f"{name} was changed by hand and stays: delete it to have it made again" for name in self.by_hand]
        more = [f"and {len(lines) - options.SHOWN} more"] if len(lines) > options.SHOWN else []
        return lines[: options.SHOWN] + more

    def _is_by_hand(self, name: str, there: str = "") -> bool:
        """Whether somebody has changed a file since it was made; if so, it is noted. Half a file is nobody's work."""
        path, made = inside(self.folder, name), self._written.get(name)
        if made is None or not path.is_file() or (there or data.hash_file(path)) == made:
            return False
        found = changed_by_hand(path, {"sha256": "another"})
        if found and name not in self.by_hand:
            self.by_hand.append(name)
        return found

    def was(self, source: str) -> str:
        """The hash of a source's content when the earlier run read it; empty if it did not."""
        return self.before.get("sources", {}).get(source, "") if self.same else ""

    def write_list(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the list that `train` reads, beside the folder: `<folder>_labels.csv`.

        One that somebody has changed stays, and the new one is written beside it, as `<folder>_labels.new.csv`.
        """
        new = self.list_path.with_suffix(".new.csv")
        write_rows(new, list(rows[0]), rows)
        made, there = data.hash_file(new), data.hash_file(self.list_path)
        if there == made:
            new.unlink()
        elif self._list_is_by_hand():
            self.by_hand.append(self.list_path.name)
            return
        else:  # written down first: if this run is killed here, both count as ours
            self._write({**self.facts, "list_hashes": [*self.facts["list_hashes"], made]})
            os.replace(new, self.list_path)
        self.facts["list_hashes"] = [made]

    def _list_is_by_hand(self) -> bool:
        """Whether somebody has changed the list since it was written."""
        made = self.before.get("list_hashes", [])
        return bool(made) and self.list_path.is_file() and data.hash_file(self.list_path) not in made

    def finish(self) -> None:
        """Write down that all is there."""
        self._write({**self.facts, "complete": True})

    def _write(self, facts: Mapping[str, Any]) -> None:
        with atomic(self.folder / MARK) as part:
            part.write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")

    def _mark(self) -> dict[str, Any]:
        """What an earlier run wrote down; empty for a new folder."""
        if not self.folder.exists():
            return {}
        if not self.folder.is_dir():
            raise UserError(f"{self.folder} is a file: choose a folder with --out")
        try:
            mark = names.parsed((self.folder / MARK).read_text("utf-8"))
            kinds = {"source": str, "files": list, "sources": dict, "written": dict, "hand": dict, "list_hashes": list}
            if not (isinstance(mark, dict) and all(isinstance(mark.get(k, t()), t) for k, t in kinds.items())):
                mark = {}
        except FileNotFoundError:
            if next((path for path in self.folder.iterdir() if not path.name.endswith(".part")), None) is None:
                return {}
            raise UserError(f"{self.folder} holds other files: choose an empty or a new folder with --out") from None
        except (OSError, ValueError):
            mark = {}
        if mark.get("made_by") != f"data_tools {self.command}":
            maker = mark.get("made_by") or "a file that cannot be read"
            raise UserError(f"{self.folder / MARK} says {maker}, not data_tools {self.command}: choose another --out")
        if os.path.realpath(mark.get("source", "")) != os.path.realpath(self.source):
            raise UserError(f"{self.folder} was made from {mark.get('source')}: choose another folder with --out")
        return mark


def _probe(folder: Path) -> None:
    """Make sure that a folder can be made and written, and leave no trace: nothing may come of it yet.

    Raises:
        UserError: it cannot.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        options.writable(folder)
    finally:
        for place in missing:
            with contextlib.suppress(OSError):
                place.rmdir()


def _apart(source: Path, out: Path) -> None:
    target = Path(os.path.realpath(out))
    if target == source or target.is_relative_to(source):
        raise UserError(f"the target {out} lies inside the pictures' folder {source}: choose one beside it with --out")
    if source.is_relative_to(target):
        raise UserError(f"the pictures' folder {source} lies inside the target {out}: choose another with --out")


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. It is not flushed to the disk: a step can be repeated, and 5,532 flushes
    take longer than the step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.name[:40]}.{os.getpid()}-{id(content):x}.part"
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_manifest(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a whole manifest, as JSON lines and as CSV; a table that somebody has edited stays, see `export`."""
    ours = Manifest(folder).wrote(folder / CSV_NAME)
    with atomic(folder / NAME) as part, open(part, "w", encoding="utf-8") as file:
        for row in rows:
            kept = {name: value for name, value in row.items() if value not in (None, "")}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    written = Manifest(folder).export(folder / CSV_NAME, ours)
    if not ours:
        options.complain(f"{folder / CSV_NAME} was edited by hand and stays as it is; the new table is {written}")


def artist_of(name: str, row: Mapping[str, Any] | None = None) -> str:
    """Whose picture it is: as the manifest says, else the file's name without the number at its end."""
    if row and row.get("artist_name"):
        return str(row["artist_name"])
    return Path(name).stem.rstrip("0123456789").strip(" _-")


def bar(items: Sequence[Any], label: str) -> Iterable[Any]:
    """The items, with a progress bar if going through them takes long."""
    return tqdm(items, desc=label, unit="file", delay=2, leave=False, disable=None)
