"""Tables as spreadsheets save them: what goes in comes out, whatever the program and the country."""

import csv
import io

import pytest

from artkeras.errors import UserError
from artkeras.tables import Row, as_it_was, harmless, is_yes, read_rows, write_rows

TABLE = [("file", "rejected"), ("Dürer.png", "1"), ("two; or, three.png", "0")]
WANTED = [{"file": "Dürer.png", "rejected": "1"}, {"file": "two; or, three.png", "rejected": "0"}]


def text(delimiter: str = ",", newline: str = "\r\n", table=TABLE) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=newline).writerows(table)
    return file.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_way_to_save_a_table_gives_the_same_rows(tmp_path, delimiter, newline, encoding):
    path = tmp_path / "table.csv"
    path.write_bytes(text(delimiter, newline).encode(encoding))
    assert read_rows(path, ("file", "rejected")) == WANTED


@pytest.mark.parametrize(
    "content",
    [
        "\n,\nfile,rejected\na.png,1\n,,\n\n",  # empty rows before, after, between
        "file,rejected,,\na.png,1,,\n",  # empty columns
        " file , rejected\na.png,1\n",  # spaces around the names of columns
        "sep=;\nfile;rejected\na.png;1\n",  # what Excel writes for itself
        'file,rejected\n"a.png","1"\n',
    ],
)
def test_what_a_spreadsheet_adds_is_left_out(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content, newline="")
    assert read_rows(path, ("file", "rejected")) == [{"file": "a.png", "rejected": "1"}]


def test_a_row_knows_its_line_and_may_be_short(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("sep=,\nfile,note\n\na.png\nb.png,x\n")
    rows = read_rows(path)
    assert rows == [{"file": "a.png", "note": ""}, {"file": "b.png", "note": "x"}]
    assert [row.line for row in rows] == [4, 5] and isinstance(rows[0], Row)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"PK\x03\x04 and so on", "workbook"),
        ("file\nDürer.png\n".encode("latin-1"), "not UTF-8"),
        (b"name,rejected\na,1\n", "lacks the column file"),
        (b"", "lacks the column file"),
        (b"file,file\na,b\n", "two columns 'file'"),
        (b"file\na.png,1\n", "line 2 has more cells"),
        (b"file,\na.png,1\n", "line 2 has more cells"),
        (b'file,rejected\n"a.png,1\nb.png,0\n', "line 3"),  # a quote that is not closed eats all that follows
        (b"file\n\0\0\n", "no table of text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path, content, words):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_rows(path, ("file",))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_rows(tmp_path / "none.csv")


def test_yes_and_no_in_the_words_of_spreadsheets():
    assert all(map(is_yes, ("1", " TRUE ", "True", "WAHR", "VRAI", "yes", "1.0")))
    assert not any(map(is_yes, ("0", "FALSE", "FALSCH", "no", "0.0")))
    for other in ("", "2", "maybe"):
        with pytest.raises(ValueError, match="0 or 1"):
            is_yes(other)


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "'=1", "''=1", "＝1", "=cmd|' /C calc'!A0", "-5", "plain", "'tis", ""],
)
def test_no_cell_is_a_formula_and_each_comes_back(tmp_path, value):
    path = tmp_path / "table.csv"
    write_rows(path, ["file", "n"], [{"file": value, "n": -1.5}])
    with open(path, encoding="utf-8", newline="") as file:
        cell, number = list(csv.reader(file))[1]
    assert cell == "-5" or cell[:1] not in list("=+-@\t\r＝") or cell == ""
    assert number == "-1.5"  # a number stays one
    assert as_it_was(str(harmless(value))) == value
    if value.strip():
        assert read_rows(path)[0]["file"] == value
