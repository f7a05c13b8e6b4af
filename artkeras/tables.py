"""Tables (CSV) as people and spreadsheets save them: read by one reader, written so that no cell becomes a formula.

Spreadsheets separate by commas, semicolons or tabs, as the country has it, write UTF-8 with or without a byte order
mark or UTF-16, end lines in three ways, add empty rows and columns, and turn 0 and 1 into FALSE and TRUE. `read_rows`
reads all of these alike, or says which table it cannot read and why.

A spreadsheet takes a cell that begins with = + - @ for a formula, wherever the text came from. `write_rows` puts an
apostrophe before such a text, and `read_rows` takes it away again, so texts come back as they were.

>>> for row in read_rows("data/colour_field_labels.csv", ("file", "rejected")):
...     row["file"], is_yes(row["rejected"]), row.line
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from artkeras.errors import UserError
from artkeras.files import atomic

DELIMITERS = ",;\t"
HINT = "save it as CSV in UTF-8"
# The longest mark first: that of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx, .ods and .xls begin
# The words that spreadsheets write for TRUE and FALSE in English, German, French, Spanish, Italian and Dutch.
YES = frozenset("1 1.0 true yes y wahr ja vrai oui verdadero sí si vero waar".split())
NO = frozenset("0 0.0 false no n falsch nein faux non falso onwaar nee".split())
# What a spreadsheet takes for the beginning of a formula; the wide forms count in East Asian editions.
FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Row(dict[str, str]):
    """One row of a table: column -> text. `line` is its (last) line in the file, from 1 on, for messages."""

    def __init__(self, cells: Mapping[str, str], line: int):
        super().__init__(cells)
        self.line = line


def read_rows(path: str | os.PathLike[str], columns: Sequence[str] = (), hint: str = HINT) -> list[Row]:
    """Read a table with its column names in the first row.

    Args:
        path: of the file.
        columns: the names that it must have. Others are kept.
        hint: what to do when it cannot be read, for the message.

    Returns:
        A dictionary for each row, with every column of the table; cells that a short row lacks are empty. Texts are as
        they stand in the file, spaces included, without the apostrophe that `write_rows` adds. Rows and columns
        without any text are left out.

    Raises:
        UserError: it cannot be read, is no text, lacks a column, names one twice, or a row has more cells than columns.
    """
    path = Path(path)
    text = _text(path, hint)
    lines = io.StringIO(text, newline="")  # as csv wants it: it ends lines at LF, CR LF and CR, but not in a cell
    told = re.match(r"sep=(.)\r?\n?", text)  # a line that Excel reads and hides
    delimiter = told[1] if told else _delimiter(text)
    if told:
        lines.readline()
    skipped = 1 if told else 0
    rows: list[Row] = []
    names: list[str] | None = None
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            line = reader.line_num + skipped
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _header(cells, path, columns, hint)
                continue
            if any(cell.strip() for cell in cells[len(names) :]) or any(
                cell.strip() for name, cell in zip(names, cells) if not name
            ):
                raise UserError(f"{path}, line {line} has more cells than the first line has columns: {hint}")
            cells += [""] * (len(names) - len(cells))
            rows.append(Row({name: as_it_was(cell) for name, cell in zip(names, cells) if name}, line))
    except csv.Error as error:
        raise UserError(f"cannot read {path} (line {reader.line_num + skipped}: {error}): {hint}") from error
    if names is None:
        _header([], path, columns, hint)
    return rows


def write_rows(path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a table in UTF-8, lines ended by CR LF, whole or not at all; missing cells and None become empty.

    Raises:
        OSError: the file cannot be written.
    """
    with atomic(path) as part, open(part, "w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)  # its CR LF makes it quote a CR in a cell
        writer.writerow(columns)
        for row in rows:
            writer.writerow([harmless(row.get(column)) for column in columns])


def is_yes(text: str) -> bool:
    """Whether a cell says yes: 1, TRUE, WAHR, ... against 0, FALSE, FALSCH, ... in any letter case.

    Raises:
        ValueError: it says neither.
    """
    word = text.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(f"must be 0 or 1, not {text.strip()!r}")


def harmless(value: object) -> object:
    """A value as a cell: a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def as_it_was(cell: str) -> str:
    """The text of a cell that `harmless` made."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _text(path: Path, hint: str) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror or error}): {hint}") from error
    if raw.startswith(WORKBOOKS):
        raise UserError(f"{path} is a workbook, not a table of text: {hint}")
    encoding = "utf-8"
    for mark, name in MARKS:
        if raw.startswith(mark):
            raw, encoding = raw[len(mark) :], name
            break
    else:
        # Without a mark, the zero bytes of ASCII letters tell UTF-16, and on which side they are.
        if raw[1:2] == b"\0" and raw[:1] != b"\0":
            encoding = "utf-16-le"
        elif raw[:1] == b"\0" and raw[1:2] not in (b"", b"\0"):
            encoding = "utf-16-be"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read {path} (it is not {encoding.upper()}: {error.reason}): {hint}") from error
    if "\0" in text:
        raise UserError(f"{path} is no table of text: {hint}")
    return text


def _delimiter(text: str) -> str:
    """The delimiter by which the first row that is not empty has the most cells; a comma where none has more."""
    start = text.lstrip(" \t\r\n,;")
    found = [(len(next(csv.reader(io.StringIO(start, newline=""), delimiter=d), [])), d) for d in DELIMITERS]
    return max(found, key=lambda pair: pair[0])[1]


def _header(cells: Sequence[str], path: Path, columns: Sequence[str], hint: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    missing = [column for column in columns if column not in names]
    if missing:
        wanted = f"its first line must name {', '.join(columns)}"
        raise UserError(f"{path} lacks the column {', '.join(missing)}: {wanted}, or {hint}")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{path} has two columns {twice!r}: keep one of them")
    return names
