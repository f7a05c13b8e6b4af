"""What a training will cost, estimated before it starts: steps, time, memory, disk."""

import math
import time
from dataclasses import dataclass

import numpy as np

from artkeras import data, engine
from artkeras.engine import keras
from artkeras.recipes import RECIPES, Recipe
from artkeras.reporting.report import duration
from artkeras.training.checkpoints import Position

# Share of the bare matrix-product rate that a training step reaches; the rest goes to moving data, activations
# and the optimizer. Measured on two cores with model 1 at batch 128; an estimate is all it is for.
EFFICIENCY = {"float32": 0.7, "bfloat16": 0.55}
STEP = 0.02  # seconds a step costs however little it multiplies
START_UP = 5.0  # seconds until the first step: tracing, first sample grid
VALIDATION = 6.0  # seconds of one evaluation during training, on two cores


@dataclass(frozen=True)
class Plan:
    """The cost of a training.

    Attributes:
        pictures: in the training set, copies included.
        steps: still to take.
        seconds: estimated for them.
        memory: bytes of pictures, weights and activations.
        disk: bytes of the run folder at its end.
    """

    pictures: int
    steps: int
    seconds: float
    memory: int
    disk: int

    def __str__(self) -> str:
        return (
            f"{self.pictures:,} pictures, {self.steps:,} steps, about {duration(self.seconds)}, "
            f"{size(self.memory)} of memory, {size(self.disk)} of disk"
        )


def size(count: float) -> str:
    """Bytes for people: "68 MB", "1.2 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def matrix_rate(precision: str, side: int = 2048) -> float:
    """Multiply-adds a second of one product of two square matrices, all cores, best of three."""
    dtype = "bfloat16" if precision == "bfloat16" else "float32"
    a = keras.ops.cast(np.random.default_rng(0).normal(size=(side, side)), dtype)
    best = math.inf
    for _ in range(3):
        start = time.perf_counter()
        float(keras.ops.matmul(a, a)[0, 0])  # reading a number waits for the result
        best = min(best, time.perf_counter() - start)
    return side**3 / best


def plan(recipe: Recipe, pictures: data.Pictures, model: engine.StepModel, precision: str, done: Position) -> Plan:
    """Estimate what is left of a training."""
    steps = steps_per_epoch(recipe, pictures)
    left = recipe.epochs * steps - done.epoch * steps - done.step
    rate = matrix_rate(precision) * EFFICIENCY[precision]
    bytes_each = 2 if precision == "bfloat16" else 4
    numbers = sum(engine.activations(network) for network in model.networks.values()) * recipe.batch_size
    state = sum(math.prod(v.shape) * 4 for v in model.all_variables())
    judged = (recipe.epochs - done.epoch) // recipe.eval_every + 1 if recipe.eval_every else 0
    kept = 2 + recipe.epochs // 50 + bool(judged)
    return Plan(
        pictures=len(pictures),
        steps=left,
        seconds=START_UP + left * (STEP + model.step_macs(recipe.batch_size) / rate) + VALIDATION * judged,
        memory=pictures.memory + 2 * state + 2 * numbers * bytes_each,
        # images through training are saved twice: as a grid and as values
        disk=kept * state + (recipe.epochs // recipe.sample_every + 2) * 2 * 49 * 3 * recipe.size**2,
    )


def steps_per_epoch(recipe: Recipe, pictures: data.Pictures) -> int:
    """Whole batches in the training set."""
    return len(pictures) // recipe.batch_size


def few_steps(recipe: Recipe, pictures: data.Pictures) -> str:
    """What to do about a GAN that will take less than half the steps of a quick run; "" where there is nothing to say.

    A quick run has as many paintings as its recipe's limit, which the placeholders are enough for.
    """
    known = RECIPES.get(recipe.name)
    if known is None or recipe.task != "generation" or pictures.synthetic:  # what placeholders are worth is said anyway
        return ""
    quick = known.quick()
    usual = quick.epochs * ((quick.limit or 0) * (len(data.COPIES) if quick.expand else 1) // quick.batch_size)
    each = steps_per_epoch(recipe, pictures)
    if 2 * recipe.epochs * each >= usual:
        return ""
    return (
        f"only {recipe.epochs * each:,} steps in all, expect noise: --epochs {-(-usual // each)} makes as many as "
        f"a quick run usually has ({usual:,})"
    )
