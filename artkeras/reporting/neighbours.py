"""Samples beside the paintings they are nearest to: study 1 closes with a page of such pairs."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from artkeras import data, metrics
from artkeras.errors import UserError
from artkeras.metrics.arrays import averaged_down, image_array

SIDE = 16  # pixels to which pictures are averaged before they are compared pixel by pixel


@dataclass(frozen=True)
class Originals:
    """What `originals` found, nearest first.

    Attributes:
        pictures: (n, count, size, size, 3) uint8.
        names: n lists of `count` file names.
        distances: (n, count) float64: by pixels root mean square differences in grey levels, by features Euclidean.
    """

    pictures: np.ndarray = field(repr=False)
    names: list[list[str]]
    distances: np.ndarray

    @property
    def typical(self) -> float:
        """Median distance to the nearest."""
        return float(np.median(self.distances[:, 0]))

    def beside(self, pictures: np.ndarray) -> np.ndarray:
        """For a grid of 1 + count columns, or a multiple: each picture, then what was found for it."""
        rows = np.concatenate([pictures[:, None], self.pictures], axis=1)
        return rows.reshape(-1, *rows.shape[2:])


def originals(
    pictures: np.ndarray,
    paintings: data.Pictures,
    *,
    count: int = 3,
    by: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Originals:
    """Find the paintings nearest to each picture.

    Args:
        pictures: (n, size, size, 3) uint8: samples, or paintings never shown to a generator, whose distances tell what
            is near.
        paintings: where to look; copies of one painting count as one.
        count: how many for each.
        by: what to compare: None, the pixels of small versions, a painting turned and mirrored in all six ways; or
            something that describes pictures by numbers, such as `artkeras.metrics.features.Features`, which is not
            shown the copies and sees what a picture is like rather than where things are.

    Raises:
        UserError: when there are fewer paintings than asked for, or what should be pictures is none.
    """
    pictures, paintings = image_array("pictures", pictures), paintings.originals()
    array = paintings.take(range(len(paintings)))
    if not 1 <= count <= len(array):
        raise UserError(f"cannot find the {count} nearest of {len(array)} paintings")
    if by is None:
        side = min(SIDE, pictures.shape[1], array.shape[1])
        given, known = averaged_down("pictures", pictures, side), averaged_down("paintings", array, side)
        known, unit = metrics.six_copies(known).reshape(6 * len(array), -1), np.sqrt(known[0].size)
        given = given.reshape(len(given), -1)
    else:
        given, known, unit = by(pictures), by(array), 1.0
    found, distances = metrics.neighbours(given, known, count, copies=len(known) // len(array))
    names = [[paintings.names[i] for i in row] for row in found]
    return Originals(array[found], names, distances / unit)
