"""The claims of the studies, what the kit's runs measured, and a verdict on each.

They are one table, `results/claims.toml`. `write` makes `results/CLAIMS.md` of it; notebook 20 prints it. A claim is a
`[[claim]]` with the keys of `Claim`. Its numbers stand in one sentence, `measured`, and its `values` say where each
of them is stored, so that a test can read them again:

    [[claim]]
    id = "lsgan-stable"
    study = "3. Abstract art by LSGAN"
    claim = "least squares: the generator's loss is stable"
    measured = "1.02 on average over epochs 61 to 300"
    verdict = "not decided"
    note = "300 of the study's 500 epochs"
    runs = [
      { path = "abstract/lsgan/card.md", shown = "lsgan", size = 64, width = [32, 64], epochs = [300, 500], seeds = 1 },
    ]
    values = [
      { shown = "1.02", source = "abstract/lsgan/history.csv", column = "g_loss", epochs = [61, 300], reduce = "mean" },
    ]
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.tables import read_rows
from artkeras.tasks.results import results_folder
from artkeras.training.tables import latest_scores, read_scores

VERDICTS = {
    "confirmed": "our runs show it too",
    "refuted": "runs of the study's length and width, on three seeds or more, show otherwise",
    "not reproduced": "runs of the study's length do not show it, but their networks are narrower or it is one seed",
    "not decided": "our runs are too short, too few or missing, or their measures disagree",
    "explained": "the study asked why, and our runs answer",
}

TABLE = "claims.toml"
PAGE = "CLAIMS.md"

_REDUCE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / len(values),
}
# decimal numbers, and whole ones before a per cent sign
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*\.\d+(?![\w]|\.\d)|(?<![\w.])\d[\d,]*(?= %)")


@dataclass(frozen=True)
class Evidence:
    """Runs that a claim was measured on, and their scale.

    Attributes:
        path: of their card or comparison, from the folder of results.
        shown: the words of the link.
        size: side of the images in pixels; 0 where it does not apply.
        width: of the networks, ours and then the study's if it is published; empty where it does not apply.
        steps: taken, ours and then the study's if it is published; empty where epochs say it.
        epochs: the same in epochs.
        seeds: how many; 0 where nothing was trained.
    """

    path: str
    shown: str
    size: int = 0
    width: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    epochs: tuple[int, ...] = ()
    seeds: int = 0

    @property
    def long_enough(self) -> bool:
        """Whether it is as long as the study's training, where that is published."""
        return any(len(length) == 2 and length[0] >= length[1] for length in (self.steps, self.epochs))

    @property
    def wide_enough(self) -> bool:
        """Whether its networks are as wide as the study's, where that is published."""
        return len(self.width) == 2 and self.width[0] >= self.width[1]

    @property
    def text(self) -> str:
        """The link and the scale, for a table."""
        scale = [f"{self.size} px"] if self.size else []
        scale += [f"width {_of(self.width)}"] if self.width else []
        scale += [f"{_of(self.epochs)} epochs"] if self.epochs else []
        scale += [f"{_of(self.steps)} steps"] if self.steps else []
        scale += [f"{self.seeds} seed" + "s" * (self.seeds > 1)] if self.seeds else []
        return f"[{self.shown}]({self.path})" + (f": {', '.join(scale)}" if scale else "")


def _of(pair: Sequence[int]) -> str:
    """(32, 64) as "32 of 64", (32,) as "32"."""
    return " of ".join(f"{number:,}" for number in pair)


@dataclass(frozen=True)
class Value:
    """A number, or some divided by ", ", and where it is stored.

    Attributes:
        shown: as it stands in `measured`; its digits say how it is rounded.
        source: a metrics.jsonl or a .csv, from the folder of results.
        measure: of a metrics.jsonl: the last line with this measure counts.
        weights: of a metrics.jsonl: "trained", or "ema" for averaged ones, which the studies did not keep.
        network: of a metrics.jsonl: the extractor, where it is not the kit's own.
        column: of a .csv; of two columns the mean is taken in each row.
        where: of a .csv: the values that its rows have in other columns. Each row gives a number, in the file's order.
        epochs: of a history.csv: the first and the last epoch that count.
        reduce: "first", "last", "max", "min" or "mean" of the rows, which then give one number.
        scale: a factor: 100 for per cent.
    """

    shown: str
    source: str
    measure: str = ""
    column: str | tuple[str, ...] = ""
    where: Mapping[str, str] = field(default_factory=dict)
    epochs: tuple[int, ...] = ()
    reduce: str = ""
    scale: float = 1.0
    weights: str = "trained"
    network: str = ""

    def stored(self, folder: Path) -> str:
        """The number as its source has it now, rounded as it is shown.

        Raises:
            UserError: when the source has no such number.
        """
        try:
            numbers = [self.scale * number for number in self._read(folder / self.source)]
        except (OSError, LookupError, ValueError) as error:
            raise UserError(f"{self.source} does not have what {self.shown!r} should be ({error!r})") from None
        digits = [len(text.partition(".")[2]) for text in self.shown.split(", ")]
        if len(digits) != len(numbers):
            raise UserError(f"{self.source} has {len(numbers)} numbers for {self.shown!r}")
        return ", ".join(f"{number:,.{places}f}" for number, places in zip(numbers, digits, strict=True))

    def _read(self, path: Path) -> list[float]:
        if path.suffix == ".jsonl":
            lines = read_scores(path, self.weights)
            if self.network:
                lines = [line for line in lines if line["network"] == self.network]
            return [latest_scores(lines)[self.measure]["value"]]
        columns = (self.column,) if isinstance(self.column, str) else self.column
        rows = [row for row in read_rows(path) if all(row[key] == value for key, value in self.where.items())]
        if self.epochs:
            rows = [row for row in rows if self.epochs[0] <= float(row["epoch"]) <= self.epochs[-1]]
        rows = [row for row in rows if all(row[column] for column in columns)]  # some are measured every few epochs
        numbers = [sum(float(row[column]) for column in columns) / len(columns) for row in rows]
        return [_REDUCE[self.reduce](numbers)] if self.reduce else numbers


