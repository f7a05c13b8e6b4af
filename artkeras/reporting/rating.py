"""Ratings by people: a page on which they judge real and generated pictures blind, and what several of them say.

    python -m artkeras rate colour_field/model_2 --data paintings     rating.html, and its key rating-key.json
    python -m artkeras rate --read ratings*.csv                       what the raters' files say, joined by the key

This is the test of study 2 (Meng Chen, 2023: five raters, one to five stars, mean 3.8 for the generated pictures), with
what it left out: the real pictures rated too, a guess which they are, intervals, agreement. The maths is in
`artkeras.metrics.statistics`, the page's style and script stand in `rating.html` beside this module.

Nothing in the page but the pictures themselves tells real from generated ones: both have the recipe's size, real ones
are reduced to it as for training, all are PNG of one length, numbered in a shuffled order, and the browser shows them
in another order to each rater. It enlarges all of them smoothly: at 64 pixels a side, sharp squares would be the first
thing anybody sees, in a painting as well.
"""

import base64
import csv
import hashlib
import io
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from glob import glob
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artkeras import __version__, data
from artkeras.errors import UserError
from artkeras.files import atomic, check_place
from artkeras.metrics.statistics import Estimate, alpha, bootstrap, mean, share, spread
from artkeras.reporting.document import embedded, fill

MODES = ("stars", "real-or-fake", "both")
COUNT = 20  # pictures of each kind
SEED = 1  # of their draw; not the 0 of the grids, which raters may have seen
STARS = 5
COLUMNS = ("page", "session", "rater", "picture", "stars", "taken_for", "shown")
KINDS = ("real", "fake")

Log = Callable[[str], None]


# ------------------------------------------------------------------------------------------------ the page


def write(
    what: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path = "rating.html",
    count: int = COUNT,
    seed: int = SEED,
    mode: str = "both",
    log: Log = print,
) -> tuple[Path, Path]:
    """Write a page for raters, and its key beside it.

    Args:
        what: the folder of a run, or the name of a recipe with a result in the kit.
        data: the folder of its pictures, if they have moved.
        out: the page; the key becomes OUT-key.json.
        count: pictures of each kind, real and generated.
        seed: of the samples, of the draw among the paintings, and of the order.
        mode: "stars" (1 to 5), "real-or-fake", or "both".
        log: called with each line of news.

    Returns:
        The paths of the page and of the key.

    Raises:
        UserError: without pictures of the recipe's study or with fewer than `count`, for a place that cannot be
            written, or one that holds the key of another page.
    """
    out = Path(out)
    key_path = out.with_name(f"{out.stem}-key.json")
    if mode not in MODES:
        raise UserError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    if count < 1:
        raise UserError(f"{count} pictures cannot be rated: ask for at least 1 of each kind")
    check_place(out, "--out")
    _check_folder(data)

    from artkeras.tasks.results import load

    trained = load(what)
    from artkeras.tasks.evaluation import as_run, paintings_of

    paintings, held_out = paintings_of(trained, as_run(what), data)
    pools = [pool for pool in (paintings, held_out) if pool is not None]
    _check_pools(pools, trained.recipe.name)
    everything = [(pool, i) for pool in pools for i in range(len(pool))]
    if count > len(everything):
        raise UserError(f"{paintings.source} holds {len(everything)} paintings: pass a --count no larger than that")
    rng = np.random.default_rng(seed)
    chosen = [everything[i] for i in rng.choice(len(everything), count, replace=False)]
    pictures = [(pool.take([i])[0], {"kind": "real", "name": pool.names[i]}) for pool, i in chosen]
    pictures += [(picture, {"kind": "fake", "sample": i}) for i, picture in enumerate(trained.sample(count, seed))]
    pictures = [pictures[i] for i in rng.permutation(len(pictures))]
    facts: dict[str, Any] = {
        "page": _page_id([picture for picture, _ in pictures], mode),
        "what": trained.caption,
        "recipe": trained.recipe.name,
        "synthetic": paintings.synthetic,
        "mode": mode,
        "seed": seed,
        "pictures": [fact for _, fact in pictures],
    }
    if key_path.exists() and not _is_key(key_path, facts["page"]):
        raise UserError(
            f"{key_path} is there already and not the key of this page; if it is that of another one, its ratings "
            "could not be read without it: pass another --out, or move it away"
        )
    with atomic(key_path) as part:
        text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
        part.write_text(text, encoding="utf-8", errors="backslashreplace")  # a name may hold what is no letter
    with atomic(out) as part:
        part.write_text(_document(facts, [picture for picture, _ in pictures]), encoding="utf-8")

    log(f"{trained.caption}: {count} samples among {count} of {len(everything)} pictures from {paintings.source}")
    log(
        f"wrote {out}: for the raters"
        + ("" if paintings.synthetic else ", and for them alone: it shows pictures that it was trained on")
    )
    log(f"wrote {key_path}: which picture is which; keep it, and keep it from the raters")
    log(f"then: python -m artkeras rate --read ratings*.csv --key {shlex.quote(str(key_path))}")
    return out, key_path


