"""How different from each other samples are, and whether they are copies of the training images."""

import math
from dataclasses import dataclass

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics.arrays import (
    at_least,
    averaged_down,
    check_same_width,
    distance_blocks,
    feature_pair,
    feature_table,
    image_array,
    leave_out_self,
    neighbour_distances,
)

# Pictures that are a copy, turned or mirrored, of another one. Higher: black squares by one painter do look alike.
DUPLICATES_ALLOWED = 0.25


@dataclass(frozen=True)
class Diversity:
    """What `diversity` found.

    Attributes:
        mean_distance: mean distance of two fakes.
        real_mean_distance: mean distance of two reals.
        near_share: share of fakes with a near-duplicate, in [0, 1]; see `diversity`.
        near: the distance below which two pictures count as near-duplicates.
    """

    mean_distance: float
    real_mean_distance: float
    near_share: float
    near: float


def diversity(
    fake: np.ndarray, real: np.ndarray, *, near: float | None = None, percentile: float = 1.0, seed: int = 0
) -> Diversity:
    """How different from each other the fakes are, measured by how different from each other the paintings are.

    Two images are near-duplicates when they are closer than `near`, by default the 1st percentile of the
    distances of real paintings from their nearest other painting. So about 1 % of fresh paintings would count.

    The more pictures, the nearer the nearest: of 2,000 fakes more would count than of 900 equally varied paintings.
    Hence `near_share` is the share to be expected of n_real fakes: for each fake the exact chance that one of its c
    near-duplicate ones is among n_real - 1 others drawn without replacement, averaged. With fewer fakes than reals
    it is the other way round: n_fake of the reals, drawn at random, set the threshold.

    Args:
        fake: (n_fake, d) features.
        real: (n_real, d) features, one row a painting. Two photographs of one painting, or its six copies, would
            push the threshold to nothing.
        near: the distance, if not derived from `real`.
        percentile: of the reals' nearest distances, in (0, 100).
        seed: decides which reals are drawn when there are fewer fakes.

    Raises:
        UserError: as for `kid`.
    """
    real, fake = feature_pair(real, fake)
    if not 0 < percentile < 100:
        raise UserError(f"percentile must lie between 0 and 100, not {percentile}")
    n = min(len(real), len(fake))
    rng = np.random.default_rng(at_least("seed", seed, 0))
    some = real if n == len(real) else real[rng.permutation(len(real))[:n]]
    if near is None:
        near = float(np.percentile(neighbour_distances(some, 1), percentile))
    elif not (math.isfinite(near) and near >= 0):
        raise UserError(f"near must be a distance of at least 0, not {near}")
    mean_distance, counts = _spread(fake, near)
    return Diversity(mean_distance, _spread(real, near)[0], _share_among(counts, n), float(near))


def diversity_of_images(fake: np.ndarray, real: np.ndarray, *, side: int = 16, seed: int = 0) -> Diversity:
    """`diversity` pixel by pixel: needs no network, and is blind to everything but layout and colour.

    Args:
        fake: (n, size, size, 3) uint8.
        real: (paintings, size2, size2, 3) uint8, one picture a painting.
        side: both are averaged down to at most this side first; the sides after that must agree.
        seed: as for `diversity`.

    Returns:
        Distances are root mean square differences in grey levels, in [0, 255].

    Raises:
        UserError: as for `nearest_image` and `diversity`.
    """
    fake, real = averaged_down("fake", fake, side), averaged_down("real", real, side)
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
        UserError: as for `kid`, or the rows are no multiple of `copies`.
    """
    fake, train = feature_table("fake", fake, 1), feature_table("train", train, 1)
    check_same_width("fake", fake, "train", train)
    copies = at_least("copies", copies, 1)
    if len(train) % copies:
        raise UserError(f"train has {len(train)} rows, which is no multiple of {copies} copies a painting")
    rows = np.empty(len(fake), np.int64)
    for start, squared in distance_blocks(fake, train):
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
    fake, train = feature_table("fake", fake, 1), feature_table("train", train, 1)
    check_same_width("fake", fake, "train", train)
    copies, count = at_least("copies", copies, 1), at_least("count", count, 1)
    if len(train) % copies or count > len(train) // copies:
        raise UserError(f"train has {len(train)} rows, which are not {count} paintings with {copies} copies each")
    indices, distances = np.empty((len(fake), count), np.int64), np.empty((len(fake), count))
    for start, squared in distance_blocks(fake, train):
        by_painting = squared.reshape(len(squared), -1, copies).min(axis=2)
        rows = slice(start, start + len(squared))
        indices[rows] = by_painting.argsort(axis=1, kind="stable")[:, :count]
        distances[rows] = np.sqrt(np.take_along_axis(by_painting, indices[rows], axis=1))
    return indices, distances


def nearest_image(fake: np.ndarray, train: np.ndarray, *, side: int = 16) -> tuple[np.ndarray, np.ndarray]:
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
    fake, train = averaged_down("fake", fake, side), averaged_down("train", train, side)
    if fake.shape[1:] != train.shape[1:]:
        raise UserError(f"fake and train pictures differ in size, {fake.shape[1]} and {train.shape[1]} pixels")
    spread = six_copies(train).reshape(len(train) * 6, -1)
    indices, distances = nearest(fake.reshape(len(fake), -1), spread, copies=6)
    return indices, distances / math.sqrt(spread.shape[1])


@dataclass(frozen=True)
class Memorization:
    """What `memorization` found.

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


