"""Pictures: copies, grouping by painting, held-out paintings, limits, and where a study is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from image_files import (
    expanded_names,
    fill,
    message,
    picture,
)
from PIL import Image

from artkeras import data
from artkeras.data import pairs
from artkeras.errors import UserError

# -------------------------------------------------------------------------------------------- copies


def test_the_six_copies_are_those_of_pil_in_the_published_order(folder):
    fill(folder, ["a.png", "b.png"])
    training, held = data.load("study", 8, folder=folder)
    assert held is None
    assert len(training) == 12
    assert training.copies == 6
    turns = [
        None,
        *(
            getattr(Image.Transpose, name)
            for name in ("FLIP_LEFT_RIGHT", "FLIP_TOP_BOTTOM", "ROTATE_90", "ROTATE_180", "ROTATE_270")
        ),
    ]
    expected = [
        np.asarray(picture(number) if turn is None else picture(number).transpose(turn))
        for number in (0, 1)
        for turn in turns
    ]
    taken = training.take(range(12))
    assert taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, np.stack(expected))
    np.testing.assert_array_equal(training.take([10, 3, 3]), np.stack([expected[i] for i in (10, 3, 3)]))
    assert data.COPIES == ("", " LR", " TB", " 90", " 180", " 270")


def test_take_returns_fresh_memory_and_refuses_bad_indices(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    before = training.take([0])
    training.take([0])[:] = 0
    np.testing.assert_array_equal(training.take([0]), before)
    assert training.take([]).shape == (0, 8, 8, 3)
    for bad in ([6], [-1], [0.5], [True]):
        with pytest.raises(IndexError):
            training.take(bad)


def test_originals_are_one_picture_per_painting(folder):
    fill(folder, ["a.png", "b.png"])
    training, _ = data.load("study", 8, folder=folder)
    plain, _ = data.load("study", 8, folder=folder, expand=False)
    assert len(training.originals()) == 2
    assert training.originals().fingerprint == plain.fingerprint != training.fingerprint


# ------------------------------------------------------------------------------ an expanded folder


def test_an_expanded_folder_is_grouped_and_not_expanded_again(folder):
    names = [*expanded_names("a"), *expanded_names("sub/a"), "Untitled 90.png"]
    fill(folder, names)
    training, _ = data.load("study", 8, folder=folder)
    assert training.copies == 1
    assert len(training) == 13
    groups = {}
    for name, painting in zip(training.names, training.paintings.tolist(), strict=True):
        groups.setdefault(painting, set()).add(name)
    expected = [set(expanded_names("a")), set(expanded_names("sub/a")), {"Untitled 90.png"}]
    assert sorted(groups.values(), key=sorted) == sorted(expected, key=sorted)
    assert training.originals().names == ("a.png", "sub/a.png", "Untitled 90.png")
    assert any("already expanded" in note for note in training.notes)


def test_a_painting_called_untitled_90_is_a_painting(folder):
    fill(folder, ["Untitled 90.png", "sub/Untitled.png", "b.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert len(np.unique(training.paintings)) == 3
    assert training.copies == 6
    assert not any("expanded" in note for note in training.notes)


@pytest.mark.parametrize("suffix", data.COPIES[1:])
def test_a_copy_is_one_only_if_it_shows_the_painting(folder, suffix):
    fill(folder, ["Untitled.png", f"Untitled{suffix}.png", "b.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert len(np.unique(training.paintings)) == 2 and training.copies == 1
    picture(77).save(folder / f"Untitled{suffix}.png")  # another painting that happens to be called so
    training, _ = data.load("study", 8, folder=folder)
    assert len(np.unique(training.paintings)) == 3 and training.copies == 6
    assert any(
        note == f"1 named like copies, but paintings of their own by what they show: Untitled{suffix}.png"
        for note in training.notes
    )


def test_a_copy_that_was_saved_again_is_still_one_and_a_copy_of_an_impostor_is_its_copy(folder):
    large = picture(1, (6, 4)).resize((96, 64))
    large.save(folder / "a.jpg", quality=95)
    large.transpose(Image.Transpose.ROTATE_90).save(folder / "a 90.jpg", quality=60)
    fill(folder, ["b.png"])
    picture(8).save(folder / "b TB.png")
    picture(8).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "b TB LR.png")
    for fit in ("stretch", "crop"):
        training, _ = data.load("study", 8, folder=folder, fit=fit)
        numbers = dict(zip(training.names, training.paintings.tolist(), strict=True))
        assert numbers["a.jpg"] == numbers["a 90.jpg"]
        assert len({numbers["a.jpg"], numbers["b.png"], numbers["b TB.png"]}) == 3
        assert numbers["b TB LR.png"] == numbers["b TB.png"]


def test_a_lone_copy_of_an_unreadable_painting_counts_as_a_painting(folder):
    fill(folder, ["a 90.png", "b.png"])
    (folder / "a.jpg").write_bytes(b"")
    training, _ = data.load("study", 8, folder=folder)
    assert training.copies == 6 and len(training) == 12


def test_copies_find_their_painting_in_another_format_and_when_it_is_unreadable(folder):
    fill(folder, ["a LR.png", "a 90.png", "b.png", "b LR.bmp"])
    (folder / "a.jpg").write_bytes(b"")
    training, _ = data.load("study", 8, folder=folder)
    assert training.copies == 1
    numbers = dict(zip(training.names, training.paintings.tolist(), strict=True))
    assert numbers["a LR.png"] == numbers["a 90.png"] != numbers["b.png"] == numbers["b LR.bmp"]


# ------------------------------------------------------------------------------- holdout and limit


def test_no_painting_is_on_both_sides_and_the_seed_decides(folder):
    fill(folder, [f"{number}.png" for number in range(20)])
    training, held = data.load("study", 8, folder=folder, holdout=0.25)
    assert (len(training), len(held), held.copies) == (15 * 6, 5, 1)
    assert not set(training.names) & set(held.names)
    assert not np.isin(held.paintings, training.paintings).any()
    again = data.load("study", 8, folder=folder, holdout=0.25)
    assert (again[0].fingerprint, again[1].fingerprint) == (training.fingerprint, held.fingerprint)
    others = [data.load("study", 8, folder=folder, holdout=0.25, seed=seed)[1].names for seed in range(1, 5)]
    assert len({held.names, *others}) > 1


def test_an_expanded_folder_is_split_by_painting(folder):
    fill(folder, [name for stem in "abcdef" for name in expanded_names(stem)])
    training, held = data.load("study", 8, folder=folder, holdout=0.5)
    assert (len(training), len(held)) == (18, 3)
    assert not np.isin(held.paintings, training.paintings).any()
    assert {name[0] for name in training.names} | {name[0] for name in held.names} == set("abcdef")
    assert all(len(Path(name).stem) == 1 for name in held.names)


def test_files_of_identical_content_stay_on_one_side(folder):
    for number in range(12):
        picture(number // 2).save(folder / f"{number}.png")  # six pairs
    for seed in range(8):
        training, held = data.load("study", 8, folder=folder, holdout=0.25, seed=seed)
        assert not {p.tobytes() for p in training.array} & {p.tobytes() for p in held.array}
        assert len(held) == 4  # three, and the twin of the third


def test_the_split_depends_neither_on_size_nor_on_file_order(folder, tmp_path):
    fill(folder, [f"{number}.png" for number in range(10)])
    turned = tmp_path / "turned"
    turned.mkdir()
    for number in range(10):
        (turned / f"{9 - number}.png").write_bytes((folder / f"{number}.png").read_bytes())
    held = data.load("study", 8, folder=folder, holdout=0.3)[1]
    assert data.load("study", 4, folder=folder, holdout=0.3)[1].names == held.names
    other = data.load("study", 8, folder=turned, holdout=0.3)[1]
    assert {p.tobytes() for p in other.array} == {p.tobytes() for p in held.array}


def test_at_least_one_painting_is_held_out_and_never_all(folder):
    fill(folder, ["a.png", "b.png", "c.png"])
    for share, count in ((0.001, 1), (0.999, 2), (0, 0)):
        _, held = data.load("study", 8, folder=folder, holdout=share)
        assert (len(held) if held else 0) == count
    for name in ("a.png", "b.png", "c.png"):
        picture(0).save(folder / name)
    training, held = data.load("study", 8, folder=folder, holdout=0.5)
    assert len(training) >= 6
    assert len(held) >= 1
    for name in ("b.png", "c.png"):
        (folder / name).unlink()
    assert "two paintings" in message(data.load, "study", 8, folder=folder, holdout=0.5)


def test_limit_counts_paintings_after_the_split(folder):
    fill(folder, [f"{number}.png" for number in range(10)])
    _, held = data.load("study", 8, folder=folder, holdout=0.3)
    training, same = data.load("study", 8, folder=folder, holdout=0.3, limit=4)
    assert len(training) == 24
    assert same.fingerprint == held.fingerprint
    assert not set(training.names) & set(held.names)
    chosen = {data.load("study", 8, folder=folder, limit=4, seed=seed)[0].names for seed in range(5)}
    assert len(chosen) > 1
    assert len(data.load("study", 8, folder=folder, limit=99)[0]) == 60


def test_limit_in_an_expanded_folder_keeps_all_copies(folder):
    fill(folder, [name for stem in "abc" for name in expanded_names(stem)])
    training, _ = data.load("study", 8, folder=folder, limit=2)
    assert len(training) == 12
    assert len(np.unique(training.paintings)) == 2


def test_the_fingerprint_tells_apart_whatever_differs(folder):
    fill(folder, [f"{number}.png" for number in range(4)])
    changes = [{}, {"size": 4}, {"fit": "crop"}, {"expand": False}, {"holdout": 0.3}, {"limit": 2}]
    loaded = [data.load("study", **{"size": 8, "folder": folder, **change})[0] for change in changes]
    assert len({pictures.fingerprint for pictures in loaded}) == len(changes)


@pytest.mark.parametrize(
    "settings",
    [
        {"holdout": 1},
        {"holdout": -0.1},
        {"holdout": float("nan")},
        {"holdout": "half"},
        {"holdout": True},
        {"limit": 0},
        {"limit": 2.5},
        {"size": 0},
        {"size": 8.0},
        {"subset": "best"},
        {"fit": "pad"},
        {"seed": "x"},
        {"seed": 0.5},
    ],
    ids=str,
)
def test_bad_settings_are_errors_that_name_the_setting(folder, settings):
    fill(folder, ["a.png", "b.png"])
    name, value = next(iter(settings.items()))
    text = message(data.load, "study", **{"folder": folder, "size": 8, **settings})
    assert text.startswith(name)
    assert repr(value) in text


# ----------------------------------------------------------------------------- finding, placeholders


def test_find_prefers_what_is_named_then_the_environment_then_here(folder, tmp_path, monkeypatch):
    assert data.find("study") is None
    fill(Path("data/study"), ["a.png"])
    assert data.find("study") == Path("data/study")
    monkeypatch.setenv("ARTKERAS_DATA", str(folder.parent))
    assert data.find("study") == Path("data/study")  # the other one is still empty
    fill(folder, ["b.png"])
    assert data.find("study") == folder
    assert data.find("other") is None
    fill(tmp_path / "own", ["c.png"])
    assert data.find("study", tmp_path / "own") == tmp_path / "own"
    message(data.find, "study", tmp_path / "nowhere")
    assert data.load("study", 8)[0].source == str(folder)


def test_names_that_begin_as_a_home_folder_of_nobody_are_names(monkeypatch):
    Image.new("RGB", (4, 3)).save("~no such user.png")
    assert data.picture("~no such user.png").size == (4, 3)
    with pytest.raises(UserError, match="no such file"):
        data.picture("~no such user/1.png")
    with pytest.raises(UserError, match="does not exist"):
        data.find("colour_field", "~no such user/pictures")
    monkeypatch.setenv("ARTKERAS_DATA", "~no such user")
    assert data.find("colour_field") is None
    assert pairs.find("monet2photo", ("monet", "photo")) is None


def test_without_pictures_there_are_placeholders_that_say_so(monkeypatch):
    monkeypatch.setattr(data.loading, "PLACEHOLDER_COUNT", 10)
    training, held = data.load("colour_field", 16, holdout=0.2, limit=5)
    assert training.synthetic
    assert held.synthetic
    assert training.source == "synthetic placeholder"
    assert (len(training), len(held)) == (30, 2)
    assert training.array.shape == (5, 16, 16, 3)
    assert "ARTKERAS_DATA" in training.notes[0]
    assert "--data" in training.notes[0]
    curated, _ = data.load("colour_field", 16, subset="curated")
    everything, _ = data.load("colour_field", 16)
    assert curated.fingerprint != everything.fingerprint
    text = message(data.load, "unheard_of", 16)
    assert "unheard_of" in text
    assert "--data" in text


def test_a_real_folder_is_no_placeholder(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert not training.synthetic
    assert training.source == str(folder)


# ------------------------------------------------------------------------------------ small things


def test_to_float_is_the_way_back_of_to_uint8():
    every = np.arange(256, dtype=np.uint8)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        floats = data.to_float(every, low, high)
        assert floats.dtype == np.float32 and (floats[0], floats[-1]) == pytest.approx((low, high))
        np.testing.assert_array_equal(data.to_uint8(floats, low, high), every)


def test_to_uint8_scales_clips_and_rounds():
    x = np.array([[-1.0, 1.0, 0.0], [-9.0, 9.0, np.nan]])
    np.testing.assert_array_equal(data.to_uint8(x), [[0, 255, 128], [0, 255, 0]])
    np.testing.assert_array_equal(data.to_uint8(np.array([0.0, 0.2, np.inf]), low=0.0), [0, 51, 255])
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(data.to_uint8(every.astype(np.float32) / 127.5 - 1), every)
    np.testing.assert_array_equal(data.to_uint8(np.array([-1, 1], dtype=np.float16)), [0, 255])
    with pytest.raises(ValueError, match="low"):
        data.to_uint8(x, 1.0, 1.0)


def test_pictures_need_no_keras():
    heavy = "'keras', 'tensorflow', 'jax', 'torch'"
    code = f"import sys, artkeras.data; print([name for name in ({heavy}) if name in sys.modules])"
    root = Path(data.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_user_errors_are_value_errors():
    assert issubclass(UserError, ValueError)
