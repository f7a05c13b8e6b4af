"""Agreement: how the rules compare with what a study's authors chose by eye. `python -m data_tools agreement --help`.

Writes nothing; prints the counts of the study, found again by perceptual hash, and how well `clean` and `curate` agree.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artkeras.data import COPIES
from artkeras.errors import UserError
from artkeras.metrics.statistics import wilson
from data_tools import options
from data_tools.decisions import DROPPED, REASONS, Decision, decide
from data_tools.judgements import judge_all
from data_tools.steps import listed
from data_tools.study import Study, studies


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, a tie counting half.

    Raises:
        ValueError: there is no positive, or no negative.
    """
    scores, positive = np.asarray(scores, float), np.asarray(positive, bool)
    above, below = scores[positive], np.sort(scores[~positive])
    if not len(above) or not len(below):
        raise ValueError("an AUC needs both kinds")
    lower, upper = np.searchsorted(below, above, "left"), np.searchsorted(below, above, "right")
    return float((lower + upper).mean() / 2 / len(below))


def within(scores: np.ndarray, positive: np.ndarray, artists: np.ndarray, least: int = 1) -> dict[str, float]:
    """artist -> the AUC among that artist's pictures, for those with at least `least` of both kinds."""
    found = {}
    for artist in np.unique(artists):
        here = artists == artist
        if min(positive[here].sum(), (~positive[here]).sum()) >= least:
            found[str(artist)] = auc(scores[here], positive[here])
    return found


def by_artists(scores: np.ndarray, positive: np.ndarray, artists: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    """The 95 % interval of the pooled AUC when whole artists are drawn again (bootstrap, seed 0)."""
    rng = np.random.default_rng(0)
    names = np.unique(artists)
    rows = [np.flatnonzero(artists == name) for name in names]
    found = []
    for _ in range(draws):
        drawn = np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))])
        if 0 < positive[drawn].sum() < len(drawn):
            found.append(auc(scores[drawn], positive[drawn]))
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def left_out(measures: np.ndarray, positive: np.ndarray, artists: np.ndarray) -> np.ndarray:
    """Scores (n,) from a logistic regression on `measures` (n, k), each artist's by the other artists' pictures."""
    scores = np.zeros(len(positive))
    for artist in np.unique(artists):
        here = artists == artist
        middle, spread = measures[~here].mean(axis=0), measures[~here].std(axis=0) + 1e-9
        weights = _fit((measures[~here] - middle) / spread, positive[~here])
        scores[here] = (measures[here] - middle) / spread @ weights[:-1] + weights[-1]
    return scores


