"""What raters answered: reads the files that a rating page saves, joins them by its key, and makes numbers of them.

The maths is in `artkeras.metrics.statistics`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics.statistics import Estimate, alpha, bootstrap, mean, share, spread
from artkeras.tables import read_rows

MODES = ("stars", "real-or-fake", "both")
STARS = 5
COLUMNS = ("page", "session", "rater", "picture", "stars", "taken_for", "shown")
CATEGORIES = ("real", "fake")
AS_SAVED = "give the CSV files as the page saved them"


@dataclass(frozen=True)
class Ratings:
    """What several raters answered about the pictures of one page.

    Attributes:
        key: the page's key: `what` was rated, `mode`, `pictures`, ...
        raters: their names, in the order of the columns below.
        real: (pictures,) bool, which are real.
        stars: (pictures, raters) of 1 to 5, NaN for no answer.
        taken: (pictures, raters), 1 where taken for real, 0 where not, NaN for no answer.
    """

    key: dict[str, Any]
    raters: tuple[str, ...]
    real: np.ndarray
    stars: np.ndarray
    taken: np.ndarray

    def estimates(self) -> dict[str, dict[str, Estimate]]:
        """Return all numbers with their 95 % intervals: measure -> "real", "fake" and, where it makes sense, "all".

        `stars` (the mean), `spread` (standard deviation of all stars), `agreement` (Krippendorff's alpha of the stars),
        `taken_for_real` (a share), `agreement_of_guesses`, `told_right` (the share of guesses that are right),
        and `difference`, how many stars more the real pictures have.
        """
        rows_of = {"real": self.real, "fake": ~self.real, "all": np.ones(len(self.real), bool)}
        found: dict[str, dict[str, Estimate]] = {}
        if self.key["mode"] != "real-or-fake":
            for name, statistic in (("stars", mean), ("spread", spread), ("agreement", alpha)):
                found[name] = {category: bootstrap(statistic, self.stars[rows]) for category, rows in rows_of.items()}
            found["difference"] = {
                "all": bootstrap(lambda a, b: mean(a) - mean(b), self.stars[self.real], self.stars[~self.real])
            }
        if self.key["mode"] != "stars":
            right = np.where(self.real[:, None], self.taken, 1 - self.taken)
            found["taken_for_real"] = {category: share(self.taken[rows_of[category]]) for category in CATEGORIES}
            found["agreement_of_guesses"] = {
                category: bootstrap(alpha, self.taken[rows]) for category, rows in rows_of.items()
            }
            found["told_right"] = {category: share(right[rows]) for category, rows in rows_of.items()}
        return found

    def lines(self) -> list[str]:
        """Return the same as a table to print, with a line for each rater."""
        stars, guesses = self.key["mode"] != "real-or-fake", self.key["mode"] != "stars"
        answers = sum(table.size for table, asked in ((self.stars, stars), (self.taken, guesses)) if asked)
        left_out = sum(int(np.isnan(t).sum()) for t, asked in ((self.stars, stars), (self.taken, guesses)) if asked)
        real = "placeholders" if self.key["synthetic"] else "real"
        found = self.estimates()
        head = (
            f"{self.key['what']}: {int(self.real.sum())} {real} and {int((~self.real).sum())} generated pictures, "
            f"{len(self.raters)} rater{'s' if len(self.raters) > 1 else ''}, {answers - left_out} answers"
        )
        rows: list[tuple[str, ...]] = [("", "REAL", "GENERATED", "ALL")]
        for name, title, style in (
            ("stars", f"stars, 1 to {STARS}, mean", ".2f"),
            ("spread", "stars, standard deviation", ".2f"),
            ("agreement", "stars, agreement (alpha)", ".2f"),
            ("difference", "stars, real minus generated", "+.2f"),
            ("taken_for_real", "taken for real", ".0%"),
            ("agreement_of_guesses", "guesses, agreement (alpha)", ".2f"),
            ("told_right", "guessed right", ".0%"),
        ):
            if name in found:
                cells = (found[name].get(category) for category in (*CATEGORIES, "all"))
                rows.append((title, *("" if cell is None else _written(cell, style) for cell in cells)))
        titles = (["STARS: REAL", "GENERATED"] if stars else []) + (["RIGHT"] if guesses else [])
        by_rater = [["RATER", *titles, "OPEN"]]
        for i, rater in enumerate(self.raters):
            cells = [rater]
            if stars:
                cells += [_number(mean(self.stars[rows, i]), ".2f") for rows in (self.real, ~self.real)]
            if guesses:
                cells.append(_number(mean(np.where(self.real, self.taken[:, i], 1 - self.taken[:, i])), ".0%"))
            is_open = (stars & np.isnan(self.stars[:, i])) | (guesses & np.isnan(self.taken[:, i]))
            by_rater.append([*cells, str(int(is_open.sum()))])
        return [
            head + (f", {left_out} left out" if left_out else ""),
            "",
            *_table(rows),
            "",
            *_table(by_rater),
            "",
            "[95 % intervals hold for other such pictures shown to the same raters, not for other raters]",
        ]


# --- the table ---------------------------------------------------------------------------------------


def _number(value: float, style: str) -> str:
    return format(value, style) if np.isfinite(value) else "-"


def _written(estimate: Estimate, style: str) -> str:
    interval = f" [{estimate.low:{style}}, {estimate.high:{style}}]" if np.isfinite(estimate.low) else ""
    return _number(estimate.value, style) + interval


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


# --- reading -----------------------------------------------------------------------------------------


def read(files: Sequence[str | Path], key: str | Path | None = None) -> Ratings:
    """Read the files that raters saved, and join them by their page's key.

    Args:
        files: CSV files, one or more raters in each; a name with * or ? that is no file stands for all that fit.
        key: the key; by default the `*-key.json` of the raters' page, beside their files or in the current folder.

    Raises:
        UserError: a file cannot be read, is cut off, is no list of ratings or one of another page; a rater appears
            twice; the key is missing.
    """
    paths = [path for given in files for path in _matching(given)]
    if not paths:
        raise UserError("no ratings to read: give the CSV files that the raters saved")
    found: dict[str, _Rater] = {}
    for path in paths:
        for rater in _raters(path):
            _check_once(rater, found)
            found[rater.session] = rater
    raters = list(found.values())
    page = raters[0].page
    for rater in raters:
        if rater.page != page:
            raise UserError(
                f"{raters[0].path} and {rater.path} are of two pages: read the ratings of one page at a time"
            )
    facts = _key(Path(key)) if key else _find_key(page, paths)
    if facts["page"] != page:
        raise UserError(f"{raters[0].path} is of another page than the key {key}: pass --key with that page's key")
    count = len(facts["pictures"])
    for rater in raters:
        if sorted(rater.rows) != list(range(1, count + 1)) or rater.shown != set(range(1, count + 1)):
            raise UserError(f"{rater.path} is cut off: it has {len(rater.rows)} of the {count} pictures; save it again")
    return Ratings(
        key=facts,
        raters=tuple(rater.name or rater.session for rater in raters),
        real=np.array([picture["kind"] == "real" for picture in facts["pictures"]]),
        stars=_columns(raters, 0, count),
        taken=_columns(raters, 1, count),
    )


@dataclass
class _Rater:
    """One rater's rows: picture -> (stars, taken for real), NaN for no answer; and the places they were shown at."""

    path: Path
    page: str
    session: str
    name: str
    rows: dict[int, tuple[float, float]]
    shown: set[int]


def _matching(given: str | Path) -> list[Path]:
    """Return a file, or those of a pattern, which not every shell resolves."""
    path = Path(given)
    if path.exists() or not any(mark in str(given) for mark in "*?"):
        return [path]
    found = sorted(Path(name) for name in glob(str(given)))
    if not found:
        raise UserError(f"no file is called {given}: check the folder of the raters' files")
    return found


def _raters(path: Path) -> list[_Rater]:
    """Return the raters of one file, which may have been through a spreadsheet."""
    found: dict[str, _Rater] = {}
    for row in read_rows(path, COLUMNS, AS_SAVED):
        place = f"{path}, line {row.line}"
        values = {column: row[column].strip() for column in COLUMNS}
        if not values["shown"]:
            raise UserError(f"{place} is cut off: save the ratings again, or copy the whole text")
        if not values["page"] or not values["session"]:
            raise UserError(f"{place} names no page or no session: {AS_SAVED}")
        session, name = values["session"], _printable(values["rater"])
        rater = found.setdefault(session, _Rater(path, values["page"], session, name, {}, set()))
        picture = _whole(values, "picture", place)
        if picture in rater.rows:
            raise UserError(f"{place} rates picture {picture} a second time: {AS_SAVED}")
        rater.rows[picture] = _answer(values, place)
        rater.shown.add(_whole(values, "shown", place))
    if not found:
        raise UserError(f"{path} holds no ratings: save them again")
    return list(found.values())


def _whole(values: dict[str, str], column: str, place: str) -> int:
    if not values[column].isdecimal():
        raise UserError(f"{place}: {column} is no number, but {values[column]!r}: {AS_SAVED}")
    return int(values[column])


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())


