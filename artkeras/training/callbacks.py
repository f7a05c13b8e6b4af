"""What happens beside the steps: tables, progress bar, sample grids, checkpoints, a calm stop.

They are ordinary Keras callbacks. `Recorder` comes first: the others ask it how far training has come.
"""

import math
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from tqdm.auto import tqdm

from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.reporting import figures
from artkeras.tasks.base import Validator
from artkeras.training.checkpoints import BEST, Position
from artkeras.training.run import Run
from artkeras.training.states import write_state
from artkeras.training.tables import Table

DIVERGED = (
    "{} stopped being numbers in {}: the last checkpoint is from before; "
    "train again with another --seed, or with --precision float32"
)
GRID = 49  # a 7 x 7 grid, as in study 1
FRAMES = 25  # of the animation, at most
FEWEST = 5  # frames of an animation, however large
GIF_BYTES = 1_000_000  # it is passed on with reports


class Recorder(keras.callbacks.Callback):
    """Writes iterations.csv and history.csv, moves the progress bar, and knows the position.

    Logs are turned into numbers only every `flush_seconds`: each reading waits for the device.
    """

    def __init__(
        self,
        run: Run,
        steps: int,
        position: Position,
        seconds: float,
        *,
        validator: Validator | None = None,
        flush_seconds: float = 1.0,
    ):
        super().__init__()
        self.run, self.steps, self.position, self.seconds = run, steps, position, seconds
        self.validator, self.flush_seconds = validator, flush_seconds
        self.best: float | None = None  # what the validator found in this epoch, if it is the smallest so far
        kept = validator and (run.path / "checkpoints" / BEST).is_file()  # else the next one is the best there is
        self._smallest = _smallest(run.history(), validator.selection) if validator and kept else np.inf
        self._iterations, self._history = Table(run.path / "iterations.csv"), Table(run.path / "history.csv")
        self._pending: list[tuple[int, int, dict]] = []
        written = run.iterations()
        in_epoch = written.get("epoch", np.zeros(0)) == position.epoch + 1
        self._epoch_rows = [  # of an epoch that a stop cut in two
            {name: float(values[i]) for name, values in written.items()} for i in np.flatnonzero(in_epoch)
        ]
        batch = run.recipe.batch_size
        watched = sys.stderr.isatty() or "ipykernel" in sys.modules  # else it is a log: a line a minute
        self.bar = tqdm(
            total=run.recipe.epochs * steps * batch,
            initial=(position.epoch * steps + position.step) * batch,
            unit=" pictures", unit_scale=True, smoothing=0.05, dynamic_ncols=True, mininterval=0.5 if watched else 60,
        )  # fmt: skip
        self._clock = self._flushed = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        """Start counting the time of an epoch's steps, not that of what stands between them."""
        self.bar.set_description(f"epoch {epoch + 1}/{self.run.recipe.epochs}")
        self._clock = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Note one step."""
        epoch, step = self.position.epoch, self.position.step + 1
        self._pending.append((epoch + 1, step, dict(logs)))
        self.position = Position(epoch + 1, 0) if step == self.steps else Position(epoch, step)
        now = time.perf_counter()
        self.seconds += now - self._clock
        self._clock = now
        if step == self.steps or now - self._flushed > self.flush_seconds:
            self.flush()
        if step == self.steps:
            self._end_epoch(epoch + 1)

    def flush(self) -> None:
        """Write all steps noted so far to disk, and show the last one."""
        rows = [
            {"epoch": epoch, "step": step, **{name: float(logs[name]) for name in sorted(logs, key=_losses_first)}}
            for epoch, step, logs in self._pending
        ]
        self._pending.clear()
        self._flushed = self._clock = time.perf_counter()
        if not rows:
            return
        self._iterations.append(rows)
        self._epoch_rows += rows
        shown = {name: f"{value:.2f}" for name, value in rows[-1].items() if name not in ("epoch", "step")}
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(len(rows) * self.run.recipe.batch_size)

    def _end_epoch(self, epoch: int) -> None:
        names = [name for name in self._epoch_rows[-1] if name not in ("epoch", "step")]
        means = {name: float(np.mean([row[name] for row in self._epoch_rows])) for name in names}
        self._epoch_rows = []
        lost = [name for name in names if not np.isfinite(means[name])]
        if lost:
            raise UserError(DIVERGED.format(", ".join(lost), f"epoch {epoch}"))
        self._history.append([{"epoch": epoch, **means, **self._validation(epoch), "seconds": round(self.seconds, 1)}])

    def _validation(self, epoch: int) -> Mapping[str, float | str]:
        """What the validator measures of this epoch; blanks where it is not asked. Every row has the same columns."""
        self.best = None
        every = self.run.recipe.eval_every
        if self.validator is None:
            return {}
        if epoch % every and epoch != self.run.recipe.epochs:
            return dict.fromkeys(self.validator.columns, "")
        self.model.sync()
        found = self.validator(self.model)
        score = sum(found[name] for name in self.validator.selection)
        if score < self._smallest:
            self.best = self._smallest = score
        self._clock = time.perf_counter()
        return found

    def close(self) -> None:
        """Write what is pending and close the files and the bar, whatever has happened."""
        try:
            self.flush()
        finally:
            self._iterations.close()
            self._history.close()
            self.bar.close()


def _smallest(history: Mapping[str, np.ndarray], selection: Sequence[str]) -> float:
    """The smallest sum of these columns so far; infinite where they were never measured."""
    if not all(name in history for name in selection):
        return np.inf
    return float(np.nanmin(sum(history[name] for name in selection), initial=np.inf))


def _losses_first(name: str) -> tuple[bool, str]:
    return figures.category(name) != "loss", name  # backends hand logs over in orders of their own


class SampleGrid(keras.callbacks.Callback):
    """Saves images by the same latents, or of the same examples, before training, every few epochs, and at the end.

    They are saved as a grid to look at, epoch-0010.png, and as values, epoch-0010.npz (see `Run.panels`). Grids are
    passed on with reports, so they show no real image. A second grid, beside-0010.png, does where there are examples;
    it stays with the run.
    """

    def __init__(self, run: Run, recorder: Recorder, examples: np.ndarray | None = None):
        super().__init__()
        self.run, self.recorder, self.examples = run, recorder, examples
        self.folder = run.path / "samples"

    def on_train_begin(self, logs=None):
        """The untrained networks' grid, once."""
        if self.recorder.position == Position():
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        """A grid every `recipe.sample_every` epochs and after the last."""
        if (epoch + 1) % self.run.recipe.sample_every == 0 or epoch + 1 == self.run.recipe.epochs:
            self.save()

    def save(self) -> None:
        """Write the images of this moment."""
        self.model.sync()
        recipe, position = self.run.recipe, self.recorder.position
        trained = recipe.of_task.open(recipe, self.model.networks, self.run.caption(position))
        scale = max(1, 64 // recipe.size)
        # what a program drew may be shown anywhere
        panels = trained.panels(GRID, recipe.seed, examples=self.examples, real=self.run.synthetic)
        figures.save(trained.arrange(panels, scale=scale), self.folder / f"epoch-{position.epoch:04d}.png")
        write_state(self.folder / f"epoch-{position.epoch:04d}.npz", panels, {}, compressed=True)
        if self.examples is not None and not self.run.synthetic:
            beside = trained.figure(GRID, recipe.seed, scale=scale, examples=self.examples, real=True)
            figures.save(beside, self.folder / f"beside-{position.epoch:04d}.png")


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole training state: every few epochs, every ten minutes, at the end, and when asked.

    The last two are kept, so that a damaged one costs little, and every 50th epoch's.
    """

    def __init__(self, run: Run, recorder: Recorder, *, every: int = 10, minutes: float = 10.0, keep_every: int = 50):
        super().__init__()
        self.run, self.recorder = run, recorder
        self.every, self.minutes, self.keep_every = every, minutes, keep_every
        self._saved_at = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        """Save when ten minutes have passed; at an epoch's end `on_epoch_end` does it."""
        if time.monotonic() - self._saved_at > 60 * self.minutes and self.recorder.position.step:
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        """Save every few epochs, after the last, and when this is the best one so far."""
        due = (epoch + 1) % self.every == 0 or epoch + 1 == self.run.recipe.epochs
        if due or self.recorder.best is not None or time.monotonic() - self._saved_at > 60 * self.minutes:
            self.save()

    def save(self) -> None:
        """Write a checkpoint of this moment, after the tables that lead up to it, and drop old ones."""
        self.recorder.flush()
        at_end = not self.recorder.position.step  # later, `best` is still that of the epoch before
        best = {"kid": self.recorder.best} if at_end and self.recorder.best is not None else {}
        self.run.save_checkpoint(self.recorder.position, self.state(), self.recorder.seconds, **best)
        self._saved_at = time.monotonic()
        for position, path in list(self.run.checkpoints().items())[:-2]:
            if position.step or position.epoch % self.keep_every:
                path.unlink()

    def state(self) -> dict[str, np.ndarray]:
        """The whole training state as arrays.

        Raises:
            UserError: when it holds something that is no number.
        """
        self.model.sync()
        state = {name: keras.ops.convert_to_numpy(v.value) for name, v in self.model.state().items()}
        if not all(np.isfinite(values).all() for values in state.values()):
            raise UserError(DIVERGED.format("weights", self.recorder.position))
        return state


class CalmStop(keras.callbacks.Callback):
    """Ends training between two steps when asked to, after a checkpoint. The last in the list.

    At an epoch's end it lets the others finish first, so that no grid of that epoch is missing later.
    """

    def __init__(self, checkpoint: Checkpoint, asked: threading.Event):
        super().__init__()
        self.checkpoint, self.asked = checkpoint, asked

    def on_train_batch_end(self, batch, logs=None):
        """Save and stop, if somebody asked, between two steps of an epoch."""
        if self.asked.is_set() and self.checkpoint.recorder.position.step:
            self.stop()

    def on_epoch_end(self, epoch, logs=None):
        """The same between two epochs; after the last there is nothing to stop."""
        if self.asked.is_set() and epoch + 1 < self.checkpoint.run.recipe.epochs:
            self.stop()

    def stop(self) -> None:
        """Save, then end `fit` as Ctrl-C does."""
        self.checkpoint.save()
        raise KeyboardInterrupt


@contextmanager
def stop_signals(until: float = math.inf) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second one interrupts at once, as usual.

    Args:
        until: on `time.monotonic`, when it is set by itself.
    """
    asked = threading.Event()
    if until < math.inf:
        timer = threading.Timer(max(0.0, until - time.monotonic()), asked.set)
        timer.daemon = True
        timer.start()
    if threading.current_thread() is not threading.main_thread():  # Python allows handlers there only
        yield asked
        return

    def ask(number, frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_gif(run: Run) -> None:
    """Join a run's sample grids to samples.gif: as many, evenly spread and with the last, as `GIF_BYTES` allow."""
    frames = list(run.grids().values())
    every = -(-len(frames) // FRAMES)
    while frames:
        chosen = frames[::-1][::every][::-1]
        figures.gif(chosen, run.path / "samples.gif", milliseconds=400)
        if len(chosen) <= FEWEST or (run.path / "samples.gif").stat().st_size <= GIF_BYTES:
            return
        every += 1
