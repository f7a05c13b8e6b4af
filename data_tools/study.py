"""The authors' own choices, as lists that find their pictures again whatever the files are called.

`studies/colour_field.csv` has a row for each of the 937 files of study 1: its name, its artist, a perceptual hash,
whether the authors rejected it (15), and whether they chose it for model 4 (276). A hash is no picture: none can be
made from it. The hashes are 256-bit DCT hashes (imagehash's phash, 16 x 16). Made by

    python -m data_tools.study FOLDER LABELS.csv data_tools/studies/colour_field.csv

>>> study = Study("colour_field")
>>> study.match({"a.jpg": judged.phash})["a.jpg"].curated
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artkeras.errors import UserError
from artkeras.tables import is_yes, read_rows, write_rows

FOLDER = Path(__file__).parent / "studies"
COLUMNS = ("file", "artist", "phash", "rejected", "curated")

# A file is a row's painting when their hashes differ in at most NEAR of 256 bits, or in at most FAR when any other row
# is LEAD bits further away. What that finds and mistakes was measured: see `match`.
NEAR, FAR, LEAD = 48, 100, 32


@dataclass(frozen=True)
class Choice:
    """A row of a list."""

    file: str
    artist: str
    phash: str
    rejected: bool
    curated: bool


def studies() -> list[str]:
    """The studies that have a list."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


class Study:
    """The authors' list of one study.

    Raises:
        UserError: there is none.
    """

    def __init__(self, name: str):
        if name not in studies():
            raise UserError(f"no list for {name!r}: there is {', '.join(studies())}")
        self.name = name
        self.choices = [
            Choice(row["file"], row["artist"], row["phash"], is_yes(row["rejected"]), is_yes(row["curated"]))
            for row in read_rows(FOLDER / f"{name}.csv", COLUMNS)
        ]

    def match(self, hashes: Mapping[str, str]) -> dict[str, Choice]:
        """Find the authors' pictures among others: file -> the row that it is, for those that are.

        Rows of equal hash (five files are there twice, under two artists) go to the file of the same name first, then
        to one whose name holds the artist's. Files that show the same painting all get its row.

        Measured on all 937, renamed: saved again as JPEG of quality 70, and resized to 600 pixels, all are found, each
        by its own row; at twice the size too, but two prints that differ by a hair change places; at half the size, 105
        pixels wide, 935. With its own row taken away, a painting passes for another one in 15 of 1,000 cases.
        """
        if not hashes:
            return {}
        names = list(hashes)
        distances = hamming(bits(list(hashes.values())), bits([choice.phash for choice in self.choices])).astype(int)
        found: dict[str, Choice] = {}
        taken: set[int] = set()
        # the surest first, so that a poor copy does not take the row of a good one
        for row in np.argsort(distances.min(axis=1), kind="stable").tolist():
            least = int(distances[row].min())
            rest = distances[row][distances[row] > least]
            if least > FAR or (least > NEAR and len(rest) and rest.min() < least + LEAD):
                continue
            rows = np.flatnonzero(distances[row] == least).tolist()
            best = min(rows, key=lambda i: (_other(names[row], self.choices[i]), i in taken, i))
            taken.add(best)
            found[names[row]] = self.choices[best]
        return found


def _other(name: str, choice: Choice) -> int:
    """How little the name of a file speaks for a row: 0 it has the row's name, 1 the artist's, 2 neither."""
    stem = Path(name).name.casefold()
    if stem == choice.file.casefold():
        return 0
    letters = "".join(c for c in stem if c.isalpha())
    return 1 if "".join(c for c in choice.artist.casefold() if c.isalpha()) in letters else 2


def bits(hashes: list[str]) -> np.ndarray:
    """Hexadecimal hashes as rows of bytes, (n, 32) uint8."""
    return np.array([np.frombuffer(bytes.fromhex(text), np.uint8) for text in hashes], np.uint8)


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """In how many bits each of `a` (n, k) differs from each of `b` (m, k): (n, m)."""
    a, b = (np.ascontiguousarray(x).view(np.uint64) for x in (a, b))
    total = np.zeros((len(a), len(b)), np.uint16)
    for word in range(a.shape[1]):
        total += np.bitwise_count(a[:, word, None] ^ b[None, :, word])
    return total


def make(folder: Path, labels: Path, out: Path) -> int:
    """Write a list from the authors' pictures and a table of their choices; returns the number of rows."""
    from data_tools.judgements import judge_all

    rows = read_rows(labels, [name for name in COLUMNS if name != "phash"])
    judged = judge_all([folder / row["file"] for row in rows])
    made = []
    for row, facts in zip(rows, judged, strict=True):
        if isinstance(facts, str):
            raise UserError(f"cannot read {row['file']} ({facts}): the list needs every picture")
        try:
            marks = {name: int(is_yes(row[name])) for name in ("rejected", "curated")}
        except ValueError as error:
            raise UserError(f"{labels}, line {row.line}: rejected and curated {error}") from None
        made.append({**row, **marks, "phash": facts.phash})
    write_rows(out, COLUMNS, made)
    return len(rows)


if __name__ == "__main__":
    print(make(*(Path(argument) for argument in sys.argv[1:4])), "rows")
