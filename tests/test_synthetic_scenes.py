"""The invented facades and landscapes: the same for the same seed, one composition at any size, fit to learn from."""

import numpy as np
import pytest
from PIL import Image

from artkeras import metrics
from artkeras.synthetic import PAINTERS, facades, monet, photo
from artkeras.synthetic.facades import CLASSES

SCENES = pytest.mark.parametrize("make", [facades, monet, photo])


@pytest.fixture(scope="module")
def walls():
    """Forty photographs and their label maps, (40, 48, 48, 3) each."""
    pairs = facades(40, size=48)
    return pairs[:, :, :48], pairs[:, :, 48:]


def shrunk(pictures, height, width):
    return np.stack([np.asarray(Image.fromarray(p).resize((width, height), Image.Resampling.BOX)) for p in pictures])


@SCENES
def test_pictures_depend_on_seed_and_index_alone(make):
    some = make(5, size=16, seed=3)
    assert some.dtype == np.uint8 and some.shape == (5, 16, 32 if make is facades else 16, 3)
    np.testing.assert_array_equal(make(3, size=16, seed=3), some[:3])
    other = make(5, size=16, seed=4)
    assert not any(np.array_equal(a, b) for a in some for b in other)
    assert make(0, size=16).shape[0] == 0


@SCENES
def test_another_size_keeps_the_composition(make):
    small, large = make(4, size=32), make(4, size=64)
    apart = np.abs(small.astype(float) - shrunk(large, *small.shape[1:3])).mean(axis=(1, 2, 3))
    assert apart.max() < 9
    others = np.abs(small[:-1].astype(float) - small[1:]).mean(axis=(1, 2, 3))
    assert others.min() > 1.5 * apart.max()  # so that this tells one composition from another


@SCENES
def test_bad_arguments_raise_one_clear_line(make):
    for arguments, word in (((-1,), "count"), ((1, 7), "size"), ((1, 16, -1), "seed")):
        with pytest.raises(ValueError, match=word):
            make(*arguments)


def test_placeholders_are_called_alike():
    for study in ("facades", "monet", "photo"):
        assert PAINTERS[study](1, 16, curated=True).shape[:2] == (1, 16)


def test_label_maps_are_in_the_colours_of_the_classes():
    labels = facades(12, size=128)[:, :, 128:]
    palette = np.array(list(CLASSES.values()))
    distance = np.abs(labels.reshape(-1, 1, 3).astype(int) - palette).sum(axis=2)
    pure = distance.min(axis=1) == 0
    assert pure.mean() > 0.8  # the rest are edges
    assert set(distance[pure].argmin(axis=1)) == set(range(12))


def test_a_label_map_says_what_stands_where_in_its_photograph(walls):
    photographs, labels = walls
    window = (np.abs(labels.astype(int) - CLASSES["window"]).sum(axis=3) == 0) & (labels[..., 0] == 0)
    wall = np.abs(labels.astype(int) - CLASSES["facade"]).sum(axis=3) == 0
    grey = photographs.mean(axis=3)
    darker = [grey[i][window[i]].mean() < grey[i][wall[i]].mean() for i in range(40) if window[i].any()]
    assert np.mean(darker) > 0.9


def test_a_wall_is_not_to_be_read_off_its_label_map(walls):
    photographs, _ = walls
    assert photographs.mean(axis=(1, 2)).std(axis=0).min() > 12


def test_paintings_are_more_vivid_than_photographs_and_laid_in_dabs():
    paintings, photographs = monet(24, size=48), photo(24, size=48)
    vivid = metrics.saturation(paintings).mean(), metrics.saturation(photographs).mean()
    assert vivid[0] > vivid[1] + 0.02
    strokes = [np.abs(np.diff(p.astype(float), axis=2)).mean() for p in (paintings, photographs)]
    assert strokes[0] > 1.3 * strokes[1]
    sky = [np.abs(np.diff(p[:, :12].astype(float), axis=2)).mean() for p in (paintings, photographs)]
    assert sky[0] > 1.5 * sky[1]


def test_no_painting_shows_the_scene_of_a_photograph():
    paintings, photographs = monet(12, size=16).astype(float), photo(12, size=16).astype(float)
    same = np.abs(paintings - photographs).mean(axis=(1, 2, 3))
    others = np.abs(paintings - np.roll(photographs, 1, axis=0)).mean(axis=(1, 2, 3))
    assert same.mean() > 0.8 * others.mean()
