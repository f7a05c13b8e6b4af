"""The invented colour-field paintings: the same for the same seed, of every kind, varied, never blank."""

import numpy as np
import pytest
from PIL import Image

from artkeras.synthetic import CURATED_KINDS, KINDS, colour_field, colour_fields, kind_of, paint, strokes


@pytest.fixture(scope="module")
def pictures():
    return colour_field(60, size=32, seed=5)


def distances(pictures):
    """The mean absolute difference of every pair of pictures, in levels of 255."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    rows, columns = np.triu_indices(len(flat), 1)
    return np.abs(flat[rows] - flat[columns]).mean(axis=1)


@pytest.mark.parametrize("size", [8, 13, 64, 512])
def test_shape_and_dtype_at_any_size(size):
    made = colour_field(2, size=size)
    assert made.shape == (2, size, size, 3)
    assert made.dtype == np.uint8


def test_no_pictures_is_an_empty_array():
    assert colour_field(0, size=16).shape == (0, 16, 16, 3)


@pytest.mark.parametrize("curated", [False, True])
def test_same_seed_same_pictures(curated):
    one = colour_field(12, size=16, seed=9, curated=curated)
    assert np.array_equal(one, colour_field(12, size=16, seed=9, curated=curated))


def test_numpy_global_seed_plays_no_part(pictures):
    np.random.seed(1)
    assert np.array_equal(colour_field(5, size=32, seed=5), pictures[:5])


def test_first_pictures_do_not_depend_on_count(pictures):
    assert np.array_equal(colour_field(7, size=32, seed=5), pictures[:7])


def test_another_seed_paints_other_pictures(pictures):
    other = colour_field(20, size=32, seed=6)
    same = [np.array_equal(a, b) for a, b in zip(other, pictures)]
    assert not any(same)
    # Seed and index must not be added up: picture 1 of seed 5 is not picture 0 of seed 6.
    assert not any(np.array_equal(a, b) for a, b in zip(other[:-1], pictures[1:20]))


def test_another_size_keeps_the_composition():
    small, large = colour_field(12, size=32, seed=2), colour_field(12, size=128, seed=2)
    shrunk = [np.asarray(Image.fromarray(p).resize((32, 32), Image.Resampling.BOX)) for p in large]
    assert np.abs(small.astype(float) - np.array(shrunk)).mean(axis=(1, 2, 3)).max() < 6


def test_every_kind_is_reached():
    assert {kind_of(i) for i in range(40)} == set(KINDS)
    assert {kind_of(i, curated=True) for i in range(40)} == set(CURATED_KINDS)


def test_curated_has_no_stripes_and_no_stains():
    assert {kind_of(i, 3, curated=True) for i in range(300)}.isdisjoint({"stripes", "stains"})


@pytest.mark.parametrize("curated", [False, True])
def test_each_picture_is_painted_by_the_kind_announced(curated, monkeypatch):
    called = []

    def spy(kind):
        painter = colour_fields._PAINTERS[kind]
        return lambda *args: called.append(kind) or painter(*args)

    monkeypatch.setattr(colour_fields, "_PAINTERS", {kind: spy(kind) for kind in KINDS})
    colour_field(30, size=8, seed=4, curated=curated)
    assert called == [kind_of(i, 4, curated=curated) for i in range(30)]


@pytest.mark.parametrize(("size", "drawn"), [(8, 128), (32, 128), (48, 192)])
def test_pictures_are_drawn_four_times_as_large(size, drawn, monkeypatch):
    sizes = []

    def blank(rng, n, palette):
        sizes.append(n)
        return np.ones((n, n, 3), np.float32)

    monkeypatch.setattr(colour_fields, "_PAINTERS", dict.fromkeys(KINDS, blank))
    colour_field(1, size=size)
    assert sizes == [drawn]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_paints_finite_float_pictures_of_its_own(kind):
    paintings = []
    for k in range(8):
        rng = np.random.default_rng(k)
        painting = colour_fields._PAINTERS[kind](rng, 128, paint.palette(rng))
        assert painting.shape == (128, 128, 3)
        assert painting.dtype == np.float32
        assert np.isfinite(painting).all()
        assert painting.min() > -0.3
        assert painting.max() < 1.3
        paintings.append(painting)
    assert distances(np.array(paintings) * 255).min() > 4


def test_pictures_are_varied(pictures):
    apart = distances(pictures)
    assert apart.mean() > 50
    assert apart.min() > 8


def test_no_picture_is_blank(pictures):
    assert pictures.std(axis=(1, 2)).max(axis=1).min() > 4
    assert np.median(pictures.std(axis=(1, 2, 3))) > 25


def test_the_collection_has_warm_cold_dark_and_light_pictures(pictures):
    red, _, blue = pictures.mean(axis=(1, 2)).T
    light = pictures.mean(axis=(1, 2, 3))
    assert (red - blue > 40).any()
    assert (blue - red > 10).any()
    assert (light < 80).any()
    assert (light > 180).any()


def test_paint_has_a_surface():
    # Even far from any edge no painted field is one single colour: the canvas shows.
    ground = np.full((256, 256, 3), 0.5, np.float32)
    woven = paint.weave(np.random.default_rng(0), ground)
    assert 0.002 < woven.std() < 0.05


def test_palettes_are_well_formed_and_survive_oklab():
    assert len(set(paint.PALETTES)) == len(paint.PALETTES) >= 24
    for row in paint.PALETTES:
        rgb = np.array([list(bytes.fromhex(colour)) for colour in row.split()]) / 255
        assert rgb.shape == (5, 3)
        assert np.allclose(paint.from_oklab(paint.to_oklab(rgb)), rgb, atol=1e-3)


def test_oklab_agrees_with_known_values():
    # White has lightness 1 and no colour; pure red as published by Ottosson's reference code.
    lab = paint.to_oklab(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
    assert np.allclose(lab, [[1, 0, 0], [0.62796, 0.22486, 0.12585]], atol=1e-4)


def test_neighbours_in_a_sequence_differ():
    order = paint.sequence(np.random.default_rng(0), 4, 500)
    assert (np.diff(order) != 0).all()
    assert set(order.tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({"count": -1}, "count"), ({"count": 1, "size": 7}, "size"), ({"count": 1, "seed": -1}, "seed")],
)
def test_bad_arguments_raise_one_clear_line(arguments, word):
    with pytest.raises(ValueError, match=word) as caught:
        colour_field(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("index", "seed"), [(-1, 0), (0, -1)])
def test_kind_of_refuses_negative_numbers(index, seed):
    with pytest.raises(ValueError, match="negative"):
        kind_of(index, seed)


# --- brush strokes --------------------------------------------------------------------------------------------


def test_strokes_depend_on_seed_index_and_size_alone():
    two = strokes(2, 24, seed=3)
    assert two.shape == (2, 24, 24, 3) and two.dtype == np.uint8
    assert np.array_equal(strokes(1, 24, seed=3), two[:1])
    assert not np.array_equal(two[0], two[1])
    assert not np.array_equal(strokes(1, 24, seed=4), two[:1])
    assert strokes(0).shape == (0, 64, 64, 3)


def test_strokes_keep_their_composition_at_another_size():
    small, large = strokes(1, 24, seed=3)[0], strokes(1, 96, seed=3)[0]
    shrunk = large.reshape(24, 4, 24, 4, 3).mean((1, 3))
    means = [picture.reshape(4, 6, 4, 6, 3).mean((1, 3)).ravel() for picture in (small.astype(float), shrunk)]
    assert np.corrcoef(means)[0, 1] > 0.9
    assert large.std() > 20


@pytest.mark.parametrize("arguments", [(-1,), (1, 7), (1, 8, -1)])
def test_strokes_refuse_what_makes_no_picture(arguments):
    with pytest.raises(ValueError, match="or more"):
        strokes(*arguments)
