"""The paintings nearest to samples."""

import numpy as np
import pytest

from artkeras import data, metrics
from artkeras.errors import UserError
from artkeras.reporting.neighbours import originals


@pytest.fixture
def paintings() -> data.Pictures:
    """Placeholders, each with its six copies."""
    return data.load("colour_field", 16)[0]


def test_a_painting_finds_itself_turned_or_not(paintings):
    given = np.stack([paintings.take([6 * 5])[0], np.rot90(paintings.take([6 * 9])[0])])
    found = originals(given, paintings, count=4)
    assert [row[0] for row in found.names] == ["placeholder-005.png", "placeholder-009.png"]
    assert found.pictures.shape == (2, 4, 16, 16, 3)
    np.testing.assert_array_equal(found.pictures[1, 0], paintings.array[9])
    assert found.distances[0, 0] == 0 and found.typical == 0
    assert (np.diff(found.distances) >= 0).all()
    beside = found.beside(given)
    assert beside.shape == (10, 16, 16, 3)
    np.testing.assert_array_equal(beside[5], given[1])
    np.testing.assert_array_equal(beside[6:], found.pictures[1])


def test_distances_are_grey_levels(paintings):
    given = np.clip(paintings.array[:3].astype(int), 0, 245).astype("uint8") + np.uint8(10)
    found = originals(given, paintings, count=1)
    wanted = np.sqrt(np.square(given.astype(float) - paintings.array[:3]).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(found.distances[:, 0], wanted, rtol=1e-6)
    assert [row[0] for row in found.names] == list(paintings.names[:3])


def test_by_what_a_network_sees(paintings):
    def red(pictures):
        return pictures[..., 0].mean(axis=(1, 2))[:, None]

    found = originals(paintings.array[7:8], paintings, count=2, by=red)
    levels = red(paintings.array)[:, 0]
    order = np.abs(levels - levels[7]).argsort(kind="stable")[:2]
    assert found.names == [[paintings.names[i] for i in order]]
    np.testing.assert_allclose(found.distances[0], np.abs(levels - levels[7])[order], atol=1e-6)


def test_what_makes_no_sense_is_refused(paintings):
    with pytest.raises(UserError, match="301 nearest of 300"):
        originals(paintings.array[:1], paintings, count=301)
    with pytest.raises(UserError, match="must be uint8"):
        originals(np.zeros((1, 16, 16, 3)), paintings)
    with pytest.raises(UserError, match=r"must be pictures of shape .*, not \(5,\)"):
        originals(np.zeros(5, "uint8"), paintings)


def test_neighbours_agree_with_nearest():
    random = np.random.default_rng(0)
    fake, train = random.normal(size=(5, 4)), random.normal(size=(24, 4))
    indices, distances = metrics.neighbours(fake, train, 3, copies=2)
    first, nearest = metrics.nearest(fake, train, copies=2)
    np.testing.assert_array_equal(indices[:, 0], first)
    np.testing.assert_allclose(distances[:, 0], nearest)
    assert all(len(set(row)) == 3 for row in indices.tolist())  # a painting counts once
    with pytest.raises(UserError, match="not 13 paintings"):
        metrics.neighbours(fake, train, 13, copies=2)


def test_psnr():
    one = np.full((4, 4, 3), 100, "uint8")
    assert metrics.psnr(one, one) == np.inf
    assert metrics.psnr(one, np.full_like(one, 255)) == pytest.approx(20 * np.log10(255 / 155))
    with pytest.raises(UserError, match="of one shape"):
        metrics.psnr(one, one[:2])
