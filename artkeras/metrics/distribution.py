"""How far two sets of images are from each other, by their features: KID, Frechet distance, precision and recall."""

import math
from dataclasses import dataclass

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics import arrays
from artkeras.metrics.arrays import (
    at_least,
    distance_blocks,
    feature_pair,
    feature_table,
    neighbour_distances,
)


@dataclass(frozen=True)
class Score:
    """A mean over random subsets.

    Attributes:
        mean: the estimate.
        std: standard deviation over the subsets: the spread of one subset's estimate, not the error of the mean.
        subsets: how many.
        subset_size: rows in each, of real and of fake.
    """

    mean: float
    std: float
    subsets: int
    subset_size: int


def kid(real: np.ndarray, fake: np.ndarray, *, subsets: int = 100, subset_size: int = 500, seed: int = 0) -> Score:
    """Kernel inception distance (KID): squared maximum mean discrepancy under the kernel (x.y/d + 1)^3, unbiased.

    Bińkowski et al., "Demystifying MMD GANs" (2018), arXiv 1801.01401. Near 0, on either side of it, for two draws
    from one distribution, at any n; that is why it comes first here. In plain units, not times 1000.

    The paper's subsets have 1,000 rows; ours 500, because a study has about 900 paintings and subsets that are most
    of the set hardly differ. The mean estimates the same at any size; only `std` depends on it.

    Args:
        real: (n_real, d) features, one row a painting.
        fake: (n_fake, d) features.
        subsets: how many random subsets, at least 1.
        subset_size: rows drawn from each side, without replacement, at least 2. More than there are is not an
            error: it is clipped to min(n_real, n_fake), and the score says so.
        seed: decides the draws. Equal arguments give equal scores.

    Returns:
        The mean and the standard deviation over the subsets. Where a subset is all of both sets, std is 0 and says
        nothing.

    Raises:
        UserError: an array is no table of at least 2 rows of finite numbers, the widths differ, real rows repeat,
            or a setting is out of range.
    """
    real, fake = feature_pair(real, fake)
    subsets = at_least("subsets", subsets, 1)
    asked, seed = at_least("subset_size", subset_size, 2), at_least("seed", seed, 0)
    size = min(asked, len(real), len(fake))
    # Two streams: were the same rows drawn from both sides, a set's distance from itself would come out biased.
    chosen_real, chosen_fake = (
        _draws(len(x), size, subsets, np.random.default_rng([seed, side])) for side, x in enumerate((real, fake))
    )
    # An unbiased estimate leaves out the pairs of a row with itself: k(x, x) is always large, and keeping it adds
    # about 1/size of it to the distance, the more the smaller the sets.
    within_real = _kernel_sums(real, real, chosen_real, chosen_real, diagonal=False) / (size * (size - 1))
    within_fake = _kernel_sums(fake, fake, chosen_fake, chosen_fake, diagonal=False) / (size * (size - 1))
    across = _kernel_sums(real, fake, chosen_real, chosen_fake, diagonal=True) / size**2
    distances = within_real + within_fake - 2 * across
    std = float(distances.std()) if size < max(len(real), len(fake)) else 0.0
    return Score(float(distances.mean()), std, subsets, size)


