"""What `clean` decides about each picture: by rule, as a study's authors did, by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data_tools.judgements import Judged
from data_tools.study import NEAR, Choice, Study, bits, hamming

# reason -> what it means
REASONS = {
    "broken": "cannot be decoded",
    "duplicate": "shows exactly the same as another file",
    "near": "looks like another file; flat paintings often do, so never a reason to drop",
    "installation": "seems to be a photograph of a room",
    "margin": "has a neutral margin or frame around it",
    "narrow": "a square cut out of it would lose most of it",
    "solid": "hardly more than one colour",
}
DROPPED = ("duplicate", "solid")  # and broken ones, always; the others are only reported, unless --drop names them
DROPPABLE = tuple(reason for reason in REASONS if reason not in ("broken", "near"))
NEAR_COLOUR = 6  # of 255: flat paintings of one composition and other colours are other paintings


@dataclass(frozen=True)
class Thresholds:
    """From which score on something is a reason. Set by what the scores mean, not by anybody's choices.

    Attributes:
        near: bits of 256 by which perceptual hashes differ, at most.
        installation: `Judged.installation`, at least.
        margin: share of the area that is margin, at least.
        narrow: share that a central square loses, at least; 0.667 is 3 : 1.
        solid: contrast, at most; 0.02 is the difference that can just be seen.
    """

    near: int = NEAR
    installation: float = 0.8
    margin: float = 0.03
    narrow: float = 0.667
    solid: float = 0.02


@dataclass(frozen=True)
class Decision:
    """What is decided about one file.

    Attributes:
        file: its name in the source.
        keep: whether it is kept.
        reason: why it is dropped, or the first thing to look at; empty when there is nothing.
        score: the measure behind the reason.
        found: all reasons with their scores.
        other: the file that it is like, for duplicates and near ones.
        by: "rule", "hand" or the name of a study's list.
        judged: its measures; None when it is broken.
        choice: the row of the study's list that it is.
        error: why it is broken.
    """

    file: str
    keep: bool = True
    reason: str = ""
    score: float = 0.0
    found: Mapping[str, float] = field(default_factory=dict)
    other: str = ""
    by: str = "rule"
    judged: Judged | None = field(default=None, repr=False)
    choice: Choice | None = field(default=None, repr=False)
    error: str = ""

    @property
    def why(self) -> str:
        """One line for a person; empty when there is nothing to say."""
        words = {"broken": f"broken: {self.error}", "duplicate": "duplicate"}
        parts = [words.get(name, f"{name} {score:g}") for name, score in self.found.items()]
        if self.other:
            parts.append(f"like {self.other}")
        if self.by not in ("rule", "hand"):
            parts.insert(0, self.reason or f"listed by {self.by}")
        return "; ".join(parts)


def decide(
    names: Sequence[str],
    judged: Sequence[Judged | str],
    thresholds: Thresholds | None = None,
    drop: Sequence[str] = DROPPED,
) -> list[Decision]:
    """Decide by rule about each picture, in the order of `names`.

    Args:
        names: of the files.
        judged: for each its measures, or the reason why it cannot be read.
        thresholds: by default `Thresholds()`.
        drop: the reasons that drop a picture, of `DROPPABLE`; the others are reported. Broken ones always go.
    """
    limits = thresholds or Thresholds()
    copies, alike = _likenesses(names, judged, limits.near)
    decisions = []
    for name, facts in zip(names, judged, strict=True):
        if isinstance(facts, str):
            decisions.append(Decision(name, False, "broken", 1.0, {"broken": 1.0}, error=facts))
            continue
        found: dict[str, float] = {}
        other = ""
        if name in copies:
            found["duplicate"], other = 0.0, copies[name]
        elif name in alike:
            found["near"], other = alike[name]
        if facts.installation >= limits.installation:
            found["installation"] = facts.installation
        if facts.margin >= limits.margin:
            found["margin"] = facts.margin
        if facts.loss >= limits.narrow:
            found["narrow"] = facts.loss
        if facts.contrast <= limits.solid:
            found["solid"] = facts.contrast
        against = [reason for reason in found if reason in drop and reason != "near"]
        first = next(iter(against or found), "")
        decisions.append(Decision(name, not against, first, found.get(first, 0.0), found, other, judged=facts))
    return decisions


def _likenesses(
    names: Sequence[str], judged: Sequence[Judged | str], near: int
) -> tuple[dict[str, str], dict[str, tuple[float, str]]]:
    """(file -> the earlier file that shows exactly the same, file -> (distance, the nearest earlier file))."""
    first: dict[str, str] = {}
    copies: dict[str, str] = {}
    single: list[tuple[str, Judged]] = []
    for name, facts in zip(names, judged, strict=True):
        if isinstance(facts, str):
            continue
        if facts.pixels in first:
            copies[name] = first[facts.pixels]
        else:
            first[facts.pixels] = name
            single.append((name, facts))
    alike: dict[str, tuple[float, str]] = {}
    if not single:
        return copies, alike
    hashes = bits([facts.phash for _, facts in single])
    colours = np.array([np.frombuffer(facts.colours, np.uint8) for _, facts in single], np.int16)
    for row in range(1, len(single)):  # row by row: all pairs of 10,000 at once would be 200 MB
        distances = hamming(hashes[row : row + 1], hashes[:row])[0]
        rows = np.flatnonzero(distances <= near)
        rows = rows[np.abs(colours[rows] - colours[row]).mean(axis=1) <= NEAR_COLOUR]
        if len(rows):
            best = rows[np.argmin(distances[rows])]
            alike[single[row][0]] = (float(distances[best]), single[best][0])
    return copies, alike


def by_study(decisions: Sequence[Decision], study: Study) -> list[Decision]:
    """Decide as a study's authors did: their pictures are kept or rejected as in their list, all others left out.

    What the rules found stays in `found`. Files that are there twice are kept, as the authors kept them.
    """
    found = study.match({d.file: d.judged.phash for d in decisions if d.judged})
    decided = []
    for decision in decisions:
        choice = found.get(decision.file)
        if decision.judged is None:
            decided.append(decision)
        elif choice is None:
            decided.append(replace(decision, keep=False, reason="not in the list", score=0.0, by=study.name))
        else:
            reason = "rejected by the authors" if choice.rejected else ""
            keep = not choice.rejected
            decided.append(replace(decision, keep=keep, reason=reason, score=0.0, by=study.name, choice=choice))
    return decided


def by_hand(decisions: Sequence[Decision], changed: Mapping[str, str]) -> list[Decision]:
    """Put what a hand decided in the place of what was decided before; a broken file stays dropped."""
    return [
        replace(d, keep=changed[d.file] == "keep", by="hand", reason=d.reason or "by hand")
        if d.file in changed and d.judged is not None
        else d
        for d in decisions
    ]


def summary(decisions: Sequence[Decision], study: Study | None = None) -> list[str]:
    """What was decided, a line for each reason."""
    kept = [decision for decision in decisions if decision.keep]
    lines = [f"{len(decisions)} pictures: {len(kept)} kept, {len(decisions) - len(kept)} dropped"]
    if study:
        matched = [d.choice for d in decisions if d.choice]
        lines.append(
            f"{study.name}: {len({choice.file for choice in matched})} of {len(study.choices)} found again, "
            f"{sum(c.rejected for c in matched)} rejected, {sum(c.curated for c in matched)} curated"
        )
    for reason, meaning in REASONS.items():
        found = [decision for decision in decisions if reason in decision.found]
        if found:
            dropped = sum(not decision.keep and decision.reason == reason for decision in found)
            lines.append(f"  {reason:13}{len(found):5} found, {dropped:4} dropped for it   {meaning}")
    return lines
