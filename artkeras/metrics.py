"""How good a generator is: pure maths on arrays of features and of pictures. No Keras, no files, only numpy.

Features are (n, d) floats, a row a picture, from any network; which one, and how pictures were resized for it, is
part of a metric's name (see `protocol_name`), because numbers from different protocols cannot be compared. Pictures
are (n, height, width, 3) uint8 RGB. Real rows are paintings *before* augmentation, one row a painting: six copies of
one painting are one painting, and counting them six times makes every metric here wrong (`check_originals`).

Everything is computed in float64 and in blocks, so that 2,000 samples against 900 paintings need little memory.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from artkeras.errors import UserError

# Rows that repeat another row exactly, as a share of all: a few paintings were photographed twice, but not a tenth.
REPEATS_ALLOWED = 0.1

# Pictures that are a copy, turned or mirrored, of another one. Higher: black squares by one painter do look alike.
TWINS_ALLOWED = 0.25

LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, as Pillow's "L"

# Power of the rounding to 256 grey levels, on luminance in [0, 1]. Nothing below it can be measured, and added to
# every power it keeps the logarithm of a flat picture finite.
ROUNDING = 1 / 12 / 255**2

_ENTRIES = 1 << 21  # of a block of a distance or kernel matrix: 16 MB

# Squared distances come from |x|^2 + |y|^2 - 2 x.y, which leaves rounding where x = y. Vectors that differ by less
# than a millionth of their length are equal, which is also as much as float32 features can tell.
_SAME = 1e-12


# ------------------------------------------------------------------------------------ distance of distributions


@dataclass(frozen=True)
class Score:
    """A mean over random subsets.

    Attributes:
        mean: the estimate.
        std: standard deviation over the subsets: the spread of one subset's estimate, not the error of the mean.
        subsets: how many.
        subset_size: rows in each, of real and of fake.
        asked: the subset size that was asked for.
    """

    mean: float
    std: float
    subsets: int
    subset_size: int
    asked: int

    @property
    def clipped(self) -> bool:
        """Whether the sets were too small for the size that was asked for. `std` is then too small, too."""
        return self.subset_size < self.asked


def kernel_distance(
    real: np.ndarray, fake: np.ndarray, *, subsets: int = 100, subset_size: int = 500, seed: int = 0
) -> Score:
    """Kernel distance (KID): squared maximum mean discrepancy under the kernel (x.y/d + 1)^3, unbiased.

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
    real, fake = _pair(real, fake)
    subsets = _at_least("subsets", subsets, 1)
    asked, seed = _at_least("subset_size", subset_size, 2), _at_least("seed", seed, 0)
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
    return Score(float(distances.mean()), std, subsets, size, asked)


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Fréchet distance (FID) of two sets: see `frechet_between`, here with the sets' own means and covariances.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (2017), arXiv
    1706.08500. Biased upwards, strongly when n is not far above d: two draws of 900 from one distribution are far
    from 0. Compare it only at equal n_real and n_fake; `kernel_distance` has no such trouble.

    The square root of a product of covariances is never formed: it is where the usual code gets NaN or complex
    numbers as soon as n < d. Its trace is the sum of the singular values of R S', where R'R and S'S are the two
    covariances, and such factors come from the centred features themselves.

    Args:
        real: (n_real, d) features, at least 2 rows; fewer than d will do.
        fake: (n_fake, d) features, the same.

    Returns:
        The distance, in squared units of the features, at least 0.

    Raises:
        UserError: as for `kernel_distance`.
    """
    real, fake = _pair(real, fake)
    return _frechet(real.mean(0), _factor(real), fake.mean(0), _factor(fake))


def frechet_between(mean: np.ndarray, covariance: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray) -> float:
    """Fréchet distance of two Gaussians: |m - m2|^2 + tr(C + C2 - 2 (C C2)^(1/2)).

    Dowson and Landau, "The Fréchet distance between multivariate normal distributions" (1982).

    Args:
        mean: (d,).
        covariance: (d, d), symmetric, positive semi-definite but for rounding; may be singular.
        mean2: (d,).
        covariance2: (d, d).

    Returns:
        The distance, at least 0.

    Raises:
        UserError: the shapes do not fit, or a number is not finite.
    """
    mean, mean2 = (_table(name, np.atleast_2d(m), 1)[0] for name, m in (("mean", mean), ("mean2", mean2)))
    covariance, covariance2 = _table("covariance", covariance, 1), _table("covariance2", covariance2, 1)
    d = len(mean)
    if mean2.shape != (d,) or covariance.shape != (d, d) or covariance2.shape != (d, d):
        raise UserError(
            f"means must be (d,) and covariances (d, d), not {mean.shape}, {covariance.shape}, {mean2.shape}, "
            f"{covariance2.shape}"
        )
    return _frechet(mean, _root(covariance), mean2, _root(covariance2))


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
        UserError: as for `kernel_distance`, or k is out of range.
    """
    real, fake = _pair(real, fake)
    k = _neighbour(k, real, fake)
    inside_real, _ = _inside(fake, real, _radii(real, k))
    inside_fake, _ = _inside(real, fake, _radii(fake, k))
    return float((inside_real > 0).mean()), float((inside_fake > 0).mean())