def memorization(fake: np.ndarray, train: np.ndarray, held_out: np.ndarray, *, copies: int = 1) -> Memorization:
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
    check_same_width("held_out", feature_table("held_out", held_out, 1), "train", feature_table("train", train, 1))
    return _memorised(nearest(fake, train, copies=copies), nearest(held_out, train, copies=copies)[1])


def memorization_of_images(
    fake: np.ndarray, train: np.ndarray, held_out: np.ndarray, *, side: int = 16
) -> Memorization:
    """`memorization` pixel by pixel, over the six copies of each training painting; see `nearest_image`.

    Args:
        fake: (n, size, size, 3) uint8.
        train: (paintings, size, size, 3) uint8, without copies.
        held_out: (n_held, size, size, 3) uint8.
        side: of the averaged-down pictures.

    Raises:
        UserError: as for `nearest_image`, or most held-out paintings are among the training paintings.
    """
    image_array("held_out", held_out)
    return _memorised(nearest_image(fake, train, side=side), nearest_image(held_out, train, side=side)[1])


def six_copies(pictures: np.ndarray) -> np.ndarray:
    """The six copies of study 1, in the order of `data.COPIES`: as is, mirrored, upside down, turned by 90, 180, 270.

    Args:
        pictures: (n, size, size, channels), any type.

    Returns:
        (n, 6, size, size, channels), the same type.
    """
    turned = [np.rot90(pictures, quarters, axes=(1, 2)) for quarters in (1, 2, 3)]  # counter-clockwise
    return np.stack([pictures, pictures[:, :, ::-1], pictures[:, ::-1], *turned], axis=1)


def duplicates(images: np.ndarray, *, side: int = 8, within: float = 2.0) -> float:
    """Share of images that are another image of the set, maybe turned or mirrored, maybe saved again.

    Args:
        images: (n, size, size, 3) uint8.
        side: images are averaged down to this side and compared there.
        within: root mean square difference in grey levels up to which they are the same.

    Returns:
        A share in [0, 1].

    Raises:
        UserError: no square uint8 RGB images.
    """
    return float(_same(images, side, within).any(1).mean())


def without_duplicates(images: np.ndarray, *, side: int = 8, within: float = 2.0) -> np.ndarray:
    """The first of each group of images that show the same, see `duplicates`.

    What is measured by distances to the nearest other painting needs it: five paintings that were photographed twice
    are enough to make the smallest one in a hundred of these distances 0.

    Args:
        images, side, within: as for `duplicates`.

    Returns:
        (m,) int64 indices, rising.

    Raises:
        UserError: no square uint8 RGB images.
    """
    same = _same(images, side, within)
    kept: list[int] = []
    for i, others in enumerate(same):
        if not others[kept].any():
            kept.append(i)
    return np.array(kept)


def _same(images: np.ndarray, side: int, within: float) -> np.ndarray:
    """Which images show the same: (n, n) bool, False on the diagonal."""
    small = averaged_down("images", images, side)
    flat = small.reshape(len(small), -1)
    found = np.zeros((len(small), len(small)), bool)
    # Eight ways and not six: a mirrored copy and a turned one of the same painting differ by a mirrored turn.
    for way in [np.rot90(m, q, axes=(1, 2)) for m in (small, small[:, :, ::-1]) for q in range(4)]:
        for start, squared in distance_blocks(flat, way.reshape(flat.shape)):
            leave_out_self(squared, start)
            found[start : start + len(squared)] |= squared <= within**2 * flat.shape[1]
    return found | found.T


def check_originals(pictures: np.ndarray, name: str = "real") -> None:
    """Refuse to score against augmented copies.

    Features cannot tell: a mirrored painting has features of its own. So look at the pictures, before the network.

    Args:
        pictures: (n, size, size, 3) uint8, the real pictures to score against.
        name: what the message calls them.

    Raises:
        UserError: more than `DUPLICATES_ALLOWED` of them are turned or mirrored copies of each other.
    """
    share = duplicates(image_array(name, pictures))
    if share > DUPLICATES_ALLOWED:
        raise UserError(
            f"{share:.0%} of the {name} pictures are copies of each other, some turned or mirrored: score against "
            "the pictures before augmentation, one file a painting"
        )


def _spread(x: np.ndarray, near: float) -> tuple[float, np.ndarray]:
    """Mean distance of two rows, and for each row how many others are nearer than `near`: (n,) int."""
    total = 0.0
    counts = np.empty(len(x), np.int64)
    for start, squared in distance_blocks(x, x):
        here = np.arange(len(squared))
        squared[here, start + here] = 0
        total += np.sqrt(squared).sum()
        close = squared < near**2
        close |= squared == 0  # equal ones are near-duplicates whatever the threshold
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


def _memorised(found: tuple[np.ndarray, np.ndarray], reference: np.ndarray) -> Memorization:
    """Compare samples' distances with those of held-out paintings."""
    indices, distances = found
    p5, median = (float(x) for x in np.percentile(reference, [5, 50]))
    if median == 0:
        raise UserError("most held_out paintings are also in train: hold them out before training")
    copied = distances == 0  # a copy is one even if some held-out painting was in the training set twice
    below_median, below_p5 = (float(((distances < limit) | copied).mean()) for limit in (median, p5))
    return Memorization(below_median, below_p5, median, p5, indices, distances)
