"""Training: a recipe in, a run out; and going on with a run that was stopped."""

import math
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import artkeras
from artkeras import data, engine
from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.metrics.features import Features
from artkeras.recipes import Recipe
from artkeras.recipes import recipe as find_recipe
from artkeras.tasks.base import Validator
from artkeras.training import callbacks
from artkeras.training.checkpoints import Position
from artkeras.training.plan import Plan, few_steps, plan, steps_per_epoch
from artkeras.training.run import Run

Log = Callable[[str], None]


class Batches(keras.utils.PyDataset):
    """The pictures of one epoch's steps, drawn with replacement.

    Those of a step depend on nothing but (seed, epoch, step), so that a resumed epoch goes on with the very
    pictures it would have had. Keras' own shuffling cannot be resumed.
    """

    def __init__(self, pictures: data.Pictures, recipe: Recipe, epoch: int, first_step: int = 0):
        super().__init__()
        self.pictures, self.recipe, self.epoch, self.first_step = pictures, recipe, epoch, first_step

    def __len__(self) -> int:
        return steps_per_epoch(self.recipe, self.pictures) - self.first_step

    def __getitem__(self, index: int) -> np.ndarray:
        """Pictures of the index-th remaining step: (batch_size, size, size, channels) uint8."""
        random = np.random.default_rng([self.recipe.seed, self.epoch, self.first_step + index])
        chosen = self.pictures.draw(random, self.recipe.batch_size)
        return chosen[..., ::-1].copy() if self.recipe.channels == "bgr" else chosen


