"""Curate, and how well rules and people agree."""

from __future__ import annotations

import numpy as np
import pytest
from cleaning import call, disguised, fill, refused, small_study, state
from PIL import Image

from artkeras import data
from data_tools import agreement, study
from data_tools.manifest import Manifest


def test_plain_paintings_come_first_and_model_4_reads_the_list(tmp_path, capsys):
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number in range(10):
        stripes = np.zeros((96, 96, 3), np.uint8)
        stripes[: 20 + 5 * number] = (30 + 20 * number, 60, 90)
        Image.fromarray(stripes).save(folder / f"plain {number}.png")
        noise = np.random.default_rng(number).integers(0, 255, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((96, 96)).save(folder / f"wild {number}.png")
    (folder / "broken.png").write_bytes(b"x")
    before = state(folder)
    assert call("curate", folder, "--top", 0.5) == 0
    assert state(folder) == before
    out = tmp_path / "mixed_curated"
    assert data.list_images(out).names == [f"plain {i}.png" for i in range(10)]
    said = capsys.readouterr().out
    assert "1 pictures that cannot be read are left out" in said and "20 pictures ranked, 10 chosen" in said
    chosen, _ = data.load("colour_field", 8, folder=out, subset="curated")
    assert len(chosen) == 60
    rows = list(Manifest(out))
    assert [row["place"] for row in rows] == list(range(1, 21))
    assert [row["decision"] for row in rows] == ["keep"] * 10 + ["drop"] * 10


def test_curating_leaves_out_what_a_list_rejects_and_obeys_a_hand(tmp_path, capsys):
    folder = fill(tmp_path / "some", 6, 64)
    (tmp_path / "some_labels.csv").write_text("file,rejected,curated\nSome Painter0.jpg,1,0\n")
    (tmp_path / "hand.csv").write_text(
        "file,decision,before\nSome Painter1.jpg,keep,drop\nSome Painter2.jpg,drop,drop\n"
    )
    assert call("curate", folder, "--top", 0, "--apply", tmp_path / "hand.csv") == 0
    assert data.list_images(tmp_path / "some_curated").names == ["Some Painter1.jpg"]
    assert "1 pictures that the list beside" in capsys.readouterr().out
    assert "raise --top" in refused(capsys, "curate", folder, "--top", 0, "--out", tmp_path / "none")
    rows = "".join(f"Some Painter{number}.jpg,1,0\n" for number in range(6))
    (tmp_path / "some_labels.csv").write_text(f"file,rejected,curated\n{rows}")
    assert "rejects all of its pictures" in refused(capsys, "curate", folder, "--forget")


def test_a_list_of_somebody_else_is_not_overwritten(tmp_path, capsys):
    folder = fill(tmp_path / "some", 4, 64)
    (tmp_path / "some_curated_labels.csv").write_text("by hand")
    assert "is there already" in refused(capsys, "curate", folder)
    assert (tmp_path / "some_curated_labels.csv").read_text() == "by hand"


def test_auc_counts_pairs():
    scores, positive = np.array([3, 1, 2, 2, 0]), np.array([1, 1, 1, 0, 0], bool)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    assert agreement.auc(scores, positive) == pytest.approx(np.mean(pairs))
    with pytest.raises(ValueError):
        agreement.auc(scores, np.ones(5, bool))


def test_a_pooled_auc_can_flatter_and_the_one_within_artists_does_not():
    artists = np.repeat(["a", "b"], 50)
    scores = np.repeat([1.0, 0.0], 50) + np.random.default_rng(0).normal(0, 0.1, 100)
    positive = np.array([True] * 45 + [False] * 5 + [True] * 5 + [False] * 45)
    rng = np.random.default_rng(1)
    for start in (0, 50):
        positive[start : start + 50] = rng.permutation(positive[start : start + 50])
    assert agreement.auc(scores, positive) > 0.85
    assert np.mean(list(agreement.within(scores, positive, artists).values())) < 0.65
    assert set(agreement.within(scores, positive, np.array(["a"] * 99 + ["b"]))) == {"a"}


def test_left_out_artists_do_not_vote_on_themselves():
    rng = np.random.default_rng(0)
    artists = np.repeat(np.arange(10), 20)
    measures = rng.normal(size=(200, 2))
    positive = measures[:, 0] + 0.1 * rng.normal(size=200) > 0
    assert agreement.auc(agreement.left_out(measures, positive, artists), positive) > 0.97
    # a measure that is a good sign for this artist alone must not help it
    only = np.where(artists == 3, positive, rng.random(200) < 0.5)[:, None].astype(float)
    scores = agreement.left_out(only, positive, artists)
    assert scores[artists == 3].std() < 0.5


def test_agreement_is_printed_for_a_disguised_study(tmp_path, monkeypatch, capsys):
    folder, _ = small_study(monkeypatch, tmp_path)
    disguised(folder, tmp_path / "again")
    lines = agreement.report(tmp_path / "again", study.Study("small"))
    assert lines[:3] == [
        "12 files, 12 of them in the authors' list of 12",
        "rejected by the authors 2, kept 10, with copies 60",
        "chosen for model 4 4, with copies 24",
    ]
    assert any(line.startswith("solid ") for line in lines)
