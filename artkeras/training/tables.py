"""Tables of a run: CSV files that grow by rows, and the records of its scores."""

import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.files import atomic


class Table:
    """A CSV file that grows by rows and is flushed to disk when told."""

    def __init__(self, path: Path):
        self.path = path
        self._file: io.TextIOWrapper | None = None
        self._writer: csv.DictWriter | None = None

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Write rows of equal keys; the first ones of a new file decide the columns."""
        if not rows:
            return
        if self._file is None or self._writer is None:
            new = not self.path.exists()
            header = [] if new else next(csv.reader([self.path.read_text("utf-8-sig").partition("\n")[0]]))
            if not new and header != list(rows[0]):
                raise UserError(
                    f"{self.path} has the columns {', '.join(header)}, not {', '.join(rows[0])}: it was written by "
                    "another version of the kit, or with other options; train again"
                )
            self._file = open(self.path, "a", newline="")
            self._writer = csv.DictWriter(self._file, rows[0], lineterminator="\n")
            if new:
                self._writer.writeheader()
        self._writer.writerows(rows)
        self._file.flush()

    def close(self) -> None:
        """Close the file; a later `append` opens it again."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what a full disk did not take was said when it was written
                file.close()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Whole rows of a table; a last line that a killed process left unfinished is skipped."""
    if not path.exists():
        return
    text = path.read_text("utf-8-sig")  # an editor may have added a byte order mark
    lines = text[: text.rfind("\n") + 1].splitlines()
    yield from csv.DictReader(lines, strict=True)


def read_table(path: Path) -> dict[str, np.ndarray]:
    """Read a table as columns; an absent one is empty. `epoch` and `step` are int64, the rest float64, NaN if blank.

    Raises:
        UserError: when it holds what is no number: another program has saved it again.
    """
    kinds = {"epoch": "int64", "step": "int64"}
    with as_written(path):
        rows = list(_rows(path))
        return {
            name: np.array([float(row[name] or "nan") for row in rows], dtype=kinds.get(name, "float64"))
            for name in (rows[0] if rows else ())
        }


def read_scores(path: Path, weights: str = "trained", position: str = "chosen") -> list[dict[str, Any]]:
    """The records of a metrics.jsonl of these weights at this checkpoint, in order; none where there is no such file.

    Records from before weights were averaged name neither: they are of the trained weights at the chosen checkpoint.

    Raises:
        ValueError: when a line is no JSON, or no text.
        AttributeError: when it is no record.
    """
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    wanted = weights, position
    return [line for line in lines if (line.get("weights", "trained"), line.get("position", "chosen")) == wanted]


MAIN = ("lite0", "pixels")  # extractors whose scores count where one number is asked for; others are second opinions


def latest_scores(lines: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The last record of each measure: on the kit's own extractor where there is one on it, else on another one."""
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        known = found.get(line["measure"])
        if known is None or line.get("network", "pixels") in MAIN or known.get("network", "pixels") not in MAIN:
            found[line["measure"]] = line
    return found


@contextlib.contextmanager
def as_written(path: Path) -> Iterator[None]:
    """Say of a table that cannot be read that another program has changed it."""
    try:
        yield
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(f"{path} is not as it was written ({error}): restore it, and edit copies only") from None


def keep_rows(path: Path, wanted: Callable[[dict[str, str]], bool]) -> None:
    """Leave only the rows of a table that are wanted; a table without rows goes."""
    if not path.exists():
        return
    with as_written(path):
        rows = [row for row in _rows(path) if wanted(row)]
    if not rows:
        path.unlink()
        return
    with atomic(path) as part, open(part, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
