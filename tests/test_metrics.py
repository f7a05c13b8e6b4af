"""Metrics: right by closed forms, rising with damage, and not fooled by the usual mistakes."""

from __future__ import annotations

import io
import math
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageFilter

from artkeras import data, metrics, synthetic
from artkeras.errors import UserError
from artkeras.metrics import arrays, distribution, spectrum

SIZE = 32
HALF = 240  # paintings in each half of the procedural set


def gaussian(rng: np.random.Generator, n: int, mean: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """(n, d) rows whose own mean and covariance are exactly `mean` and diag(`variances`)."""
    x = rng.standard_normal((n, len(mean)))
    x -= x.mean(0)
    x = np.linalg.qr(x)[0] * math.sqrt(n - 1)
    return x * np.sqrt(variances) + mean


def kid(real: np.ndarray, fake: np.ndarray, **settings) -> float:
    return metrics.kid(real, fake, **settings).mean


def whole_kid(real: np.ndarray, fake: np.ndarray, *, keep_diagonal: bool = False) -> float:
    """The KID of whole sets as in the paper, written plainly; with the diagonals it is the biased one."""
    d = real.shape[1]
    k_real, k_fake, k_across = ((a @ b.T / d + 1) ** 3 for a, b in ((real, real), (fake, fake), (real, fake)))
    if keep_diagonal:
        return k_real.mean() + k_fake.mean() - 2 * k_across.mean()
    m, n = len(real), len(fake)
    within = (k_real.sum() - k_real.trace()) / (m * (m - 1)) + (k_fake.sum() - k_fake.trace()) / (n * (n - 1))
    return within - 2 * k_across.mean()


# ----------------------------------------------------------------------- pictures, damage, and simple features


@pytest.fixture(scope="module")
def paintings() -> np.ndarray:
    """(480, 32, 32, 3) uint8 procedural paintings; never to be changed."""
    pictures = synthetic.colour_field(2 * HALF, SIZE, seed=5)
    pictures.flags.writeable = False
    return pictures


def features(pictures: np.ndarray) -> np.ndarray:
    """(n, 120) statistics of 60 fixed random 4 x 4 colour filters: a network of one layer, of no training.

    Takes uint8, as real networks' wrappers do, or floats taken to be in [-1, 1] already.
    """
    x = pictures / np.float32(127.5) - 1 if pictures.dtype == np.uint8 else pictures.astype(np.float32)
    filters = np.random.default_rng(0).standard_normal((48, 60)).astype(np.float32) / 4
    patches = np.lib.stride_tricks.sliding_window_view(x, (4, 4), axis=(1, 2))[:, ::2, ::2]
    patches = patches.reshape(len(x), -1, 48)
    flat = patches - patches.mean(2, keepdims=True)  # half of the filters see texture alone
    found = np.concatenate([patches @ filters[:, :30], 4 * flat @ filters[:, 30:]], axis=2)
    found = np.maximum(found, 0)
    return np.concatenate([found.mean(1), found.std(1)], axis=1)


def each(pictures: np.ndarray, change) -> np.ndarray:
    return np.stack([np.asarray(change(Image.fromarray(picture))) for picture in pictures])


def blurred(pictures: np.ndarray, radius: float) -> np.ndarray:
    return each(pictures, lambda image: image.filter(ImageFilter.GaussianBlur(radius)))


def noisy(pictures: np.ndarray, amount: float) -> np.ndarray:
    noise = np.random.default_rng(9).normal(0, amount, pictures.shape)
    return np.clip(np.rint(pictures + noise), 0, 255).astype(np.uint8)


def jpeg(pictures: np.ndarray, quality: int) -> np.ndarray:
    def save_again(image):
        file = io.BytesIO()
        image.save(file, format="JPEG", quality=quality)
        return Image.open(file)

    return each(pictures, save_again)


def lost(pictures: np.ndarray, kinds: int) -> np.ndarray:
    """As many pictures, but only of the first `kinds` of the five (by the seed of the second half, see `halves`)."""
    names = ["zips", "rectangles", "stains", "bands", "stripes"]
    kept = [i for i in range(len(pictures)) if names.index(synthetic.kind_of(HALF + i, seed=5)) < kinds]
    return pictures[np.resize(kept, len(pictures))]


def pattern(pictures: np.ndarray, stride: int, levels: int) -> np.ndarray:
    """Add a checkerboard of a period of `stride` pixels, +- `levels` grey levels."""
    y, x = np.indices(pictures.shape[1:3]) // (stride // 2)
    signs = ((x + y) % 2 * 2 - 1)[..., None]
    return np.clip(pictures.astype(int) + levels * signs, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def halves(paintings) -> tuple[np.ndarray, np.ndarray]:
    return paintings[:HALF], paintings[HALF:]


@pytest.fixture(scope="module")
def larger() -> np.ndarray:
    """(40, 64, 64, 3) uint8 procedural paintings, large enough for the checkerboard of stride 8."""
    return synthetic.colour_field(40, 64, seed=2)


@pytest.fixture(scope="module")
def clean(halves) -> tuple[np.ndarray, np.ndarray]:
    """Features of both halves."""
    return features(halves[0]), features(halves[1])


# ---------------------------------------------------------------------------------------------- KID


def test_kernel_distance_of_two_by_two_pictures_by_hand():
    real, fake = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    # k(r1, r2) = 1, k(f1, f2) = 1; across: 1.5^3, 1, 1.5^3, 1 with mean 2.1875
    score = metrics.kid(real, fake, subsets=3)
    assert score.mean == pytest.approx(1 + 1 - 2 * 2.1875)
    assert score.std == 0


def test_kernel_distance_of_whole_sets_is_the_papers_formula():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((40, 7)), rng.standard_normal((40, 7)) + 0.3
    assert kid(real, fake, subsets=1) == pytest.approx(whole_kid(real, fake), rel=1e-12)


def test_kernel_distance_averages_over_the_subsets_it_draws():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((30, 4)), rng.standard_normal((50, 4)) * 2
    score = metrics.kid(real, fake, subsets=6, subset_size=11, seed=3)
    chosen = [distribution._draws(len(x), 11, 6, np.random.default_rng([3, i])) > 0 for i, x in enumerate((real, fake))]
    assert all((rows.sum(0) == 11).all() for rows in chosen)
    each_one = [whole_kid(real[chosen[0][:, s]], fake[chosen[1][:, s]]) for s in range(6)]
    assert len({round(x, 6) for x in each_one}) == 6
    assert score.mean == pytest.approx(np.mean(each_one))
    assert score.std == pytest.approx(np.std(each_one))


def test_kernel_distance_in_one_dimension_has_the_closed_form_of_three_moments():
    rng = np.random.default_rng(1)
    real, fake = rng.standard_normal((2500, 1)), rng.standard_normal((2500, 1)) * 1.2 + 0.5
    # E k(x, y) = m3 m3' + 3 m2 m2' + 3 m1 m1' + 1
    m1, m2, m3 = 0.5, 0.25 + 1.44, 0.125 + 3 * 0.5 * 1.44
    expected = m3**2 + 3 * (m2 - 1) ** 2 + 3 * m1**2
    assert kid(real, fake, subsets=1, subset_size=2500) == pytest.approx(expected, rel=0.1)


def test_kernel_distance_is_unbiased_and_keeping_the_diagonals_would_not_be():
    rng = np.random.default_rng(2)
    ours, biased = [], []
    for _ in range(1500):
        real, fake = rng.standard_normal((2, 8, 3))
        ours.append(kid(real, fake, subsets=1))
        biased.append(whole_kid(real, fake, keep_diagonal=True))
    error = np.std(ours) / math.sqrt(len(ours))
    assert abs(np.mean(ours)) < 4 * error
    assert np.mean(biased) > 40 * error


def test_kernel_distance_means_the_same_at_any_subset_size():
    rng = np.random.default_rng(3)
    real, fake = rng.standard_normal((400, 5)), rng.standard_normal((400, 5)) + 0.5
    small, large = (metrics.kid(real, fake, subsets=400, subset_size=size) for size in (10, 200))
    assert small.mean == pytest.approx(large.mean, abs=4 * small.std / math.sqrt(400))
    assert small.std > 3 * large.std


def test_a_subset_larger_than_the_set_is_clipped_and_reported():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((30, 4)), rng.standard_normal((50, 4))
    score = metrics.kid(real, fake, subset_size=1000)
    assert score == metrics.Score(score.mean, score.std, 100, 30)
    assert metrics.kid(fake, real, subset_size=1000).subset_size == 30
    assert metrics.kid(real, fake, subset_size=30).subset_size == 30


def test_kernel_distance_is_reproducible_and_the_seed_matters():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((60, 4)), rng.standard_normal((60, 4))
    first, second, other = (metrics.kid(real, fake, subset_size=20, seed=seed) for seed in (1, 1, 2))
    assert first == second != other


def test_kernel_distance_draws_the_two_sides_apart():
    x = np.random.default_rng(0).standard_normal((200, 4))
    # Were the same rows drawn from both sides, the kernels of rows with themselves would make this very negative.
    score = metrics.kid(x, x, subset_size=10, subsets=500)
    assert score.mean > whole_kid(x[:10], x[:10]) / 4


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((60, 4)), rng.standard_normal((70, 4)) + 0.2
    pictures = rng.integers(0, 256, (70, 16, 16, 3), dtype=np.uint8)

    def all_of_it():
        score = metrics.kid(real, fake, subset_size=20)
        spread = metrics.diversity(fake, real)
        found = metrics.memorization(fake, real, fake[:20])
        return [
            score.mean,
            *metrics.precision_recall(real, fake),
            spread.mean_distance,
            spread.near_share,
            metrics.diversity(fake, real, near=1.0).near_share,
            *found.distances,
            *found.indices,
            metrics.duplicates(pictures, within=60),
        ]

    whole = all_of_it()
    monkeypatch.setattr(arrays, "BLOCK_ENTRIES", 7 * 70)
    assert all_of_it() == pytest.approx(whole, rel=1e-9)


def test_kernel_distance_agrees_with_scikit_learn():
    kernels = pytest.importorskip("sklearn.metrics.pairwise")
    rng = np.random.default_rng(4)
    real, fake = rng.standard_normal((80, 12)), rng.standard_normal((80, 12)) * 1.3
    k_real, k_fake, k_across = (
        kernels.polynomial_kernel(a, b, degree=3, gamma=1 / 12, coef0=1)
        for a, b in ((real, real), (fake, fake), (real, fake))
    )
    np.fill_diagonal(k_real, 0)
    np.fill_diagonal(k_fake, 0)
    expected = (k_real.sum() + k_fake.sum()) / (80 * 79) - 2 * k_across.mean()
    assert kid(real, fake, subsets=1) == pytest.approx(expected, rel=1e-10)


# --------------------------------------------------------------------------------------------- Frechet distance


def test_frechet_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    mean, mean2 = np.array([1.0, 0.0, -2.0, 0.5]), np.array([0.0, 3.0, -2.0, 1.0])
    variances, variances2 = np.array([4.0, 1.0, 0.25, 9.0]), np.array([1.0, 16.0, 0.25, 2.0])
    expected = np.square(mean - mean2).sum() + np.square(np.sqrt(variances) - np.sqrt(variances2)).sum()
    real, fake = gaussian(rng, 50, mean, variances), gaussian(rng, 70, mean2, variances2)
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_of_two_by_two_covariances_that_do_not_commute():
    # For 2 x 2, tr((C D)^(1/2)) = sqrt(tr(C D) + 2 sqrt(det(C) det(D))).
    c, d = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[5.0, -2.0], [-2.0, 1.0]])
    root = math.sqrt(np.trace(c @ d) + 2 * math.sqrt(np.linalg.det(c) * np.linalg.det(d)))
    expected = np.trace(c) + np.trace(d) - 2 * root
    rng, ones = np.random.default_rng(0), np.ones(2)
    real, fake = (gaussian(rng, 50, np.zeros(2), ones) @ np.linalg.cholesky(wanted).T for wanted in (c, d))
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_with_fewer_rows_than_features_by_hand():
    # Two points +-a on an axis have variance 2 a^2 on it; along one axis the roots subtract, across axes they add.
    real, along, across = np.zeros((3, 2, 5))
    real[:, 0], along[:, 0], across[:, 1] = (3, -3), (1, -1), (1, -1)
    assert metrics.frechet_distance(real, along) == pytest.approx(2 * (3 - 1) ** 2)
    assert metrics.frechet_distance(real, across) == pytest.approx(2 * 9 + 2 * 1)


