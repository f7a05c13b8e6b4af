"""The training step of colour_field/model_1, written in several ways; each does the same work.

`VARIANTS` has them all; `benchmarks.variant.check` sees that a step moves what it should.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.variant import PICTURES, Part, Size, Variant, Weights, random_pictures, step_work


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
        self.work = self.model.step_macs(size.batch)

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
        self.work = size.batch * step_work(engine.macs(self.generator), engine.macs(logits))

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
