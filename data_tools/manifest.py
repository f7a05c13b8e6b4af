"""The manifest: what a folder of pictures knows about each of them.

`<folder>/manifest.jsonl` is a journal of JSON objects, one a line, only ever appended to: the last line of a key is
what holds. So whatever kills a program, all that was recorded stays recorded; half a line at the end, left by a full
disk or a power cut, is ignored, and removed by the next writer. `export` writes `manifest.csv`, one row per key, for
spreadsheets; a table that somebody edited there stays as it is, and the new one is written beside it.

>>> manifest = Manifest("data/colour_field")
>>> for row in manifest.pictures():
...     row["file"], row["artist_name"], row["year"], row["style"]
>>> with manifest.writing():
...     manifest.add({"key": "folder/-/sunset", "status": "ok", "file": "images/sunset.jpg"})
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from artkeras.errors import UserError
from artkeras.tables import read_rows, write_rows
from data_tools import names, pictures

if sys.platform != "win32":
    import fcntl

NAME = "manifest.jsonl"
CSV_NAME = "manifest.csv"

# field -> what it holds. A row may lack any but `key` and `status`, and may hold others, which are kept.
FIELDS: dict[str, str] = {
    "key": "source/artist_slug/work_slug: the one name of a work, '-' for a part that is not known",
    "source": "wikiart, met, cleveland, artic, kaggle, archive or folder",
    "artist_slug": "as in the source's addresses",
    "artist_name": "",
    "work_slug": "",
    "work_id": "the source's own id, as text",
    "content_id": "WikiArt's second id, as text: it can exceed what a spreadsheet or JavaScript can count",
    "title": "",
    "year_text": "as the source writes it, such as 'c.1950'",
    "year": "a whole number, of a range the first; empty when none is known",
    "style": "several are joined by '; ', as are those of the next two",
    "genre": "",
    "media": "",
    "declared_width": "pixels of the original, as the source says",
    "declared_height": "",
    "page_url": "the page about the work",
    "image_url": "where the bytes came from",
    "image_variant": "such as large or original",
    "file": "path relative to the manifest's folder, with forward slashes",
    "format": "JPEG, PNG, ... by content, not by name",
    "width": "pixels, of the file",
    "height": "",
    "bytes": "",
    "sha256": "",
    "dhash": "64-bit difference hash, hexadecimal: near for pictures that look alike",
    "origin": "the folder on this machine that it was taken from",
    "rights_label": "what the source says, word for word",
    "rights_status": "public_domain, restricted or unknown",
    "status": "see STATUSES",
    "duplicate_of": "the key that has the file",
    "error": "why there is no picture",
    "http_status": "of the last answer",
    "attempts": "runs in which the source gave no picture of it; an outage does not count",
    "etag": "",
    "last_modified": "",
    "fetched_at": "UTC",
    "backend": "feed, selenium, text-list, ...",
    "details": "whether the page about the work was read",
    "size_asked": "the size that was asked for",
    "tool_version": "",
}

# status -> meaning. Only "ok" rows have a file.
STATUSES: dict[str, str] = {
    "ok": "the picture is there",
    "pending": "the picture is being stored; if nothing follows, the program was killed at that moment",
    "duplicate": "the same picture as that of `duplicate_of`",
    "missing": "the source has no picture of it",
    "placeholder": "the source shows a placeholder, such as 'not available in your country'",
    "filtered": "left out on request, such as by --rights",
    "corrupt": "what came is no picture, or half of one",
    "failed": "could not be fetched",
}


class Manifest:
    """The manifest of one folder. Reading needs no lock; `add` works inside `writing()`.

    Attributes:
        folder, path: the folder, and the journal in it. Neither needs to exist for reading.
        rows: key -> row, in the order in which keys were first seen.
        damaged: how many lines could not be read, a half-written last one not counted.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        self.path = self.folder / NAME
        self.rows: dict[str, dict[str, Any]] = {}
        self.damaged = 0
        self._file: Any = None
        self._load()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows.values())

    def __contains__(self, key: str) -> bool:
        return key in self.rows

    def get(self, key: str) -> dict[str, Any] | None:
        """The row of a key, or None."""
        return self.rows.get(key)

    def pictures(self) -> list[dict[str, Any]]:
        """The rows that have a picture, in order. Whether its file still exists is not looked at."""
        return [row for row in self if row.get("status") == "ok"]

    def counts(self) -> dict[str, int]:
        """status -> number of rows."""
        found: dict[str, int] = {}
        for row in self:
            found[row["status"]] = found.get(row["status"], 0) + 1
        return found

    @contextlib.contextmanager
    def writing(self) -> Iterator[Manifest]:
        """Open the journal for `add`, made with its folder if need be, and keep other writers out.

        Raises:
            UserError: the folder cannot be written, or another program is writing there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "ab+", buffering=0)
        except OSError as error:
            raise UserError(
                f"cannot write into {self.folder} ({error.strerror or error}): choose another folder"
            ) from error
        try:
            self._lock()
            self._load()  # another program may have added lines since
            self._cut_torn_line()
            pictures.sweep(self.folder)
            yield self
        finally:
            self._file.close()
            self._file = None

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row: it replaces the key's former one, and is on the disk when this returns.

        Raises:
            OSError: the disk is full; the journal is then as it was.
            ValueError: outside `writing()`, or a row without key or status.
        """
        if self._file is None:
            raise ValueError("add rows inside `with manifest.writing():`")
        if not row.get("key") or row.get("status") not in STATUSES:
            raise ValueError(f"a row needs a key and a status of {', '.join(STATUSES)}: {dict(row)}")
        kept = {name: value for name, value in row.items() if value not in (None, "")}
        # "replace": half of a surrogate pair, which JSON can carry and UTF-8 cannot, becomes "?"
        line = json.dumps(kept, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise
        self.rows[kept["key"]] = json.loads(line)

    def export(self, path: str | os.PathLike[str] | None = None, ours: bool = False) -> Path:
        """Write all rows as CSV (by default `manifest.csv` in the folder), whole or not at all.

        Args:
            path: of the table.
            ours: whether it is known already that `export` wrote the table that is there.

        Returns:
            Where. A file that is not as this program wrote it, such as a table with corrected titles, is never
            written over: the new one is then called `manifest.new.csv`, or `.new2` if that was edited too.
        """
        wanted = path = self.folder / CSV_NAME if path is None else Path(path)
        number = 1
        while not (ours and path == wanted) and not self.wrote(path):
            path = wanted.with_name(f"{wanted.stem}.new{number if number > 1 else ''}{wanted.suffix}")
            number += 1
        more = sorted({name for row in self for name in row} - set(FIELDS))
        write_rows(path, [*FIELDS, *more], self)
        return path

    def wrote(self, path: Path) -> bool:
        """Whether `export` wrote a table, now or earlier: each row was a line of the journal, and none is missing."""
        if not path.is_file():
            return True
        try:
            table = read_rows(path, ["key", "status"])
        except UserError:
            return False
        versions: dict[str, list[dict[str, Any]]] = {}
        for line in self._lines():
            if (row := _parse(line)) is not None:
                versions.setdefault(row["key"], []).append(row)
        if [row["key"] for row in table] != list(versions)[: len(table)]:
            return False
        return all(any(_says(row, version) for version in versions[row["key"]]) for row in table)

    def _lines(self) -> list[bytes]:
        try:
            return self.path.read_bytes().split(b"\n")  # not splitlines(): titles may hold what it splits at
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise UserError(f"cannot read {self.path} ({error.strerror or error}): check the folder") from error

    def _load(self) -> None:
        self.rows, self.damaged = {}, 0
        lines = self._lines()
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            row = _parse(line)
            if row is not None:
                self.rows[row["key"]] = row
            elif number < len(lines):
                self.damaged += 1

    def _lock(self) -> None:
        if sys.platform == "win32":  # there, nothing keeps two writers apart
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another program is writing into {self.folder}: wait until it has finished") from None
        except OSError:  # a file system that knows no locks
            pass

    def _cut_torn_line(self) -> None:
        content = self.path.read_bytes()
        if not content or content.endswith(b"\n"):
            return
        end = content.rfind(b"\n") + 1
        if _parse(content[end:]) is not None:
            self._file.write(b"\n")  # complete but for its end
        else:
            self._file.truncate(end)


def _says(row: Mapping[str, str], version: Mapping[str, Any]) -> bool:
    """Whether a row of a table says what a line of the journal says."""
    return {name: cell for name, cell in row.items() if cell} == {
        name: str(value) for name, value in version.items() if str(value) and name in row
    }


def _parse(line: bytes) -> dict[str, Any] | None:
    """The row in a line, or None."""
    try:
        row = names.parsed(line)
    except ValueError:  # UnicodeDecodeError is one too
        return None
    good = isinstance(row, dict) and isinstance(row.get("key"), str) and isinstance(row.get("status"), str)
    good = good and isinstance(row.get("file") or "", str)
    return row if good else None
