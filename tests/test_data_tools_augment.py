"""Augment: turned and mirrored copies beside the originals, nothing lost."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from cleaning import call, fill, refused, state
from PIL import Image

from artkeras import data
from artkeras.errors import UserError
from data_tools import augment, steps
from data_tools.faults import painting


def test_six_copies_of_each_named_as_in_the_study(tmp_path, capsys):
    folder = fill(tmp_path / "some", 3)
    before = state(folder)
    assert call("augment", folder, "--size", 16, "--format", "png") == 0
    assert state(folder) == before
    out = tmp_path / "some_16"
    assert sorted(path.name for path in out.glob("*.png")) == sorted(
        f"Some Painter{i}{copy}.png" for i in range(3) for copy in ("", " LR", " TB", " 90", " 180", " 270")
    )
    # pixel for pixel what train makes of the same folder
    expected, _ = data.load("any", 16, folder=folder)
    found, _ = data.load("any", 16, folder=out)
    assert found.copies == 1 and len(found) == len(expected) == 18
    pixels = {name: picture for name, picture in zip(found.names, found.array)}
    names = [f"Some Painter{i}{copy}.png" for i in range(3) for copy in data.COPIES]
    np.testing.assert_array_equal(np.stack([pixels[name] for name in names]), expected.take(range(18)))
    assert "3 pictures, 18 copies of 16 x 16" in capsys.readouterr().out


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_fits(tmp_path, fit):
    tall = Image.new("RGB", (30, 60), (0, 0, 200))
    tall.paste((200, 0, 0), (0, 20, 30, 40))
    tall.save(tmp_path / "tall.png")
    pixels = augment.square(tmp_path / "tall.png", 12, fit)
    if fit == "crop":  # the middle 30 x 30
        assert pixels[6, :, 0].min() > 190 and pixels[0, 5, 2] > 190
    else:  # all of it, on the blue of its edges
        assert pixels[:, 0].tolist() == [[0, 0, 200]] * 12
        assert abs(pixels[6, 5].astype(int) - [200, 0, 0]).max() <= 4 and pixels[6, 1].tolist() == [0, 0, 200]


def test_augmenting_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    folder = fill(tmp_path / "some", 6, 64)
    out = tmp_path / "out"
    real_put, calls = steps.put, []

    def stops(path, content):
        calls.append(path)
        if len(calls) == 20:
            path.with_name(f".{path.name}.123.part").write_bytes(content[:50])
            raise KeyboardInterrupt
        real_put(path, content)

    monkeypatch.setattr(steps, "put", stops)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert call("augment", folder, "--size", 16, "--out", out) == 130
    assert json.loads((out / steps.MARK).read_text())["complete"] is False
    done = {name: facts for name, facts in state(out).items() if name.endswith(".jpg")}
    (out / sorted(done)[0]).write_bytes(b"")  # as a power cut may leave it
    monkeypatch.setattr(steps, "put", real_put)
    assert call("augment", folder, "--size", 16, "--out", out) == 0
    whole = {name: facts for name, facts in state(out).items() if name.endswith(".jpg")}
    assert len(whole) == 36 and not list(out.glob(".*.part"))
    assert sum(whole[name] == done[name] for name in done) >= len(done) - 7
    # Idempotent: a third run writes no picture.
    capsys.readouterr()
    assert call("augment", folder, "--size", 16, "--out", out) == 0
    assert {name: facts for name, facts in state(out).items() if name.endswith(".jpg")} == whole
    assert "(6 pictures were there already)" in capsys.readouterr().out


def test_augmenting_follows_its_source(tmp_path, capsys):
    folder = fill(tmp_path / "some", 4, 64)
    out = tmp_path / "out"
    assert call("augment", folder, "--size", 16, "--out", out) == 0
    first = state(out)
    painting(50, 64).save(folder / "Some Painter0.jpg")
    (folder / "Some Painter1.jpg").unlink()
    assert call("augment", folder, "--size", 16, "--out", out) == 0
    second = state(out)
    assert len(list(out.glob("*.jpg"))) == 18 and not (out / "Some Painter1 LR.jpg").exists()
    assert second["Some Painter0 90.jpg"] != first["Some Painter0 90.jpg"]
    assert second["Some Painter2 90.jpg"] == first["Some Painter2 90.jpg"]
    # another fit, same size: nothing of the old may stay, even if the run is stopped at once
    assert call("augment", folder, "--size", 16, "--out", out, "--fit", "crop") == 0
    assert all(state(out)[name] != facts for name, facts in second.items() if name.endswith(".jpg"))


def test_a_stopped_run_with_other_settings_leaves_nothing_that_passes_for_new(tmp_path, monkeypatch):
    folder = fill(tmp_path / "some", 3, 64)
    Image.open(folder / "Some Painter0.jpg").resize((40, 90)).save(folder / "tall.png")
    out = tmp_path / "out"
    assert call("augment", folder, "--size", 16, "--out", out) == 0
    real_put = steps.put

    def stops(path, content):
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "put", stops)
    assert call("augment", folder, "--size", 16, "--out", out, "--fit", "crop") == 130
    monkeypatch.setattr(steps, "put", real_put)
    assert call("augment", folder, "--size", 16, "--out", out, "--fit", "crop") == 0
    assert call("augment", folder, "--size", 16, "--out", tmp_path / "fresh", "--fit", "crop") == 0
    for path in (tmp_path / "fresh").glob("*.jpg"):
        assert path.read_bytes() == (out / path.name).read_bytes()


def test_a_pack_holds_the_same_pixels_and_is_made_once(tmp_path, capsys):
    folder = fill(tmp_path / "some", 4, 64)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no")
    out = tmp_path / "pack"
    assert call("augment", folder, "--size", 16, "--pack", "--out", out) == 0
    array, facts = np.load(out / augment.ARRAY), json.loads((out / augment.FACTS).read_text())
    expected, _ = data.load("any", 16, folder=folder)
    np.testing.assert_array_equal(array, expected.take(range(24)))
    assert facts["names"][:7] == [f"Some Painter0{copy}.png" for copy in data.COPIES] + ["Some Painter1.png"]
    assert len(facts["digests"]) == 24
    found, _ = data.load("any", 16, folder=out)
    assert len(found) == 24 and len(np.unique(found.paintings)) == 4
    np.testing.assert_array_equal(found.take(range(24)), array)
    assert "left out: broken.jpg" in capsys.readouterr().out
    before = state(out)
    assert call("augment", folder, "--size", 16, "--pack", "--out", out) == 0
    assert state(out) == before
    said = capsys.readouterr().out
    assert "4 pictures were there already" in said and "left out: broken.jpg: not a picture" in said
    step = json.loads((out / "step.json").read_text())
    assert list(step["failed"]) == ["broken.jpg"]
    (out / "step.json").write_text(json.dumps(step | {"failed": ["by another hand"]}))  # then it is made again
    assert call("augment", folder, "--size", 16, "--pack", "--out", out) == 0
    assert json.loads((out / "step.json").read_text())["failed"] == step["failed"]
    (out / augment.ARRAY).write_bytes(b"torn")
    assert call("augment", folder, "--size", 16, "--pack", "--out", out) == 0
    np.testing.assert_array_equal(np.load(out / augment.ARRAY), array)


def test_the_list_is_carried_over(tmp_path, capsys):
    folder = fill(tmp_path / "some", 5, 64)
    rows = "Some Painter0.jpg,1,0\nSome Painter1.jpg,0,1\nSome Painter2.jpg,0,1\n"
    (tmp_path / "some_labels.csv").write_text("file,rejected,curated\n" + rows)
    assert call("augment", folder, "--size", 16) == 0
    assert "4 of 5 pictures taken, 2 of them curated" in capsys.readouterr().out
    assert len(data.load("colour_field", 16, folder=tmp_path / "some_16")[0]) == 24
    assert len(data.load("colour_field", 16, folder=tmp_path / "some_16", subset="curated")[0]) == 12
    assert call("augment", folder, "--size", 16, "--subset", "curated", "--out", tmp_path / "few") == 0
    assert len(list((tmp_path / "few").glob("*.jpg"))) == 12
    assert call("augment", folder, "--size", 16, "--subset", "all", "--out", tmp_path / "all") == 0
    assert len(list((tmp_path / "all").glob("*.jpg"))) == 30
    (tmp_path / "some_labels.csv").unlink()
    assert "needs the list" in refused(capsys, "augment", folder, "--subset", "curated", "--out", tmp_path / "x")


def test_names_that_would_meet_are_kept_apart(tmp_path):
    assert augment.file_names(["a.jpg", "A.png", "b.c.jpg", "sub/a.jpg"], "jpg") == {
        "a.jpg": [f"a-jpg{copy}.jpg" for copy in data.COPIES],
        "A.png": [f"A-png{copy}.jpg" for copy in data.COPIES],
        "b.c.jpg": [f"b.c{copy}.jpg" for copy in data.COPIES],
        "sub/a.jpg": [f"sub/a{copy}.jpg" for copy in data.COPIES],
    }
    with pytest.raises(UserError, match="would both become"):
        augment.file_names(["a.jpg", "a.png", "a-png.webp"], "jpg")


def test_copies_are_not_copied_again(tmp_path, capsys):
    folder = fill(tmp_path / "some", 2, 64)
    assert call("augment", folder, "--size", 16) == 0
    assert "holds copies already" in refused(capsys, "augment", tmp_path / "some_16")
