"""Trained networks, opened for use: samples of a generator. Where they are kept is in `artkeras.tasks.results`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from artkeras import data
from artkeras.errors import UserError
from artkeras.recipes import Recipe
from artkeras.reporting import figures

if TYPE_CHECKING:
    import keras

BATCH = 64
GENERATORS = {"trained": "generator.npz", "ema": "generator_ema.npz"}  # weights -> the file of a result


class Trained:
    """Trained networks and what can be done with them; each task has a subclass of its own.

    Attributes:
        recipe: the recipe they were trained by.
        networks: the Keras models by name.
        caption: one line saying what they are.
        origin: what `sample` makes pictures from, in words.
        shown: what `figure` shows, a sentence.
        steps: of the sampler, where an image is made in several; None where it takes one pass.
        nearest: what was smallest at the epoch that was best, where a run was evaluated during training.
    """

    origin: str
    shown: str
    steps: int | None = None
    nearest = "its samples were nearest to the held-out paintings in composition and palette"

    def __init__(self, recipe: Recipe, networks: Mapping[str, Any], caption: str):
        self.recipe, self.networks, self.caption = recipe, dict(networks), caption

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.caption})"

    def sample(self, count: int = 49, seed: int = 0) -> np.ndarray:
        """`count` pictures by the networks, the same for the same seed: (count, size, size, 3) uint8 RGB."""
        raise NotImplementedError

    def walk(self, frames: int = 60, stops: int = 5, seed: int = 0) -> np.ndarray:
        """A walk through latent space: (frames, size, size, 3) uint8 RGB.

        Raises:
            UserError: where there is no such space.
        """
        raise UserError(f"{self.recipe.name} has no latent space to walk through: give a model that has one")

    def figure(
        self,
        count: int = 49,
        seed: int = 0,
        *,
        scale: int = 1,
        examples: np.ndarray | None = None,
        real: bool = False,
    ) -> Image.Image:
        """What is looked at during training and in reports, as one image: `panels`, arranged by `arrange`.

        Args:
            scale: enlargement.
            count, seed, examples, real: see `panels`.
        """
        return self.arrange(self.panels(count, seed, examples=examples, real=real), scale=scale)

    def panels(
        self, count: int = 49, seed: int = 0, *, examples: np.ndarray | None = None, real: bool = False
    ) -> dict[str, np.ndarray]:
        """What is looked at during training and in reports: heading -> (n, size, size, 3) uint8 RGB.

        Args:
            count: images, about.
            seed: of the latents, or of the choice of examples.
            examples: real images to work on, see `artkeras.tasks.Task.examples`; samplers need none.
            real: whether real images may be among them. Reports are passed on, so theirs never are, unless a program
                drew their run's images.
        """
        return self._panels(count, seed, examples, real)

    def _panels(self, count: int, seed: int, examples: np.ndarray | None, real: bool) -> dict[str, np.ndarray]:
        """See `panels`; here, samples."""
        return {"samples": self.sample(count, seed)}

    def arrange(self, panels: Mapping[str, np.ndarray], *, scale: int = 1) -> Image.Image:
        """What `panels` gave, as one image; here, a grid."""
        return figures.grid(panels["samples"], scale=scale, caption=self.caption)


class Sampler(Trained):
    """A trained generator that turns seeds into pictures.

    Attributes:
        generator: the Keras model, (n, latent_dim) -> (n, size, size, 3).
    """

    origin = "random numbers"
    shown = "Samples of 49 fixed latents, not chosen."

    def __init__(self, recipe: Recipe, generator: keras.Model, caption: str):
        super().__init__(recipe, {"generator": generator}, caption)
        self.generator = generator

    def latents(self, count: int, seed: int = 0) -> np.ndarray:
        """`count` latents from N(0, 1), the same for the same seed: (count, latent_dim) float32."""
        if count < 1:
            raise UserError(f"cannot draw {count} pictures: ask for at least 1")
        return fixed_latents(count, self.generator.input_shape[-1], seed)

    def pictures(self, latents: np.ndarray) -> np.ndarray:
        """The pictures of these latents: (n, latent_dim) -> (n, size, size, 3) uint8 RGB."""
        return render(self.recipe, self.generator, latents)

    def sample(self, count: int = 49, seed: int = 0) -> np.ndarray:
        """`count` new pictures, the same for the same seed: (count, size, size, 3) uint8 RGB."""
        return self.pictures(self.latents(count, seed))

    def way(self, start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
        """The point at `share` (0 to 1) of the way from one random latent to another, here along a great circle.

        In 100 dimensions latents lie close to a sphere, and a straight line between two of them runs through its empty
        middle, where pictures fade.
        """
        return slerp(start, end, share)

    def walk(self, frames: int = 60, stops: int = 5, seed: int = 0) -> np.ndarray:
        """A closed walk through latent space: (frames, size, size, 3) uint8 RGB."""
        return self.pictures(closed_walk(lambda count: self.latents(count, seed), frames, stops, self.way))


def closed_walk(
    latents: Callable[[int], np.ndarray],
    frames: int,
    stops: int,
    way: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
) -> np.ndarray:
    """Points on the way from latent to latent and back to the first: (frames, ...).

    Args:
        latents: count -> so many latents, (count, ...).
        frames: points, evenly spread.
        stops: latents that the walk goes through.
        way: the point at a share (0 to 1) of the way from one latent to another.

    Raises:
        UserError: with less than 2 stops, or fewer frames than stops.
    """
    if frames < stops or stops < 2:
        raise UserError(f"a walk needs at least 2 stops and as many frames: not {stops} stops and {frames} frames")
    corners, path = latents(stops), []
    for place in np.arange(frames) * stops / frames:
        start, end = corners[int(place)], corners[(int(place) + 1) % stops]
        path.append(way(start, end, place % 1))
    return np.stack(path)


def fixed_latents(count: int, latent_dim: int, seed: int = 0) -> np.ndarray:
    """Latents that depend on nothing but their arguments: (count, latent_dim) float32 from N(0, 1)."""
    return np.random.default_rng(seed).normal(size=(count, latent_dim)).astype("float32")


def slerp(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """The point at `share` (0 to 1) of the way from one latent to another, along a great circle."""
    cosine = np.dot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if np.sin(angle) < 1e-6:  # parallel: the circle is not defined, a line is as good
        return (1 - share) * start + share * end
    return (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)


def render(recipe: Recipe, generator: keras.Model, latents: np.ndarray) -> np.ndarray:
    """Run a generator at inference and undo the recipe's pixel range: (n, size, size, 3) uint8 RGB."""
    from keras import ops

    batches = [
        ops.convert_to_numpy(generator(ops.convert_to_tensor(latents[i : i + BATCH]), training=False))
        for i in range(0, len(latents), BATCH)
    ]
    pictures = data.to_uint8(np.concatenate(batches), *recipe.pixel_range)
    return pictures[..., ::-1] if recipe.channels == "bgr" else pictures


