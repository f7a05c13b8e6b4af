"""What a variant of a training step is, and how it is checked; the variants themselves are in `benchmarks.variants`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

PICTURES = 512  # random ones to draw from: what they show does not change what a step costs

Weights = dict[str, list[np.ndarray]]
Part = tuple[str, Callable[[], None], set[str]]


@dataclass(frozen=True)
class Size:
    """What decides the work of a step: side of the pictures, filters of the thinnest layer, pictures a step."""

    size: int = 64
    width: int = 128
    batch: int = 128


class Variant(Protocol):
    """One way to train model 1."""

    work: float

    def step(self) -> None:
        """Draw a batch and take one whole training step."""

    def weights(self) -> Weights:
        """Copies of the weights of "generator" and "discriminator"."""

    def parts(self) -> Iterator[Part]:
        """The step in parts: what it is called, the part, and the networks that it alone must move."""


def check(variant: Variant) -> None:
    """Take one step, part by part, and see that each moves all weights of the networks it is for, and no other.

    Raises:
        RuntimeError: naming the part and the network.
    """
    for name, part, meant in variant.parts():
        before = variant.weights()
        part()
        after = variant.weights()
        for network in before:
            changed = [not np.array_equal(a, b) for a, b in zip(before[network], after[network], strict=True)]
            if network in meant and not all(changed):
                raise RuntimeError(f"{name} does not move the {network}")
            if network not in meant and any(changed):
                raise RuntimeError(f"{name} moves the {network}")


def step_work(generator: int, discriminator: int) -> float:
    """Multiply-adds of a step for each picture of the batch, from those of each network's way through.

    The same as `artkeras.models.gan.CombinedGAN.step_macs`: half as many fakes, then a whole batch there and back; D on
    two halves there and back, then the gradient passed through it.
    """
    return (0.5 + 3) * generator + (2 * 0.5 * 3 + 2) * discriminator


def random_pictures(size: Size) -> np.ndarray:
    """(512, size, size, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, size=(PICTURES, size.size, size.size, 3), dtype="uint8")
