"""Checks of what comes in, and sums in blocks, for the other modules of `artkeras.metrics`."""

import operator
from collections.abc import Iterator

import numpy as np

from artkeras.errors import UserError

# Rows that repeat another row exactly, as a share of all: a few paintings were photographed twice, but not a tenth.
REPEATS_ALLOWED = 0.1

BLOCK_ENTRIES = 1 << 21  # of a block of a distance or kernel matrix: 16 MB

# Squared distances come from |x|^2 + |y|^2 - 2 x.y, which leaves rounding where x = y. Vectors that differ by less
# than a millionth of their length are equal, which is also as much as float32 features can tell.
_SAME = 1e-12


def feature_table(name: str, x: np.ndarray, rows: int) -> np.ndarray:
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


def feature_pair(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as tables of one width, the real one without too many repeats."""
    real, fake = feature_table("real", real, 2), feature_table("fake", fake, 2)
    check_same_width("real", real, "fake", fake)
    # Fakes may repeat: that is a collapsed generator, and a result. Reals that do were augmented or collected twice.
    repeats = 1 - len({row.tobytes() for row in real}) / len(real)
    if repeats > REPEATS_ALLOWED:
        raise UserError(
            f"{repeats:.0%} of the {len(real)} rows of real repeat another row: score against the pictures before "
            "augmentation, one file a painting"
        )
    return real, fake


def check_same_width(name: str, x: np.ndarray, name2: str, y: np.ndarray) -> None:
    if x.shape[1] != y.shape[1]:
        raise UserError(
            f"{name} has {x.shape[1]} features a row and {name2} has {y.shape[1]}: both must come from one network"
        )


def at_least(name: str, value: int, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise UserError(f"{name} must be a whole number of at least {least}, not {value}")
    return number


def image_array(name: str, pictures: np.ndarray) -> np.ndarray:
    """Pictures as they are, once they are known to be some."""
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or pictures.shape[3] != 3 or not pictures.size:
        raise UserError(f"{name} must be pictures of shape (n, height, width, 3), not {pictures.shape}")
    if pictures.dtype != np.uint8:
        # Guessing the range of floats is how a wrong range goes unseen.
        raise UserError(f"{name} must be uint8 in [0, 255], not {pictures.dtype}: convert with data.to_uint8")
    return pictures


def image_pair(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of pictures of one shape."""
    real, fake = image_array("real", real), image_array("fake", fake)
    if real.shape != fake.shape:
        raise UserError(f"real and fake must have one shape, not {real.shape} and {fake.shape}")
    return real, fake


def distance_blocks(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (start, squared distances) for block after block of x's rows from all of y's."""
    centre = y.mean(0)  # what all have in common takes digits away and tells nothing
    x, y = x - centre, y - centre
    lengths = np.einsum("ij,ij->i", y, y)
    rows = max(1, BLOCK_ENTRIES // len(y))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        both = np.einsum("ij,ij->i", part, part)[:, None] + lengths
        squared = part @ y.T
        squared *= -2
        squared += both
        both *= _SAME
        squared[squared <= both] = 0
        yield start, squared


def leave_out_self(squared: np.ndarray, start: int) -> None:
    """In a block of a set's distances from itself, put each row infinitely far from itself."""
    here = np.arange(len(squared))
    squared[here, start + here] = np.inf


def neighbour_distances(x: np.ndarray, k: int) -> np.ndarray:
    """Each row's distance from its k-th nearest other row: (n,)."""
    radii = np.empty(len(x))
    for start, squared in distance_blocks(x, x):
        leave_out_self(squared, start)
        radii[start : start + len(squared)] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return np.sqrt(radii)


def averaged_down(name: str, pictures: np.ndarray, side: int) -> np.ndarray:
    """Square pictures averaged down to at most `side`: (n, s, s, 3) float64 in [0, 255]."""
    pictures = image_array(name, pictures)
    size = pictures.shape[1]
    if size != pictures.shape[2]:
        raise UserError(f"{name} must be square to be turned, not {size} x {pictures.shape[2]} pixels")
    side = min(at_least("side", side, 1), size)
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
