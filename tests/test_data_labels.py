"""The label list beside a folder: which images it leaves out, and which lists are refused."""

from __future__ import annotations

import pytest
from image_files import (
    expanded_names,
    fill,
    label,
    message,
)

from artkeras import data

# -------------------------------------------------------------------------------------------- labels


def names_of(folder, subset, **settings):
    return data.load("study", 8, folder=folder, subset=subset, **settings)[0].names


LIST = "file,artist,rejected,curated\na.png,X,0,0\nb.png,X,1,0\nc.png,Y,0,1\nd.png,Y,1,1\n"


@pytest.mark.parametrize("text", [LIST, "\ufeff" + LIST.replace("\n", "\r\n"), LIST + "\n\n"])
def test_a_list_chooses_the_subset(folder, text):
    fill(folder, ["a.png", "b.png", "c.png", "d.png"])
    label(folder, text)
    assert names_of(folder, "all") == ("a.png", "b.png", "c.png", "d.png")
    assert names_of(folder, "kept") == ("a.png", "c.png")
    assert names_of(folder, "curated") == ("c.png",)
    fingerprints = {data.load("study", 8, folder=folder, subset=s)[0].fingerprint for s in data.SUBSETS}
    assert len(fingerprints) == 3


def test_a_list_may_be_named_after_the_folder_and_hold_paths_or_base_names(folder):
    other = folder.parent / "mine"
    fill(other, ["x/a.png", "y/a.png", "x/b.png", "ä.png"])
    label(other, "file,rejected,curated\nx\\a.png,1,0\nb.png,1,0\na\u0308.png,1,0\n", "mine_labels.csv")
    assert names_of(other, "kept") == ("y/a.png",)


def test_a_base_name_that_fits_several_files_is_refused(folder):
    fill(folder, ["ann/untitled.png", "bob/untitled.png", "cy/two.png"])
    path = label(folder, "file,rejected,curated\nuntitled.png,1,0\n")
    said = message(data.load, "study", 8, folder=folder)
    assert said == (
        f"{path}: untitled.png fits several files (ann/untitled.png, bob/untitled.png): "
        "write the path of the one that is meant"
    )
    label(folder, "file,rejected,curated\n./bob/untitled.png,1,0\ntwo.png,1,0\n")
    assert names_of(folder, "kept") == ("ann/untitled.png",)


def test_a_name_at_the_top_means_that_file_alone(folder):
    fill(folder, ["untitled.png", "ann/untitled.png"])
    label(folder, "file,rejected,curated\nuntitled.png,1,0\n")
    assert names_of(folder, "kept") == ("ann/untitled.png",)


def test_copies_follow_their_painting_in_the_list(folder):
    fill(folder, [*expanded_names("a"), *expanded_names("b")])
    label(folder, "file,rejected,curated\na.png,1,0\nb.png,0,1\n")
    assert set(names_of(folder, "kept")) == set(expanded_names("b"))
    assert set(names_of(folder, "curated")) == set(expanded_names("b"))


def test_without_a_list_kept_is_everything_and_curated_an_error(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert training.notes == ("no study_labels.csv: nothing rejected",)
    text = message(data.load, "study", 8, folder=folder, subset="curated")
    assert str(folder.parent / "study_labels.csv") in text
    assert "file, rejected, curated" in text


def test_a_list_that_fits_in_part_is_noted_with_counts(folder):
    fill(folder, ["a.png", "b.png", "c.png"])
    label(folder, "file,rejected,curated\na.png,1,0\ngone.png,0,0\n")
    training, _ = data.load("study", 8, folder=folder)
    assert training.names == ("b.png", "c.png")
    assert any("2 paintings are not in it" in note and "1 of its 2 rows" in note for note in training.notes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,rejected,curated\nother.png,0,0\n", "names none"),
        ("file,rejected\na.png,0\n", "lacks the column curated"),
        ("", "lacks the column"),
        ("file,rejected,curated\na.png,0,perhaps\n", "line 2: curated must be 0 or 1, not 'perhaps'"),
        ("file,rejected,curated\na.png,0\n", "curated must be 0 or 1"),
        ("file,rejected,curated\na.png,0,0\na.png,1,0\n", "two things about a.png"),
        ("file,rejected,curated\na.png,1,0\n", "leaves nothing"),
    ],
)
def test_a_wrong_list_is_an_error(folder, text, says):
    fill(folder, ["a.png"])
    path = label(folder, text)
    found = message(data.load, "study", 8, folder=folder)
    assert says in found
    assert str(path) in found


def test_a_list_in_another_encoding_is_an_error(folder):
    fill(folder, ["a.png"])
    label(folder, "file,rejected,curated\nä.png,0,0\n", encoding="latin-1")
    assert "UTF-8" in message(data.load, "study", 8, folder=folder)


def test_the_list_of_the_folder_itself_comes_first(tmp_path):
    for name, mark in (("colour_field", 1), ("mine", 0)):
        fill(tmp_path / name, ["a.png", "b.png"])
        (tmp_path / f"{name}_labels.csv").write_text(f"file,rejected,curated\na.png,{mark},0\nb.png,0,0\n")
    assert len(data.load("colour_field", 4, folder=tmp_path / "mine", expand=False)[0]) == 2
    assert len(data.load("colour_field", 4, folder=tmp_path / "colour_field", expand=False)[0]) == 1
