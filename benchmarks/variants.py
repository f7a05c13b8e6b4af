"""The training step of colour_field/model_1, written in several ways; each does the same work.

`VARIANTS` has them all; `check` sees that a step moves what it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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

    The same as `artkeras.models.gan.CombinedGAN.work`: half as many fakes, then a whole batch there and back; D on
    two halves there and back, then the gradient passed through it.
    """
    return (0.5 + 3) * generator + (2 * 0.5 * 3 + 2) * discriminator


def random_pictures(size: Size) -> np.ndarray:
    """(512, size, size, 3) uint8."""
    return np.random.default_rng(0).integers(0, 256, size=(PICTURES, size.size, size.size, 3), dtype="uint8")


def _recipe(size: Size):
    from artkeras import recipe

    return replace(recipe("colour_field/model_1"), size=size.size, width=size.width, batch_size=size.batch)


def _values(network) -> list[np.ndarray]:
    return [np.array(v) for v in network.weights]


class Kit:
    """The kit's own step, as `fit` takes it; TensorFlow unless KERAS_BACKEND says otherwise."""

    def __init__(self, size: Size, precision: str):
        from artkeras import engine

        self.size, self.pictures, self.random = size, random_pictures(size), np.random.default_rng(1)
        with engine.precision_policy(precision):
            self.model = _recipe(size).build()
        self.work = self.model.work(size.batch)

    def step(self) -> None:
        chosen = self.random.integers(PICTURES, size=self.size.batch)
        self.model.train_on_batch(self.pictures[chosen], return_dict=True)

    def weights(self) -> Weights:
        return {name: _values(network) for name, network in self.model.networks.items()}

    def parts(self) -> Iterator[Part]:
        yield "the step", self.step, {"generator", "discriminator"}


class StudyLoop:
    """The study's own loop, line by line in Keras: D on real pictures, D on fakes, then the stacked model.

    Keras 3 reads the `trainable` flags when a train function is traced. The study compiled D, froze it, built and
    compiled the stack, and then trained; done so today, D would never learn. So D's step is traced first, then D
    is frozen, then the stack is built and traced. `check` sees to it.
    """

    def __init__(self, size: Size, precision: str = "float32"):
        from artkeras import engine

        self.size, self.random = size, np.random.default_rng(1)
        self.pictures = random_pictures(size).astype("float32") / 127.5 - 1  # the study scaled all of them beforehand
        recipe = _recipe(size)
        with engine.precision_policy(precision):
            self.generator, logits = recipe.network("generator"), recipe.network("discriminator")
            keras = engine.keras
            score = keras.layers.Activation("sigmoid", dtype="float32")(logits.output)
            self.discriminator = keras.Model(logits.input, score)  # the study's D ended in a sigmoid
            self._compile(self.discriminator)
            self._trace()
            self._freeze()
            self.stacked = keras.Sequential([self.generator, self.discriminator])
            self._compile(self.stacked)
        self.work = size.batch * step_work(engine.multiply_adds(self.generator), engine.multiply_adds(logits))

    def _compile(self, model) -> None:
        from artkeras.models.gan import adam

        model.compile(loss="binary_crossentropy", optimizer=adam(), metrics=["accuracy"])

    def _trace(self) -> None:
        self.train_discriminator()

    def _freeze(self) -> None:
        self.discriminator.trainable = False

    def _latents(self, count: int) -> np.ndarray:
        return self.random.normal(size=(count, 100)).astype("float32")

    def train_discriminator(self) -> None:
        """Half a batch of real pictures, half a batch of fakes."""
        half = self.size.batch // 2
        real = self.pictures[self.random.integers(PICTURES, size=half)]
        self.discriminator.train_on_batch(real, np.ones((half, 1), "float32"))
        fake = self.generator.predict(self._latents(half), verbose=0)
        self.discriminator.train_on_batch(fake, np.zeros((half, 1), "float32"))

    def train_generator(self) -> None:
        """A whole batch of latents through the stack, labelled as real."""
        self.stacked.train_on_batch(self._latents(self.size.batch), np.ones((self.size.batch, 1), "float32"))

    def step(self) -> None:
        self.train_discriminator()
        self.train_generator()

    def weights(self) -> Weights:
        return {"generator": _values(self.generator), "discriminator": _values(self.discriminator)}

    def parts(self) -> Iterator[Part]:
        yield "the discriminator's own step", self.train_discriminator, {"discriminator"}
        yield "the stacked model's step", self.train_generator, {"generator"}


def _pytorch(size: Size, precision: str) -> Variant:
    from benchmarks.pytorch import PyTorch

    return PyTorch(size, precision)


# name -> (what it is called, how it is made, its precision)
VARIANTS: dict[str, tuple[str, Callable[[Size, str], Variant], str]] = {
    "study": ("the study's loop, right for Keras 3", StudyLoop, "float32"),
    "kit": ("artkeras", Kit, "float32"),
    "kit_bfloat16": ("artkeras", Kit, "bfloat16"),
    "pytorch": ("PyTorch, eager", _pytorch, "float32"),
    "pytorch_bfloat16": ("PyTorch, eager", _pytorch, "bfloat16"),
}