def test_frechet_distance_of_singular_sets_is_a_plain_number_and_zero_for_equal_ones():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 300)) * 1e3
    x[:, 100:] = x[:, :1]  # hundreds of equal columns
    same, other = metrics.frechet_distance(x, x), metrics.frechet_distance(x, x[:30] + 1)
    assert isinstance(same, float) and 0 <= same < 1e-6
    assert math.isfinite(other) and other > 300
    flat = np.ones((5, 3))
    assert metrics.frechet_distance(np.diag([1.0, 2.0, 3.0]), flat) > 0  # a generator that collapsed altogether


def test_frechet_distance_agrees_with_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(1)
    real = rng.standard_normal((200, 30)) @ rng.standard_normal((30, 30))
    fake = rng.standard_normal((300, 30)) @ rng.standard_normal((30, 30)) + 0.3
    c, d = np.cov(real.T), np.cov(fake.T)
    expected = np.square(real.mean(0) - fake.mean(0)).sum() + np.trace(c + d - 2 * linalg.sqrtm(c @ d).real)
    assert metrics.frechet_distance(real, fake) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_of_fresh_draws_is_biased_and_kernel_distance_is_not():
    rng = np.random.default_rng(0)
    draws = [rng.standard_normal((2, 100, 50)) for _ in range(20)]
    frechet = [metrics.frechet_distance(*draw) for draw in draws]
    kernel = [kid(*draw, subsets=1) for draw in draws]
    assert min(frechet) > 5
    assert abs(np.mean(kernel)) < 3 * np.std(kernel) / math.sqrt(20) < 0.05