def network_from_state(recipe: Recipe, name: str, state: Mapping[str, np.ndarray]) -> keras.Model:
    """Build a recipe's network in float32 and fill it from a checkpoint's or a result's arrays.

    Raises:
        UserError: when the arrays do not fit the network.
    """
    from artkeras import engine

    with engine.precision_policy("float32"):
        network = recipe.network(name)
    engine.assign({f"{name}/{i:03d}": v for i, v in enumerate(network.variables)}, state)
    return network


_AVERAGED = "ema/"  # before the name of a network's variable: its moving average, see `artkeras.engine.Average`


def generator_file(weights: str) -> str:
    """Name of the file that a result keeps these weights in.

    Raises:
        UserError: for unknown weights.
    """
    if weights not in GENERATORS:
        raise UserError(f"weights {weights!r} are unknown: choose one of {', '.join(GENERATORS)}")
    return GENERATORS[weights]


def no_average(name: str) -> UserError:
    """What is said where averaged weights are asked for and there are none."""
    return UserError(
        f"{name} was trained without averaged weights: take the trained ones (--weights trained), or train again by a "
        "recipe with ema above 0"
    )


def open_state(recipe: Recipe, state: Mapping[str, np.ndarray], caption: str, weights: str = "trained") -> Trained:
    """Build the networks that a result keeps, fill them, and open them as the recipe's task has it.

    Args:
        recipe: what they were trained by.
        state: arrays by name, of a checkpoint or a result's file.
        caption: one line saying what they are.
        weights: "trained", or "ema" for their moving average.

    Raises:
        UserError: when the arrays do not fit the networks, or hold no averaged weights where these are asked for.
    """
    generator_file(weights)
    if weights == "ema":
        averages = {name.removeprefix(_AVERAGED): v for name, v in state.items() if name.startswith(_AVERAGED)}
        if not averages:
            raise no_average(recipe.name)
        state, caption = {**state, **averages}, f"{caption}, averaged weights"
    task = recipe.of_task
    return task.open(recipe, {name: network_from_state(recipe, name, state) for name in task.kept}, caption)
