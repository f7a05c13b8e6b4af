"""Tiny translators, for the tests of them."""

from dataclasses import replace

import numpy as np

from artkeras.engine import keras
from artkeras.recipes.facades import PIX2PIX
from artkeras.recipes.monet2photo import CYCLEGAN

SIZE = 16

_SMALL = {"size": SIZE, "width": 2, "batch_size": 2, "limit": 8, "holdout": 0.25, "epochs": 2, "sample_every": 1}

# 8 pictures of each domain, 4 steps an epoch; the pool is full after two of them
TINY_CYCLEGAN = replace(
    CYCLEGAN,
    model=CYCLEGAN.model.but(pool=4),
    networks={
        name: builder.but(**({"blocks": 1} if "_to_" in name else {"depth": 1}))
        for name, builder in CYCLEGAN.networks.items()
    },
    **_SMALL,
)
TINY_PIX2PIX = replace(
    PIX2PIX,
    networks={"a_to_b": PIX2PIX.networks["a_to_b"], "discriminator": PIX2PIX.networks["discriminator"].but(depth=1)},
    **_SMALL,
)

TINY = (TINY_CYCLEGAN, TINY_PIX2PIX)


def batch(count=2, seed=0):
    """(count, 16, 16, 6) uint8."""
    return np.random.default_rng(seed).integers(0, 256, size=(count, SIZE, SIZE, 6), dtype="uint8")


def without_chance(recipe):
    """A recipe's model with the same numbers on every backend: no dropout, plain gradient descent, drawn by numpy."""
    networks = {
        name: builder.but(dropout=0.0) if "unet" in builder.path else builder
        for name, builder in recipe.networks.items()
    }
    made = replace(recipe, networks=networks, optimizer=_Descent()).build()
    random = np.random.default_rng(42)
    for network in made.networks.values():
        for v in network.trainable_variables:
            around = 1.0 if v.path.endswith("gamma") else 0.0
            v.assign(around + random.normal(scale=0.2, size=v.shape).astype("float32"))
    return made


class _Descent:
    """Adam's first steps hardly depend on the size of a gradient, and would hide what differs."""

    def __call__(self, steps=None):
        return keras.optimizers.SGD(0.02)


def two_steps(recipe):
    """Logs of two steps without chance, through `fit`, and sums of each network's weights after."""
    made, steps = without_chance(recipe), []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(dict(logs)))
    made.fit(batch(4), batch_size=2, shuffle=False, verbose=0, callbacks=[note])
    after = {
        name: [float(np.abs(np.asarray(v)).sum()) for v in network.trainable_variables]
        for name, network in made.networks.items()
    }
    return [{name: float(value) for name, value in step.items()} for step in steps], after