# ----------------------------------------------------------------------------------- precision, recall and so on


def test_precision_and_recall_by_hand():
    real = np.array([[0.0], [1.0], [2.0], [10.0]])  # radii for k = 1: 1, 1, 1, 8
    fake = np.array([[0.5], [2.9], [-1.5], [30.0], [31.0]])  # radii: 2, 2.4, 2, 1, 1
    # -1.5, 30 and 31 are in no real ball; 10 is in no fake ball.
    assert metrics.precision_recall(real, fake, k=1) == (2 / 5, 3 / 4)


def test_precision_and_recall_of_a_set_with_itself_are_one_and_far_away_zero():
    x = np.random.default_rng(0).standard_normal((200, 20)) + 1e4  # an offset must not cost the digits
    assert metrics.precision_recall(x, x) == (1.0, 1.0)
    assert metrics.precision_recall(x, x + 100) == (0.0, 0.0)


def test_the_rim_of_a_ball_is_inside():
    real, fake = np.array([[0.0], [0.1], [0.7]]), np.array([[1.3], [-0.1], [9.0]])
    assert metrics.precision_recall(real, fake, k=1)[0] == 2 / 3  # 1.3 is as far from 0.7 as 0.1 is, but for rounding


def test_a_neighbour_does_not_count_itself():
    real = np.array([[0.0], [4.0], [8.0]])
    fake = np.array([[1.0], [5.0], [9.0]])
    # Were a row its own first neighbour, all balls would be points.
    assert metrics.precision_recall(real, fake, k=1) == (1.0, 1.0)