@dataclass(frozen=True)
class Claim:
    """What a study says, and what we found.

    Attributes:
        id: its own among all claims.
        study: the heading it stands under.
        claim: what the study says.
        measured: what we measured, in a sentence.
        verdict: one of `VERDICTS`.
        note: what limits the verdict.
        runs: what was measured on; none where nothing was run.
        values: where the numbers of `measured` are stored.
        unstored: those of which no table is kept.
    """

    id: str
    study: str
    claim: str
    measured: str
    verdict: str
    note: str = ""
    runs: tuple[Evidence, ...] = ()
    values: tuple[Value, ...] = ()
    unstored: tuple[str, ...] = ()

    @property
    def unchecked(self) -> list[str]:
        """Decimal numbers and percentages of `measured` that are neither stored nor said to be unstored."""
        texts = [*(value.shown for value in self.values), *self.unstored]
        known = {number for text in texts for number in text.split(", ")}
        return [number for number in _NUMBER.findall(self.measured) if number not in known]

    def says(self, shown: str) -> bool:
        """Whether a number, or a row of them, stands in `measured`."""
        return bool(re.search(rf"(?<![\d.,-]){re.escape(shown)}(?!\d|[.,]\d)", self.measured))


def read(path: str | Path | None = None) -> list[Claim]:
    """The claims of the studies with our verdicts, in order.

    Args:
        path: of the table; by default the one that comes with the kit.

    Raises:
        UserError: for a file that is not there or cannot be read, or a claim with a wrong key or verdict.
    """
    path = Path(path) if path else results_folder() / TABLE
    if not path.is_file():
        raise UserError(f"{path} is not there: the claims and verdicts are kept in results/{TABLE}")
    try:
        rows = tomllib.loads(path.read_text("utf-8"))["claim"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise UserError(f"{path} is not a table of claims ({error!r})") from None
    claims = [_claim(path, row) for row in rows]
    ids = [claim.id for claim in claims]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UserError(f"{path} has two claims of one id: {', '.join(twice)}")
    return claims


def _claim(path: Path, row: dict[str, Any]) -> Claim:
    try:
        runs = tuple(Evidence(**_frozen(run)) for run in row.pop("runs", ()))
        values = tuple(Value(**_frozen(value)) for value in row.pop("values", ()))
        claim = Claim(**_frozen(row), runs=runs, values=values)
    except TypeError as error:
        raise UserError(f"{path}: the claim {row.get('id')!r} has a wrong or a missing key ({error})") from None
    if claim.verdict not in VERDICTS:
        raise UserError(f"{path}: the verdict on {claim.id!r} is {claim.verdict!r}: give one of {', '.join(VERDICTS)}")
    return claim


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def write(folder: str | Path | None = None) -> Path:
    """Write CLAIMS.md beside the table of claims, and return its path.

    Args:
        folder: of results; by default that of the kit.

    Raises:
        UserError: see `read`.
    """
    folder = Path(folder) if folder else results_folder()
    text = page(read(folder / TABLE))
    with atomic(folder / PAGE) as part:
        part.write_text(text, "utf-8")
    return folder / PAGE


def page(claims: Sequence[Claim]) -> str:
    """The claims as Markdown, a table a study."""
    text = [
        "# What the studies claim, and what we measured",
        "",
        f"This page is made of [{TABLE}]({TABLE}): change that, then run `python -m artkeras.reporting.claims`.",
        "Each claim of the five studies stands beside what the kit's runs measured, how large they are, and a verdict:",
        "",
        *(f"- **{verdict}**: {meaning}" for verdict, meaning in VERDICTS.items()),
        "",
        'A verdict is about the runs beside it. "32 of 128" is ours and the study\'s; a single number is ours, where',
        "the study published none. A shorter run can confirm a claim about the beginning of training, or about a",
        "relation that holds as far as the run goes; the verdict then says so. D is the discriminator, G the",
        "generator. KID is measured on EfficientNet-Lite0 features. The other scores are explained in",
        "[docs/numbers.md](../docs/numbers.md).",
        "No verdict rests on the share of near-duplicates: pairs of duplicates among the paintings set its threshold.",
    ]
    study = ""
    for claim in claims:
        if claim.study != study:
            study = claim.study
            text += ["", f"## {study}", "", "| claim | what we measured | runs | verdict |", "|---|---|---|---|"]
        unstored = f" (no table is kept of {', '.join(claim.unstored)})" if claim.unstored else ""
        cells = [
            claim.claim,
            claim.measured + unstored,
            "; ".join(run.text for run in claim.runs) or "none",
            f"**{claim.verdict}**" + (f": {claim.note}" if claim.note else ""),
        ]
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    print(write())
