"""What `clean`, `curate` and `augment` share: reading a folder of pictures, and making another one from it.

The source is only ever read. The target is a folder of its own, and `step.json` in it says which command made it, from
what, and which files are its own: so a second run goes on where the first one stopped, takes away what it would no
longer make, and touches nothing that somebody else put there.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from artkeras import data
from artkeras.arguments import number
from artkeras.errors import UserError
from artkeras.files import atomic
from data_tools import options
from data_tools.manifest import CSV_NAME, NAME, Manifest
from data_tools.pictures import inside

MARK = "step.json"
share = number(lambda value: 0 <= value <= 1, "a number from 0 to 1")


def listed(folder: Path) -> list[str]:
    """The picture files below a folder, as `train` finds them: relative names in natural order.

    Raises:
        UserError: the folder is missing or holds no picture files, or one whose name is not text.
    """
    data.checked_folder(folder)
    names = data.list_images(folder)[0]
    if not names:
        raise UserError(f"{folder} holds packed pictures and no files: name the folder that it was made from")
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UserError(f"the name of the file {name!r} in {folder} is not UTF-8: rename it") from None
    return names


def known(folder: Path) -> dict[str, dict[str, Any]]:
    """file -> what the folder's manifest says of it; empty without one."""
    return {row["file"]: row for row in Manifest(folder).pictures() if row.get("file")}


class Target:
    """The folder that a command makes from another one.

    Args:
        source: the folder with the pictures.
        out: the target; by default beside the source, its name with `suffix`.
        command: such as "clean"; another command's target is refused.
        settings: what decides the content of the files; when it differs from an earlier run, all are made anew.
        with_list: whether `write_list` is going to be called.

    Raises:
        UserError: one folder lies in the other, the target belongs to somebody else, or it cannot be written.
    """

    def __init__(
        self,
        source: Path,
        out: str | Path | None,
        suffix: str,
        command: str,
        settings: Mapping[str, Any],
        with_list: bool = False,
    ):
        real = Path(os.path.realpath(source))
        self.source = source
        self.folder = Path(out).expanduser() if out else real.with_name(f"{real.name}_{suffix}")
        self.command, self.settings = command, dict(settings)
        _apart(real, self.folder)
        self.before = self._mark()
        self.same = self.before.get("settings") == self.settings
        self.complete = self.same and bool(self.before.get("complete"))
        self.list_path = self.folder.with_name(f"{self.folder.name}_labels.csv")
        self.with_list = with_list
        if with_list and self.list_path.exists() and not self.before.get("list"):
            raise UserError(f"{self.list_path} is there already: move it away, or choose another folder with --out")
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
            "complete": False,
        }
        for name in mine - (set(files) - set(stale)):
            with contextlib.suppress(OSError, ValueError):  # the file is open to all, so it may name any place
                inside(self.folder, name).unlink()
        # Until the end both what was and what will be count as ours: this run may be stopped too.
        self._write({**self.facts, "files": sorted(mine | set(files))})
        if self.before.get("list") and not self.with_list:
            self.list_path.unlink(missing_ok=True)
        for part in self.folder.rglob(".*.part"):  # half a file of a run that was killed
            with contextlib.suppress(OSError):
                part.unlink()

    def was(self, source: str) -> str:
        """The hash of a source's content when the earlier run read it; empty if it did not."""
        return self.before.get("sources", {}).get(source, "") if self.same else ""

    def write_list(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the list that `train` reads, beside the folder: `<folder>_labels.csv`."""
        with atomic(self.list_path) as part, open(part, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

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
            mark = json.loads((self.folder / MARK).read_text("utf-8"))
            kinds = {"source": str, "files": list, "sources": dict}
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


def copy(source: Path, path: Path) -> None:
    """Copy a file, unless it is there already."""
    content = source.read_bytes()
    with contextlib.suppress(OSError):
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return
    put(path, content)


def write_manifest(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a whole manifest, as JSON lines and as CSV."""
    with atomic(folder / NAME) as part, open(part, "w", encoding="utf-8") as file:
        for row in rows:
            kept = {name: value for name, value in row.items() if value not in (None, "")}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    Manifest(folder).export(folder / CSV_NAME)


def artist_of(name: str, row: Mapping[str, Any] | None = None) -> str:
    """Whose picture it is: as the manifest says, else the file's name without the number at its end."""
    if row and row.get("artist_name"):
        return str(row["artist_name"])
    return Path(name).stem.rstrip("0123456789").strip(" _-")


def bar(items: Sequence[Any], label: str) -> Iterable[Any]:
    """The items, with a progress bar if going through them takes long."""
    return tqdm(items, desc=label, unit="file", delay=2, leave=False, disable=None)