def test_precision_and_recall_tell_poor_pictures_from_lost_modes(clean, halves):
    real, fresh = clean
    precision, recall = metrics.precision_recall(real, fresh)
    poor = metrics.precision_recall(real, features(noisy(halves[1], 120)))
    few = metrics.precision_recall(real, features(lost(halves[1], 1)))
    assert precision > 0.8 and recall > 0.8
    assert poor[0] < 0.5 * precision
    assert few[0] > 0.6 * precision and few[1] < 0.5 * recall


# -------------------------------------------------------------------------------------------- diversity, copying


def test_diversity_by_hand():
    real = np.array([[0.0], [1.0], [3.0], [7.0]])  # nearest others: 1, 1, 2, 4
    fake = np.array([[0.0], [0.5], [10.0], [20.0]])
    found = metrics.diversity(fake, real, percentile=50)
    assert found.near == 1.5
    assert found.near_share == 2 / 4
    assert found.mean_distance == pytest.approx((0.5 + 10 + 20 + 9.5 + 19.5 + 10) / 6)
    assert found.real_mean_distance == pytest.approx((1 + 3 + 7 + 2 + 6 + 4) / 6)


def test_near_share_of_more_fakes_is_that_of_as_many_as_there_are_paintings():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((40, 2)), rng.standard_normal((160, 2))
    near = 0.1
    drawn = []
    for _ in range(1500):
        some = fake[rng.permutation(160)[:40]]
        gaps = np.square(some[:, None] - some).sum(2) + 9 * np.eye(40)
        drawn.append((gaps.min(1) < near**2).mean())
    share = metrics.diversity(fake, real, near=near).near_share
    assert share == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / math.sqrt(1500))
    everything = metrics.diversity(fake, rng.standard_normal((160, 2)), near=near).near_share
    assert everything > 2 * share


@pytest.mark.parametrize("count", [150, 1200])
def test_as_many_fresh_pictures_are_near_identical_as_real_ones_whatever_their_number(count):
    rng = np.random.default_rng(1)
    shares = [
        metrics.diversity(rng.standard_normal((count, 6)), rng.standard_normal((600, 6)), percentile=10).near_share
        for _ in range(10)
    ]
    assert 0.075 < np.mean(shares) < 0.14


def test_fewer_fakes_are_measured_by_as_few_reals_drawn_by_the_seed():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((300, 4)), rng.standard_normal((30, 4))
    first, again, other = (metrics.diversity(fake, real, seed=seed).near for seed in (1, 1, 2))
    assert first == again != other


def test_diversity_of_pictures_is_that_of_their_averaged_pixels():
    random = np.random.default_rng(0)
    real = random.integers(0, 256, size=(12, 32, 32, 3), dtype="uint8")
    fake = np.concatenate([real[:1]] * 9 + [255 - real[:3]])
    found = metrics.diversity_of_images(fake, real, side=8)
    flat = [x.reshape(len(x), 8, 4, 8, 4, 3).mean((2, 4)).reshape(len(x), -1) for x in (fake, real)]
    expected = metrics.diversity(*flat)
    assert found.near_share == expected.near_share == pytest.approx(9 / 12)
    root = np.sqrt(8 * 8 * 3)
    assert found.mean_distance == pytest.approx(expected.mean_distance / root)
    assert found.real_mean_distance == pytest.approx(expected.real_mean_distance / root)
    with pytest.raises(UserError, match="differ in size"):
        metrics.diversity_of_images(fake[:, :8, :8], real, side=16)


def test_diversity_sees_a_generator_that_repeats_itself(clean, halves):
    real, fresh = clean
    whole, few = metrics.diversity(fresh, real), metrics.diversity(fresh[np.arange(HALF) % 20], real)
    assert whole.near_share < 0.1
    assert few.near_share == 1.0
    one = metrics.diversity(np.ones((50, real.shape[1])), real)
    assert (one.mean_distance, one.near_share) == (0.0, 1.0)
    assert metrics.diversity(np.ones((50, real.shape[1])), real, near=0.0).near_share == 1.0


def test_nearest_finds_the_painting_and_counts_copies_as_one():
    train = np.array([[0.0, 0.0], [9.0, 9.0], [5.0, 0.0], [8.0, 8.0]])
    indices, distances = metrics.nearest(np.array([[5.0, 2.0], [8.0, 9.0], [0.0, 0.0]]), train)
    assert indices.tolist() == [2, 1, 0]
    assert distances.tolist() == [2.0, 1.0, 0.0]
    indices, _ = metrics.nearest(np.array([[5.0, 2.0], [8.0, 9.0], [0.0, 0.0]]), train, copies=2)
    assert indices.tolist() == [1, 0, 0]