def _fit(measures: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Weights (k + 1,) of a logistic regression with a ridge of 1, the constant last, by Newton's method."""
    columns = np.column_stack([measures, np.ones(len(measures))])
    ridge = np.eye(columns.shape[1])
    ridge[-1, -1] = 0
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (likely - positive) + ridge @ weights
        step = np.linalg.solve((columns.T * (likely * (1 - likely))) @ columns + ridge, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights


@dataclass(frozen=True)
class Row:
    """How one reason agrees with the authors' rejections: `right` of `found` pictures are among their `rejected`."""

    reason: str
    found: int
    right: int
    rejected: int

    def __str__(self) -> str:
        low, high = wilson(self.right, self.found)
        least, most = wilson(self.right, self.rejected)
        of_found = f"{self.right / self.found:.2f} ({low:.2f} to {high:.2f})" if self.found else "-"
        of_rejected = f"{self.right / self.rejected:.2f} ({least:.2f} to {most:.2f})"
        return f"{self.reason:13}{self.found:6}{self.right:7}   {of_found:21}{of_rejected}"


def reasons(decisions: Sequence[Decision], rejected: Sequence[bool]) -> list[Row]:
    """A row for each reason, and one for what `clean` drops."""
    total = sum(rejected)
    flags = {reason: [reason in decision.found for decision in decisions] for reason in REASONS}
    flags["dropped"] = [not decision.keep for decision in decisions]
    return [Row(name, sum(flag), sum(f and r for f, r in zip(flag, rejected)), total) for name, flag in flags.items()]


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `agreement`."""
    text = "say how clean and curate agree with what a study's authors chose by eye; writes nothing"
    command = commands.add_parser("agreement", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("folder", metavar="DIR", help="the study's pictures, under whatever names")
    command.add_argument(
        "--study-list", choices=studies(), default="colour_field", metavar="NAME", help="(default: colour_field)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print counts and agreement."""
    for line in report(Path(arguments.folder).expanduser(), Study(arguments.study_list)):
        options.say(line)


def report(folder: Path, study: Study) -> list[str]:
    """Everything there is to say, in lines.

    Raises:
        UserError: the folder is missing, or holds too few of the study's pictures.
    """
    names = listed(folder)
    judged = judge_all([folder / name for name in names])
    decisions = decide(names, judged, drop=DROPPED)
    found = study.match({d.file: d.judged.phash for d in decisions if d.judged})
    pairs = [(decision, found[decision.file]) for decision in decisions if decision.file in found]
    rejected = [choice.rejected for _, choice in pairs]
    kept = [(decision, choice) for decision, choice in pairs if not choice.rejected]
    curated = np.array([choice.curated for _, choice in kept], bool)
    if not any(rejected) or not curated.any() or curated.all():
        raise UserError(f"{folder} holds {len(pairs)} pictures of {study.name}: too few to compare anything")
    k = len(COPIES)
    lines = [
        f"{len(names)} files, {len(pairs)} of them in the authors' list of {len(study.choices)}",
        f"rejected by the authors {sum(rejected)}, kept {len(kept)}, with copies {k * len(kept):,}",
        f"chosen for model 4 {curated.sum()}, with copies {k * curated.sum():,}",
        "",
        f"clean against their {sum(rejected)} rejections, which give no reasons; shares with 95 % intervals (Wilson)",
        "reason        found  right   right / found        right / rejected",
        *(str(row) for row in reasons([decision for decision, _ in pairs], rejected)),
        "",
    ]
    measures = np.array([[d.judged.straight, d.judged.flat] for d, _ in kept if d.judged])
    artists = np.array([choice.artist for _, choice in kept])
    scores = measures.prod(axis=1)
    low, high = by_artists(scores, curated, artists)
    lines += [
        f"curate against their {curated.sum()} choices among {len(kept)}, ROC AUC",
        *_within(scores, curated, artists),
    ]
    lines[-2] += f" (95 % interval over artists {low:.3f} to {high:.3f})"
    if len(np.unique(artists)) > 1:
        fitted = left_out(measures, curated, artists)
        lines += [
            "the same two measures weighted by logistic regression, each artist's by all others",
            *_within(fitted, curated, artists),
        ]
    best = np.argsort(-scores, kind="stable")[: curated.sum()]
    both = int(curated[best].sum())
    a, b = wilson(both, len(best))
    lines += [
        "",
        f"of the {len(best)} first in the ranking {both} are among theirs: {both / len(best):.2f} ({a:.2f} to {b:.2f})",
    ]
    each = within(scores, curated, artists)
    lines += ["", "artist                   chosen  left out    AUC"]
    for artist in np.unique(artists):
        here = artists == artist
        value = f"{each[artist]:.3f}" if artist in each else "-"
        lines.append(f"{artist:25}{curated[here].sum():6}{(~curated[here]).sum():10}  {value:>5}")
    return lines


def _within(scores: np.ndarray, curated: np.ndarray, artists: np.ndarray) -> list[str]:
    each, larger = within(scores, curated, artists), within(scores, curated, artists, least=3)
    mean = f"mean within artists {np.mean(list(each.values())):.3f} ({len(each)} artists with both kinds"
    more = (
        f"; {np.mean(list(larger.values())):.3f} for the {len(larger)} with three or more of both)" if larger else ")"
    )
    return [f"  pooled {auc(scores, curated):.3f}", f"  {mean}{more}"]