def train(
    recipe: Recipe | str,
    *,
    data: str | Path | None = None,
    precision: str = "auto",
    jit: bool | None = None,
    out: str | Path | None = None,
    dry_run: bool = False,
    until: float = math.inf,
    log: Log = print,
) -> Run | Plan:
    """Train by a recipe, into a new run folder.

    Args:
        recipe: a `Recipe`, or the name of one.
        data: a folder of pictures; default where `artkeras.data.find` looks.
        precision: "auto", "float32" or "bfloat16".
        jit: compile the step with XLA; default where that is faster.
        out: the folder that gets the run's folder; default `$ARTKERAS_RUNS`, else `runs`.
        dry_run: only say what it would cost.
        until: on `time.monotonic`, when it stops as after Ctrl-C.
        log: called with each line of news.

    Returns:
        The `Run`; with `dry_run` the `Plan`.

    Raises:
        UserError: for anything the user can put right; nothing is written then.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is saved.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    recipe.check()
    recipe.check_training()
    out = Run.check_place(out or os.environ.get("ARTKERAS_RUNS") or "runs")
    pictures, held_out = _pictures(recipe, data, log)
    if few := few_steps(recipe, pictures):
        log(f"note: {few}")
    steps = recipe.epochs * steps_per_epoch(recipe, pictures)
    model, precision = _model(recipe, precision, jit, steps)
    cost = plan(recipe, pictures, model, precision, Position())
    log(f"{recipe.name}: {cost}, {precision} on {engine.device()} ({engine.BACKEND})")
    if dry_run:
        return cost
    validator = _validator(recipe, pictures, held_out)
    examples = recipe.of_task.examples(recipe, pictures, held_out)
    run = Run.create(out, recipe, _environment(recipe, pictures, precision, jit))
    log(f"run: {run.path}")
    with run.lock():
        return _fit(run, model, pictures, validator, examples, Position(), 0.0, until, log)


def resume(
    run: Run | str | Path,
    *,
    epochs: int | None = None,
    data: str | Path | None = None,
    until: float = math.inf,
    log: Log = print,
    **expected: Any,
) -> Run:
    """Go on with a run from its last sound checkpoint, as if it had never stopped.

    Args:
        run: a `Run` or its folder.
        epochs: a new total, not less than what is done; everything else must stay as it was.
        data: the folder of its pictures, if they have moved; their content must be the same.
        until: on `time.monotonic`, when it stops as after Ctrl-C.
        log: called with each line of news.
        **expected: recipe values (`seed=`, `holdout=`, ...) or `precision=` that the caller believes it has.

    Raises:
        UserError: when something differs (all differences are listed), no checkpoint can be read, or another process
            trains the run.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is saved.
    """
    run = run if isinstance(run, Run) else Run(run)
    with run.lock():
        return _resume(run, epochs, data, until, log, expected)


def _resume(
    run: Run, epochs: int | None, data: str | Path | None, until: float, log: Log, expected: Mapping[str, Any]
) -> Run:
    recipe = run.recipe if epochs is None else replace(run.recipe, epochs=epochs)
    before = run.environment
    pictures, held_out = _pictures(recipe, data or run.source(), log)
    precision = before["precision"]
    asked = {name: value for name, value in expected.items() if value not in (None, "auto")}
    pairs: dict[str, tuple[Any, ...]] = {
        **{name: (getattr(recipe, name, before.get(name)), value) for name, value in asked.items()},
        "backend": (before["versions"]["backend"], engine.BACKEND),
    }
    now = _facts(recipe, pictures)
    if before["pictures"]["fingerprint"] != now["fingerprint"]:  # where they lie may change, what they show may not
        pairs["pictures"] = tuple(
            f"{p['pictures']} of {p['source']} ({p['fingerprint'][:8]})" for p in (before["pictures"], now)
        )
    changed = [f"{name} was {old}, now {new}" for name, (old, new) in pairs.items() if old != new]
    if changed:
        raise UserError(
            f"{run.path} cannot go on with other values ({'; '.join(changed)}): give the old ones, or train again"
        )
    for name, version in engine.versions().items():
        if before["versions"].get(name) != version:
            log(f"note: {name} was {before['versions'].get(name)}, now {version}: last digits may differ")

    model, _ = _model(recipe, precision, before["jit"], recipe.epochs * steps_per_epoch(recipe, pictures))
    # a run that was killed before its first checkpoint starts again, from the same seed
    position, state, seconds = run.latest(log) if run.checkpoints() else (Position(), None, 0.0)
    if recipe.epochs < position.epoch or (recipe.epochs == position.epoch and position.step):
        raise UserError(f"{run.path} has done {position} already: give a total of more epochs")
    if state is not None:
        engine.assign(model.state(), state)
    run.rewind(position)
    run.sweep()
    if recipe.epochs == position.epoch:
        if not (run.path / "samples.gif").exists():  # killed between its last checkpoint and this
            callbacks.write_gif(run)
        log(f"{run.path} has done its {recipe.epochs} epochs: give --epochs to train on")
        return run
    run.update(
        recipe=recipe, environment=before | {"pictures": now, "resumed": [*before["resumed"], [str(position), _now()]]}
    )
    log(f"{recipe.name}: going on from {position}; {plan(recipe, pictures, model, precision, position)}")
    validator = _validator(recipe, pictures, held_out)
    examples = recipe.of_task.examples(recipe, pictures, held_out)
    return _fit(run, model, pictures, validator, examples, position, seconds, until, log)


def _fit(
    run: Run,
    model: engine.StepModel,
    pictures: data.Pictures,
    validator: Validator | None,
    examples: np.ndarray | None,
    start: Position,
    seconds: float,
    until: float,
    log: Log,
) -> Run:
    recipe, steps = run.recipe, steps_per_epoch(run.recipe, pictures)
    go_on = f"go on with: python -m artkeras resume {shlex.quote(str(run.path))}"
    recorder = callbacks.Recorder(run, steps, start, seconds, validator=validator)
    checkpoint = callbacks.Checkpoint(run, recorder)
    grid = callbacks.SampleGrid(run, recorder, examples)
    try:
        with callbacks.stop_signals(until) as asked:
            beside = [recorder, grid, checkpoint, callbacks.CalmStop(checkpoint, asked)]
            for epoch in range(start.epoch, recipe.epochs):
                batches = Batches(pictures, recipe, epoch, start.step if epoch == start.epoch else 0)
                model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=0, callbacks=beside)
    except KeyboardInterrupt:
        last = next(reversed(run.checkpoints()), None)
        if last == recorder.position:
            stopped = f"stopped at {last}"
        else:  # a second Ctrl-C did not wait for a checkpoint
            stopped = f"stopped; the last checkpoint is from {last}" if last else "stopped before its first checkpoint"
        raise KeyboardInterrupt(f"{stopped}; {go_on}") from None
    except OSError as error:  # a full disk, a drive that went away
        raise UserError(
            f"training stopped, the run cannot be written ({error.strerror or error}): make room, then {go_on}"
        ) from error
    finally:
        recorder.close()
    callbacks.write_gif(run)
    log(f"done: {run.path}")
    return run


def _pictures(recipe: Recipe, folder: str | Path | None, log: Log) -> tuple[data.Pictures, data.Pictures | None]:
    pictures, held_out = recipe.pictures(folder)
    for note in pictures.notes:
        log(f"note: {note}")
    if held_out is not None:
        log(f"held out for evaluation: {len(held_out)} paintings (holdout {recipe.holdout}, seed {recipe.seed})")
    if steps_per_epoch(recipe, pictures) < 1:
        smaller = "" if recipe.scale == "quick" else ", or train --quick, whose batches are smaller"
        raise UserError(
            f"{pictures.source} gives {len(pictures)} pictures, a batch needs {recipe.batch_size}: "
            f"add pictures{smaller}"
        )
    return pictures, held_out


def _validator(recipe: Recipe, pictures: data.Pictures, held_out: data.Pictures | None) -> Validator | None:
    return recipe.of_task.validator(recipe, pictures, held_out, Features) if recipe.eval_every else None


def _model(recipe: Recipe, precision: str, jit: bool | None, steps: int | None = None) -> tuple[engine.StepModel, str]:
    with engine.precision_policy(precision) as resolved:
        return recipe.build(jit=jit, steps=steps), resolved


def _environment(recipe: Recipe, pictures: data.Pictures, precision: str, jit: bool | None) -> dict[str, Any]:
    return {
        "artkeras": artkeras.__version__,
        "versions": engine.versions(),
        "device": engine.device(),
        "precision": precision,
        "jit": jit,
        "command": _command(),
        "started": _now(),
        "resumed": [],
        "pictures": _facts(recipe, pictures),
    }


def _facts(recipe: Recipe, pictures: data.Pictures) -> dict[str, Any]:
    return {
        "source": pictures.source,
        "synthetic": pictures.synthetic,
        "paintings": len(pictures.originals()),
        "pictures": len(pictures),
        "holdout": recipe.holdout,
        "skipped": [list(entry) for entry in pictures.skipped],
        "fingerprint": pictures.fingerprint,
    }


def _command() -> str:
    program = Path(sys.argv[0])  # .../artkeras/__main__.py, or the script `artkeras`; a notebook has none
    ours = program.stem == "artkeras" or (program.stem == "__main__" and program.parent.name == "artkeras")
    return shlex.join(["python", "-m", "artkeras", *sys.argv[1:]]) if ours else ""


def _now() -> str:
    return datetime.now().isoformat(timespec="seconds")