def density_coverage(real: np.ndarray, fake: np.ndarray, k: int = 5) -> tuple[float, float]:
    """Density and coverage: precision and recall that a single outlier among the reals does not spoil.

    Naeem et al., "Reliable fidelity and diversity metrics for generative models" (2020), arXiv 2002.09797.

    Args:
        real: (n_real, d) features, one row a painting.
        fake: (n_fake, d) features.
        k: which neighbour sets the distance, from 1 to below either number of rows.

    Returns:
        density: in how many reals' neighbourhoods a fake lies on average, over k: at least 0, about 1 for fresh
        reals, above 1 where fakes crowd in the thick of the reals. coverage: share of reals with a fake in their
        neighbourhood, in [0, 1].

    Raises:
        UserError: as for `precision_recall`.
    """
    real, fake = _pair(real, fake)
    k = _neighbour(k, real, fake)
    counts, covered = _inside(fake, real, _radii(real, k))
    return float(counts.mean() / k), float(covered.mean())


# -------------------------------------------------------------------------------------- variety and copying


@dataclass(frozen=True)
class Diversity:
    """What `diversity` found.

    Attributes:
        mean_distance: mean distance of two fakes.
        real_mean_distance: mean distance of two reals.
        near_share: share of fakes with a near-identical one, in [0, 1]; see `diversity`.
        near: the distance below which two pictures count as near-identical.
    """

    mean_distance: float
    real_mean_distance: float
    near_share: float
    near: float


def diversity(
    fake: np.ndarray, real: np.ndarray, *, near: float | None = None, percentile: float = 1.0, seed: int = 0
) -> Diversity:
    """How different from each other the fakes are, measured by how different from each other the paintings are.

    Two pictures are near-identical when they are closer than `near`, by default the 1st percentile of the
    distances of real paintings from their nearest other painting. So about 1 % of fresh paintings would count.

    The more pictures, the nearer the nearest: of 2,000 fakes more would count than of 900 equally varied paintings.
    Hence `near_share` is the share to be expected of n_real fakes: for each fake the exact chance that one of its c
    near-identical ones is among n_real - 1 others drawn without replacement, averaged. With fewer fakes than reals
    it is the other way round: n_fake of the reals, drawn at random, set the threshold.

    Args:
        fake: (n_fake, d) features.
        real: (n_real, d) features, one row a painting. Two photographs of one painting, or its six copies, would
            push the threshold to nothing.
        near: the distance, if not derived from `real`.
        percentile: of the reals' nearest distances, in (0, 100).
        seed: decides which reals are drawn when there are fewer fakes.

    Raises:
        UserError: as for `kernel_distance`.
    """
    real, fake = _pair(real, fake)
    if not 0 < percentile < 100:
        raise UserError(f"percentile must lie between 0 and 100, not {percentile}")
    n = min(len(real), len(fake))
    rng = np.random.default_rng(_at_least("seed", seed, 0))
    some = real if n == len(real) else real[rng.permutation(len(real))[:n]]
    if near is None:
        near = float(np.percentile(_radii(some, 1), percentile))
    elif not (math.isfinite(near) and near >= 0):
        raise UserError(f"near must be a distance of at least 0, not {near}")
    mean_distance, counts = _spread(fake, near)
    return Diversity(mean_distance, _spread(real, near)[0], _share_among(counts, n), float(near))


def diversity_of_pictures(fake: np.ndarray, real: np.ndarray, *, side: int = 16, seed: int = 0) -> Diversity:
    """`diversity` pixel by pixel: needs no network, and is blind to everything but layout and colour.

    Args:
        fake: (n, size, size, 3) uint8.
        real: (paintings, size2, size2, 3) uint8, one picture a painting.
        side: both are averaged down to at most this side first; the sides after that must agree.
        seed: as for `diversity`.

    Returns:
        Distances are root mean square differences in grey levels, in [0, 255].

    Raises:
        UserError: as for `nearest_picture` and `diversity`.
    """
    fake, real = _shrunk("fake", fake, side), _shrunk("real", real, side)
    if fake.shape[1:] != real.shape[1:]:
        raise UserError(f"fake and real pictures differ in size, {fake.shape[1]} and {real.shape[1]} pixels")
    flat = [x.reshape(len(x), -1) / math.sqrt(x[0].size) for x in (fake, real)]
    return diversity(*flat, seed=seed)


