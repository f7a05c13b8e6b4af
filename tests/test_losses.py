"""The adversarial losses equal their closed forms, on one score a picture and on maps of scores."""

import numpy as np
import pytest

from artkeras.engine import keras
from artkeras.losses import BCE, LEAST_SQUARES, SMOOTHED_BCE, AdversarialLoss

SHAPES = [(6, 1), (6, 5, 4, 1)]


def cross_entropy(scores, labels):
    """Binary cross-entropy of logits, in double precision: log(1 + e^s) - l s."""
    scores = np.asarray(scores, "float64")
    return np.mean(np.logaddexp(0, scores) - labels * scores)


def scores_of(shape, seed=0):
    return 3 * np.random.default_rng(seed).normal(size=shape).astype("float32")


def value(loss, scores, is_real, seed=None):
    random = None if seed is None else keras.random.SeedGenerator(seed)
    return float(loss(keras.ops.convert_to_tensor(scores), is_real, random=random))


# --- values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_real", [True, False])
def test_cross_entropy_equals_its_closed_form(shape, is_real):
    scores = scores_of(shape)
    assert value(BCE, scores, is_real) == pytest.approx(cross_entropy(scores, float(is_real)), rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_real", [True, False])
def test_least_squares_equals_its_closed_form(shape, is_real):
    scores = scores_of(shape)
    assert value(LEAST_SQUARES, scores, is_real) == pytest.approx(np.mean((scores - float(is_real)) ** 2), rel=1e-5)


@pytest.mark.parametrize(("is_real", "label"), [(True, 0.9), (False, 0.1)])
@pytest.mark.parametrize("shape", SHAPES)
def test_constant_soft_labels_need_no_random_generator(shape, is_real, label):
    scores = scores_of(shape)
    soft = AdversarialLoss("cross_entropy", real=(0.9, 0.9), fake=(0.1, 0.1))
    assert value(soft, scores, is_real) == pytest.approx(cross_entropy(scores, label), rel=1e-5)
    soft = AdversarialLoss("least_squares", real=(0.9, 0.9), fake=(0.1, 0.1))
    assert value(soft, scores, is_real) == pytest.approx(np.mean((scores - label) ** 2), rel=1e-5)


@pytest.mark.parametrize("score", [-80.0, -20.0, 20.0, 80.0])
@pytest.mark.parametrize("is_real", [True, False])
def test_cross_entropy_of_a_sure_discriminator_is_not_clipped(score, is_real):
    # a sigmoid followed by a clipped logarithm would stop near 16
    assert value(BCE, [[score]], is_real) == pytest.approx(cross_entropy([[score]], float(is_real)), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("loss", [BCE, LEAST_SQUARES, SMOOTHED_BCE])
def test_loss_is_a_float32_scalar_even_of_bfloat16_scores(loss):
    scores = keras.ops.cast(scores_of((6, 1)), "bfloat16")
    result = loss(scores, True, random=keras.random.SeedGenerator(0))
    assert tuple(result.shape) == ()
    assert keras.backend.standardize_dtype(result.dtype) == "float32"


# --- labels drawn from a range -------------------------------------------------------------------------


def mean_and_variance_of_labels(shape, is_real, seed, low=0.7, high=1.0):
    """Mean and variance of the labels drawn, worked out from two losses with the same draw.

    Least squares of scores 0 is mean(l^2), of scores 1 it is 1 - 2 mean(l) + mean(l^2).
    """
    loss = AdversarialLoss("least_squares", real=(low, high), fake=(1 - high, 1 - low))
    at_0 = value(loss, np.zeros(shape, "float32"), is_real, seed)
    at_1 = value(loss, np.ones(shape, "float32"), is_real, seed)
    mean = (1 + at_0 - at_1) / 2
    return mean, at_0 - mean**2


@pytest.mark.parametrize(("is_real", "low", "high"), [(True, 0.7, 1.0), (False, 0.0, 0.3)])
def test_labels_are_drawn_from_the_whole_range_and_never_outside(is_real, low, high):
    labels = [mean_and_variance_of_labels((1, 1), is_real, seed)[0] for seed in range(60)]
    assert low - 1e-5 <= min(labels) < low + 0.05
    assert high - 0.05 < max(labels) <= high + 1e-5


def test_a_map_of_scores_gets_one_label_a_picture():
    _, within_one = mean_and_variance_of_labels((1, 8, 8, 1), True, seed=3)
    assert within_one == pytest.approx(0, abs=1e-5)
    _, across = mean_and_variance_of_labels((256, 8, 8, 1), True, seed=3)
    assert across == pytest.approx(0.3**2 / 12, rel=0.2)  # the variance of a uniform range


def test_a_map_and_single_scores_get_the_same_labels():
    flat = mean_and_variance_of_labels((32, 1), False, seed=5)
    maps = mean_and_variance_of_labels((32, 3, 3, 1), False, seed=5)
    assert maps == pytest.approx(flat, abs=1e-5)


def test_each_call_draws_new_labels():
    random = keras.random.SeedGenerator(0)
    scores = np.zeros((4, 1), "float32")
    first, second = (
        float(AdversarialLoss("least_squares", real=(0.7, 1.0))(scores, True, random=random)) for _ in "ab"
    )
    assert first != second


def test_smoothed_cross_entropy_lies_between_those_of_its_ranges_ends():
    scores = np.full((16, 1), 2.0, "float32")
    assert cross_entropy(scores, 1.0) < value(SMOOTHED_BCE, scores, True, seed=1) < cross_entropy(scores, 0.7)
    assert cross_entropy(scores, 0.0) > value(SMOOTHED_BCE, scores, False, seed=1) > cross_entropy(scores, 0.3)


# --- accuracy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "boundary"), [(BCE, 0.0), (SMOOTHED_BCE, 0.0), (LEAST_SQUARES, 0.5)])
def test_accuracy_counts_the_right_side_of_the_boundary(loss, boundary):
    scores = np.array([[boundary - 2], [boundary - 1e-3], [boundary], [boundary + 1e-3]], "float32")
    scores = keras.ops.convert_to_tensor(scores)
    assert float(loss.accuracy(scores, True)) == 0.25
    assert float(loss.accuracy(scores, False)) == 0.75  # the boundary itself counts as fake


def test_accuracy_of_maps_is_the_share_of_all_scores():
    scores = np.full((2, 2, 2, 1), -1, "float32")
    scores[0, 0, 0, 0] = 1
    scores = keras.ops.convert_to_tensor(scores)
    assert float(BCE.accuracy(scores, True)) == pytest.approx(1 / 8)
    assert float(BCE.accuracy(scores, False)) == pytest.approx(7 / 8)