def scaled(real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Features divided by their root mean square over the real set, so that networks' distances are of one order.

    KID's kernel (x.y/d + 1)^3 is not invariant to scale: SqueezeNet's unscaled features give a thousand times the KID
    of EfficientNet-Lite0's.

    Args:
        real: (n, d) features, one row a painting.
        others: (m, d) features to be divided by the same number.

    Returns:
        Float64 tables, the real one first.

    Raises:
        UserError: as for `kid`, or all real features are 0.
    """
    tables = [feature_table(name, x, 1) for name, x in (("real", real), *(("fake", other) for other in others))]
    size = math.sqrt(np.square(tables[0]).mean())
    if not size:
        raise UserError("all features of real are 0: look at the images and at the network that they come from")
    return [table / size for table in tables]


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance (FID) of the Gaussians with two sets' means and covariances.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (2017), arXiv
    1706.08500. Biased upwards, strongly when n is not far above d: two draws of 900 from one distribution are far
    from 0. Compare it only at equal n_real and n_fake; `kid` has no such trouble. In closed form it is
    |m - m2|^2 + tr(C + C2 - 2 (C C2)^(1/2)): Dowson and Landau (1982).

    The square root of a product of covariances is never formed: it is where the usual code gets NaN or complex
    numbers as soon as n < d. Its trace is the sum of the singular values of R S', where R'R and S'S are the two
    covariances, and such factors come from the centred features themselves.

    Args:
        real: (n_real, d) features, at least 2 rows; fewer than d will do.
        fake: (n_fake, d) features, the same.

    Returns:
        The distance, in squared units of the features, at least 0.

    Raises:
        UserError: as for `kid`.
    """
    real, fake = feature_pair(real, fake)
    return _frechet(real.mean(0), _factor(real), fake.mean(0), _factor(fake))


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Precision: share of fakes that look real. Recall: share of reals that the generator could make.

    Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models" (2019), arXiv
    1904.06991. A picture "looks like" a set when it lies within the distance of some member to that member's k-th
    nearest other member. Both depend on n_real and n_fake: compare only at equal numbers.

    Args:
        real: (n_real, d) features, one row a painting.
        fake: (n_fake, d) features.
        k: which neighbour sets the distance, from 1 to below either number of rows.

    Returns:
        (precision, recall), each in [0, 1].

    Raises:
        UserError: as for `kid`, or k is out of range.
    """
    real, fake = feature_pair(real, fake)
    k = _neighbour(k, real, fake)
    inside_real = _inside(fake, real, neighbour_distances(real, k))
    inside_fake = _inside(real, fake, neighbour_distances(fake, k))
    return float(inside_real.mean()), float(inside_fake.mean())


def _neighbour(k: int, real: np.ndarray, fake: np.ndarray) -> int:
    k = at_least("k", k, 1)
    if k >= min(len(real), len(fake)):
        raise UserError(f"k = {k} needs more than {k} rows on each side, not {len(real)} real and {len(fake)} fake")
    return k


def _draws(n: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Which of n rows are in which subset: (n, count) of 0 and 1, `size` ones a column."""
    chosen = np.zeros((n, count))
    for subset in range(count):
        chosen[rng.permutation(n)[:size], subset] = 1
    return chosen


def _kernel_sums(
    x: np.ndarray, y: np.ndarray, chosen_x: np.ndarray, chosen_y: np.ndarray, *, diagonal: bool
) -> np.ndarray:
    """Sum the kernel over the pairs of each subset: (count,).

    All pairs are computed once, and the subsets' sums are products with 0 and 1. That is exact, and 50 times less
    work than a kernel matrix for each of 100 subsets.
    """
    sums = np.zeros(chosen_x.shape[1])
    rows = max(1, arrays.BLOCK_ENTRIES // len(y))
    for start in range(0, len(x), rows):
        kernel = x[start : start + rows] @ y.T
        kernel /= x.shape[1]
        kernel += 1
        kernel *= kernel * kernel
        if not diagonal:
            here = np.arange(len(kernel))
            kernel[here, start + here] = 0
        sums += np.einsum("is,is->s", chosen_x[start : start + rows], kernel @ chosen_y)
    return sums


def _frechet(mean: np.ndarray, factor: np.ndarray, mean2: np.ndarray, factor2: np.ndarray) -> float:
    """The distance from means (d,) and factors (r, d), (s, d), of the covariances F'F and G'G."""
    shift = np.square(mean - mean2).sum()
    traces = np.square(factor).sum() + np.square(factor2).sum()
    overlap = np.linalg.svd(factor @ factor2.T, compute_uv=False).sum()
    return float(max(shift + traces - 2 * overlap, 0.0))  # rounding can leave a hair below 0 for equal sets


def _factor(features: np.ndarray) -> np.ndarray:
    """F of at most 2 d rows with F'F the covariance; not by way of the covariance, which would square the rounding."""
    centred = (features - features.mean(0)) / math.sqrt(len(features) - 1)
    # Fewer rows than that are cheaper left to the singular values than made triangular first.
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(centred) > 2 * centred.shape[1] else centred


def _inside(x: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Whether each row of x lies in a ball around a centre: (n,) bool."""
    found = np.empty(len(x), bool)
    for start, squared in distance_blocks(x, centres):
        # Rounding up the radius by a hair: the neighbour that defines it lies inside, and so does its equal.
        found[start : start + len(squared)] = (squared <= np.square(radii) * (1 + 1e-9)).any(1)
    return found
