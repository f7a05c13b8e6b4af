"""Two domains of pictures: halves of files or two folders, split, drawn and cut; and what is said of bad ones."""

import numpy as np
import pytest
from PIL import Image
from training_worker import lighten

from artkeras import data
from artkeras.data import pairs
from artkeras.errors import UserError

FACADES, MONET2PHOTO = ("right", "left"), ("monet", "photo")


@pytest.fixture(autouse=True)
def few_placeholders(monkeypatch):
    lighten(monkeypatch)


def message(call, *arguments, **options) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def save(path, colour, size=(32, 32)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def pair(path, left, right, size=(64, 32)):
    """A file of two flat halves."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def facades(tmp_path):
    """Ten pairs: reds of 0, 20, ... on the left, greens of the same on the right."""
    for k in range(10):
        pair(tmp_path / "data" / "facades" / f"{k}.png", (20 * k, 0, 0), (0, 20 * k, 0))
    return tmp_path / "data" / "facades"


@pytest.fixture
def sets(tmp_path):
    """Four Monets, red; nine photographs, green; each of a level of its own."""
    for name, count, channel in (("monet", 4, 0), ("photo", 9, 1)):
        for k in range(count):
            save(tmp_path / "data" / name / f"{k}.png", tuple(20 * k + 40 if c == channel else 0 for c in range(3)))
    return tmp_path / "data"


# --- pairs ----------------------------------------------------------------------------------------------


def test_either_half_can_be_the_first(facades):
    train, held_out = pairs.load("facades", FACADES, 16)
    assert (len(train), held_out, train.aligned) == (10, None, True)
    drawn = train.draw(np.random.default_rng(0), 20)
    assert drawn.shape == (20, 16, 16, 6) and drawn.dtype == np.uint8
    labels, photographs = drawn[..., :3], drawn[..., 3:]
    assert not labels[..., [0, 2]].any() and not photographs[..., 1:].any()  # the halves are not mixed
    np.testing.assert_array_equal(labels[..., 1], photographs[..., 0])  # and belong together
    turned, _ = pairs.load("facades", FACADES[::-1], 16)
    np.testing.assert_array_equal(turned.take(range(10))[..., :3], train.take(range(10))[..., 3:])
    assert turned.fingerprint != train.fingerprint


def test_halves_stay_together_when_held_out_and_limited(facades):
    train, held_out = pairs.load("facades", FACADES, 16, holdout=0.3, limit=5, seed=4)
    assert (len(train), len(held_out)) == (5, 3)
    for some in (train, held_out):
        assert some.a.names == some.b.names
    assert not set(train.a.names) & set(held_out.a.names)


def test_pictures_are_loaded_a_little_larger_and_cut_and_mirrored_together(tmp_path):
    rng = np.random.default_rng(1)
    half = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(np.concatenate([half, half], axis=1)).save(tmp_path / "1.png")
    train, _ = pairs.load("facades", FACADES, 64, folder=tmp_path)
    assert pairs.jittered(256) == 286
    assert train.a.array.shape[1] == train.b.array.shape[1] == 72  # 64 x 286 / 256
    large, places, mirrored = train.a.array[0], set(), 0
    for seed in range(40):
        (drawn,) = train.draw(np.random.default_rng(seed), 1)
        np.testing.assert_array_equal(drawn[..., :3], drawn[..., 3:])
        for turned in (False, True):
            cut = drawn[:, ::-1, :3] if turned else drawn[..., :3]
            found = [(y, x) for y in range(9) for x in range(9) if np.array_equal(large[y : y + 64, x : x + 64], cut)]
            places.update(found)
            mirrored += turned and len(found)
    assert len(places) > 25 and {y for y, _ in places} == {x for _, x in places} == set(range(9))
    assert 10 < mirrored < 30


def test_draws_depend_on_the_random_numbers_alone(facades):
    train, _ = pairs.load("facades", FACADES, 16)
    one, again, other = (train.draw(np.random.default_rng(seed), 4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_files_that_are_no_pairs_are_skipped_and_listed(facades):
    pair(facades / "odd.png", "red", "green", size=(65, 32))
    save(facades / "square.png", "red")
    (facades / "text.jpg").write_text("no picture")
    train, _ = pairs.load("facades", FACADES, 16)
    assert len(train) == 10
    assert dict(train.skipped) == {
        "odd.png": "65 x 32 pixels, no pair of pictures side by side",
        "square.png": "32 x 32 pixels, no pair of pictures side by side",
        "text.jpg": "not a picture, or a damaged one",
    }
    assert any("3 of 13 files skipped" in note for note in train.notes)


def test_a_folder_without_a_single_pair_says_what_is_wrong(tmp_path):
    save(tmp_path / "flat" / "1.png", "red")
    said = message(pairs.load, "facades", FACADES, 16, folder=tmp_path / "flat")
    assert "no pair of pictures side by side" in said and "1.png" in said
    assert "does not exist" in message(pairs.load, "facades", FACADES, 16, folder=tmp_path / "none")


# --- unpaired sets --------------------------------------------------------------------------------------


def test_unpaired_sets_are_drawn_from_independently(sets):
    train, _ = pairs.load("monet2photo", MONET2PHOTO, 16)
    assert (len(train), len(train.a), len(train.b), train.aligned) == (9, 4, 9, False)
    drawn = train.draw(np.random.default_rng(0), 200)
    levels = drawn[:, 0, 0][:, [0, 4]].tolist()  # red of the Monet, green of the photograph
    assert len(set(map(tuple, levels))) > 30  # of 36 combinations
    assert not drawn[..., [1, 2, 3, 5]].any()
    assert train.notes[-1] == "unpaired: 4 pictures of domain A, 9 of domain B"


def test_taking_begins_the_smaller_set_again(sets):
    train, _ = pairs.load("monet2photo", MONET2PHOTO, 16)
    taken = train.take([3, 4, 8])
    np.testing.assert_array_equal(taken[1:, ..., :3], train.whole("a", [0, 0]))
    np.testing.assert_array_equal(taken[..., 3:], train.whole("b", [3, 4, 8]))
    with pytest.raises(IndexError):
        train.take([9])


def test_a_share_of_either_set_is_held_out(sets):
    train, held_out = pairs.load("monet2photo", MONET2PHOTO, 16, holdout=0.25)
    assert [len(train.a), len(train.b), len(held_out.a), len(held_out.b)] == [3, 7, 1, 2]


@pytest.mark.parametrize("layout", ["domains", "train"])
def test_a_folder_holds_both_sets_under_their_names_or_the_usual_ones(sets, tmp_path, layout):
    folder = sets
    if layout == "train":
        folder = tmp_path / "kaggle"
        folder.mkdir()
        (sets / "monet").rename(folder / "trainA")
        (sets / "photo").rename(folder / "trainB")
    train, _ = pairs.load("monet2photo", MONET2PHOTO, 16, folder=folder)
    assert (len(train.a), len(train.b), train.source) == (4, 9, str(folder))


def test_what_is_missing_of_a_folder_is_said(sets, tmp_path):
    (sets / "photo").rename(tmp_path / "elsewhere")
    said = message(pairs.load, "monet2photo", MONET2PHOTO, 16, folder=sets)
    assert "has no folder photo" in said and "trainA and trainB" in said
    assert "does not exist" in message(pairs.find, "monet2photo", MONET2PHOTO, sets / "none")
    assert "is not a folder" in message(pairs.find, "monet2photo", MONET2PHOTO, sets / "monet" / "0.png")
    assert pairs.find("monet2photo", MONET2PHOTO) is None  # one set alone is of no use: placeholders take over


def test_sets_are_found_beside_each_other_where_the_environment_says(sets, tmp_path, monkeypatch):
    sets.rename(tmp_path / "far")
    monkeypatch.setenv("ARTKERAS_DATA", str(tmp_path / "far"))
    assert pairs.find("monet2photo", MONET2PHOTO) == tmp_path / "far"


# --- placeholders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("study", "domains"), [("facades", FACADES), ("monet2photo", MONET2PHOTO)])
def test_without_pictures_placeholders_are_drawn_and_say_so(study, domains):
    train, held_out = pairs.load(study, domains, 16, holdout=0.25)
    assert train.synthetic and train.source == "synthetic placeholder"
    assert (len(train), len(held_out)) == (18, 6)
    assert train.notes[0].startswith("NO PAINTINGS FOUND")
    assert train.draw(np.random.default_rng(0), 2).shape == (2, 16, 16, 6)


def test_halves_of_a_placeholder_belong_together():
    train, held_out = pairs.load("facades", FACADES, 16, holdout=0.25)
    from artkeras.synthetic import facades

    wide = facades(24, pairs.jittered(16))
    for some in (train, held_out):
        for name, label, photograph in zip(some.a.names, some.a.array, some.b.array, strict=True):
            drawn = wide[int(name.removeprefix("placeholder-").removesuffix(".png"))]
            np.testing.assert_array_equal(drawn, np.concatenate([photograph, label], axis=1))


def test_a_packed_folder_has_no_halves(tmp_path):
    (tmp_path / data.PACKED_FACTS).write_text("{}")
    assert "squares, no pairs" in message(data.load, "facades", 16, folder=tmp_path, fit="left")
