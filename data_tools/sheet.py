"""The review sheet: one HTML file with a thumbnail and a keep/drop switch for every picture, and the list it saves.

The studies cleaned by eye, and no rule does that as well. The sheet holds everything it needs, thumbnails too, so it
can be opened without a network. It shows other people's pictures: keep it to yourself.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from artkeras.errors import UserError
from artkeras.files import atomic
from data_tools.judgements import opened
from data_tools.pictures import NotAPicture

THUMB = 120  # pixels of a thumbnail's longer side
DECISIONS = ("keep", "drop")
TEMPLATE = Path(__file__).with_name("sheet.html")


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
        UserError: the file cannot be written.
    """
    bar = tqdm(total=len(rows), desc="thumbnails", unit="file", delay=2, leave=False, disable=None)
    images: list[str] = []
    with bar, ThreadPoolExecutor() as pool:
        for image in pool.map(lambda row: _thumbnail(folder / row.file), rows):
            images.append(image)
            bar.update()
    name = f"{path.stem}.csv"
    names = [row.file for row in rows]
    about = "\0".join([title, os.path.abspath(folder), *names])
    facts = {
        # what the browser remembers belongs to these pictures, and to no other folder of the same name
        "id": f"artkeras {hashlib.sha256(about.encode('utf-8', 'replace')).hexdigest()[:16]}",
        "save": name,
        "words": words,
        "reasons": sorted(reasons),
        "rows": [{"file": r.file, "decision": r.decision, "why": r.why, "image": i} for r, i in zip(rows, images)],
    }
    text = TEMPLATE.read_text("utf-8")
    # "<" must not end the script, whatever a file is called
    filled = {
        "__TITLE__": html.escape(title),
        "__FILE__": html.escape(name),
        "__COMMAND__": html.escape(command.replace("{list}", name)),
        "__DATA__": json.dumps(facts, ensure_ascii=True).replace("<", "\\u003c"),
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    try:
        with atomic(path) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror or error}): choose another place for it") from error


def read(path: Path, known: Collection[str]) -> tuple[dict[str, str], int]:
    """Read the list that a sheet saved: (file -> "keep" or "drop" where a hand changed something, files not known).

    A list made by hand may lack the column `before`; then every row counts.

    Raises:
        UserError: it cannot be read, or says something else.
    """
    changed: dict[str, str] = {}
    unknown = 0
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = {"file", "decision"} - set(rows.fieldnames or ())
            if missing:
                raise UserError(f"{path} lacks the column {', '.join(sorted(missing))}: save it from the review sheet")
            for row in rows:
                decision = (row["decision"] or "").strip().lower()
                if decision not in DECISIONS:
                    place = f"{path}, line {rows.line_num}"
                    raise UserError(f"{place}: decision must be keep or drop, not {row['decision']!r}")
                if row["file"] not in known:
                    unknown += 1
                elif decision != (row.get("before") or ""):
                    changed[row["file"]] = decision
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path} ({reason}): save it from the review sheet") from error
    if unknown and not changed and unknown > len(known):
        raise UserError(f"{path} is about other pictures: none of its {unknown} files is here")
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
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


def counted(changed: Mapping[str, str]) -> str:
    """One line about what a hand changed."""
    keep = sum(decision == "keep" for decision in changed.values())
    return f"by hand: {keep} kept, {len(changed) - keep} dropped"
