"""The manifest keeps what was recorded, whatever happened to the program that wrote it."""

import csv
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import artkeras
from artkeras.errors import UserError
from data_tools import manifest as module
from data_tools import names, pictures
from data_tools.manifest import FIELDS, STATUSES, Manifest

INT64 = "9223372032559858107"  # as on the site: JavaScript and spreadsheets round it


def row(key="a", status="ok", **more):
    return {"key": key, "status": status, **more}


def write(folder, *rows):
    manifest = Manifest(folder)
    with manifest.writing():
        for one in rows:
            manifest.add(one)
    return manifest


def test_last_line_of_a_key_wins_and_order_stays(tmp_path):
    write(tmp_path, row("a", "failed", error="x"), row("b"), row("a", "ok", file="images/a.jpg", year=None, title=""))
    manifest = Manifest(tmp_path)
    assert list(manifest.rows) == ["a", "b"]
    assert manifest.get("a") == row("a", "ok", file="images/a.jpg")  # nothing of the former row, nothing empty
    assert manifest.counts() == {"ok": 2} and len(manifest.pictures()) == 2
    assert len(manifest.path.read_bytes().splitlines()) == 3  # only ever appended


@pytest.mark.parametrize("tail", [b'{"key": "c", "sta', b"\xff\xfe", b'{"key": "c", "status": "ok", "title": "\xc3'])
def test_torn_last_line_is_ignored_and_cut_off(tmp_path, tail):
    path = write(tmp_path, row("a"), row("b")).path
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    manifest = Manifest(tmp_path)
    assert list(manifest.rows) == ["a", "b"] and manifest.damaged == 0
    assert path.read_bytes() == whole + tail  # reading changes nothing
    write(tmp_path, row("d"))
    assert path.read_bytes().startswith(whole + b'{"key": "d"')
    assert list(Manifest(tmp_path).rows) == ["a", "b", "d"]


def test_last_line_that_only_lacks_its_end_counts(tmp_path):
    path = write(tmp_path, row("a"), row("b")).path
    path.write_bytes(path.read_bytes()[:-1])
    assert list(Manifest(tmp_path).rows) == ["a", "b"]
    write(tmp_path, row("c"))
    assert list(Manifest(tmp_path).rows) == ["a", "b", "c"]


def test_damaged_line_in_the_middle_costs_one_row(tmp_path):
    path = write(tmp_path, row("a"), row("b"), row("c")).path
    lines = path.read_bytes().splitlines(keepends=True)
    bad = b'[1]\n{"key": 3, "status": "ok"}\n{"key": "d", "status": "ok", "file": ["d.jpg"]}\n'
    path.write_bytes(lines[0] + b"\0\0\0\n" + bad + lines[2])
    manifest = Manifest(tmp_path)
    assert list(manifest.rows) == ["a", "c"] and manifest.damaged == 4