def test_nearest_measures_a_hair_far_from_the_origin():
    train = np.full((3, 4), 1e6) + np.arange(3)[:, None]
    _, distances = metrics.nearest(train[1:2] + 1e-6, train)
    assert distances[0] == pytest.approx(2e-6, rel=1e-3)


def test_memorisation_is_a_half_for_fresh_pictures_and_one_for_copies():
    rng = np.random.default_rng(0)
    train, held = rng.standard_normal((300, 5)), rng.standard_normal((400, 5))
    fresh = metrics.memorization(rng.standard_normal((2000, 5)), train, held)
    assert fresh.below_median == pytest.approx(0.5, abs=0.08)
    assert fresh.below_p5 == pytest.approx(0.05, abs=0.03)
    copies = metrics.memorization(train[:50] + 0.001, train, held)
    assert (copies.below_median, copies.below_p5) == (1.0, 1.0)
    assert copies.indices.tolist() == list(range(50))
    strange = metrics.memorization(train[:50] + 50, train, held)
    assert (strange.below_median, strange.below_p5) == (0.0, 0.0)


def test_memorisation_by_hand():
    train, held = np.array([[0.0], [100.0]]), np.array([[1.0], [2.0], [103.0], [96.0]])  # distances 1, 2, 3, 4
    found = metrics.memorization(np.array([[2.4], [97.0], [101.1], [50.0]]), train, held)  # 2.4, 3, 1.1, 50
    assert (found.median, found.p5) == (2.5, pytest.approx(1.15))
    assert (found.below_median, found.below_p5) == (2 / 4, 1 / 4)


def test_a_copy_is_one_even_if_a_few_held_out_paintings_were_seen():
    rng = np.random.default_rng(0)
    train, held = rng.standard_normal((50, 5)), rng.standard_normal((40, 5))
    held[:4] = train[:4]  # the 5th percentile is now 0
    assert metrics.memorization(train, train, held).below_p5 == 1.0
    with pytest.raises(UserError, match="held_out paintings are also in train"):
        metrics.memorization(train, train, train[:10])


def test_six_copies_are_those_of_the_data(paintings):
    pictures = data.Pictures(
        array=paintings[:5],
        names=tuple("abcde"),
        paintings=np.arange(5),
        source="",
        synthetic=True,
        copies=6,
        skipped=(),
        notes=(),
        fingerprint="",
    )
    expected = pictures.take(np.arange(30))
    assert np.array_equal(metrics.six_copies(paintings[:5]).reshape(expected.shape), expected)


def test_turned_and_mirrored_copies_are_found_among_the_pixels(paintings):
    train, held = paintings[:100], paintings[150:250]
    fakes = np.concatenate([metrics.six_copies(noisy(train[i : i + 1], 5))[0, i % 6][None] for i in range(12)])
    indices, distances = metrics.nearest_image(fakes, train)
    assert indices.tolist() == list(range(12))
    assert distances.max() < 5
    found = metrics.memorization_of_images(fakes, train, held)
    assert found.below_median == found.below_p5 == 1.0
    fresh = metrics.memorization_of_images(paintings[250:], train, held)
    assert 0.3 < fresh.below_median < 0.7
    # Without the six ways, most of the copies would pass for new pictures.
    small = [arrays.averaged_down("x", x, 16).reshape(len(x), -1) for x in (fakes, train, held)]
    assert metrics.memorization(*small).below_median < 0.8


def test_distances_of_pictures_are_in_grey_levels_at_any_size():
    white, grey = np.full((1, 32, 32, 3), 255, np.uint8), np.full((1, 24, 24, 3), 155, np.uint8)
    for side in (1, 5, 16, 24):
        assert metrics.nearest_image(white, grey, side=side)[1] == pytest.approx(100)


def test_averaging_down_weighs_every_pixel_alike():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 20, 20, 3), dtype=np.uint8)
    for side in (1, 4, 7, 20, 50):
        small = arrays.averaged_down("x", pictures, side)
        assert small.shape[1:3] == (min(side, 20), min(side, 20))
        np.testing.assert_allclose(small.mean((1, 2)), pictures.mean((1, 2)))
    blocks = pictures.reshape(3, 4, 5, 4, 5, 3).mean((2, 4))
    np.testing.assert_allclose(arrays.averaged_down("x", pictures, 4), blocks)


# ------------------------------------------------------------------------------------------------------ spectra


def test_white_noise_has_its_variance_as_power_at_every_frequency():
    grey = np.random.default_rng(0).normal(128, 20, (300, SIZE, SIZE, 1))
    frequencies, power = metrics.power_spectrum(np.rint(grey).astype(np.uint8).repeat(3, 3))
    assert frequencies[0] == 1 / SIZE and frequencies[-1] == pytest.approx(math.sqrt(0.5), abs=1 / SIZE)
    # Logarithms of few directions lie low, so only rings of many are near it.
    well_filled = (frequencies >= 0.2) & (frequencies <= 0.6)
    assert power[well_filled] == pytest.approx((20 / 255) ** 2, rel=0.1)


