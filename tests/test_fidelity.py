"""Pictures against pictures: errors, structural similarity, saturation, steps of a walk."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artkeras import metrics
from artkeras.errors import UserError


def flat(level: int, side: int = 16) -> np.ndarray:
    return np.full((1, side, side, 3), level, np.uint8)


def test_absolute_difference_is_a_share_of_the_way_from_black_to_white():
    real = np.concatenate([flat(0), flat(100), flat(255)])
    fake = np.concatenate([flat(255), flat(151), flat(255)])
    assert metrics.absolute_difference(real, fake).tolist() == pytest.approx([1, 0.2, 0])


def test_ssim_of_flat_pictures_is_the_luminance_term():
    """Wang et al. 2004, equation 6: (2 x y + C1) / (x^2 + y^2 + C1), nothing varies and nothing covaries."""
    c1 = (0.01 * 255) ** 2
    for x, y in ((100, 100), (100, 150), (0, 255)):
        expected = (2 * x * y + c1) / (x**2 + y**2 + c1)
        assert metrics.ssim(flat(x), flat(y))[0] == pytest.approx(expected, rel=1e-9)


def test_ssim_agrees_with_scikit_image():
    """scikit-image 0.26.0: structural_similarity(gaussian_weights, sigma 1.5, use_sample_covariance False)."""
    rng = np.random.default_rng(5)
    noisy = rng.integers(0, 256, (24, 31, 3), dtype=np.uint8)
    other = np.clip(noisy.astype(int) + rng.integers(-60, 61, noisy.shape), 0, 255).astype(np.uint8)
    ramp = (np.add.outer(np.arange(24) * 4, np.arange(31) * 3)[..., None] + np.array([0, 20, 40])).astype(np.uint8)
    found = metrics.ssim(np.stack([noisy, ramp]), np.stack([other, other]))
    assert found.tolist() == pytest.approx([0.8955083059, 0.0101739263], abs=1e-8)
    assert metrics.ssim(noisy[None], noisy[None]) == pytest.approx(1)


def test_saturation_is_that_of_hsv():
    picture = np.zeros((1, 1, 4, 3), np.uint8)
    picture[0, 0] = (255, 0, 0), (128, 128, 128), (0, 0, 0), (200, 150, 100)
    assert metrics.saturation(picture)[0] == pytest.approx((1 + 0 + 0 + 0.5) / 4)


@pytest.mark.parametrize("measure", [metrics.absolute_difference, metrics.ssim])
def test_pictures_of_other_shapes_cannot_be_set_side_by_side(measure):
    with pytest.raises(UserError, match="one shape"):
        measure(flat(0), flat(0, 20))
    with pytest.raises(UserError, match="uint8"):
        measure(flat(0), flat(0).astype(float))


def test_ssim_needs_room_for_its_window():
    with pytest.raises(UserError, match="11 pixels"):
        metrics.ssim(flat(0, 10), flat(0, 10))


def test_reconstruction_error_by_hand():
    black = np.zeros((3, 2, 2, 3), np.uint8)
    copies = black.copy()
    copies[1] = 255
    copies[2, 0, 0, 0] = 51  # a fifth, in one of twelve numbers
    np.testing.assert_allclose(metrics.reconstruction_error(black, copies), [0, 1, 0.2 / math.sqrt(12)])
    np.testing.assert_allclose(metrics.reconstruction_error(copies, black), [0, 1, 0.2 / math.sqrt(12)])


@pytest.mark.parametrize("wrong", [np.zeros((2, 2, 2, 3), np.uint8), np.zeros((3, 2, 2, 3)), np.zeros((3, 2, 2, 1))])
def test_reconstruction_error_of_other_pictures_is_refused(wrong):
    with pytest.raises(UserError):
        metrics.reconstruction_error(np.zeros((3, 2, 2, 3), np.uint8), wrong)


def test_largest_step_of_a_fade_a_cut_and_a_standstill():
    levels = np.array([0, 50, 100, 150, 200], np.uint8)
    walk = np.ones((5, 4, 4, 3), np.uint8) * levels[:, None, None, None]
    assert metrics.largest_step(walk) == pytest.approx(1)
    cut = walk[[0, 0, 0, 4, 4]]
    assert metrics.largest_step(cut) == pytest.approx(4)
    assert metrics.largest_step(walk[[2, 2]]) == 1
    with pytest.raises(UserError, match="at least two"):
        metrics.largest_step(walk[:1])
