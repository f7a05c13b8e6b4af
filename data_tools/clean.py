"""Clean: from a folder of collected pictures to one of paintings fit to train on. `python -m data_tools clean --help`.

The studies did this by eye. Here rules propose, a review sheet lets the eye decide, and everything is written down:
the target's manifest has a row for each picture of the source, with the decision, the reason and its score.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artkeras import data
from artkeras.cli.arguments import file, whole
from artkeras.errors import UserError
from data_tools import options, sheet
from data_tools.decisions import (
    DROPPABLE,
    DROPPED,
    REASONS,
    Decision,
    Thresholds,
    by_hand,
    by_study,
    decide,
    summary,
)
from data_tools.judgements import judge_all, opened
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
from data_tools.study import Study, studies

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