def _check_folder(folder: str | Path | None) -> None:
    """A wrong folder is said before Keras is loaded."""
    if folder is not None:
        data.find("", folder)


def _check_pools(pools: Sequence[Any], name: str) -> None:
    """What turns one picture into another is trained on pairs, which nobody can rate as paintings."""
    if not all(isinstance(pool, data.Pictures) for pool in pools):
        raise UserError(f"{name} makes pictures from pictures: rate what paints from random numbers")


def _page_id(pictures: Sequence[np.ndarray], mode: str) -> str:
    """What ties ratings to their key: a hash in letters, for a spreadsheet would take digits for a number."""
    whole = hashlib.sha256(mode.encode() + b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    return whole[:12].translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def _document(facts: dict[str, Any], pictures: Sequence[np.ndarray]) -> str:
    count = sum(fact["kind"] == "real" for fact in facts["pictures"])
    note = (
        "The “real” ones among these pictures are synthetic placeholders, drawn by a program in place of paintings."
        if facts["synthetic"]
        else f"<strong>For raters only.</strong> {count} of these pictures are paintings that the network was "
        "trained on, and may be other people's: please do not pass this page on, and do not publish it."
    )
    values = {
        "real": "placeholders for paintings, drawn by a program" if facts["synthetic"] else "real paintings",
        "note": note,
        "version": escape(__version__),
        "data": embedded({"id": facts["page"], "mode": facts["mode"], "pictures": [_url(p) for p in pictures]}),
    }
    return fill("rating.html", values)


def _url(picture: np.ndarray) -> str:
    """A picture as an address that holds it: PNG without compression, whose length says nothing of what it shows."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", compress_level=0)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


# ------------------------------------------------------------------------------------------- what was said


@dataclass(frozen=True)
class Ratings:
    """What several raters say of the pictures of one page.

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
        """All numbers with their 95 % intervals: measure -> "real", "fake" and, where it makes sense, "all".

        `stars` (the mean), `spread` (standard deviation of all stars), `agreement` (Krippendorff's alpha of the stars),
        `taken_for_real` (a share), `agreement_of_guesses`, `told_right` (the share of guesses that are right),
        and `difference`, how many stars more the real pictures have.
        """
        kinds = {"real": self.real, "fake": ~self.real, "all": np.ones(len(self.real), bool)}
        found: dict[str, dict[str, Estimate]] = {}
        if self.key["mode"] != "real-or-fake":
            for name, statistic in (("stars", mean), ("spread", spread), ("agreement", alpha)):
                found[name] = {kind: bootstrap(statistic, self.stars[rows]) for kind, rows in kinds.items()}
            found["difference"] = {
                "all": bootstrap(lambda a, b: mean(a) - mean(b), self.stars[self.real], self.stars[~self.real])
            }
        if self.key["mode"] != "stars":
            right = np.where(self.real[:, None], self.taken, 1 - self.taken)
            found["taken_for_real"] = {kind: share(self.taken[kinds[kind]]) for kind in KINDS}
            found["agreement_of_guesses"] = {kind: bootstrap(alpha, self.taken[rows]) for kind, rows in kinds.items()}
            found["told_right"] = {kind: share(right[rows]) for kind, rows in kinds.items()}
        return found

    def lines(self) -> list[str]:
        """The same as a table to read, and a line for each rater."""
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
                cells = (found[name].get(kind) for kind in (*KINDS, "all"))
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
            "[95 % intervals: for other pictures of the same kind before the same raters, not for other raters]",
        ]


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
            raise UserError(f"{raters[0].path} and {rater.path} are of two pages: read the ratings of one at a time")
    facts = _key(Path(key)) if key else _find_key(page, paths)
    if facts["page"] != page:
        raise UserError(f"{raters[0].path} is of another page than the key {key}: pass --key with that page's key")
    count = len(facts["pictures"])
    for rater in raters:
        if sorted(rater.rows) != list(range(1, count + 1)) or rater.shown != set(range(1, count + 1)):
            raise UserError(f"{rater.path} is cut off: it has {len(rater.rows)} of the {count} pictures; save it anew")
    return Ratings(
        key=facts,
        raters=tuple(rater.name or rater.session for rater in raters),
        real=np.array([picture["kind"] == "real" for picture in facts["pictures"]]),
        stars=_columns(raters, 0, count),
        taken=_columns(raters, 1, count),
    )


