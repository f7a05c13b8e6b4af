"""A tiny training for the tests; as a script, a process that kills itself in the middle of it.

python training_worker.py FOLDER between    starts a run under FOLDER and dies between two checkpoints
python training_worker.py RUN writing       goes on, and dies with half a checkpoint written
python training_worker.py RUN after         goes on, and dies right after a checkpoint in mid-epoch
python training_worker.py RUN 1.5           starts or goes on, and dies 1.5 seconds after its first step began
"""

import io
import json
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from artkeras.recipes.colour_field import MODEL_2

# 16 px, width 2, batch 8, 12 paintings (9 steps an epoch), 2 epochs
TINY = replace(MODEL_2, size=16, width=2, batch_size=8, limit=12, epochs=2, sample_every=1)
STEPS = 9


def silent(line: str) -> None:
    """A log that nobody reads."""


def lighten(patch) -> None:
    """Leave out what only costs time: measuring the processor, painting 300 placeholders to use 12."""
    import artkeras.training.plan

    patch.setattr(artkeras.training.plan, "matrix_rate", lambda precision: 1e11)
    patch.setattr("artkeras.data.loading.PLACEHOLDER_COUNT", 24)


_MODELS: dict[str, tuple] = {}


def reuse_models(patch) -> None:
    """Build and compile each network once, and hand it out again in its initial state."""
    from artkeras import engine
    from artkeras.training import train as training

    build = training._model
    decisive = ("model", "networks", "optimizer", "loss", "size", "width", "pixel_range", "seed", "ema")

    def model(recipe, precision, jit, steps=None):
        plain, planned = recipe.to_json(), steps if recipe.of_task.plans_steps else None
        key = json.dumps([[plain[name] for name in decisive], precision, jit, planned])
        if key not in _MODELS:
            made, resolved = build(recipe, precision, jit, steps)
            _MODELS[key] = made, resolved, {name: np.array(v) for name, v in made.state().items()}
        made, resolved, initial = _MODELS[key]
        made._jax_state = None
        engine.assign(made.state(), initial)
        return made, resolved

    patch.setattr(training, "_model", model)


def forget_models(patch) -> None:
    """From here on, networks are built again (and then reused)."""
    patch.setattr(sys.modules[__name__], "_MODELS", {})


class CheapFeatures:
    """Mean colours of a 4 x 4 division instead of a network, where the plumbing is tested."""

    name, resize = "colours", "none"

    def __init__(self, name: str = "lite0"):
        self.asked, self.seen = name, []

    def __call__(self, pictures, thumbnail=None):
        self.seen.append(pictures)
        side = pictures.shape[1] // 4
        return pictures.reshape(len(pictures), 4, side, 4, side, 3).mean((2, 4)).reshape(len(pictures), -1)


def checkpoint_often(patch, *, every: int = 1, minutes: float = 10.0) -> None:
    """Other intervals than the usual 10 epochs and 10 minutes."""
    from artkeras.training import callbacks

    patch.setitem(callbacks.Checkpoint.__init__.__kwdefaults__, "every", every)
    patch.setitem(callbacks.Checkpoint.__init__.__kwdefaults__, "minutes", minutes)


def at_step(patch, epoch: int, step: int, action) -> None:
    """Call `action(recorder)` once, when so many epochs and steps are done and noted."""
    from artkeras.training import callbacks

    note = callbacks.Recorder.on_train_batch_end

    def on_train_batch_end(self, batch, logs=None):
        note(self, batch, logs)
        if (self.position.epoch, self.position.step) == (epoch, step):
            action(self)

    patch.setattr(callbacks.Recorder, "on_train_batch_end", on_train_batch_end)


def die() -> None:
    """As `kill -9` does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_between(patch) -> None:
    """After 5 steps of epoch 2, all rows written, the next ones torn: the checkpoint is 5 steps old."""

    def tear(recorder) -> None:
        recorder.flush()
        for name, torn in (("iterations.csv", "2,6,0.6931"), ("history.csv", "2,0.7")):
            with open(recorder.run.path / name, "a") as file:
                file.write(torn)
        die()

    at_step(patch, 1, 5, tear)


def die_writing(patch) -> None:
    """With half of epoch 2's checkpoint written."""
    save = np.savez

    def savez(file, **arrays):
        if "epoch-0002" not in file.name:
            return save(file, **arrays)
        whole = io.BytesIO()
        save(whole, **arrays)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        die()

    patch.setattr(np, "savez", savez)


def die_after(patch) -> None:
    """Right after the checkpoint of 4 steps in epoch 3, one being written at each step."""
    from artkeras.training.checkpoints import Position
    from artkeras.training.run import Run

    checkpoint_often(patch, minutes=0)
    save = Run.save_checkpoint

    def save_checkpoint(self, position, state, seconds):
        save(self, position, state, seconds)
        if position == Position(2, 4):
            die()

    patch.setattr(Run, "save_checkpoint", save_checkpoint)


def die_after_seconds(patch, seconds: float) -> None:
    """Wherever it is by then: in a step, a table, a checkpoint that is written after each step, a sample grid."""
    from artkeras.training import callbacks

    checkpoint_often(patch, minutes=0)
    begin = callbacks.Recorder.on_epoch_begin

    def on_epoch_begin(self, epoch, logs=None):
        if not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()):
            timer = threading.Timer(seconds, die)
            timer.daemon = True
            timer.start()
        begin(self, epoch, logs)

    patch.setattr(callbacks.Recorder, "on_epoch_begin", on_epoch_begin)


def main(folder: str, where: str) -> None:
    """Train or go on, and die."""
    import pytest

    from artkeras.training import train as training

    patch = pytest.MonkeyPatch()
    lighten(patch)
    checkpoint_often(patch)
    ways = {"between": die_between, "writing": die_writing, "after": die_after}
    ways.get(where, lambda patch: die_after_seconds(patch, float(where)))(patch)
    if (Path(folder) / "recipe.json").exists():
        training.resume(folder, log=silent)
    else:
        training.train(replace(TINY, epochs=3), precision="float32", out=folder, log=silent)
    raise SystemExit("it was to die before this")


if __name__ == "__main__":
    main(*sys.argv[1:])