def _answer(values: dict[str, str], place: str) -> tuple[float, float]:
    stars, taken = values["stars"], values["taken_for"].lower()
    if stars and stars not in map(str, range(1, STARS + 1)):
        raise UserError(f"{place}: stars must be 1 to {STARS} or nothing, not {stars!r}")
    if taken and taken not in CATEGORIES:
        raise UserError(f"{place}: taken_for must be real, fake or nothing, not {taken!r}")
    return float(stars or "nan"), float(taken == "real") if taken else np.nan


def _check_once(rater: _Rater, before: dict[str, _Rater]) -> None:
    """Refuse a rater who is there already: a file given twice, or somebody who rated again."""
    for other in before.values():
        if rater.session == other.session:
            raise UserError(f"{other.path} and {rater.path} hold ratings by the same rater: give one of them")
        if rater.name and rater.name.casefold() == other.name.casefold():
            raise UserError(
                f"{other.path} and {rater.path} are both by {rater.name}: give one of them, or if these are two "
                "people, change the name in one file"
            )


def _columns(raters: Sequence[_Rater], which: int, count: int) -> np.ndarray:
    """Return (pictures, raters) of one of the two answers."""
    return np.array([[rater.rows[i][which] for rater in raters] for i in range(1, count + 1)])


def _key(path: Path) -> dict[str, Any]:
    """Read the key that was written beside the page."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        sound = isinstance(facts["page"], str) and facts["mode"] in MODES and isinstance(facts["what"], str)
        sound = (
            sound and isinstance(facts["synthetic"], bool) and all(p["kind"] in CATEGORIES for p in facts["pictures"])
        )
    except OSError as error:
        raise UserError(f"cannot read the key {path} ({error.strerror}): pass --key with the page's key") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound or not facts["pictures"]:
        raise UserError(f"{path} is no key of a rating page, or damaged: pass --key with the page's key")
    return facts


def is_key(path: Path, page: str) -> bool:
    """Return whether a file is the key of this page, and not of another one or something else."""
    try:
        return _key(path)["page"] == page
    except UserError:
        return False


def _find_key(page: str, files: Sequence[Path]) -> dict[str, Any]:
    for folder in dict.fromkeys([*(path.parent for path in files), Path()]):
        for path in sorted(folder.glob("*-key.json")):
            if is_key(path, page):
                return _key(path)
    raise UserError(f"no key of the page of {files[0]} is in its folder or here: pass --key with that page's key")