# ------------------------------------------------------------------------------------------------- reading


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
    """A file, or those of a pattern, which not every shell resolves."""
    path = Path(given)
    if path.exists() or not any(mark in str(given) for mark in "*?"):
        return [path]
    found = sorted(Path(name) for name in glob(str(given)))
    if not found:
        raise UserError(f"no file is called {given}: check where the raters' files lie")
    return found


def _raters(path: Path) -> list[_Rater]:
    """The raters of one file, which may have been through a spreadsheet (semicolons or tabs, a byte order mark)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UserError(f"cannot read {path} ({reason}): give the CSV files that the raters saved") from None
    header = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.DictReader(io.StringIO(text.lstrip()), delimiter=delimiter)
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise UserError(f"{path} is no list of ratings (no column {', '.join(missing)}): give what the page saved")
    found: dict[str, _Rater] = {}
    try:
        for row in rows:
            place = f"{path}, line {rows.line_num}"
            if any(row[column] is None for column in COLUMNS):
                raise UserError(f"{place} is cut off: save the ratings anew, or copy the whole text")
            values = {column: row[column].strip() for column in COLUMNS}
            if not values["page"] or not values["session"]:
                raise UserError(f"{place} names no page or no session: give the file as the page saved it")
            session, name = values["session"], _printable(values["rater"])
            rater = found.setdefault(session, _Rater(path, values["page"], session, name, {}, set()))
            picture = _whole(values, "picture", place)
            if picture in rater.rows:
                raise UserError(f"{place} rates picture {picture} a second time: give the file as the page saved it")
            rater.rows[picture] = _answer(values, place)
            rater.shown.add(_whole(values, "shown", place))
    except csv.Error as error:
        raise UserError(f"cannot read {path} ({error}): give what the page saved") from None
    if not found:
        raise UserError(f"{path} holds no ratings: save it anew")
    return list(found.values())


def _whole(values: dict[str, str], column: str, place: str) -> int:
    if not values[column].isdecimal():
        raise UserError(f"{place}: {column} is no number, but {values[column]!r}: give the file as the page saved it")
    return int(values[column])


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable())


def _answer(values: dict[str, str], place: str) -> tuple[float, float]:
    stars, taken = values["stars"], values["taken_for"].lower()
    if stars and stars not in map(str, range(1, STARS + 1)):
        raise UserError(f"{place}: stars must be 1 to {STARS} or nothing, not {stars!r}")
    if taken and taken not in KINDS:
        raise UserError(f"{place}: taken_for must be real, fake or nothing, not {taken!r}")
    return float(stars or "nan"), float(taken == "real") if taken else np.nan


def _check_once(rater: _Rater, before: dict[str, _Rater]) -> None:
    """No rater may count twice: neither a file given again, nor somebody who rated again."""
    for other in before.values():
        if rater.session == other.session:
            raise UserError(f"{other.path} and {rater.path} hold ratings by the same rater: give one of them")
        if rater.name and rater.name.casefold() == other.name.casefold():
            raise UserError(
                f"{other.path} and {rater.path} are both by {rater.name}: give one of them, or if these are two "
                "people, change the name in one file"
            )


def _columns(raters: Sequence[_Rater], which: int, count: int) -> np.ndarray:
    """(pictures, raters) of one kind of answer."""
    return np.array([[rater.rows[i][which] for rater in raters] for i in range(1, count + 1)])


def _key(path: Path) -> dict[str, Any]:
    """Read what `write` wrote beside the page."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        sound = isinstance(facts["page"], str) and facts["mode"] in MODES and isinstance(facts["what"], str)
        sound = sound and isinstance(facts["synthetic"], bool) and all(p["kind"] in KINDS for p in facts["pictures"])
    except OSError as error:
        raise UserError(f"cannot read the key {path} ({error.strerror}): pass --key with the page's key") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound or not facts["pictures"]:
        raise UserError(f"{path} is no key of a rating page, or damaged: pass --key with the page's key")
    return facts


def _is_key(path: Path, page: str) -> bool:
    """Whether a file is the key of this page, and not of another one or something else."""
    try:
        return _key(path)["page"] == page
    except UserError:
        return False


def _find_key(page: str, files: Sequence[Path]) -> dict[str, Any]:
    for folder in dict.fromkeys([*(path.parent for path in files), Path()]):
        for path in sorted(folder.glob("*-key.json")):
            if _is_key(path, page):
                return _key(path)
    raise UserError(f"no key of the page of {files[0]} lies beside it or here: pass --key with that page's key")


# ------------------------------------------------------------------------------------------------- writing


def _number(value: float, style: str) -> str:
    return format(value, style) if np.isfinite(value) else "-"


def _written(estimate: Estimate, style: str) -> str:
    interval = f" [{estimate.low:{style}}, {estimate.high:{style}}]" if np.isfinite(estimate.low) else ""
    return _number(estimate.value, style) + interval


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