def test_green_counts_most_and_blue_least():
    noise = np.random.default_rng(0).integers(0, 256, (8, SIZE, SIZE), dtype=np.uint8)
    powers = []
    for channel in range(3):
        pictures = np.zeros((8, SIZE, SIZE, 3), np.uint8)
        pictures[..., channel] = noise
        powers.append(metrics.power_spectrum(pictures)[1] - spectrum.ROUNDING)
    np.testing.assert_allclose(powers[0] / powers[1], (0.299 / 0.587) ** 2, rtol=0.01)
    np.testing.assert_allclose(powers[2] / powers[1], (0.114 / 0.587) ** 2, rtol=0.05)


def test_a_wave_has_its_power_at_its_frequency():
    x = np.arange(64)
    wave = np.rint(128 + 60 * np.sin(2 * np.pi * x * 10 / 64)).astype(np.uint8)
    frequencies, power = metrics.power_spectrum(np.broadcast_to(wave[None, None, :, None], (1, 64, 64, 3)))
    assert frequencies[power.argmax()] == 10 / 64
    assert power[[7, 11]] == pytest.approx(spectrum.ROUNDING, abs=1e-5)  # nothing leaks beyond one step
    slanted = np.rint(128 + 60 * np.sin(2 * np.pi * (x + x[:, None]) * 7 / 64)).astype(np.uint8)
    _, power = metrics.power_spectrum(slanted[None, :, :, None].repeat(3, 3))
    assert frequencies[power.argmax()] == 10 / 64  # the root of 7^2 + 7^2 is 9.9


def test_brightness_does_not_leak_into_the_low_frequencies(paintings):
    power = next(spectrum._powers("paintings", paintings[:20]))
    assert power[:, 0, 0].max() < 1e-12 < power[:, 0, 1].min()


def test_flat_pictures_have_a_spectrum_all_the_same(halves):
    flat = np.full((4, SIZE, SIZE, 3), 90, np.uint8)
    assert metrics.power_spectrum(flat)[1] == pytest.approx(spectrum.ROUNDING)
    assert metrics.checkerboard(flat) == {2: pytest.approx(0), 4: pytest.approx(0)}
    assert math.isfinite(metrics.spectrum_distance(halves[0], flat))
    assert metrics.blur(flat, halves[0]) == 0


def test_spectrum_distance_is_in_decibels():
    rng = np.random.default_rng(0)
    real, fake = (
        np.rint(rng.normal(128, spread, (300, SIZE, SIZE, 1))).astype(np.uint8).repeat(3, 3)
        for spread in (12, 12 * math.sqrt(2))
    )
    assert metrics.spectrum_distance(real, real) == 0
    assert metrics.spectrum_distance(real, fake) == pytest.approx(3.01, abs=0.15)
    assert metrics.spectrum_distance(fake, real) == pytest.approx(metrics.spectrum_distance(real, fake))


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_chequerboard_shows_at_its_stride_and_grows_with_its_strength(larger, stride):
    pictures = larger
    before = metrics.checkerboard(pictures)
    assert set(before) == {2, 4, 8} and all(abs(excess) < 0.5 for excess in before.values())
    found = [metrics.checkerboard(pattern(pictures, stride, levels)) for levels in (1, 3, 8)]
    assert 2 < found[0][stride] < found[1][stride] < found[2][stride]
    for other in {2, 4, 8} - {stride}:
        assert found[2][other] == pytest.approx(before[other], abs=0.05)


def test_stripes_that_a_painter_made_are_no_chequerboard():
    rng = np.random.default_rng(0)
    bands = np.where(rng.random((80, 64)) < 0.5, 60, 190)[:, :, None, None]
    pictures = np.broadcast_to(bands, (80, 64, 64, 3)) + rng.integers(-3, 4, (80, 64, 64, 1))
    assert all(abs(excess) < 0.5 for excess in metrics.checkerboard(pictures.astype(np.uint8)).values())


def test_a_few_striped_paintings_do_not_pass_for_a_chequerboard(paintings):
    few = paintings[:100].copy()
    few[:5] = pattern(few[:5], 4, 60)
    every = pattern(paintings[:100], 4, 3)
    assert metrics.checkerboard(few)[4] < 0.5
    assert metrics.checkerboard(every)[4] > 5


def test_fog_and_spectrum_distance_rise_with_blur_and_noise_is_no_fog(halves):
    real, fresh = halves
    stages = [fresh, blurred(fresh, 0.5), blurred(fresh, 1.0), blurred(fresh, 2.0)]
    blurs = [metrics.blur(real, stage) for stage in stages]
    distances = [metrics.spectrum_distance(real, stage) for stage in stages]
    assert blurs == sorted(blurs) and blurs[0] < 0.15 and blurs[1] > 0.2 and blurs[3] > 0.6
    assert distances == sorted(distances) and distances[3] > 3 * distances[0]
    assert metrics.blur(real, noisy(fresh, 10)) == 0
    # Detail at one frequency does not make up for what lacks at the others.
    assert metrics.blur(real, pattern(blurred(fresh, 2.0), 2, 10)) > 0.6


