"""Clean: from a folder of collected pictures to one of paintings fit to train on. `python -m data_tools clean --help`.

The studies did this by eye. Here rules propose, a review sheet lets the eye decide, and everything is written down:
the target's manifest has a row for each picture of the source, with the decision, the reason and its score.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from artkeras import data
from artkeras.cli.arguments import file, whole
from artkeras.errors import UserError
from data_tools import options, sheet
from data_tools.judgements import Judged, judge_all, opened
from data_tools.names import folded
from data_tools.pictures import file_sha256, inside
from data_tools.steps import (
    Labels,
    Target,
    artist_of,
    bar,
    by_hand_before,
    known,
    labels,
    listed,
    share,
    target_folder,
    write_manifest,
)
from data_tools.study import NEAR, Choice, Study, bits, hamming, studies

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


# ---------------------------------------------------------------------------------------- the target


def marks(decisions: Sequence[Decision], listed_: Labels) -> dict[str, tuple[bool, bool]]:
    """file -> (rejected, curated) of the kept pictures, by the list beside the source.

    What the list says of a file that is dropped as a duplicate counts for the one that is kept: it is that picture. A
    picture that the list does not name is marked as a study's authors did, if they knew it.
    """
    shown = {d.file: d.other for d in decisions if d.other and "duplicate" in d.found and not d.keep}
    rejected = {shown.get(file, file) for file in listed_.rejected}
    curated = {shown.get(file, file) for file in listed_.curated} - rejected
    named = {shown.get(file, file) for file in listed_.named}
    found = {}
    for decision in decisions:
        by_study = bool(decision.choice and decision.choice.curated and decision.file not in named)
        found[decision.file] = decision.file in rejected, decision.file in curated or by_study
    return found


def make(
    target: Target, decisions: Sequence[Decision], trim: bool = False, marked: Mapping[str, tuple[bool, bool]] = {}
) -> int:
    """Copy the kept pictures into the target and write its manifest; returns how many were cropped.

    Args:
        target: the folder to make; with a list, it says which pictures a study's authors chose.
        decisions: one for each file of the source.
        trim: cut off the margins of those that have one.
        marked: see `marks`.
    """
    rows = known(target.source)
    kept = [decision for decision in decisions if decision.keep]
    names = _names(kept, trim)
    check_apart(names)
    target.begin([*names.values(), "manifest.jsonl", "manifest.csv"])
    keys = {d.file: str(rows.get(d.file, {}).get("key") or f"folder/-/{d.file}") for d in decisions}
    lines = []
    for decision in bar(decisions, "writing"):
        name = names.get(decision.file, "")
        source = target.source / decision.file
        path = inside(target.folder, name) if name else None
        if path is not None and _cropped(decision, trim):
            content = io.BytesIO()
            assert decision.judged is not None
            opened(source).crop(decision.judged.box).save(content, "PNG")  # lossless: it was compressed once already
            target.put(name, content.getvalue())
        elif path is not None:
            target.copy(source, name)
        row = _row(decision, rows.get(decision.file, {}), keys, path, name)
        if decision.file in marked:
            row |= {"rejected": int(marked[decision.file][0]), "curated": int(marked[decision.file][1])}
        lines.append(row)
    write_manifest(target.folder, lines)
    if target.with_list:
        target.write_list([_label(d, rows.get(d.file, {}), names[d.file], marked.get(d.file)) for d in kept])
    target.finish()
    return sum(_cropped(decision, trim) for decision in kept)


def _label(
    decision: Decision, known_row: Mapping[str, Any], name: str, marked: tuple[bool, bool] | None = None
) -> dict[str, Any]:
    """A row of the list that `train` reads; what only a hand kept is not among the curated."""
    choice = decision.choice
    artist = choice.artist if choice else artist_of(decision.file, known_row)
    rejected, curated = marked or (False, bool(choice and choice.curated))
    return {"file": name, "artist": artist, "rejected": int(rejected), "curated": int(curated)}


def _cropped(decision: Decision, trim: bool) -> bool:
    return trim and "margin" in decision.found


def _names(kept: Sequence[Decision], trim: bool) -> dict[str, str]:
    """file -> its name in the target: the same, but cropped ones become PNG."""
    found = {decision.file: decision.file for decision in kept}
    taken = {folded(name) for name in found}
    for decision in kept:
        if _cropped(decision, trim) and not decision.file.lower().endswith(".png"):
            name = str(Path(decision.file).with_suffix(".png").as_posix())
            while folded(name) in taken:
                name = name.removesuffix(".png") + "-trimmed.png"
            taken.add(folded(name))
            found[decision.file] = name
    return found


def check_apart(found: Mapping[str, str]) -> None:
    """Make sure that no two files have names that some file system takes for one.

    Raises:
        UserError: two have.
    """
    owners: dict[str, str] = {}
    for original, name in found.items():
        other = owners.setdefault(folded(name), original)
        if other != original:
            raise UserError(f"{other} and {original} differ in letter case or accents' form alone: rename one of them")


def _row(
    decision: Decision, known_row: Mapping[str, Any], keys: Mapping[str, str], path: Path | None, name: str
) -> dict[str, Any]:
    """A row of the manifest: what was known before, what was measured, what was decided."""
    judged, choice = decision.judged, decision.choice
    copy = decision.reason == "duplicate" and not decision.keep
    status = "ok" if decision.keep else "corrupt" if judged is None else "duplicate" if copy else "filtered"
    row: dict[str, Any] = {"source": "folder", "artist_name": artist_of(decision.file, known_row), **known_row}
    row |= {
        "key": keys[decision.file],
        "status": status,
        "file": name,
        "original": decision.file,
        "duplicate_of": keys.get(decision.other, "") if copy else "",
        "error": decision.error or ("" if decision.keep else decision.why or decision.reason),
        "decision": "keep" if decision.keep else "drop",
        "decided_by": decision.by,
        "reason": decision.reason,
        "score": decision.score if decision.reason else "",
        "found": decision.why,
        "like": decision.other,
    }
    for measure in ("phash", "installation", "margin", "loss", "contrast", "straight", "flat"):
        row[measure] = getattr(judged, measure) if judged else ""
    if choice:
        row |= {"study_file": choice.file, "rejected": int(choice.rejected), "curated": int(choice.curated)}
    if path is None:
        return row | {"bytes": "", "sha256": ""}
    if name != decision.file and judged:
        left, top, right, bottom = judged.box
        row |= {"format": "PNG", "width": right - left, "height": bottom - top, "dhash": ""}
    elif judged:
        row |= {"width": judged.width, "height": judged.height}
    return row | {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


# ---------------------------------------------------------------------------------------- command line


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `clean`."""
    text = "sort out what is no painting, broken, twice there or one colour, by rule and by eye"
    command = commands.add_parser("clean", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("folder", metavar="DIR", help="the pictures; they are only read")
    command.add_argument("--out", metavar="DIR", help="folder to make (default: DIR_clean, beside DIR)")
    command.add_argument(
        "--drop",
        nargs="*",
        choices=DROPPABLE,
        default=list(DROPPED),
        metavar="REASON",
        help=f"what to drop, of {', '.join(DROPPABLE)} (default: {' '.join(DROPPED)}); the rest is only reported",
    )
    command.add_argument("--trim", action="store_true", help="cut off neutral margins; those pictures become PNG")
    add_sheet(command)
    command.add_argument("--study-list", choices=studies(), metavar="NAME", help="decide as a study's authors did")
    limits = Thresholds()
    whats = {
        "near": "bits of 256 between near duplicates, at most",
        "installation": "likeness to a room, at least",
        "margin": "share of the area, at least",
        "narrow": "share that a square loses, at least",
        "solid": "contrast, at most; 0.02 can just be seen",
    }
    for name, what in whats.items():
        value = getattr(limits, name)
        kind = whole(0, 256) if name == "near" else share
        command.add_argument(
            f"--{name}",
            type=kind,
            default=value,
            metavar="X" if kind is share else "N",
            help=f"{what} (default: {value})",
        )
    command.add_argument("--dry-run", action="store_true", help="say what would be dropped, copy nothing")


def add_sheet(command: argparse.ArgumentParser) -> None:
    """Add the arguments about the review sheet."""
    command.add_argument(
        "--review", type=file(".html"), metavar="HTML", help="write a sheet to look through and decide on"
    )
    command.add_argument(
        "--apply", type=Path, metavar="CSV", help="the list that the sheet saved; later runs go by it too"
    )
    command.add_argument("--forget", action="store_true", help="let go of what earlier runs were told by hand")


class Hand:
    """What a hand decided about the pictures of a folder, now and in earlier runs.

    Attributes:
        words: file -> "keep" or "drop". What is new counts more than what is old.
        notes: a line about each.
    """

    def __init__(self, arguments: argparse.Namespace, source: Path, suffix: str, command: str, files: Sequence[str]):
        self.words: dict[str, str] = {}
        self.notes: list[str] = []
        if not arguments.forget:
            before = by_hand_before(target_folder(source, arguments.out, suffix), command)
            self.words = {file: word for file, word in before.items() if file in set(files)}
        old = len(self.words)
        if arguments.apply:
            new, unknown = sheet.read(arguments.apply, set(files))
            self.words |= new
            rest = f"; {unknown} rows about files that are not here" if unknown else ""
            self.notes.append(sheet.counted(new) + rest)
        if old:
            self.notes.append(f"{old} decisions by hand of earlier runs still count; --forget lets go of them")


def run(arguments: argparse.Namespace) -> None:
    """Measure, decide, tell, write."""
    source = Path(arguments.folder).expanduser()
    names = listed(source)
    limits = Thresholds(**{name: getattr(arguments, name) for name in Thresholds.__dataclass_fields__})
    settings = {
        "thresholds": vars(limits),
        "drop": sorted(arguments.drop),
        "trim": arguments.trim,
        "list": arguments.study_list,
    }
    listed_ = labels(source, names)
    hand = Hand(arguments, source, "clean", "clean", names)
    target = None
    if not arguments.dry_run:  # what is wrong with it is said before all pictures are looked at
        with_list = bool(arguments.study_list or listed_)
        target = Target(source, arguments.out, "clean", "clean", settings, with_list, hand.words, arguments.forget)
    study = Study(arguments.study_list) if arguments.study_list else None
    judged = judge_all([source / name for name in names])
    if all(isinstance(facts, str) for facts in judged):
        raise data.none_readable(source, list(zip(names, map(str, judged))))
    decisions = decide(names, judged, limits, arguments.drop)
    if study:
        decisions = by_study(decisions, study)
        if not any(decision.choice for decision in decisions):
            raise UserError(f"none of the {len(names)} pictures is in the list of {study.name}: check the folder")
    decisions = by_hand(decisions, hand.words)
    marked = marks(decisions, listed_) if listed_ else {}
    for line in [*summary(decisions, study), *hand.notes]:
        options.say(line)
    if listed_:
        kept = [d.file for d in decisions if d.keep]
        counts = [sum(marked[file][column] for file in kept) for column in (0, 1)]
        options.say(f"{listed_.path.name}: of the kept {counts[0]} are rejected, {counts[1]} curated, and stay so")
    if not any(decision.keep for decision in decisions):
        raise UserError(f"nothing would be left of {source}: drop less (see --drop)")
    if arguments.review:
        _review(arguments.review, source, decisions, arguments.folder)
    if target:
        cropped = make(target, decisions, arguments.trim, marked)
        count = sum(decision.keep for decision in decisions)
        for line in target.notes():
            options.complain(line)
        options.say(f"{count} pictures{f', {cropped} of them cropped,' if cropped else ''} in {target.folder}")
        if study:
            options.say(f"which of them the authors chose is in {target.list_path}")


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


def _review(path: Path, source: Path, decisions: Sequence[Decision], folder: str) -> None:
    """Write the sheet: first what is dropped, then what is to be looked at, by reason, then the rest."""
    order = list(REASONS)

    def place(decision: Decision) -> tuple:
        rank = order.index(decision.reason) if decision.reason in order else len(order) if decision.reason else 99
        return decision.keep, rank, decision.score if decision.reason == "solid" else -decision.score

    rows = [
        sheet.Row(d.file, "keep" if d.keep else "drop", d.why)
        for d in sorted((d for d in decisions if d.judged), key=place)
    ]
    reasons = {reason for d in decisions for reason in d.found if d.judged}
    command = f"python -m data_tools clean {quoted(folder)} --apply {{list}}"
    sheet.write(path, source, rows, title=f"Clean: {source.name}", command=command, reasons=reasons)
    options.say(f"wrote {path}: open it in a browser")


def quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./~:\\-]+", text) else f'"{text}"'