def test_text_of_any_kind_survives_json_and_csv(tmp_path):
    title = (
        'A "title", with\u2028 lines\u0085 of=\\ every; kind, \u05d0\u05d1\u05d2 \u0639\u0631\u0628\u064a \U0001f3a8'
    )
    write(tmp_path, row("a", title=title, content_id=INT64, more="of another step"))
    manifest = Manifest(tmp_path)
    assert manifest.get("a")["title"] == title and manifest.get("a")["content_id"] == INT64
    with open(manifest.export(), encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [*table[0]] == [*FIELDS, "more"]
    assert table[0]["title"] == title and table[0]["content_id"] == INT64 and table[0]["more"] == "of another step"
    write(tmp_path, row("b", title="half a pair \ud800"))
    assert Manifest(tmp_path).get("b")["title"] == "half a pair ?"


def test_two_writers_are_kept_apart(tmp_path):
    pytest.importorskip("fcntl")
    with Manifest(tmp_path).writing(), pytest.raises(UserError, match="another program is writing"):
        with Manifest(tmp_path).writing():
            pass
    write(tmp_path, row())


def test_writer_sees_what_others_added_meanwhile(tmp_path):
    early = Manifest(tmp_path)
    write(tmp_path, row("a"))
    with early.writing():
        assert "a" in early


def test_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    manifest = write(tmp_path, row("a"))
    whole = manifest.path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with manifest.writing():
        monkeypatch.setattr(module.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            manifest.add(row("b"))
    assert manifest.path.read_bytes() == whole and list(manifest.rows) == ["a"]


def test_bad_rows_and_places_are_refused(tmp_path):
    manifest = Manifest(tmp_path)
    with pytest.raises(ValueError, match="inside"):
        manifest.add(row())
    with manifest.writing():
        for bad in ({"status": "ok"}, row(status="fine"), row(key="")):
            with pytest.raises(ValueError, match="needs a key and a status"):
                manifest.add(bad)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write into") as caught, Manifest(tmp_path / "file").writing():
        pass
    assert "\n" not in str(caught.value)
    assert {"ok", "duplicate", "missing", "placeholder"} <= set(STATUSES)


# --- names and pictures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Mark Rothko", "mark-rothko"),
        ("Albrecht Dürer", "albrecht-durer"),
        ("Søren Łukasz", "soren-lukasz"),
        ("Georgia O'Keeffe", "georgia-okeeffe"),
        ("  J. M. W.  Turner ", "j-m-w-turner"),
        ("../..", ""),
    ],
)
def test_slugs(name, slug):
    assert names.slug(name) == slug


def test_clean_makes_one_line():
    assert names.clean(" No.&nbsp;61\n(Rust &amp; Blue)\x00\u202e ") == "No. 61 (Rust & Blue)"
    assert names.clean("\u05e9\u05dc\u05d5\u05dd") == "\u05e9\u05dc\u05d5\u05dd"
    assert names.clean(None) == "" and names.clean(1950) == "1950"


@pytest.mark.parametrize(
    ("text", "year"),
    [("1950", 1950), ("c.1950", 1950), ("1950-1955", 1950), ("", None), ("n.d.", None), ("June 12, 1961", 1961)],
)
def test_years(text, year):
    assert names.year(text) == year


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "..", "a/b", "a\\b", "x" * 400, "con", "\u202egpj.exe", "é" * 300, "a\nb", "", "."]
)
def test_file_names_stay_inside_and_differ(text, tmp_path):
    stem = names.file_stem(text)
    assert stem and not {"/", "\\", "\n", "\0", "\u202e"} & set(stem) and ".." not in stem
    assert len(stem.encode()) < 200 and stem != names.file_stem(text + "x")
    path = pictures.inside(tmp_path, f"images/{stem}.jpg")
    path.parent.mkdir()
    path.touch()
    assert names.file_stem("no-61-1953") == "no-61-1953" and names.file_stem("No") != names.file_stem("no")


@pytest.mark.parametrize("name", ["../x.jpg", "/etc/passwd", "images/../../x.jpg"])
def test_paths_of_a_manifest_are_not_trusted(name, tmp_path):
    with pytest.raises(ValueError, match="leads out of"):
        pictures.inside(tmp_path, name)


def test_importing_is_light_and_artkeras_needs_none_of_it():
    mine = "wikiart, wikiart_command, museums, kaggle, archives, folder, manifest, polite, browser, demo_site"
    code = f"import sys; from data_tools import __main__, {mine}; print(*sys.modules, sep='\\n')"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"selenium", "requests", "kagglehub", "keras", "numpy", "PIL", "tqdm", "tensorflow"}
    modules = sorted(Path(artkeras.__file__).parent.rglob("*.py"))
    assert len(modules) > 10 and not [path for path in modules if "import data_tools" in path.read_text("utf-8")]
    assert not [path for path in modules if "from data_tools" in path.read_text("utf-8")]