# ----------------------------------------------------------------------------- damage worsens the score in order


def test_two_halves_of_one_set_score_near_zero(clean, halves):
    real, fresh = clean
    score = metrics.kid(real, fresh, subset_size=120)
    assert abs(score.mean) < 2 * score.std
    assert abs(score.mean) < 0.05 * kid(real, features(255 - halves[1]), subset_size=120)


@pytest.mark.parametrize(
    ("damage", "levels"),
    [(blurred, (0.4, 0.8, 1.6)), (noisy, (15, 30, 60)), (jpeg, (60, 25, 5)), (lost, (3, 2, 1))],
    ids=["blur", "noise", "JPEG", "lost modes"],
)
def test_damage_worsens_the_score_in_order(clean, halves, damage, levels):
    real, fresh = clean
    stages = [fresh, *(features(damage(halves[1], level)) for level in levels)]
    scores = [metrics.kid(real, stage, subset_size=120) for stage in stages]
    means = [score.mean for score in scores]
    assert all(better < worse for better, worse in pairwise(means)), means
    assert means[-1] > 4 * scores[0].std
    frechet = [metrics.frechet_distance(real, stage) for stage in stages]
    assert all(better < worse for better, worse in pairwise(frechet)), frechet


# ------------------------------------------------------------------------------------------- the usual mistakes


def as_floats(pictures: np.ndarray) -> np.ndarray:
    """What a generator hands over: float32 in [-1, 1]."""
    return pictures / np.float32(127.5) - 1


@pytest.mark.parametrize(
    "mistake",
    [
        lambda x: data.to_uint8(as_floats(x), low=0.0, high=1.0),  # [-1, 1] taken for [0, 1]
        lambda x: (as_floats(x) * 127.5).astype(np.int16).astype(np.uint8),  # negative ones wrap around
        lambda x: x[..., ::-1],  # BGR
        lambda x: x.astype(np.float32) / 255,  # [0, 1] into a network that wants [-1, 1]
        lambda x: as_floats(x) / np.float32(127.5) - 1,  # normalised twice
    ],
    ids=["wrong range", "wrapped", "BGR", "half range", "double normalisation"],
)
def test_a_mistake_in_the_pictures_stands_out_of_the_score(clean, halves, mistake):
    real, fresh = clean
    honest = metrics.kid(real, fresh, subset_size=120)
    wrong = metrics.kid(real, features(mistake(halves[1])), subset_size=120)
    assert wrong.mean > 5 * max(honest.std, wrong.std / 2)


@pytest.mark.parametrize(
    "measure",
    [
        metrics.power_spectrum,
        metrics.checkerboard,
        metrics.duplicates,
        metrics.check_originals,
        lambda x: metrics.nearest_image(x, x),
        lambda x: metrics.spectrum_distance(x, x),
        lambda x: metrics.memorization_of_images(x, x, x),
    ],
)
def test_pictures_that_are_no_uint8_rgb_are_refused(measure):
    with pytest.raises(UserError, match=r"must be uint8 in \[0, 255\], not float32: convert with data.to_uint8"):
        measure(np.zeros((3, 16, 16, 3), np.float32))
    for shape in ((16, 16, 3), (3, 16, 16), (3, 16, 16, 4), (0, 16, 16, 3)):
        with pytest.raises(UserError, match="must be pictures of shape"):
            measure(np.zeros(shape, np.uint8))


def test_augmented_copies_are_seen_and_refused(paintings):
    originals = paintings[:60]
    copies = metrics.six_copies(originals).reshape(-1, SIZE, SIZE, 3)
    metrics.check_originals(originals)
    assert metrics.duplicates(originals) < 0.05
    assert metrics.duplicates(copies) == 1.0
    with pytest.raises(UserError, match="100% of the real pictures are copies of each other"):
        metrics.check_originals(copies)
    with pytest.raises(UserError, match="held_out pictures"):
        metrics.check_originals(jpeg(copies, 85), "held_out")  # saved again between


def test_a_mirrored_and_a_turned_copy_are_twins(paintings):
    pair = metrics.six_copies(paintings[:40])[:, [1, 3]].reshape(-1, SIZE, SIZE, 3)  # without the painting itself
    assert metrics.duplicates(pair) == 1.0


def test_scoring_against_augmented_copies_gives_other_numbers(halves, clean):
    originals, fresh = clean
    copies = features(metrics.six_copies(halves[0]).reshape(-1, SIZE, SIZE, 3))
    # Copies of a painting are each other's neighbours, which leaves the space between paintings empty.
    assert metrics.precision_recall(copies, fresh)[0] < 0.5 < 0.8 < metrics.precision_recall(originals, fresh)[0]
    # Level bands that now stand upright are like no fresh painting.
    assert kid(copies, fresh, subset_size=120) > kid(originals, fresh, subset_size=120)


