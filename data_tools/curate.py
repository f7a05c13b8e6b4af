"""Curate: choose the paintings with "solid blocks, clear distinctions". `python -m data_tools curate --help`.

Model 4 of study 1 was trained on 276 of 922 paintings that the authors chose by eye, in these words. A painting's
score is straight x flat: how much of its variation of colour whole rows and whole columns explain (long, straight,
level edges; few colours follow), times how many neighbouring pixels look alike (large even areas, little texture).
`python -m data_tools agreement` says how well that agrees with the authors.

No weight in it is fitted, but the two measures were picked, of 27 and some twenty combinations, by how well they agree
with these very choices. Where the best pair of the 27 is picked again for each artist, from the others' pictures alone,
it is this pair for 28 of the 30; the agreement is then 0.826 pooled and 0.799 within artists, not 0.921 and 0.838.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from artkeras import data
from artkeras.errors import UserError
from data_tools import options, sheet
from data_tools.clean import Hand, add_sheet, check_apart, quoted
from data_tools.judgements import Judged, judge_all
from data_tools.pictures import file_sha256, inside
from data_tools.steps import Target, artist_of, bar, known, labels, listed, share, write_manifest

TOP = 0.3  # the authors' own share: 276 of 922


@dataclass(frozen=True)
class Ranked:
    """One picture in the ranking: its file, place (1 is the plainest), score from 0 to 1, whether it is chosen."""

    file: str
    place: int
    judged: Judged = field(repr=False)
    chosen: bool = False
    by: str = "rule"

    @property
    def score(self) -> float:
        """Straight x flat."""
        return self.judged.plain

    @property
    def why(self) -> str:
        """One line for a person."""
        return f"{self.place}. score {self.score:.3f}: straight {self.judged.straight:.2f}, flat {self.judged.flat:.2f}"


def rank(judged: Mapping[str, Judged], count: int) -> list[Ranked]:
    """Rank pictures, the plainest first, and choose the first `count`. Equal scores stay in order."""
    order = sorted(judged, key=lambda name: -judged[name].plain)
    return [Ranked(name, place, judged[name], place <= count) for place, name in enumerate(order, start=1)]


def make(target: Target, ranked: Sequence[Ranked]) -> None:
    """Copy the chosen pictures into the target, with a manifest of all and the list that model 4 reads."""
    rows = known(target.source)
    chosen = [picture for picture in ranked if picture.chosen]
    check_apart({picture.file: picture.file for picture in chosen})
    target.begin([*(picture.file for picture in chosen), "manifest.jsonl", "manifest.csv"])
    for picture in bar(chosen, "writing"):
        target.copy(target.source / picture.file, picture.file)
    write_manifest(target.folder, [_row(picture, rows.get(picture.file, {}), target.folder) for picture in ranked])
    target.write_list(
        [
            {
                "file": picture.file,
                "artist": artist_of(picture.file, rows.get(picture.file)),
                "rejected": 0,
                "curated": 1,
                "score": f"{picture.score:.4f}",
            }
            for picture in chosen
        ]
    )
    target.finish()


def _row(picture: Ranked, known_row: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A row of the manifest."""
    row: dict[str, Any] = {
        "source": "folder",
        "artist_name": artist_of(picture.file, known_row),
        "key": f"folder/-/{picture.file}",
        **known_row,
        "status": "ok" if picture.chosen else "filtered",
        "file": picture.file if picture.chosen else "",
        "original": picture.file,
        "error": "" if picture.chosen else "not chosen",
        "decision": "keep" if picture.chosen else "drop",
        "decided_by": picture.by,
        "reason": picture.why,
        "score": round(picture.score, 4),
        "place": picture.place,
        "straight": picture.judged.straight,
        "flat": picture.judged.flat,
        "width": picture.judged.width,
        "height": picture.judged.height,
    }
    path = inside(folder, picture.file)
    return row | ({"bytes": path.stat().st_size, "sha256": file_sha256(path)} if picture.chosen else {"bytes": ""})


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command `curate`."""
    text = "choose the paintings with solid blocks and clear distinctions, and write the list that model 4 reads"
    command = commands.add_parser("curate", help=text, description=f"{text[:1].upper()}{text[1:]}.")
    command.set_defaults(run=run)
    command.add_argument("folder", metavar="DIR", help="the pictures; they are only read")
    command.add_argument("--out", metavar="DIR", help="folder to make (default: DIR_curated, beside DIR)")
    command.add_argument("--top", type=share, default=TOP, metavar="F", help=f"share to choose (default: {TOP})")
    add_sheet(command)
    command.add_argument("--dry-run", action="store_true", help="say what would be chosen, copy nothing")


def run(arguments: argparse.Namespace) -> None:
    """Measure, rank, tell, write."""
    source = Path(arguments.folder).expanduser()
    names = listed(source)
    listed_ = labels(source, names)
    hand = Hand(arguments, source, "curated", "curate", names)
    target = None
    if not arguments.dry_run:
        settings = {"top": arguments.top}
        target = Target(source, arguments.out, "curated", "curate", settings, True, hand.words, arguments.forget)
    rejected = {name for name in listed_.rejected if hand.words.get(name) != "keep"} if listed_ else set()
    names = [name for name in names if name not in rejected]
    if not names:
        raise UserError(f"the list beside {source} rejects all of its pictures: check its column rejected")
    found = judge_all([source / name for name in names])
    judged = {name: facts for name, facts in zip(names, found) if not isinstance(facts, str)}
    if not judged:
        raise data.none_readable(source, list(zip(names, map(str, found))))
    ranked = rank(judged, round(arguments.top * len(judged)))
    ranked = [
        replace(picture, chosen=word == "keep", by="hand") if (word := hand.words.get(picture.file)) else picture
        for picture in ranked
    ]
    chosen = [picture for picture in ranked if picture.chosen]
    broken = len(names) - len(judged)
    if rejected:
        options.say(f"{len(rejected)} pictures that the list beside {source} rejects are left out")
    if broken:
        options.say(f"{broken} pictures that cannot be read are left out")
    options.say(f"{len(ranked)} pictures ranked, {len(chosen)} chosen")
    for line in hand.notes:
        options.say(line)
    if not chosen:
        raise UserError(f"none of {len(ranked)} pictures would be chosen: raise --top")
    by_rule = [picture.score for picture in chosen if picture.by == "rule"]
    if by_rule:
        options.say(f"scores from {by_rule[0]:.3f} down to {by_rule[-1]:.3f}")
    if arguments.review:
        rows = [sheet.Row(picture.file, "keep" if picture.chosen else "drop", picture.why) for picture in ranked]
        command = f"python -m data_tools curate {quoted(arguments.folder)} --top {arguments.top:g} --apply {{list}}"
        title = f"Curate: {source.name}"
        sheet.write(arguments.review, source, rows, title=title, command=command, words=("chosen", "left out"))
        options.say(f"wrote {arguments.review}: open it in a browser")
    if target:
        make(target, ranked)
        for line in target.notes():
            options.complain(line)
        options.say(f"{len(chosen)} pictures in {target.folder}, the list for model 4 in {target.list_path}")
