"""Clean, curate, augment: planted faults are caught, good paintings are left alone, nothing is lost.

All pictures are procedural. Tests of the real ones are marked `real`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from cleaning import call, disguised, fill, refused, small_study, state
from looking import embedded, policy, strict
from PIL import Image, ImageDraw

from artkeras import data
from artkeras.errors import UserError
from artkeras.tables import read_rows
from data_tools import agreement, clean, curate, faults, judgements, sheet, steps, study
from data_tools.faults import SIZE, framed, painting, solid
from data_tools.judgements import Judged, measure
from data_tools.manifest import Manifest

# ---------------------------------------------------------------------------------------- measures


def test_a_margin_is_found_and_nothing_but_a_margin():
    for number in range(4):
        facts = measure(framed(painting(number, curated=True), (246, 245, 243), 16))
        left, top, right, bottom = facts.box
        assert 16 <= left <= 19 and 16 <= top <= 19 and 173 <= right <= 176 and 173 <= bottom <= 176
        assert facts.margin == pytest.approx(1 - (right - left) * (bottom - top) / 192**2, abs=1e-3)
    assert measure(framed(painting(0), (160, 40, 40))).margin == 0  # red: it may well be the painting's own


def test_what_floats_on_a_ground_is_no_picture_in_a_margin():
    ground = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(ground).ellipse((40, 40, 160, 160), fill="navy")
    assert measure(ground).margin == 0
    stripes = Image.new("RGB", (200, 200), "white")  # as Louis left them: the canvas is bare at three sides
    ImageDraw.Draw(stripes).rectangle((60, 30, 140, 200), fill="navy")
    assert measure(stripes).margin == 0


def test_placeholders_are_mostly_free_of_reasons():
    judged = [measure(painting(number)) for number in range(24)]
    decisions = clean.decide([str(i) for i in range(24)], judged)
    assert sum(not decision.keep for decision in decisions) == 0
    assert sum(bool(decision.found) for decision in decisions) <= 4


def test_contrast_looks_through_frames():
    assert measure(solid()).contrast < 0.02
    assert measure(framed(framed(solid(), "maroon", 12), "black", 12)).contrast < 0.02
    zip_ = solid((20, 40, 120))
    ImageDraw.Draw(zip_).line((80, 0, 80, SIZE), fill="white", width=3)
    assert measure(zip_).contrast > 0.03  # Newman's zips are no solid blocks


def test_plainness_of_known_pictures():
    n = judgements.SIDE
    bands = np.zeros((n, n, 3), np.float32)
    bands[n // 2 :] = (0.7, 0.1, 0)
    straight, flat = judgements.plainness(bands)
    assert straight > 0.999 and flat > 0.99
    noise = np.random.default_rng(0).normal(0.5, 0.2, (n, n, 3)).astype(np.float32)
    straight, flat = judgements.plainness(noise)
    assert straight < 0.05 and flat < 0.02
    assert judgements.plainness(np.full((n, n, 3), 0.5, np.float32)) == (0.0, 1.0)


def test_oklab_is_the_published_one():
    pixels = np.array([[[255, 255, 255], [255, 0, 0], [0, 0, 255]]], np.uint8)
    published = [[1, 0, 0], [0.62796, 0.22486, 0.12585], [0.45201, -0.03246, -0.31153]]
    np.testing.assert_allclose(judgements.oklab(Image.fromarray(pixels))[0], published, atol=2e-4)


def test_measures_hardly_depend_on_size_and_compression(tmp_path):
    large, small = painting(3, 480), painting(3, 480).resize((210, 210), Image.Resampling.LANCZOS)
    small.save(tmp_path / "small.jpg", quality=80)
    a, b = measure(large), judgements.judge(tmp_path / "small.jpg")
    for name in ("margin", "contrast", "straight", "flat", "installation"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=0.08)


def test_two_processes_measure_the_same_as_one(tmp_path, monkeypatch):
    folder = fill(tmp_path / "many", 6, 64)
    (folder / "broken.jpg").write_bytes(b"x")
    paths = sorted(folder.iterdir())
    alone = judgements.judge_all(paths)
    monkeypatch.setattr(judgements, "ALONE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert judgements.judge_all(paths) == alone
    assert sum(isinstance(facts, str) for facts in alone) == 1


# ---------------------------------------------------------------------------------------- clean


def test_every_planted_fault_is_caught_and_written_down(scraped, tmp_path, capsys):
    before = state(scraped)
    assert call("clean", scraped, "--out", tmp_path / "out") == 0
    assert state(scraped) == before
    manifest = Manifest(tmp_path / "out")
    rows = {row["original"]: row for row in manifest}
    assert set(rows) == {path.name for path in scraped.iterdir()}
    reasons = {name: row.get("reason", "") for name, row in rows.items() if not name.startswith("Some Painter")}
    assert reasons == {
        "room.jpg": "installation",
        "solid.png": "solid",
        "solid framed.png": "solid",
        "margin.jpg": "margin",
        "narrow.png": "narrow",
        "twin.jpg": "duplicate",
        "the near one.jpg": "near",
        "cut.jpg": "broken",
        "page.jpg": "broken",
        "empty.png": "broken",
    }
    assert all(row["decision"] == "keep" for name, row in rows.items() if name.startswith("Some Painter"))
    dropped = {name for name, row in rows.items() if row["decision"] == "drop"}
    assert dropped == {"solid.png", "solid framed.png", "twin.jpg", "cut.jpg", "page.jpg", "empty.png"}
    assert rows["twin.jpg"]["status"] == "duplicate"
    assert rows["twin.jpg"]["duplicate_of"] == rows["Some Painter1.jpg"]["key"]
    assert rows["cut.jpg"]["status"] == "corrupt" and rows["solid.png"]["status"] == "filtered"
    assert rows["the near one.jpg"]["like"] == "Some Painter4.jpg"
    assert rows["Some Painter0.jpg"]["artist_name"] == "Some Painter"
    for row in manifest.pictures():
        content = (tmp_path / "out" / row["file"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert content == (scraped / row["original"]).read_bytes()
    said = capsys.readouterr().out
    assert "18 pictures: 12 kept, 6 dropped" in said
    assert len(data.read(tmp_path / "out", 8)[1]) == 12


def test_what_the_notebook_plants_is_found_and_nothing_else(tmp_path):
    planted = faults.plant(tmp_path / "scraped", 24)
    names = steps.listed(tmp_path / "scraped")
    decisions = clean.decide(names, judgements.judge_all([tmp_path / "scraped" / name for name in names]))
    found = {decision.file: decision.reason for decision in decisions if decision.reason}
    assert {name: found.pop(name) for name in planted} == planted
    assert len(found) <= 1  # of 24 good ones


def test_thresholds_and_reasons_can_be_chosen(scraped, tmp_path):
    out = tmp_path / "out"
    assert call("clean", scraped, "--out", out, "--drop", "installation", "margin", "narrow", "--narrow", 0.7) == 0
    dropped = {row["original"] for row in Manifest(out) if row["decision"] == "drop"}
    assert dropped == {"room.jpg", "margin.jpg", "solid framed.png", "narrow.png", "cut.jpg", "page.jpg", "empty.png"}
    assert call("clean", scraped, "--out", out, "--drop", "narrow", "--narrow", 0.8, "--margin", 0.9) == 0
    rows = {row["original"]: row for row in Manifest(out)}
    assert rows["narrow.png"]["decision"] == "keep" and rows["margin.jpg"].get("reason") is None


def test_what_was_known_is_kept(tmp_path):
    folder = fill(tmp_path / "wiki", 3, 64)
    manifest = Manifest(folder)
    with manifest.writing():
        known = {"artist_name": "Søren Ø", "title": "No. 1", "rights_label": "as told", "width": 1}
        manifest.add({"key": "wikiart/s/1", "status": "ok", "file": "Some Painter1.jpg", **known})
    assert call("clean", folder, "--out", tmp_path / "out") == 0
    row = Manifest(tmp_path / "out").get("wikiart/s/1")
    assert (row["artist_name"], row["title"], row["rights_label"], row["width"]) == ("Søren Ø", "No. 1", "as told", 64)


def test_trimming_cuts_margins_off_without_loss(scraped, tmp_path):
    assert call("clean", scraped, "--out", tmp_path / "out", "--trim") == 0
    assert not (tmp_path / "out" / "margin.jpg").exists()
    cropped = np.asarray(Image.open(tmp_path / "out" / "margin.png"))
    box = judgements.judge(scraped / "margin.jpg").box
    np.testing.assert_array_equal(cropped, np.asarray(Image.open(scraped / "margin.jpg").crop(box)))
    assert 150 <= min(cropped.shape[:2]) and measure(Image.fromarray(cropped)).margin == 0
    row = next(row for row in Manifest(tmp_path / "out") if row["original"] == "margin.jpg")
    assert (row["file"], row["format"], row["width"]) == ("margin.png", "PNG", cropped.shape[1])
    # And back again: what is no longer made goes, what others put there stays.
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert call("clean", scraped, "--out", tmp_path / "out") == 0
    assert not (tmp_path / "out" / "margin.png").exists()
    assert (tmp_path / "out" / "margin.jpg").exists() and (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_a_second_run_changes_nothing(scraped, tmp_path):
    out = tmp_path / "out"
    assert call("clean", scraped, "--out", out) == 0
    pictures = {name: facts for name, facts in state(out).items() if name.endswith((".jpg", ".png"))}
    content = (out / "manifest.jsonl").read_bytes()
    assert call("clean", scraped, "--out", out) == 0
    assert {name: facts for name, facts in state(out).items() if name.endswith((".jpg", ".png"))} == pictures
    assert (out / "manifest.jsonl").read_bytes() == content


def test_a_dry_run_writes_nothing(scraped, tmp_path, capsys):
    before = state(tmp_path)
    assert call("clean", scraped, "--dry-run") == 0
    assert call("curate", scraped, "--dry-run") == 0
    assert state(tmp_path) == before
    assert "6 dropped" in capsys.readouterr().out


def test_a_hand_has_the_last_word_but_cannot_mend_a_broken_file(scraped, tmp_path, capsys):
    (tmp_path / "list.csv").write_text("file,decision\nsolid.png,keep\nroom.jpg,drop\ncut.jpg,keep\ngone.jpg,drop\n")
    assert call("clean", scraped, "--out", tmp_path / "out", "--apply", tmp_path / "list.csv") == 0
    rows = {row["original"]: row for row in Manifest(tmp_path / "out")}
    assert (rows["solid.png"]["decision"], rows["solid.png"]["decided_by"]) == ("keep", "hand")
    assert (rows["room.jpg"]["decision"], rows["room.jpg"]["decided_by"]) == ("drop", "hand")
    assert rows["cut.jpg"]["decision"] == "drop"
    assert "1 rows about files that are not here" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content, message",
    [
        ("file\na.jpg\n", "lacks the column decision"),
        ("file,decision\nSome Painter1.jpg,perhaps\n", "line 2: decision must be keep or drop, not 'perhaps'"),
        ("file,decision\n" + "".join(f"{i}.jpg,keep\n" for i in range(40)), "is about other pictures"),
        (b"\xff\xfe\x00", "cannot read"),
    ],
)
def test_a_wrong_list_is_one_line(scraped, tmp_path, capsys, content, message):
    (tmp_path / "list.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refused(capsys, "clean", scraped, "--apply", tmp_path / "list.csv", "--dry-run")


# ---------------------------------------------------------------------------------------- the authors' lists


def test_paintings_are_found_again_under_other_names_and_sizes(tmp_path, monkeypatch, capsys):
    folder, _ = small_study(monkeypatch, tmp_path)
    names = disguised(folder, tmp_path / "again")
    painting(400).save(tmp_path / "again" / "stranger.png")
    assert call("clean", tmp_path / "again", "--study-list", "small") == 0
    rows = {row["original"]: row for row in Manifest(tmp_path / "again_clean")}
    assert {new: rows[new]["study_file"] for new in names} == names
    assert rows["stranger.png"]["reason"] == "not in the list" and rows["stranger.png"]["decision"] == "drop"
    said = capsys.readouterr().out
    assert "13 pictures: 10 kept, 3 dropped" in said
    assert "small: 12 of 12 found again, 2 rejected, 4 curated" in said
    # and model 4 finds its pictures by the list beside the folder
    chosen, _ = data.load("colour_field", 8, folder=tmp_path / "again_clean", subset="curated")
    old = {name: new for new, name in names.items()}
    assert set(chosen.names) == {old[f"Some Painter{i}.jpg"] for i in range(4, 8)} and len(chosen) == 24
    # a run without the list does not undo it, unless it is told to
    kept = state(tmp_path)
    assert "--forget" in refused(capsys, "clean", tmp_path / "again")
    assert state(tmp_path) == kept
    assert call("clean", tmp_path / "again", "--forget") == 0
    assert not (tmp_path / "again_clean_labels.csv").exists()


def test_rows_of_one_hash_go_to_the_file_that_speaks_for_them(monkeypatch, tmp_path):
    (tmp_path / "studies").mkdir()
    one, two = "0" * 64, "f" * 64
    rows = ["Zoe0.jpg,Zoe," + one + ",0,0", "Ann Bo1.jpg,Ann Bo," + one + ",0,1", "C.jpg,C," + two + ",1,0"]
    (tmp_path / "studies" / "s.csv").write_text("\n".join([",".join(study.COLUMNS), *rows]) + "\n")
    monkeypatch.setattr(study, "FOLDER", tmp_path / "studies")
    known = study.Study("s")

    def match(*names):
        return [known.match(dict.fromkeys(names, one))[name].file for name in names]

    assert match("ann-bo_red.jpg") == ["Ann Bo1.jpg"]
    assert match("x/zoe0.JPG", "x/ann bo1.jpg") == ["Zoe0.jpg", "Ann Bo1.jpg"]
    assert match("a.jpg", "b.jpg") == ["Zoe0.jpg", "Ann Bo1.jpg"]  # each once
    assert known.match({"a.jpg": "0f" * 32}) == {}  # 128 bits from both
    assert known.match({}) == {}


def test_hamming_counts_bits():
    a, b = study.bits(["0" * 64, "f" * 64]), study.bits(["0" * 63 + "3"])
    assert study.hamming(a, b).tolist() == [[2], [254]]


def test_the_list_of_study_1_holds_its_published_counts():
    choices = study.Study("colour_field").choices
    assert len(choices) == 937 and len({choice.file for choice in choices}) == 937
    assert sum(choice.rejected for choice in choices) == 15
    assert sum(choice.curated for choice in choices) == 276
    assert not any(choice.curated and choice.rejected for choice in choices)
    assert all(len(choice.phash) == 64 for choice in choices)
    assert len({choice.phash for choice in choices}) == 932  # five files are there twice
    with pytest.raises(UserError, match="there is colour_field"):
        study.Study("nonsense")


# ---------------------------------------------------------------------------------------- decisions


def table(path: Path, *rows: tuple, columns: str = "file,rejected,curated") -> Path:
    path.write_text("\n".join([columns, *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8")
    return path


def listed_in(path: Path) -> dict[str, tuple[str, str]]:
    return {row["file"]: (row["rejected"], row["curated"]) for row in read_rows(path)}


def test_rejections_and_choices_travel_through_all_steps(tmp_path, capsys):
    folder = fill(tmp_path / "some", 8, 64)
    names = [f"Some Painter{number}.jpg" for number in range(8)]
    table(tmp_path / "some_labels.csv", *((name, int(i < 2), int(i == 5)) for i, name in enumerate(names)))
    assert call("clean", folder) == 0
    assert "of the kept 2 are rejected, 1 curated, and stay so" in capsys.readouterr().out
    marks = listed_in(tmp_path / "some_clean_labels.csv")
    assert marks == {name: (str(int(i < 2)), str(int(i == 5))) for i, name in enumerate(names)}
    assert call("curate", tmp_path / "some_clean", "--top", 1) == 0
    assert "6 pictures ranked" in capsys.readouterr().out
    assert set(listed_in(tmp_path / "some_clean_curated_labels.csv")) == set(names[2:])
    assert call("augment", tmp_path / "some_clean", "--size", 8, "--subset", "all") == 0
    assert listed_in(tmp_path / "some_clean_8_labels.csv") == marks


def test_what_a_list_says_of_a_duplicate_counts_for_the_file_that_stays(tmp_path):
    folder = fill(tmp_path / "some", 4, 64)
    for twin, of in (("x.jpg", 0), ("y.jpg", 1)):
        shutil.copy(folder / f"Some Painter{of}.jpg", folder / twin)
    table(tmp_path / "some_labels.csv", ("x.jpg", 1, 0), ("y.jpg", 0, 1))
    assert call("clean", folder) == 0
    marks = listed_in(tmp_path / "some_clean_labels.csv")
    assert marks["Some Painter0.jpg"] == ("1", "0") and marks["Some Painter1.jpg"] == ("0", "1")


@pytest.mark.parametrize("command", ["clean", "curate", "augment"])
@pytest.mark.parametrize(
    "row, message",
    [
        ("SOME PAINTER0.JPG", "names none of the 3 pictures"),
        ("other/Some Painter0.jpg", "names none of the 3 pictures"),
        ("untitled.jpg", "fits several files"),
    ],
)
def test_a_list_that_fits_no_picture_or_several_is_refused(tmp_path, capsys, command, row, message):
    folder = fill(tmp_path / "some", 3, 64)
    if row == "untitled.jpg":
        for seed, name in enumerate(("ann/untitled.jpg", "bob/untitled.jpg")):
            (folder / name).parent.mkdir()
            painting(70 + seed, 64).save(folder / name)
    table(tmp_path / "some_labels.csv", (row, 1, 0))
    before = state(tmp_path)
    assert message in refused(capsys, command, folder)
    assert state(tmp_path) == before


def test_a_path_in_a_list_picks_one_of_several_files_of_a_name(tmp_path):
    folder = tmp_path / "some"
    for seed, name in enumerate(("ann/untitled.jpg", "bob/untitled.jpg", "untitled.jpg")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        painting(70 + seed, 64).save(folder / name)
    table(tmp_path / "some_labels.csv", ("bob/untitled.jpg", 1, 0), ("./untitled.jpg", 0, 1))
    found = steps.labels(folder, steps.listed(folder))
    assert (found.rejected, found.curated) == ({"bob/untitled.jpg"}, {"untitled.jpg"})


def test_decisions_by_hand_count_in_later_runs_until_they_are_forgotten(tmp_path, capsys):
    folder = fill(tmp_path / "some", 5, 64)
    one = table(tmp_path / "one.csv", ("Some Painter1.jpg", "drop"), columns="file,decision")
    two = table(tmp_path / "two.csv", ("Some Painter2.jpg", "drop"), columns="file,decision")
    three = table(tmp_path / "three.csv", ("Some Painter1.jpg", "keep"), columns="file,decision")
    out = tmp_path / "some_clean"
    for new, dropped in ((one, {1}), (None, {1}), (two, {1, 2}), (three, {2})):
        assert call("clean", folder, *(["--apply", new] if new else [])) == 0
        assert {f"Some Painter{i}.jpg" for i in range(5)} - set(steps.listed(out)) == {
            f"Some Painter{i}.jpg" for i in dropped
        }
    capsys.readouterr()
    assert call("clean", folder, "--dry-run") == 0
    assert "4 kept, 1 dropped" in (said := capsys.readouterr().out) and "2 decisions by hand of earlier runs" in said
    assert call("clean", folder, "--forget") == 0 and len(steps.listed(out)) == 5


@pytest.mark.parametrize("spelling", ["Dürer.jpg", "./Dürer.jpg", unicodedata.normalize("NFD", "Dürer.jpg")])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_sheet_names_files_in_any_form(spelling, form):
    known = {unicodedata.normalize(form, "Dürer.jpg"), "b.jpg"}
    path = table(Path("sheet.csv"), (spelling, "drop", "keep"), columns="file,decision,before")
    assert sheet.read(path, known) == ({unicodedata.normalize(form, "Dürer.jpg"): "drop"}, 0)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("xa.jpg", "drop", "keep"), ("xb.jpg", "drop", "keep")], "about other pictures: none of its 2 files"),
        ([("a.jpg", "drop", "keep"), ("./a.jpg", "keep", "keep")], "line 2 is about ./a.jpg too"),
        ([], "about other pictures: it has no rows"),
    ],
)
def test_a_sheet_that_cannot_be_meant_is_refused(rows, message):
    path = table(Path("sheet.csv"), *rows, columns="file,decision,before")
    with pytest.raises(UserError, match=message):
        sheet.read(path, {"a.jpg", "b.jpg"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_sheet_as_spreadsheets_save_it(delimiter, encoding):
    rows = [("file", "decision", "before"), ("a.jpg", "Drop", "keep"), ("b.jpg", "keep", "keep"), ("", "", "")]
    Path("sheet.csv").write_bytes("".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding))
    assert sheet.read(Path("sheet.csv"), {"a.jpg", "b.jpg"}) == ({"a.jpg": "drop"}, 0)


def test_a_sheet_never_replaces_another_file_and_allows_no_foreign_code(tmp_path, capsys):
    folder = fill(tmp_path / "some", 3, 64)
    (tmp_path / "thesis.html").write_text("<h1>a year's work</h1>")
    assert "no review sheet" in refused(capsys, "clean", folder, "--dry-run", "--review", tmp_path / "thesis.html")
    assert (tmp_path / "thesis.html").read_text() == "<h1>a year's work</h1>"
    for _ in range(2):
        assert call("clean", folder, "--dry-run", "--review", tmp_path / "sheet.html") == 0
    assert policy(tmp_path / "sheet.html") == strict(tmp_path / "sheet.html")


@pytest.mark.parametrize("command", ["clean", "augment"])
def test_a_retouched_picture_in_a_target_stays(tmp_path, capsys, command):
    folder, out = fill(tmp_path / "some", 3, 64), tmp_path / "out"
    more = ["--size", 16, "--format", "png"] if command == "augment" else []
    assert call(command, folder, "--out", out, *more) == 0
    mine = out / ("Some Painter1.png" if command == "augment" else "Some Painter1.jpg")
    painting(99, 16).save(mine)
    hand, other = mine.read_bytes(), (out / mine.name.replace("1", "2")).read_bytes()
    for seed in (31, 32):  # its source changes too
        painting(seed, 64).save(folder / "Some Painter1.jpg")
        painting(seed + 10, 64).save(folder / "Some Painter2.jpg")
        capsys.readouterr()
        assert call(command, folder, "--out", out, *more) == 0
        assert mine.read_bytes() == hand
        assert f"{mine.name} was changed by hand and stays" in capsys.readouterr().err
        assert (out / mine.name.replace("1", "2")).read_bytes() != other
    mine.write_bytes(hand[:40])  # half a file is nobody's work
    assert call(command, folder, "--out", out, *more) == 0
    with Image.open(mine) as image:
        image.load()


def test_tables_that_a_hand_edited_stay_and_new_ones_lie_beside(tmp_path, capsys):
    folder = fill(tmp_path / "some", 6, 64)
    assert call("curate", folder, "--top", 0.5) == 0
    labels, rows = tmp_path / "some_curated_labels.csv", tmp_path / "some_curated" / "manifest.csv"
    for path in (labels, rows):
        path.write_text(path.read_text("utf-8").replace("Some Painter,", "Corrected by hand,"), "utf-8")
    edited = labels.read_bytes(), rows.read_bytes()
    assert call("curate", folder, "--top", 1) == 0
    assert (labels.read_bytes(), rows.read_bytes()) == edited
    assert len(read_rows(labels.with_suffix(".new.csv"))) == 6
    assert len(read_rows(rows.with_name("manifest.new.csv"))) == 6
    assert "changed by hand" in (said := capsys.readouterr().err) and "edited by hand" in said


# ---------------------------------------------------------------------------------------- the console


def test_what_a_console_cannot_show_is_written_in_escapes(tmp_path):
    folder = fill(tmp_path / "日本", 2, 32)
    (folder / "壊.png").write_text("nope")
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "data_tools", "augment", str(folder), "--size", "8", "--out", "out"]
    done = subprocess.run(command, env=environment, capture_output=True, cwd=tmp_path)
    assert done.returncode == 0 and b"\\u58ca.png" in done.stdout and b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_sigterm_ends_a_command_as_ctrl_c_does(tmp_path, monkeypatch, capsys):
    folder = fill(tmp_path / "some", 2, 32)
    monkeypatch.setattr(steps, "put", lambda path, content: os.kill(os.getpid(), signal.SIGTERM))
    assert call("clean", folder, "--out", tmp_path / "out") == 130
    assert "stopped" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("command", ["clean", "curate", "augment", "agreement"])
def test_what_is_wrong_with_the_pictures_is_one_line(tmp_path, capsys, command):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").touch()
    (tmp_path / "broken").mkdir()
    for number in range(3):
        (tmp_path / "broken" / f"{number}.jpg").write_bytes(b"x")
    assert "does not exist" in refused(capsys, command, tmp_path / "nowhere")
    assert "holds no pictures" in refused(capsys, command, tmp_path / "none")
    assert "is not a folder" in refused(capsys, command, tmp_path / "none" / "notes.txt")
    said = refused(capsys, command, tmp_path / "broken")
    assert "can be read" in said or "too few to compare" in said
    folder = fill(tmp_path / "some", 2, 32)
    assert call("augment", folder, "--size", 16, "--pack") == 0
    capsys.readouterr()
    assert "holds packed pictures" in refused(capsys, command, tmp_path / "some_16")
    if sys.platform == "linux":
        painting(2, 32).save(os.fsencode(folder) + b"/\xff.png")
        assert "is not UTF-8: rename it" in refused(capsys, command, folder)


@pytest.mark.parametrize("command", ["clean", "curate", "augment"])
def test_a_target_that_will_not_do_is_one_line_and_untouched(tmp_path, capsys, command):
    folder = fill(tmp_path / "some", 3, 32)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("a year's work")
    (tmp_path / "file").touch()
    before = state(tmp_path)
    assert "lies inside the pictures' folder" in refused(capsys, command, folder, "--out", folder / "deep" / "er")
    assert "lies inside the pictures' folder" in refused(capsys, command, folder, "--out", folder)
    assert "lies inside the target" in refused(capsys, command, folder, "--out", tmp_path)
    assert "holds other files" in refused(capsys, command, folder, "--out", tmp_path / "other")
    assert "is a file" in refused(capsys, command, folder, "--out", tmp_path / "file")
    assert "cannot write into" in refused(capsys, command, folder, "--out", tmp_path / "file" / "below")
    assert state(tmp_path) == before and not (folder / "deep").exists()
    # a link is no way round
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    assert "lies inside" in refused(capsys, command, folder, "--out", tmp_path / "link" / "x")
    # nor is the target of another command, or of other pictures
    out = tmp_path / "made"
    assert call(command, folder, "--out", out) == 0
    other = next(name for name in ("clean", "curate", "augment") if name != command)
    assert f"not data_tools {other}" in refused(capsys, other, folder, "--out", out)
    elsewhere = fill(tmp_path / "elsewhere", 3, 32)
    assert "was made from" in refused(capsys, command, elsewhere, "--out", out)
    # what `step.json` says is not trusted
    facts = json.loads((out / steps.MARK).read_text())
    (out / steps.MARK).write_text(json.dumps(facts | {"files": ["../file"]}))
    assert call(command, folder, "--out", out) == 0 and (tmp_path / "file").exists()
    capsys.readouterr()
    (out / steps.MARK).write_text(json.dumps(facts | {"source": 3}))
    assert "a file that cannot be read" in refused(capsys, command, folder, "--out", out)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_target_is_one_line(tmp_path, capsys):
    folder = fill(tmp_path / "some", 3, 32)
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "cannot write into" in refused(capsys, "clean", folder, "--out", tmp_path / "locked" / "out")


def test_a_full_disk_loses_nothing(tmp_path, capsys, monkeypatch):
    folder = fill(tmp_path / "some", 4, 32)
    before = state(folder)

    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    for module, command in ((steps, "clean"), (steps, "curate"), (steps, "augment")):
        with monkeypatch.context() as patch:
            patch.setattr(module, "put", full)
            assert call(command, folder, "--out", tmp_path / command) == 3
        said = capsys.readouterr().err
        assert "No space left" in said and said.count("\n") == 1
        assert state(folder) == before
        assert call(command, folder, "--out", tmp_path / command) == 0
        assert json.loads((tmp_path / command / steps.MARK).read_text())["complete"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["clean", "x", "--solid", "3"], "'3' is not a number from 0 to 1"),
        (["clean", "x", "--drop", "near"], "invalid choice"),
        (["clean", "x", "--review", "sheet.txt"], "does not end in .html"),
        (["curate", "x", "--top", "nan"], "'nan' is not a number"),
        (["augment", "x", "--size", "0"], "not a whole number"),
        (["augment", "x", "--size", "100000"], "not a whole number from 1 to 4,096"),
        (["clean", "x", "--near", "257"], "not a whole number from 0 to 256"),
        (["clean", "x", "--study-list", "nonsense"], "invalid choice"),
    ],
)
def test_a_slip_is_one_line(capsys, arguments, message):
    assert message in refused(capsys, *arguments)


def test_no_traceback_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, "-m", "data_tools", "augment", str(tmp_path / "nowhere")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert result.returncode == 2 and result.stdout == "" and result.stderr.count("\n") == 1


def test_ten_thousand_pictures_are_no_trouble():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, (10_000, 32), dtype=np.uint8)
    plain = dict(margin=0.0, box=(0, 0, 9, 9), installation=0.0, loss=0.0, contrast=0.5, straight=0.5, flat=0.5)
    judged = [
        Judged(width=9, height=9, pixels=str(i), phash=hashes[i].tobytes().hex(), colours=bytes(192), **plain)
        for i in range(10_000)
    ]
    judged[9_999] = Judged(9, 9, "other", judged[17].phash, bytes(192), **plain)
    decisions = clean.decide([f"{i}.jpg" for i in range(10_000)], judged)
    assert [d.file for d in decisions if d.found] == ["9999.jpg"]
    assert decisions[-1].other == "17.jpg" and decisions[-1].keep
    assert len(study.Study("colour_field").match({d.file: d.judged.phash for d in decisions})) == 0


# ---------------------------------------------------------------------------------------- the review sheet


def test_a_sheet_is_one_file_that_asks_for_nothing_else(scraped, tmp_path):
    path = tmp_path / "sheet.html"
    nasty = "</script><b>&.jpg"
    rows = [
        sheet.Row("Some Painter0.jpg", "keep"),
        sheet.Row(nasty, "drop", "solid 0.01"),
        sheet.Row("cut.jpg", "drop"),
    ]
    sheet.write(path, scraped, rows, title="A <b> title", command="apply {list}", reasons={"solid"})
    text = path.read_text()
    assert "http:" not in text and "https:" not in text and 'src="' not in text and "__" not in text
    assert text.count("</script>") == 2 and "A &lt;b&gt; title" in text and "apply sheet.csv" in text
    facts = embedded(path)
    assert facts["rows"][0]["image"].startswith("data:image/jpeg;base64,") and facts["rows"][1]["file"] == nasty
    assert facts["rows"][2]["image"] == ""
    with pytest.raises(UserError, match="cannot write"):
        sheet.write(scraped / "room.jpg" / "x.html", scraped, rows, title="", command="")


@pytest.fixture(scope="module")
def window(chromium, tmp_path_factory):
    """Headless Chromium that saves what it downloads."""
    from selenium import webdriver

    from data_tools.browser import BROWSERS

    downloads = tmp_path_factory.mktemp("downloads")
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1000,800"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.downloads = downloads
    yield driver
    driver.quit()


def saved(window, name: str) -> Path:
    from selenium.webdriver.support.wait import WebDriverWait

    path = window.downloads / name
    WebDriverWait(window, 10).until(lambda _: path.exists() and path.stat().st_size)
    return path


@pytest.mark.browser
def test_the_sheet_in_a_browser_from_rules_to_the_cleaned_folder(window, scraped, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    shutil.move(scraped / "room.jpg", scraped / 'a "room", ü.jpg')
    assert call("clean", scraped, "--out", tmp_path / "out", "--review", tmp_path / "look.html") == 0
    window.get((tmp_path / "look.html").as_uri())

    def cards(selector=".card"):
        return [card for card in window.find_elements(By.CSS_SELECTOR, selector) if card.is_displayed()]

    def card(name):
        return next(c for c in cards() if c.find_element(By.CLASS_NAME, "name").text.rstrip(" *") == name)

    def count():
        return window.find_element(By.ID, "count").text

    def press(*keys):
        window.switch_to.active_element.send_keys(*keys)

    assert count() == "12 keep, 3 drop, 0 changed by you" and len(cards()) == 15
    widths = window.execute_script("return [...document.images].slice(0, 3).map(i => i.naturalWidth)")
    assert min(widths) > 0
    # what is dropped comes first, then what is to be looked at
    assert len(cards(".card.drop")) == 3 and cards()[:3] == cards(".card.drop")

    card('a "room", ü.jpg').click()
    assert "drop" in card('a "room", ü.jpg').get_attribute("class").split()
    assert card('a "room", ü.jpg').get_attribute("aria-checked") == "false"
    assert count() == "11 keep, 4 drop, 1 changed by you"

    # by keyboard alone: keep the first, go on, drop by key, change by space, take back
    card("solid.png").click()  # keep
    press("d")  # and drop again, which goes on to the next
    assert "solid.png" not in window.switch_to.active_element.text
    card("solid.png").click()
    assert count() == "12 keep, 3 drop, 2 changed by you"
    card("the near one.jpg").click()
    press(" ")
    assert count() == "12 keep, 3 drop, 2 changed by you"
    press(Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ARROW_UP)
    press("d")
    press("z")
    assert count() == "12 keep, 3 drop, 2 changed by you"
    press("z")
    press("z")
    press(" ")
    press(" ")

    # views
    from selenium.webdriver.support.select import Select

    Select(window.find_element(By.ID, "show")).select_by_visible_text("changed by you")
    assert {c.find_element(By.CLASS_NAME, "name").text.rstrip(" *") for c in cards()} == {
        "solid.png",
        'a "room", ü.jpg',
    }
    Select(window.find_element(By.ID, "show")).select_by_visible_text("all")

    # closing the tab loses nothing; the browser may take a moment to hand over what was stored
    for _ in range(20):
        window.refresh()
        if count() == "12 keep, 3 drop, 2 changed by you":
            break
        time.sleep(0.2)
    assert count() == "12 keep, 3 drop, 2 changed by you"
    window.find_element(By.TAG_NAME, "body").send_keys("s")
    path = saved(window, "look.csv")
    rows = {row["file"]: row for row in csv.DictReader(path.open(encoding="utf-8", newline=""))}
    assert len(rows) == 15 and rows["solid.png"] == {"file": "solid.png", "decision": "keep", "before": "drop"}
    assert [entry for entry in window.get_log("browser") if entry["level"] == "SEVERE"] == []

    assert call("clean", scraped, "--out", tmp_path / "out", "--apply", path) == 0
    kept = {row["original"]: row for row in Manifest(tmp_path / "out").pictures()}
    assert "solid.png" in kept and kept["solid.png"]["decided_by"] == "hand"
    assert 'a "room", ü.jpg' not in kept and len(kept) == 12


@pytest.mark.browser
def test_the_sheet_of_curate_in_a_browser(window, tmp_path):
    from selenium.webdriver.common.by import By

    folder = fill(tmp_path / "some", 6, 64)
    out = ("--out", tmp_path / "out", "--top", 0.5)
    assert call("curate", folder, *out, "--review", tmp_path / "chosen.html") == 0
    window.get((tmp_path / "chosen.html").as_uri())
    assert window.find_element(By.ID, "count").text == "3 chosen, 3 left out, 0 changed by you"
    last = window.find_elements(By.CLASS_NAME, "card")[-1]
    name = last.find_element(By.CLASS_NAME, "name").text
    last.click()
    window.find_element(By.ID, "save").click()
    assert call("curate", folder, *out, "--apply", saved(window, "chosen.csv")) == 0
    chosen, _ = data.load("colour_field", 8, folder=tmp_path / "out", subset="curated")
    assert len(chosen) == 24 and name in chosen.names


# ---------------------------------------------------------------------------------------- the real pictures


@pytest.fixture(scope="module")
def real():
    from conftest import PICTURES

    if not PICTURES or not (PICTURES / "colour_field").is_dir():
        pytest.skip("no real pictures: set ARTKERAS_DATA")
    return PICTURES / "colour_field"


@pytest.mark.real
@pytest.mark.slow
def test_real_counts_and_agreement(real):
    text = "\n".join(agreement.report(real, study.Study("colour_field")))
    assert "937 files, 937 of them in the authors' list of 937" in text
    assert "rejected by the authors 15, kept 922, with copies 5,532" in text
    assert "chosen for model 4 276, with copies 1,656" in text
    pooled, inside = (float(text.split(label)[1].split()[0]) for label in ("  pooled ", "mean within artists "))
    assert pooled > 0.9 and inside > 0.8
    assert "solid             7      5" in text and "duplicate         5      0" in text


@pytest.mark.real
def test_real_paintings_are_found_again(real, tmp_path):
    known = study.Study("colour_field")
    sample = known.choices[::9]
    (tmp_path / "again").mkdir()
    for number, choice in enumerate(sample):
        image = Image.open(real / choice.file).convert("RGB")
        factor = (0.5, 1, 2)[number % 3]
        size = (round(image.width * factor), round(image.height * factor))
        image.resize(size, Image.Resampling.LANCZOS).save(tmp_path / "again" / f"{number}.jpg", quality=75)
    names = [f"{number}.jpg" for number in range(len(sample))]
    judged = judgements.judge_all([tmp_path / "again" / name for name in names])
    found = known.match({name: facts.phash for name, facts in zip(names, judged)})
    assert all(found[name].phash == choice.phash for name, choice in zip(names, sample) if name in found)
    assert len(found) >= 0.98 * len(sample)
    assert curate.rank({name: facts for name, facts in zip(names, judged)}, 3)[2].chosen