def test_repeated_real_rows_bias_the_score_and_are_refused(clean, monkeypatch):
    real, fresh = clean
    repeated = real[:100].repeat(6, axis=0)
    for measure in (
        metrics.kid,
        metrics.frechet_distance,
        metrics.precision_recall,
        lambda real, fake: metrics.diversity(fake, real),
    ):
        with pytest.raises(UserError, match="83% of the 600 rows of real repeat another row"):
            measure(repeated, fresh)
        measure(fresh, repeated)  # of fakes it is a result
    metrics.kid(np.concatenate([real, real[:5]]), fresh)  # two photographs of a few paintings
    monkeypatch.setattr(arrays, "REPEATS_ALLOWED", 1.0)
    once, six = (metrics.kid(x, fresh, subset_size=100, subsets=300).mean for x in (real[:100], repeated))
    assert six > once
    assert metrics.precision_recall(repeated, fresh)[0] < 0.1 < metrics.precision_recall(real[:100], fresh)[0]
    assert metrics.diversity(fresh, repeated).near == 0


# --------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "measure",
    [
        metrics.kid,
        metrics.frechet_distance,
        metrics.precision_recall,
        lambda real, fake: metrics.diversity(fake, real),
    ],
)
def test_numbers_that_are_none_are_refused_by_the_name_of_the_array(measure, bad):
    good = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    spoilt = good.copy()
    spoilt[7, 1] = spoilt[9, 2] = bad
    with pytest.raises(UserError, match="real has NaN or infinite numbers in 2 of 20 rows, the first being row 7"):
        measure(spoilt, good)
    with pytest.raises(UserError, match="fake has NaN"):
        measure(good, spoilt)


def test_memorisation_names_the_array_that_is_wrong():
    good = np.random.default_rng(0).standard_normal((20, 3))
    for name in ("fake", "train", "held_out"):
        arrays = dict.fromkeys(("fake", "train", "held_out"), good)
        with pytest.raises(UserError, match=f"{name} has NaN"):
            metrics.memorization(**arrays | {name: np.full((20, 3), np.nan)})
        with pytest.raises(UserError, match=name):
            metrics.memorization(**arrays | {name: np.ones((20, 4))})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"real": np.ones((1, 3))}, "real has 1 rows, and at least 2"),
        ({"fake": np.ones(3)}, "fake must have one row of features a picture"),
        ({"fake": np.ones((5, 4))}, "real has 3 features a row and fake has 4"),
        ({"fake": np.full((5, 3), "x")}, "fake must hold numbers"),
        ({"fake": np.ones((5, 3), complex)}, "fake must hold numbers"),
        ({"subsets": 0}, "subsets must be a whole number of at least 1"),
        ({"subset_size": 1}, "subset_size must be a whole number of at least 2"),
        ({"subset_size": 2.5}, "subset_size"),
        ({"seed": -1}, "seed"),
    ],
)
def test_kernel_distance_refuses_what_makes_no_sense(change, message):
    rng = np.random.default_rng(0)
    settings = {"real": rng.standard_normal((9, 3)), "fake": rng.standard_normal((9, 3))} | change
    with pytest.raises(UserError, match=message):
        metrics.kid(**settings)


def test_other_settings_out_of_range_are_refused(paintings):
    x = np.random.default_rng(0).standard_normal((9, 3))
    with pytest.raises(UserError, match="k = 9 needs more than 9 rows"):
        metrics.precision_recall(x, x, k=9)
    with pytest.raises(UserError, match="k must be"):
        metrics.precision_recall(x, x, k=0)
    with pytest.raises(UserError, match="percentile"):
        metrics.diversity(x, x, percentile=0)
    with pytest.raises(UserError, match="near"):
        metrics.diversity(x, x, near=math.nan)
    with pytest.raises(UserError, match="9 rows, which is no multiple of 6"):
        metrics.nearest(x, x, copies=6)
    with pytest.raises(UserError, match="above"):
        metrics.blur(paintings, paintings, above=0.7)
    with pytest.raises(UserError, match="differ in size"):
        metrics.blur(paintings[:3], paintings[:3, :16, :16])
    with pytest.raises(UserError, match="must be square"):
        metrics.nearest_image(paintings[:3, :16], paintings[:3])
    with pytest.raises(UserError, match="differ in size"):
        metrics.nearest_image(paintings[:3, :8, :8], paintings[:3])
    with pytest.raises(UserError, match="at least 8 x 8"):
        metrics.power_spectrum(paintings[:3, :6, :6])
    with pytest.raises(UserError, match="no checkerboards"):
        metrics.checkerboard(paintings[:3, :15, :15])


def test_half_precision_and_whole_numbers_are_computed_in_double():
    rng = np.random.default_rng(0)
    real, fake = rng.integers(0, 200, (40, 6)), rng.integers(50, 250, (40, 6))
    expected = kid(real.astype(np.float64), fake.astype(np.float64))
    for kind in (np.uint8, np.float16, np.float32):
        assert kid(real.astype(kind), fake.astype(kind)) == expected
