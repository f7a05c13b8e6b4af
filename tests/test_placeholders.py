"""The invented abstract paintings and prints: the same for the same seed, varied, never blank, of every kind."""

import numpy as np
import pytest
from PIL import Image

from artkeras import data, synthetic
from artkeras.synthetic import abstracts, paint, prints

EVERY = pytest.mark.parametrize("draw", [synthetic.abstract, synthetic.artworks, synthetic.japanese_print])
KINDS = [*abstracts._PAINTERS, *prints._SUBJECTS]


@pytest.fixture(scope="module")
def many():
    """40 pictures of each, by name, drawn once."""
    return {draw.__name__: draw(40, 32, seed=5) for draw in EVERY.args[1]}


@EVERY
@pytest.mark.parametrize("size", [8, 13, 96])
def test_shape_and_dtype_at_any_size(draw, size):
    assert draw(0, size).shape == (0, size, size, 3)
    made = draw(2, size)
    assert made.shape == (2, size, size, 3)
    assert made.dtype == np.uint8


@EVERY
def test_a_picture_depends_on_seed_and_index_alone(draw, many):
    np.random.seed(1)
    first = many[draw.__name__]
    assert np.array_equal(draw(9, 32, seed=5), first[:9])
    assert np.array_equal(draw(9, 32, seed=5, curated=True), first[:9])  # the studies chose none
    other = draw(9, 32, seed=6)
    # neither the same picture, nor that of the next index: seed and index must not be added up
    assert not any(np.array_equal(a, b) for a in other for b in first)


@EVERY
def test_another_size_keeps_the_composition(draw):
    small, large = draw(10, 32, seed=2), draw(10, 96, seed=2)
    shrunk = np.array([np.asarray(Image.fromarray(p).resize((32, 32), Image.Resampling.BOX)) for p in large])
    assert np.abs(small.astype(float) - shrunk).mean(axis=(1, 2, 3)).max() < 14  # other pictures are about 60 apart


@EVERY
def test_pictures_are_varied_and_none_is_blank(draw, many):
    pictures = many[draw.__name__]
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    rows, columns = np.triu_indices(len(flat), 1)
    apart = np.abs(flat[rows] - flat[columns]).mean(axis=1)
    assert apart.mean() > 45
    assert apart.min() > 12
    assert pictures.std(axis=(1, 2)).max(axis=1).min() > 6
    light = pictures.mean(axis=(1, 2, 3))
    assert light.min() < 90 < 165 < light.max()


def test_artworks_are_other_pictures_than_the_abstracts_and_every_third_a_colour_field(many, monkeypatch):
    assert not any(np.array_equal(a, b) for a in many["artworks"] for b in many["abstract"])
    asked = []
    blank = np.zeros((128, 128, 3), np.float32)
    monkeypatch.setattr(abstracts, "draw", lambda index, n, seed: asked.append(("abstract", index)) or blank)
    monkeypatch.setattr(
        abstracts.colour_fields, "draw", lambda index, n, seed: asked.append(("colour_field", index)) or blank
    )
    synthetic.artworks(6, 8)
    kinds = ["abstract", "abstract", "colour_field"] * 2
    assert asked == list(zip(kinds, range(6)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_paints_finite_pictures_of_its_own(kind):
    made = []
    for k in range(4):
        rng = np.random.default_rng(k)
        if kind in abstracts._PAINTERS:
            made.append(kind(rng, 128, paint.palette(rng)))
        else:
            scene = prints.Scene(rng, np.ones((128, 128, 3), np.float32), *prints._colours(rng))
            kind(scene)
            made.append(scene.picture)
    made = np.array(made)
    assert made.shape == (4, 128, 128, 3)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert -0.3 < made.min() < made.max() < 1.6
    assert np.abs(np.diff(made, axis=0)).mean(axis=(1, 2, 3)).min() > 0.02


@pytest.mark.parametrize(
    ("module", "name"), [(abstracts, "_PAINTERS"), (prints, "_SUBJECTS")], ids=["abstracts", "prints"]
)
def test_every_kind_is_reached(module, name, monkeypatch):
    called = []

    def spy(number, kind):
        return lambda *given: called.append(number) or kind(*given)

    kinds = getattr(module, name)
    monkeypatch.setattr(module, name, tuple(spy(number, kind) for number, kind in enumerate(kinds)))
    (abstracts.abstract if module is abstracts else prints.japanese_print)(40, 8)
    assert set(called) == set(range(len(kinds)))


def test_printings_are_well_formed():
    assert len(set(prints.PRINTINGS)) == len(prints.PRINTINGS)
    assert {len(row.split()) for row in prints.PRINTINGS} == {8}
    assert prints._colours(np.random.default_rng(0)).shape == (8, 3)


def test_a_curve_runs_along_its_points_and_a_thin_line_is_faint():
    path = paint.curve([[0, 0.2], [0.5, 0.2], [1, 0.2]], 30)
    assert path.shape == (30, 2)
    assert np.allclose(path[:, 1], 0.2)
    assert (np.diff(path[:, 0]) > -1e-6).all()
    picture = np.ones((64, 64, 3), np.float32)
    with paint.drawing(picture) as pen:
        paint.line(pen, 64, path, paint.ink(np.zeros(3)), 0.25 / 64)  # a quarter of a pixel
    assert picture.min() == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("arguments", [(-1, 32, 0), (1, 7, 0), (1, 32, -1)])
@EVERY
def test_bad_arguments_raise_one_clear_line(draw, arguments):
    with pytest.raises(ValueError, match="or more, got") as caught:
        draw(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("study", ["abstract", "artworks", "japanese_art"])
def test_the_studies_find_their_placeholders(study, monkeypatch):
    monkeypatch.setattr(data.loading, "PLACEHOLDER_COUNT", 6)
    pictures, _ = data.load(study, 16, subset="all", expand=False)
    assert pictures.synthetic
    assert len(pictures) == 6
    assert np.array_equal(pictures.take(range(6)), synthetic.PAINTERS[study](6, 16))
