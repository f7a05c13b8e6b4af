"""Rectified flow: images from noise, along the way that a network has learned back from noise to paintings."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from artkeras import data
from artkeras.errors import UserError
from artkeras.tasks.base import Task
from artkeras.tasks.sampling import BATCH, Trained, closed_walk, slerp

if TYPE_CHECKING:
    from artkeras.engine import StepModel
    from artkeras.recipes import Recipe

STEPS = 16  # of the sampler, two calls of the network each but for the last
WATCHED_TIMES = 4  # each painting is measured at so many times in validation


class _Flow(Task):
    kept = ("velocity",)
    losses = (
        "How far the network is from the true velocity, mean squared, at random times. It cannot reach 0, since the "
        "same noisy image may come from many paintings."
    )

    def open(self, recipe, networks, caption):
        return FlowSampler(recipe, networks, caption)

    def validator(self, recipe, train, held_out, features):
        return Validator(recipe, train, held_out)

    def evaluate(self, trained, train, held_out, *, count, seed, features, thumbnail, facts, log):
        from artkeras.tasks.generation import GAN

        return GAN.evaluate(
            trained, train, held_out, count=count, seed=seed, features=features, thumbnail=thumbnail,
            facts=facts | {"steps": trained.steps}, log=log,
        )  # fmt: skip


class FlowSampler(Trained):
    """A trained velocity that turns noise into images by Heun's method.

    Attributes:
        steps: of the sampler; more are slower and a little better.
    """

    steps: int
    origin = "random noise"
    shown = "Samples of 49 fixed noises, not chosen."
    nearest = "its error on held-out paintings was smallest"

    def __init__(self, recipe: Recipe, networks: Mapping[str, Any], caption: str, steps: int = STEPS):
        if steps < 1:
            raise UserError(f"a sampler of {steps} steps goes nowhere: ask for at least 1")
        super().__init__(recipe, networks, caption)
        self.steps = steps

    def latents(self, count: int, seed: int = 0) -> np.ndarray:
        """`count` images of noise from N(0, 1), the same for the same seed: (count, size, size, 3) float32."""
        if count < 1:
            raise UserError(f"cannot draw {count} pictures: ask for at least 1")
        size = self.recipe.size
        return np.random.default_rng(seed).normal(size=(count, size, size, 3)).astype("float32")

    def pictures(self, latents: np.ndarray) -> np.ndarray:
        """The images that noise becomes: (n, size, size, 3) float32 -> (n, size, size, 3) uint8 RGB."""
        velocity = self.networks["velocity"]
        images = np.concatenate(
            [integrate(velocity, latents[i : i + BATCH], self.steps) for i in range(0, len(latents), BATCH)]
        )
        images = data.to_uint8(images, *self.recipe.pixel_range)
        return images[..., ::-1] if self.recipe.channels == "bgr" else images

    def sample(self, count: int = 49, seed: int = 0) -> np.ndarray:
        """`count` new images, the same for the same seed: (count, size, size, 3) uint8 RGB."""
        return self.pictures(self.latents(count, seed))

    def walk(self, frames: int = 60, stops: int = 5, seed: int = 0) -> np.ndarray:
        """A closed walk through noise, along great circles: (frames, size, size, 3) uint8 RGB."""
        size = self.recipe.size
        path = closed_walk(lambda count: self.latents(count, seed).reshape(count, -1), frames, stops, slerp)
        return self.pictures(path.reshape(frames, size, size, 3).astype("float32"))


def integrate(velocity: Any, noise: np.ndarray, steps: int) -> np.ndarray:
    """Follow a velocity from noise (t = 1) to images (t = 0) by Heun's method, in equal steps.

    The last step is Euler's: at t = 0 there is nothing left to correct it by.

    Args:
        velocity: [(n, size, size, 3), (n, 1)] -> (n, size, size, 3).
        noise: (n, size, size, 3) float32.
        steps: at least 1.

    Returns:
        Images of the same shape, float32, not clipped.
    """
    from keras import ops

    def at(x: Any, time: float) -> Any:
        return velocity([x, ops.full((len(noise), 1), time, dtype="float32")], training=False)

    x, times = ops.convert_to_tensor(noise), np.linspace(1.0, 0.0, steps + 1)
    for now, then in itertools.pairwise(times):
        first = at(x, now)
        ahead = x + (then - now) * first
        x = ahead if then == 0 else x + (then - now) / 2 * (first + at(ahead, then))
    return ops.convert_to_numpy(x)


class Validator:
    """Measures the loss in the middle of training on held-out paintings and on as many that it is trained on.

    Noise and times are the same each time, so that the columns are smooth. Where the error on held-out paintings turns
    upwards while the other one still falls, the network begins to memorize its paintings.
    """

    columns: tuple[str, ...] = ("validation_loss", "training_loss")
    selection: tuple[str, ...] = ("validation_loss",)

    def __init__(self, recipe: Recipe, train: data.Pictures, held_out: data.Pictures):
        """Choose the paintings, their noise and times, once."""
        unseen = held_out.take(range(len(held_out)))
        known = train.originals()
        chosen = np.random.default_rng(recipe.seed).permutation(len(known))[: len(unseen)]
        self.sets = {"validation_loss": unseen, "training_loss": known.take(chosen)}
        if recipe.channels == "bgr":
            self.sets = {name: images[..., ::-1].copy() for name, images in self.sets.items()}

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Mean losses of the averaged weights, where there are some: name -> value."""
        if model.average is None:
            return self._losses(model)
        with model.average.in_use():
            return self._losses(model)

    def _losses(self, model: Any) -> dict[str, float]:
        found = {}
        for name, images in self.sets.items():
            random, losses, counts = np.random.default_rng(0), [], []
            for _ in range(WATCHED_TIMES):
                for first in range(0, len(images), BATCH):
                    batch = images[first : first + BATCH]
                    noise = random.normal(size=batch.shape).astype("float32")
                    times = (1 / (1 + np.exp(-random.normal(size=(len(batch), 1))))).astype("float32")
                    losses.append(float(model.loss_at(model.scale(batch), noise, times, training=False)))
                    counts.append(len(batch))
            found[name] = float(np.average(losses, weights=counts))
        return found


FLOW = _Flow()
"""A velocity, see `artkeras.models.flow`."""
