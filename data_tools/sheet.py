"""The review sheet: one HTML file with a thumbnail and a keep/drop switch for every picture, and the list it saves.

The studies cleaned by eye, and no rule does that as well. The sheet holds everything it needs, thumbnails too, so it
can be opened without a network. It shows other people's pictures: keep it to yourself.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.reporting.document import data_url, render
from artkeras.tables import read_rows
from data_tools import names
from data_tools.judgements import opened
from data_tools.pictures import NotAPicture

THUMB = 120  # pixels of a thumbnail's longer side
DECISIONS = ("keep", "drop")
MARK = "artkeras sheet"  # in every sheet, so that no other file is written over
HINT = "save it from the review sheet"


@dataclass(frozen=True)
class Row:
    """One picture of a sheet: its file, "keep" or "drop", and why, as one line."""

    file: str
    decision: str
    why: str = ""


def write(
    path: Path,
    folder: Path,
    rows: Sequence[Row],
    *,
    title: str,
    command: str,
    reasons: Collection[str] = (),
    words: tuple[str, str] = ("keep", "drop"),
) -> None:
    """Write a review sheet.

    Args:
        path: the HTML file.
        folder: where the pictures are.
        rows: in the order in which they are to be seen.
        title: what the sheet is about.
        command: what to run with the list that the sheet saves; `{list}` stands for its name.
        reasons: words in `why` to choose pictures by.
        words: what "keep" and "drop" are called.

    Raises:
        UserError: the file cannot be written, or is there and no review sheet.
    """
    _replaceable(path)
    bar = tqdm(total=len(rows), desc="thumbnails", unit="file", delay=2, leave=False, disable=None)
    images: list[str] = []
    with bar, ThreadPoolExecutor() as pool:
        for image in pool.map(lambda row: _thumbnail(folder / row.file), rows):
            images.append(image)
            bar.update()
    name = f"{path.stem}.csv"
    about = "\0".join([title, os.path.abspath(folder), *(row.file for row in rows)])
    facts = {
        # what the browser remembers belongs to these pictures, and to no other folder of the same name
        "id": f"artkeras {hashlib.sha256(about.encode('utf-8', 'replace')).hexdigest()[:16]}",
        "save": name,
        "words": words,
        "reasons": sorted(reasons),
        "rows": [{"file": r.file, "decision": r.decision, "why": r.why, "image": i} for r, i in zip(rows, images)],
    }
    values = {"title": title, "mark": MARK, "file": name, "command": command.replace("{list}", name)}
    text = render("sheet", values, facts, package="data_tools")
    try:
        with atomic(path) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror or error}): choose another place for it") from error


def _replaceable(path: Path) -> None:
    """Make sure that no file is at a path but an earlier sheet.

    Raises:
        UserError: another file is.
    """
    try:
        with open(path, "rb") as file:
            ours = MARK.encode() in file.read(1 << 12)
    except OSError:  # none is there, or writing will say what is wrong
        return
    if not ours:
        raise UserError(f"{path} is there and no review sheet: give --review another name")


def read(path: Path, known: Collection[str]) -> tuple[dict[str, str], int]:
    """Read the list that a sheet saved: (file -> "keep" or "drop" where a hand changed something, files not known).

    A list made by hand may lack the column `before`; then every row counts. Files are named by their path in the
    folder, in any Unicode form.

    Raises:
        UserError: it cannot be read, says something else or two things about one file, or is about other pictures.
    """
    by_plain: dict[str, list[str]] = {}
    for name in known:
        by_plain.setdefault(names.plain(name), []).append(name)
    changed: dict[str, str] = {}
    lines: dict[str, int] = {}
    unknown = 0
    for row in read_rows(path, ("file", "decision"), HINT):
        decision, place = row["decision"].strip().lower(), f"{path}, line {row.line}"
        if decision not in DECISIONS:
            raise UserError(f"{place}: decision must be keep or drop, not {row['decision']!r}")
        fitting = by_plain.get(names.plain(row["file"]), [])
        fitting = [name for name in fitting if name == row["file"]] or fitting
        if len(fitting) > 1:
            raise UserError(f"{place}: {row['file']!r} fits {len(fitting)} files that only differ in Unicode form")
        if not fitting:
            unknown += 1
            continue
        file = fitting[0]
        if file in lines:
            raise UserError(f"{place}: line {lines[file]} is about {row['file']} too: keep one of them")
        lines[file] = row.line
        if decision != row.get("before", "").strip().lower():
            changed[file] = decision
    if not lines:
        what = f"none of its {unknown} files is here" if unknown else "it has no rows"
        raise UserError(f"{path} is about other pictures: {what}")
    return changed, unknown


def _thumbnail(path: Path) -> str:
    """A small JPEG as a data address; empty for what cannot be read."""
    try:
        image = opened(path)
    except (NotAPicture, OSError):
        return ""
    image.thumbnail((THUMB, THUMB), Image.Resampling.BICUBIC)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=80)
    return data_url(content.getvalue(), "image/jpeg")


def counted(changed: Mapping[str, str]) -> str:
    """One line about what a hand changed."""
    keep = sum(decision == "keep" for decision in changed.values())
    return f"by hand: {keep} kept, {len(changed) - keep} dropped"