def nearest(fake: np.ndarray, train: np.ndarray, *, copies: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Find the training painting nearest to each sample.

    Args:
        fake: (n, d) features, at least 1 row.
        train: (paintings * copies, d) features, in the order of `data.Pictures`: row i is copy i % copies of
            painting i // copies. A network does not see that a mirrored painting is the same one, so search the
            copies that the generator was trained on.
        copies: rows a painting.

    Returns:
        indices: (n,) int64, numbers of paintings; the first of equals.
        distances: (n,) float64, Euclidean.

    Raises:
        UserError: as for `kernel_distance`, or the rows are no multiple of `copies`.
    """
    fake, train = _table("fake", fake, 1), _table("train", train, 1)
    _same_width("fake", fake, "train", train)
    copies = _at_least("copies", copies, 1)
    if len(train) % copies:
        raise UserError(f"train has {len(train)} rows, which is no multiple of {copies} copies a painting")
    rows = np.empty(len(fake), np.int64)
    for start, squared in _blocks(fake, train):
        rows[start : start + len(squared)] = squared.argmin(1)
    # Once more and directly, for without the cancellation a distance of a hair comes out as one.
    distances = np.concatenate(
        [
            np.sqrt(np.square(fake[i : i + 256] - train[rows[i : i + 256]]).sum(1))  # 256: to keep the memory flat
            for i in range(0, len(fake), 256)
        ]
    )
    return rows // copies, distances


def neighbours(
    fake: np.ndarray, train: np.ndarray, count: int = 3, *, copies: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Find the several training paintings nearest to each sample, nearest first.

    Args:
        fake, train, copies: as for `nearest`.
        count: how many paintings for each sample, at most all.

    Returns:
        indices: (n, count) int64, numbers of paintings.
        distances: (n, count) float64, Euclidean, rounded where they are tiny beside the rows' lengths.

    Raises:
        UserError: as for `nearest`, or there are not so many paintings.
    """
    fake, train = _table("fake", fake, 1), _table("train", train, 1)
    _same_width("fake", fake, "train", train)
    copies, count = _at_least("copies", copies, 1), _at_least("count", count, 1)
    if len(train) % copies or count > len(train) // copies:
        raise UserError(f"train has {len(train)} rows, which are not {count} paintings with {copies} copies each")
    indices, distances = np.empty((len(fake), count), np.int64), np.empty((len(fake), count))
    for start, squared in _blocks(fake, train):
        by_painting = squared.reshape(len(squared), -1, copies).min(axis=2)
        rows = slice(start, start + len(squared))
        indices[rows] = by_painting.argsort(axis=1, kind="stable")[:, :count]
        distances[rows] = np.sqrt(np.take_along_axis(by_painting, indices[rows], axis=1))
    return indices, distances


def nearest_picture(fake: np.ndarray, train: np.ndarray, *, side: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Find the training painting that is nearest pixel by pixel, turned and mirrored in all six ways.

    Needs no network, so it works everywhere; blind to everything but layout and colour.

    Args:
        fake: (n, size, size, 3) uint8.
        train: (paintings, size2, size2, 3) uint8, without their copies.
        side: both are averaged down to at most this side first, which also forgives shifts by a pixel.

    Returns:
        indices: (n,) int64, numbers of paintings; the first of equals.
        distances: (n,) float64, root mean square differences in grey levels, in [0, 255].

    Raises:
        UserError: an array does not hold square uint8 RGB pictures, or the sides after averaging differ.
    """
    fake, train = _shrunk("fake", fake, side), _shrunk("train", train, side)
    if fake.shape[1:] != train.shape[1:]:
        raise UserError(f"fake and train pictures differ in size, {fake.shape[1]} and {train.shape[1]} pixels")
    spread = six_copies(train).reshape(len(train) * 6, -1)
    indices, distances = nearest(fake.reshape(len(fake), -1), spread, copies=6)
    return indices, distances / math.sqrt(spread.shape[1])


@dataclass(frozen=True)
class Memorisation:
    """What `memorisation` found.

    Attributes:
        below_median: share of samples nearer to a training painting than half of the held-out paintings are. About
            0.5 for fresh pictures, 1 for copies; clearly less than 0.5 for pictures like no painting.
        below_p5: the same for the nearest twentieth of the held-out paintings: about 0.05 for fresh pictures.
        median: the held-out paintings' median distance.
        p5: its 5th percentile.
        indices: (n,) int64, each sample's nearest training painting.
        distances: (n,) float64, how far that is.
    """

    below_median: float
    below_p5: float
    median: float
    p5: float
    indices: np.ndarray
    distances: np.ndarray


def memorisation(fake: np.ndarray, train: np.ndarray, held_out: np.ndarray, *, copies: int = 1) -> Memorisation:
    """Whether samples are copies: are they nearer to the training paintings than unseen paintings are?

    In the spirit of the data-copying test of Meehan, Chaudhuri and Dasgupta (2020), arXiv 2004.05675. The shares are
    as good as the held-out set is large: of 90 paintings about four lie below the 5th percentile.

    Args:
        fake: (n, d) features.
        train: (paintings * copies, d) features of what the generator has seen, as for `nearest`.
        held_out: (n_held, d) features of paintings that it has not.
        copies: rows of `train` a painting.

    Raises:
        UserError: as for `nearest`, or most held-out paintings are among the training paintings.
    """
    _same_width("held_out", _table("held_out", held_out, 1), "train", _table("train", train, 1))
    return _memorised(nearest(fake, train, copies=copies), nearest(held_out, train, copies=copies)[1])


def memorisation_of_pictures(
    fake: np.ndarray, train: np.ndarray, held_out: np.ndarray, *, side: int = 16
) -> Memorisation:
    """`memorisation` pixel by pixel, over the six copies of each training painting; see `nearest_picture`.

    Args:
        fake: (n, size, size, 3) uint8.
        train: (paintings, size, size, 3) uint8, without copies.
        held_out: (n_held, size, size, 3) uint8.
        side: of the averaged-down pictures.

    Raises:
        UserError: as for `nearest_picture`, or most held-out paintings are among the training paintings.
    """
    _pictures("held_out", held_out)
    return _memorised(nearest_picture(fake, train, side=side), nearest_picture(held_out, train, side=side)[1])


def six_copies(pictures: np.ndarray) -> np.ndarray:
    """The six copies of study 1, in the order of `data.COPIES`: as is, mirrored, upside down, turned by 90, 180, 270.

    Args:
        pictures: (n, size, size, channels), any type.

    Returns:
        (n, 6, size, size, channels), the same type.
    """
    turned = [np.rot90(pictures, quarters, axes=(1, 2)) for quarters in (1, 2, 3)]  # counter-clockwise
    return np.stack([pictures, pictures[:, :, ::-1], pictures[:, ::-1], *turned], axis=1)


def twins(pictures: np.ndarray, *, side: int = 8, within: float = 2.0) -> float:
    """Share of pictures that are another picture of the set, maybe turned or mirrored, maybe saved again.

    Args:
        pictures: (n, size, size, 3) uint8.
        side: pictures are averaged down to this side and compared there.
        within: root mean square difference in grey levels up to which they are the same.

    Returns:
        A share in [0, 1].

    Raises:
        UserError: no square uint8 RGB pictures.
    """
    small = _shrunk("pictures", pictures, side)
    flat = small.reshape(len(small), -1)
    found = np.zeros(len(small), bool)
    # Eight ways and not six: a mirrored copy and a turned one of the same painting differ by a mirrored turn.
    for way in [np.rot90(m, q, axes=(1, 2)) for m in (small, small[:, :, ::-1]) for q in range(4)]:
        for start, squared in _blocks(flat, way.reshape(flat.shape)):
            _leave_out_self(squared, start)
            found[start : start + len(squared)] |= squared.min(1) <= within**2 * flat.shape[1]
    return float(found.mean())


def check_originals(pictures: np.ndarray, name: str = "real") -> None:
    """Refuse to score against augmented copies.

    Features cannot tell: a mirrored painting has features of its own. So look at the pictures, before the network.

    Args:
        pictures: (n, size, size, 3) uint8, the real pictures to score against.
        name: what the message calls them.

    Raises:
        UserError: more than `TWINS_ALLOWED` of them are turned or mirrored copies of each other.
    """
    share = twins(_pictures(name, pictures))
    if share > TWINS_ALLOWED:
        raise UserError(
            f"{share:.0%} of the {name} pictures are copies of each other, some turned or mirrored: score against "
            "the pictures before augmentation, one file a painting"
        )


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 arrays of one shape, in dB: 6 more is half the error.

    Infinite when they are equal.

    Raises:
        UserError: for other arrays.
    """
    if one.shape != other.shape or one.dtype != np.uint8 or other.dtype != np.uint8:
        raise UserError(f"psnr compares uint8 pictures of one shape, not {one.shape} and {other.shape}")
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return 10 * math.log10(255**2 / error) if error else math.inf


# --------------------------------------------------------------------------------------------------- spectra


def power_spectrum(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power of the luminance against frequency, whatever the direction: the spectrum of a typical picture.

    Per picture: luminance in [0, 1], its mean taken off, a Hann window (without it the picture's edges, which do not
    meet, would fill all frequencies), Fourier transform, mean over each ring of frequencies; then the geometric mean
    over the pictures. Scaled so that noise of variance v that differs from pixel to pixel has about the power v at
    every frequency, plus `ROUNDING`, which is added so that flat pictures have a logarithm. After Durall, Keuper and
    Keuper, "Watch your up-convolution" (2020), arXiv 2003.01826, who average plainly. But a hundredth of the
    colour-field paintings carries an eighth of all their fine detail, so a plain mean is that of a few pictures:
    random halves of the paintings then differ twice as much.

    Args:
        pictures: (n, height, width, 3) uint8, sides of at least 8.

    Returns:
        frequencies: (m,) cycles a pixel, in steps of 1 / the shorter side, from one step up to 0.71 (the corners,
            where a chequerboard of single pixels lies).
        power: (m,) at least `ROUNDING`.

    Raises:
        UserError: no uint8 RGB pictures, or smaller ones.
    """
    return _typical("pictures", pictures)


def spectrum_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """How much the spectra differ: mean over the frequencies of the absolute difference, in decibels.

    Args:
        real: (n_real, height, width, 3) uint8.
        fake: (n_fake, height, width, 3) uint8.

    Returns:
        At least 0; 3 means that power is double or half of what it should be throughout. Random halves of 900
        paintings differ by 0.2 to 0.7.

    Raises:
        UserError: as for `power_spectrum`, or the sizes differ.
    """
    _, real_power, fake_power = _spectra(real, fake)
    return float(np.abs(10 * np.log10(fake_power / real_power)).mean())


def chequerboard(pictures: np.ndarray) -> dict[int, float]:
    """Excess power at the frequencies that upsampling by strides of 2, 4 and 8 leaves behind.

    Transposed convolutions whose kernels overlap unevenly print a pattern of their stride's period on the picture:
    Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts" (2016), distill.pub. Its base frequencies
    are 1/stride along either axis and along both. Power there is compared with the geometric mean of the power two
    and three steps away along the same axes (one step away the Hann window spreads the peak itself; off the axes
    level stripes, which are honest paint, have nothing). A coarse pattern with sharp edges shows at the smaller
    strides as well.

    Args:
        pictures: (n, height, width, 3) uint8.

    Returns:
        {stride: excess}: 0 for none, 1 for twice the power of the neighbourhood, and no upper end. Four studies'
        paintings at 64 pixels lie between -0.07 and 0.03; a chequerboard of one grey level is far above. A stride is
        left out when the sides are no multiples of it or shorter than six of its periods: 64-pixel pictures have 2,
        4 and 8, 32-pixel ones 2 and 4. Of 40 pictures, chance alone makes up to 0.3 either way.

    Raises:
        UserError: as for `power_spectrum`, or no stride can be measured.
    """
    height, width = _pictures("pictures", pictures).shape[1:3]
    places = {
        stride: _places(height, width, stride)
        for stride in (2, 4, 8)
        if not (height % stride or width % stride) and min(height, width) >= 6 * stride
    }
    if not places:
        raise UserError(f"pictures of {height} x {width} pixels show no chequerboards: use at least 12, an even number")
    sums: dict[int, list[Any]] = {stride: [0.0] * len(found) for stride, found in places.items()}
    for power in _powers("pictures", pictures):
        for stride, found in places.items():
            for i, (rows, columns) in enumerate(found):
                here = power[:, rows, columns] + ROUNDING
                # Each picture counts alike: an upsampling prints on all of them, and no few paintings with strong
                # stripes shall pass for one.
                sums[stride][i] += (here / here.mean(1, keepdims=True)).sum(0)
    return {
        stride: float(np.mean([s[0] / np.exp(np.log(s[1:]).mean()) for s in found]) - 1)
        for stride, found in sums.items()
    }


def fog(real: np.ndarray, fake: np.ndarray, *, above: float = 0.25) -> float:
    """How much of the fine detail is missing: share of the real power, averaged over the high frequencies.

    Frequency by frequency, so that noise or a chequerboard at one does not make up for what lacks at another.

    Args:
        real: (n_real, height, width, 3) uint8.
        fake: (n_fake, height, width, 3) uint8.
        above: the frequency, in cycles a pixel, from which on detail is fine; in (0, 0.5].

    Returns:
        0 when all is there (or more), 1 when all is missing. Random halves of 900 paintings differ by up to 0.1.

    Raises:
        UserError: as for `power_spectrum`, or the sizes differ, or `above` is out of range.
    """
    if not 0 < above <= 0.5:
        raise UserError(f"above must lie in (0, 0.5] cycles a pixel, not {above}")
    frequencies, real_power, fake_power = _spectra(real, fake)
    return float(np.maximum(1 - fake_power / real_power, 0)[frequencies >= above].mean())


# ------------------------------------------------------------------------------------- picture against picture


def absolute_difference(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Mean absolute difference (L1) of each picture from the one it should be, where black to white is 1.

    Args:
        real: (n, height, width, 3) uint8.
        fake: the same shape, picture i beside picture i.

    Returns:
        (n,) float64 from 0 to 1.

    Raises:
        UserError: they are no pictures, or of different shapes.
    """
    real, fake = _beside(real, fake)
    return np.array([np.abs(r.astype(np.float64) - f).mean() / 255 for r, f in zip(real, fake, strict=True)])


def ssim(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Structural similarity of each picture and the one it should be: 1 where they are equal, about 0 at chance.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment" (2004): a Gaussian window of 11 x 11 pixels, sigma 1.5,
    K1 = 0.01, K2 = 0.03, at every place where it fits whole; the mean over places and the three channels.

    Args:
        real: (n, height, width, 3) uint8, at least 11 pixels a side.
        fake: the same shape, picture i beside picture i.

    Returns:
        (n,) float64.

    Raises:
        UserError: they are no pictures, of different shapes, or smaller than the window.
    """
    real, fake = _beside(real, fake)
    if min(real.shape[1:3]) < len(_WINDOW):
        raise UserError(f"SSIM needs pictures of at least {len(_WINDOW)} pixels a side, not {real.shape[1:3]}")
    found = []
    for x, y in zip(real, fake, strict=True):
        x, y = x.astype(np.float64), y.astype(np.float64)
        mean_x, mean_y = _windowed(x), _windowed(y)
        var_x, var_y = _windowed(x * x) - mean_x**2, _windowed(y * y) - mean_y**2
        covariance = _windowed(x * y) - mean_x * mean_y
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        similar = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
        found.append(np.mean(similar / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))))
    return np.array(found)


_WINDOW = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()


def _windowed(x: np.ndarray) -> np.ndarray:
    """Weighted means over windows that fit whole: (height, width, 3) -> (height - 10, width - 10, 3)."""
    for axis in (0, 1):
        places = x.shape[axis] - len(_WINDOW) + 1
        x = sum(
            weight * x[start : start + places] if axis == 0 else weight * x[:, start : start + places]
            for start, weight in enumerate(_WINDOW)
        )
    return x


def saturation(pictures: np.ndarray) -> np.ndarray:
    """How colourful each picture is: the mean saturation of its pixels, as in HSV (Smith 1978); grey and black are 0.

    Args:
        pictures: (n, height, width, 3) uint8.

    Returns:
        (n,) float64 from 0 to 1.

    Raises:
        UserError: they are no pictures.
    """
    found = []
    for picture in _pictures("pictures", pictures):
        high, low = picture.max(axis=2).astype(np.float64), picture.min(axis=2)
        found.append(np.mean((high - low) / np.maximum(high, 1)))
    return np.array(found)


# ------------------------------------------------------------------------------------------- pictures and copies


def reconstruction_error(originals: np.ndarray, copies: np.ndarray) -> np.ndarray:
    """How far copies are from their originals: root mean squared difference, a number for each picture.

    Args:
        originals, copies: (n, height, width, 3) uint8, in one order.

    Returns:
        (n,) float64, shares of the way from black to white.

    Raises:
        UserError: no uint8 RGB pictures, or the shapes differ.
    """
    originals, copies = _pictures("originals", originals), _pictures("copies", copies)
    if originals.shape != copies.shape:
        raise UserError(f"originals are {originals.shape} and copies {copies.shape}: give as many of one size")
    differences = (a.astype(np.float64) - b for a, b in zip(originals, copies, strict=True))
    return np.array([np.sqrt(np.mean(difference**2)) / 255 for difference in differences])


def largest_step(walk: np.ndarray) -> float:
    """How unevenly pictures change along a walk: the largest step between neighbours, over the mean step.

    Steps are root mean squared differences. A fade from one picture to another gives 1, a cut in the middle of n
    pictures n - 1.

    Args:
        walk: (n, height, width, 3) uint8, n at least 2.

    Returns:
        At least 1; 1 where nothing changes at all.

    Raises:
        UserError: fewer than two, or no uint8 RGB pictures.
    """
    walk = _pictures("walk", walk)
    if len(walk) < 2:
        raise UserError("a walk has at least two pictures")
    steps = reconstruction_error(walk[:-1], walk[1:])
    return float(steps.max() / steps.mean()) if steps.any() else 1.0


# --------------------------------------------------------------------------------------------------- records


def protocol_name(
    measure: str,
    *,
    n_real: int,
    n_fake: int,
    network: str = "pixels",
    resize: str = "none",
    reference: str = "paintings",
    subsets: int | None = None,
    subset_size: int | None = None,
    k: int | None = None,
) -> str:
    """A metric's name, which is its protocol: two numbers may be compared when their names are equal.

    >>> protocol_name("kid", network="lite0", resize="bicubic224", n_real=900, n_fake=2000, subsets=100,
    ...               subset_size=500)
    'kid-lite0-bicubic224-paintings900-samples2000-100x500'

    Args:
        measure: such as "kid".
        n_real: how many real pictures.
        n_fake: how many samples.
        network: whose features, or "pixels".
        resize: how pictures were resized for it, method and side.
        reference: which real pictures, such as "paintings" or "held_out".
        subsets: how many subsets, if any.
        subset_size: rows in each, as really used (`Score.subset_size`).
        k: which neighbour, if any.

    Raises:
        ValueError: a part is empty or contains a hyphen or white space, which would make names ambiguous; or only
            one of subsets and subset_size is given.
    """
    parts = [measure, network, resize]
    for part in (*parts, reference):
        if not part or "-" in part or any(character.isspace() for character in part):
            raise ValueError(f"parts of a metric's name must be words without hyphens, not {part!r}")
    if (subsets is None) != (subset_size is None):
        raise ValueError("subsets and subset_size belong together")
    parts += [f"{reference}{int(n_real)}", f"samples{int(n_fake)}"]
    parts += [] if subsets is None or subset_size is None else [f"{int(subsets)}x{int(subset_size)}"]
    parts += [] if k is None else [f"k{int(k)}"]
    return "-".join(parts)


def record(
    measure: str,
    value: float | Score,
    std: float | None = None,
    *,
    n_real: int,
    n_fake: int,
    network: str = "pixels",
    resize: str = "none",
    reference: str = "paintings",
    subsets: int | None = None,
    subset_size: int | None = None,
    k: int | None = None,
    **facts: object,
) -> dict[str, object]:
    """One result as a plain dictionary, for one line of JSON.

    Args:
        measure: such as "kid"; with the rest of the protocol it makes the name, under "metric".
        value: the number. A `Score` brings its own std, subsets and subset_size.
        std: its spread, if any.
        n_real, n_fake, network, resize, reference, subsets, subset_size, k: see `protocol_name`.
        facts: more that is known, such as run, epoch or seed; plain values.

    Returns:
        {"metric", "measure", "value", "std", "network", "resize", "reference", "n_real", "n_fake", "subsets",
        "subset_size", "k", **facts}, None where there is none; numpy numbers as plain ones.

    Raises:
        ValueError: a number is not finite (JSON has none such), a fact takes the name of another entry, or as for
            `protocol_name`.
    """
    if isinstance(value, Score):
        std, subsets, subset_size, value = value.std, value.subsets, value.subset_size, value.mean
    protocol: dict[str, Any] = {"network": network, "resize": resize, "reference": reference}
    protocol |= {"n_real": n_real, "n_fake": n_fake, "subsets": subsets, "subset_size": subset_size, "k": k}
    line = {"metric": protocol_name(measure, **protocol), "measure": measure, "value": value, "std": std, **protocol}
    if taken := sorted(line.keys() & facts.keys()):
        raise ValueError(f"the facts {', '.join(taken)} are part of the record already")
    line = {key: item.item() if isinstance(item, np.generic) else item for key, item in (line | facts).items()}
    for key, item in line.items():
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"{key} of {line['metric']} is {item}, which is no result")
    return line


# --------------------------------------------------------------------------------------- checks of what comes in


def _table(name: str, x: np.ndarray, rows: int) -> np.ndarray:
    """An array as a float64 table of at least `rows` rows; a `UserError` that names it if it is none."""
    x = np.asarray(x)
    if x.ndim != 2 or not x.shape[1]:
        raise UserError(f"{name} must have one row of features a picture, shape (n, d), not {x.shape}")
    if x.dtype.kind in "OSUcmM":
        raise UserError(f"{name} must hold numbers, not {x.dtype}")
    if len(x) < rows:
        raise UserError(f"{name} has {len(x)} rows, and at least {rows} are needed: give more pictures")
    with np.errstate(invalid="ignore"):  # what casting finds there is reported below
        x = x.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(x).all(1))
    if len(bad):
        raise UserError(
            f"{name} has NaN or infinite numbers in {len(bad)} of {len(x)} rows, the first being row {bad[0]}: look "
            "at the pictures and at the network that it comes from"
        )
    return x


def _pair(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as tables of one width, the real one without too many repeats."""
    real, fake = _table("real", real, 2), _table("fake", fake, 2)
    _same_width("real", real, "fake", fake)
    # Fakes may repeat: that is a collapsed generator, and a result. Reals that do were augmented or collected twice.
    repeats = 1 - len({row.tobytes() for row in real}) / len(real)
    if repeats > REPEATS_ALLOWED:
        raise UserError(
            f"{repeats:.0%} of the {len(real)} rows of real repeat another row: score against the pictures before "
            "augmentation, one file a painting"
        )
    return real, fake


def _same_width(name: str, x: np.ndarray, name2: str, y: np.ndarray) -> None:
    if x.shape[1] != y.shape[1]:
        raise UserError(
            f"{name} has {x.shape[1]} features a row and {name2} has {y.shape[1]}: both must come from one network"
        )


def _at_least(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise UserError(f"{name} must be a whole number of at least {least}, not {value}")
    return number


def _neighbour(k: int, real: np.ndarray, fake: np.ndarray) -> int:
    k = _at_least("k", k, 1)
    if k >= min(len(real), len(fake)):
        raise UserError(f"k = {k} needs more than {k} rows on each side, not {len(real)} real and {len(fake)} fake")
    return k


def _pictures(name: str, pictures: np.ndarray) -> np.ndarray:
    """Pictures as they are, once they are known to be some."""
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[3] != 3 or not pictures.size:
        raise UserError(f"{name} must be pictures of shape (n, height, width, 3), not {pictures.shape}")
    if pictures.dtype != np.uint8:
        # Guessing the range of floats is how a wrong range goes unseen.
        raise UserError(f"{name} must be uint8 in [0, 255], not {pictures.dtype}: convert with data.to_uint8")
    return pictures


def _beside(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of pictures of one shape."""
    real, fake = _pictures("real", real), _pictures("fake", fake)
    if real.shape != fake.shape:
        raise UserError(f"real and fake must have one shape, not {real.shape} and {fake.shape}")
    return real, fake


# ------------------------------------------------------------------------------------------------- the sums


def _blocks(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (start, squared distances) for block after block of x's rows from all of y's."""
    centre = y.mean(0)  # what all have in common takes digits away and tells nothing
    x, y = x - centre, y - centre
    lengths = np.einsum("ij,ij->i", y, y)
    rows = max(1, _ENTRIES // len(y))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        both = np.einsum("ij,ij->i", part, part)[:, None] + lengths
        squared = part @ y.T
        squared *= -2
        squared += both
        both *= _SAME
        squared[squared <= both] = 0
        yield start, squared


def _leave_out_self(squared: np.ndarray, start: int) -> None:
    """In a block of a set's distances from itself, put each row infinitely far from itself."""
    here = np.arange(len(squared))
    squared[here, start + here] = np.inf


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
    rows = max(1, _ENTRIES // len(y))
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


def _root(covariance: np.ndarray) -> np.ndarray:
    """F with F'F the covariance, by its eigenvalues; those below 0 are rounding."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.sqrt(np.maximum(values, 0))[:, None] * vectors.T


def _radii(x: np.ndarray, k: int) -> np.ndarray:
    """Each row's distance from its k-th nearest other row: (n,)."""
    radii = np.empty(len(x))
    for start, squared in _blocks(x, x):
        _leave_out_self(squared, start)
        radii[start : start + len(squared)] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return np.sqrt(radii)


def _inside(x: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In how many balls each row of x lies, (n,) int; and whether each centre's ball holds a row, (m,) bool."""
    counts = np.empty(len(x), np.int64)
    held = np.zeros(len(centres), bool)
    for start, squared in _blocks(x, centres):
        # Rounding up the radius by a hair: the neighbour that defines it lies inside, and so does its equal.
        inside = squared <= np.square(radii) * (1 + 1e-9)
        counts[start : start + len(squared)] = inside.sum(1)
        held |= inside.any(0)
    return counts, held


def _spread(x: np.ndarray, near: float) -> tuple[float, np.ndarray]:
    """Mean distance of two rows, and for each row how many others are nearer than `near`: (n,) int."""
    total = 0.0
    counts = np.empty(len(x), np.int64)
    for start, squared in _blocks(x, x):
        here = np.arange(len(squared))
        squared[here, start + here] = 0
        total += np.sqrt(squared).sum()
        close = squared < near**2
        close |= squared == 0  # equal ones are near-identical whatever the threshold
        close[here, start + here] = False
        counts[start : start + len(squared)] = close.sum(1)
    return float(total / (len(x) * (len(x) - 1))), counts


def _share_among(counts: np.ndarray, n: int) -> float:
    """Chance that at least one of a row's `counts` others is among n - 1 of all others, averaged over the rows.

    One less the chance of drawing n - 1 of len(counts) - 1 others without any of those: a product of c ratios.
    """
    total = len(counts)
    steps = np.arange(counts.max(), dtype=np.float64)  # the factor j: (total - n - j) / (total - 1 - j)
    factors = np.maximum(total - n - steps, 0) / (total - 1 - steps)
    none = np.concatenate([[1.0], np.cumprod(factors)])
    return float((1 - none[counts]).mean())


def _memorised(found: tuple[np.ndarray, np.ndarray], reference: np.ndarray) -> Memorisation:
    """Compare samples' distances with those of held-out paintings."""
    indices, distances = found
    p5, median = (float(x) for x in np.percentile(reference, [5, 50]))
    if median == 0:
        raise UserError("most held_out paintings are also in train: hold them out before training")
    copied = distances == 0  # a copy is one even if some held-out painting was in the training set twice
    below_median, below_p5 = (float(((distances < limit) | copied).mean()) for limit in (median, p5))
    return Memorisation(below_median, below_p5, median, p5, indices, distances)


def _shrunk(name: str, pictures: np.ndarray, side: int) -> np.ndarray:
    """Square pictures averaged down to at most `side`: (n, s, s, 3) float64 in [0, 255]."""
    pictures = _pictures(name, pictures)
    size = pictures.shape[1]
    if size != pictures.shape[2]:
        raise UserError(f"{name} must be square to be turned, not {size} x {pictures.shape[2]} pixels")
    side = min(_at_least("side", side, 1), size)
    # (side, size): how much of each old pixel is in each new one, also when they do not divide evenly.
    edges = np.arange(side + 1) * (size / side)
    overlap = np.minimum(edges[1:, None], np.arange(1, size + 1)) - np.maximum(edges[:-1, None], np.arange(size))
    weights = np.maximum(overlap, 0) * (side / size)
    small = np.empty((len(pictures), side, side, 3))
    for start in range(0, len(pictures), 64):
        part = pictures[start : start + 64].astype(np.float64)
        part = np.tensordot(part, weights, axes=(1, 1))  # (k, width, 3, new rows)
        small[start : start + 64] = np.tensordot(part, weights, axes=(1, 1)).transpose(0, 2, 3, 1)
    return small


def _powers(name: str, pictures: np.ndarray) -> Iterator[np.ndarray]:
    """Yield block after block of the power of each picture's luminance: (k, height, width), frequency 0 at [0, 0]."""
    pictures = _pictures(name, pictures)
    _, height, width, _ = pictures.shape
    if min(height, width) < 8:
        raise UserError(f"{name} are {height} x {width} pixels, and spectra need at least 8 x 8")
    # Periodic: over whole periods its transform has three terms only, so a peak reaches one step to either side.
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in (height, width)))
    for start in range(0, len(pictures), 64):
        light = pictures[start : start + 64] @ (LUMA / 255)
        # The mean as the window sees it, or what is left of it would leak into the lowest frequencies.
        light -= (light * window).sum((1, 2), keepdims=True) / window.sum()
        yield np.square(np.abs(np.fft.fft2(light * window))) / np.square(window).sum()


def _places(height: int, width: int, stride: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rows, columns) in a transform of each base frequency of a stride, followed by those of its neighbourhood."""
    down, right = height // stride, width // stride
    points = [(0, right), (down, 0), (down, right), (down, width - right)]
    found = []
    for y, x in dict.fromkeys(points):  # for stride 2 the two diagonals are one
        around = [(y, x + step) for step in (-3, -2, 2, 3) if x] + [(y + step, x) for step in (-3, -2, 2, 3) if y]
        rows, columns = np.transpose([(y, x), *around])
        found.append((rows % height, columns % width))
    return found


def _typical(name: str, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over rings one step of the shorter side wide, without frequency 0; geometric means over the pictures."""
    logs = np.zeros(1)
    for power in _powers(name, pictures):
        _, height, width = power.shape
        side = min(height, width)
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
        ring = np.rint(radius * side).astype(np.int64).ravel()
        means = np.stack([np.bincount(ring, picture.ravel()) for picture in power]) / np.bincount(ring)
        logs = logs + np.log(means + ROUNDING).sum(0)
    return np.arange(1, len(logs)) / side, np.exp(logs[1:] / len(pictures))


def _spectra(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frequencies, and both sets' power at them."""
    frequencies, real_power = _typical("real", real)
    _, fake_power = _typical("fake", fake)
    if np.shape(real)[1:] != np.shape(fake)[1:]:
        raise UserError(
            f"real and fake pictures differ in size, {np.shape(real)[1:3]} and {np.shape(fake)[1:3]} pixels: resize "
            "one set"
        )
    return frequencies, real_power, fake_power
