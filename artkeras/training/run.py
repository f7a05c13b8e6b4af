"""A run: one folder that knows everything about one training.

    runs/colour_field-model_2-20260102-030405/
        recipe.json        what was built, on which pictures, how long, from which seed
        environment.json   device, precision, versions, the command, the pictures' fingerprint
        iterations.csv     losses and accuracies of every step
        history.csv        their means, an epoch a row
        samples/           images by the same latents every few epochs: a grid, and the images themselves (.npz)
        samples.gif        of them all, once the training is done
        checkpoints/       the whole training state, by epochs and by time; best.npz, if evaluated during training

Reading a run loads no Keras until its networks are asked for.
"""

import contextlib
import json
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from artkeras.errors import UserError
from artkeras.files import atomic, expanded
from artkeras.recipes import RECIPES, Recipe
from artkeras.training.checkpoints import BEST, Position, copy, facts_of, position_of, read_checkpoint
from artkeras.training.lock import locked
from artkeras.training.states import Damaged, read_state, write_state
from artkeras.training.tables import keep_rows, read_scores, read_table
from artkeras.trusted import NotTrusted, trust

if TYPE_CHECKING:
    from artkeras.engine import StepModel
    from artkeras.tasks.sampling import Trained

SYNTHETIC = "synthetic placeholder"  # in the caption of every figure by a network that never saw a painting
_CHECKPOINT = re.compile(r"epoch-(\d+)(?:-step-(\d+))?\.npz")


class Run:
    """A training's folder. `Run(path)` opens one; `Run.create(...)` makes one."""

    def __init__(self, path: str | Path):
        """Open an existing run.

        Raises:
            UserError: when the folder is missing, is not a run, or its recipe cannot be read.
        """
        self.path = Path(path)
        if not self.is_run(path):
            what = "does not exist"
            if self.path.exists():
                what = "is not a run (it has no recipe.json)" if self.path.is_dir() else "is a file, not a run"
            raise UserError(f"{path} {what}: give the folder of a run, such as one of those in runs/")
        name = "recipe.json"
        try:
            self.recipe = Recipe.from_json(self._read_json(name))
            self.recipe.check()
            described = RECIPES.get(self.recipe.name)
            name = "environment.json"
            self.environment = _checked(self._read_json(name))
        except NotTrusted as error:
            raise NotTrusted(f"{path} cannot be opened: {error}") from None
        except Exception as error:  # whatever a damaged file leads to
            reason = f"it lacks {error}" if isinstance(error, KeyError) else f"{error or type(error).__name__}"
            raise UserError(
                f"{path} cannot be read as a run ({name}: {reason}): train again, or restore its files"
            ) from None
        if described:  # descriptions are not stored: take today's
            self.recipe = _with_descriptions(self.recipe, described)

    @classmethod
    def create(cls, out: str | Path, recipe: Recipe, environment: Mapping[str, Any]) -> "Run":
        """Make a new run folder under `out`, complete or not at all.

        Raises:
            UserError: when `out` is a file or itself a run.
            OSError: when it cannot be written.
        """
        out = cls.check_place(out)
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        quick = "-quick" if recipe.scale == "quick" else ""
        base = f"{recipe.name.replace('/', '-')}{quick}-{stamp}"
        out.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:  # two runs may start in one second
            path = out / (base if number == 1 else f"{base}-{number}")
            try:
                path.mkdir()
                break
            except FileExistsError:
                number += 1
        try:  # recipe.json comes last: a folder without it is not a run
            _write_json(path / "environment.json", environment)
            _write_json(path / "recipe.json", recipe.to_json())
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        trust(*recipe.modules)  # who trains by a recipe has run its code: the new run may be opened
        return cls(path)

    @staticmethod
    def is_run(path: str | Path) -> bool:
        """Whether a path is the folder of a run."""
        return (Path(path) / "recipe.json").is_file()

    @staticmethod
    def check_place(out: str | Path) -> Path:
        """Check that runs can go to a folder, which need not exist yet.

        Raises:
            UserError: when it is a file or itself a run.
        """
        out = Path(out)
        if out.is_file():
            raise UserError(f"{out} is a file: give --out the folder that runs go to")
        if Run.is_run(out):
            raise UserError(
                f"{out} is a run already: give --out the folder above it, or go on with: "
                f"python -m artkeras resume {shlex.quote(str(out))}"
            )
        return out

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}: {self.recipe.name}, {len(self.history().get('epoch', []))} epochs)"

    def _read_json(self, name: str) -> dict[str, Any]:
        values = json.loads((self.path / name).read_text("utf-8-sig"))  # an editor may have added a byte order mark
        if not isinstance(values, dict):
            raise ValueError("it holds no named values")
        return values

    def update(self, *, recipe: Recipe | None = None, environment: Mapping[str, Any] | None = None) -> None:
        """Write changed values (more epochs, a resumption) to the run's files."""
        if recipe is not None:
            self.recipe = recipe
            _write_json(self.path / "recipe.json", recipe.to_json())
        if environment is not None:
            self.environment = dict(environment)
            _write_json(self.path / "environment.json", environment)

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on the synthetic placeholder instead of paintings."""
        return bool(self.environment["pictures"]["synthetic"])

    @property
    def title(self) -> str:
        """The recipe's name, with its scale where that is not the study's."""
        return self.recipe.name + (" quick" if self.recipe.scale == "quick" else "")

    def caption(self, position: Position | None = None) -> str:
        """One line for under a figure: recipe, how far, and whether the pictures were a placeholder."""
        parts = [self.title]
        if position is not None:
            parts.append(f"epoch {position.epoch}" + (f".{position.step}" if position.step else ""))
        if self.synthetic:
            parts.append(SYNTHETIC)
        return ", ".join(parts)

    # --- tables -------------------------------------------------------------------------------------

    def history(self) -> dict[str, np.ndarray]:
        """Means of each epoch: name -> (epochs,) array, with `epoch` from 1 and `seconds` of training so far.

        A run evaluated during training also has what its validator measures, NaN in the epochs between.
        """
        return read_table(self.path / "history.csv")

    def iterations(self) -> dict[str, np.ndarray]:
        """Losses and accuracies of every step: name -> (steps,) array, with `epoch` and `step` from 1."""
        return read_table(self.path / "iterations.csv")

    def scores(self, weights: str = "trained", position: str = "chosen") -> list[dict[str, Any]]:
        """The latest record of each measure on each network, in the order in which `evaluate` writes them.

        Args:
            weights: "trained" or "ema": which ones were evaluated.
            position: "chosen" or "last": at which checkpoint.

        Raises:
            UserError: when the scores cannot be read.
        """
        path = self.path / "metrics.jsonl"
        try:
            latest = {(line["network"], line["measure"]): line for line in read_scores(path, weights, position)}
            for line in latest.values():
                float(line["value"]), line["n_real"] + line["n_fake"], line["metric"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(f"{path} cannot be read: remove it, and score the run again with: evaluate") from None
        return list(latest.values())

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold this run for one training, see `artkeras.training.lock.locked`.

        Raises:
            UserError: when another process trains it.
        """
        return locked(self.path, f"{self.path} is being trained by another process: wait for its end, or stop it first")

    def rewind(self, position: Position) -> None:
        """Cut the tables back to a checkpoint: what came after it will be trained, and written, again."""
        keep_rows(self.path / "history.csv", lambda row: int(row["epoch"]) <= position.epoch)
        keep_rows(
            self.path / "iterations.csv",
            lambda row: (int(row["epoch"]), int(row["step"])) <= (position.epoch + 1, position.step),
        )
        self._rewind_best(position)

    def _rewind_best(self, position: Position) -> None:
        """Make best.npz the best checkpoint up to a position: a kill can leave an older one, damage a later one."""
        path = self.path / "checkpoints" / BEST
        there = facts_of(path)
        best = position_of(there) if there else None
        for earlier, checkpoint in reversed(self.checkpoints().items()):
            if earlier <= position and "kid" in (facts_of(checkpoint) or ()):  # it was the best when it was saved
                if best is None or not earlier <= best <= position:
                    copy(checkpoint, path)
                return
        if best and best > position:
            path.unlink()

    def sweep(self) -> None:
        """Remove what a killed process left half-written."""
        for part in self.path.rglob(".*.part"):
            part.unlink(missing_ok=True)

    # --- checkpoints --------------------------------------------------------------------------------

    def checkpoints(self) -> dict[Position, Path]:
        """The checkpoints there are, oldest first."""
        found = {}
        for path in (self.path / "checkpoints").glob("epoch-*.npz"):
            match = _CHECKPOINT.fullmatch(path.name)
            if match:
                found[Position(int(match[1]), int(match[2] or 0))] = path
        return dict(sorted(found.items()))

    def save_checkpoint(
        self, position: Position, state: Mapping[str, np.ndarray], seconds: float, kid: float | None = None
    ) -> Path:
        """Write a checkpoint, whole or not at all.

        Args:
            position: how far training has come.
            state: name -> array, see `StepModel.state`.
            seconds: of training so far.
            kid: given, this is the best checkpoint so far, by this number, and goes to best.npz too.
        """
        path = self.path / "checkpoints" / position.file_name
        facts = {"epoch": position.epoch, "step": position.step, "seconds": seconds}
        facts |= {} if kid is None else {"kid": kid}
        write_state(path, state, facts)
        if kid is not None:  # second: a training that is killed here makes up for it when it is resumed
            copy(path, path.with_name(BEST))
        return path

    def best(self) -> tuple[Position, dict[str, np.ndarray]] | None:
        """The checkpoint that was best when evaluated during training: position and state; None without one.

        Raises:
            UserError: when the file is damaged.
        """
        path = self.path / "checkpoints" / BEST
        if not path.is_file():
            return None
        try:
            position, state, _ = read_checkpoint(path)
        except Damaged as error:
            raise UserError(
                f"the checkpoint {path} is damaged ({error}): remove it, and the last one is used"
            ) from None
        return position, state

    def load_checkpoint(self, position: Position) -> tuple[dict[str, np.ndarray], float]:
        """Read a checkpoint: the state by name, and the seconds trained until then.

        Raises:
            UserError: when the file is damaged.
        """
        path = self.checkpoints()[position]
        try:
            _, state, seconds = read_checkpoint(path)
        except Damaged as error:
            raise UserError(
                f"the checkpoint {path} is damaged ({error}): the one before it is used, if there is one"
            ) from None
        return state, seconds

    def grids(self) -> dict[int, Image.Image]:
        """The sample grids saved so far, by epoch: the same latents through training."""
        return {epoch: Image.open(path).convert("RGB") for epoch, path in self._samples(".png").items()}

    def panels(self) -> dict[int, dict[str, np.ndarray]]:
        """The images of these grids, by epoch: heading -> (n, size, size, 3) uint8, see `Trained.panels`.

        Raises:
            UserError: a file of them is damaged.
        """
        found = {}
        for epoch, path in self._samples(".npz").items():
            try:
                found[epoch] = read_state(path)[0]
            except Damaged:
                raise UserError(f"{path} is damaged: remove it; its grid is in {path.stem}.png") from None
        return found

    def _samples(self, ending: str) -> dict[int, Path]:
        """The files in the folder samples with such an ending, in the order of their epochs."""
        named = {path.stem.removeprefix("epoch-"): path for path in (self.path / "samples").glob(f"epoch-*{ending}")}
        # Google Drive has copies named "epoch-0004 (1).png"
        return dict(sorted((int(epoch), path) for epoch, path in named.items() if epoch.isdecimal()))

    def latest(self, log: Callable[[str], None] = lambda line: None) -> tuple[Position, dict[str, np.ndarray], float]:
        """The newest checkpoint that can be read: its position, its state, the seconds trained until then.

        Args:
            log: called with a line about each damaged one that is passed over.

        Raises:
            UserError: when there is none, or all are damaged.
        """
        again = f"python -m artkeras resume {shlex.quote(str(self.path))}"
        problem = f"{self.path} has no checkpoint yet: start it again with: {again}"
        for position, path in reversed(self.checkpoints().items()):
            try:
                return position, *self.load_checkpoint(position)
            except UserError as error:
                problem = f"every checkpoint of {self.path} is damaged, {path.name} too: train again"
                log(f"note: {error}")
        raise UserError(problem)

    # --- pictures -----------------------------------------------------------------------------------

    def pictures(self, folder: str | Path | None = None) -> tuple[Any, Any]:
        """The pictures it was trained on, and those held out (or None).

        Args:
            folder: where they are, if they have moved.

        Raises:
            UserError: when they are not to be found, or others lie there.
        """
        train, held_out = self.recipe.pictures(folder or self.source())
        if self.synthetic and not (folder or train.synthetic):
            raise UserError(
                f"{self.path} was trained on synthetic placeholders, and pictures lie in {train.source} by now: "
                "train again on them, or call from a folder without data/ and $ARTKERAS_DATA"
            )
        if self.environment["pictures"]["fingerprint"] != train.fingerprint:
            raise UserError(f"{train.source} does not hold the pictures {self.path} was trained on: pass --data FOLDER")
        return train, held_out

    def source(self) -> str | None:
        """The folder of its pictures, None for placeholders.

        Raises:
            UserError: when it is there no longer.
        """
        if self.synthetic:
            return None
        folder = self.environment["pictures"]["source"]
        if not expanded(folder).is_dir():
            raise UserError(f"the folder {folder} with the pictures of {self.path} is gone: give --data FOLDER")
        return folder

    def examples(self) -> np.ndarray | None:
        """The real pictures of its sample grids, None where they are made from random numbers.

        Raises:
            UserError: when they are not to be found, or others lie there.
        """
        task = self.recipe.of_task
        return task.examples(self.recipe, *self.pictures()) if task.examples_shown else None

    def sampler(self, position: Position | None = None, weights: str = "trained") -> "Trained":
        """What was trained, as a checkpoint has it: a `Sampler`, or what suits the recipe's task.

        Args:
            position: of the checkpoint; default the best one where the run was evaluated during training, else the
                last sound one.
            weights: "trained", or "ema" for their moving average.

        Raises:
            UserError: when there is none.
        """
        from artkeras.tasks.sampling import open_state

        best = self.best() if position is None else None
        if best:
            position, state = best
        elif position is None:
            position, state, _ = self.latest()
        else:
            state, _ = self.load_checkpoint(position)
        return open_state(self.recipe, state, self.caption(position), weights)

    def model(self) -> "StepModel":
        """The whole model in float32, all networks as the last sound checkpoint has them.

        Raises:
            UserError: when there is none.
        """
        from artkeras import engine

        with engine.precision_policy("float32"):
            model = self.recipe.build()
        engine.assign(model.state(), self.latest()[1])
        return model

    def sample(self, count: int = 49, seed: int = 0) -> np.ndarray:
        """New pictures by the checkpoint that `sampler` takes: (count, size, size, 3) uint8."""
        return self.sampler().sample(count, seed)


def _with_descriptions(recipe: Recipe, described: Recipe) -> Recipe:
    from dataclasses import replace

    return replace(recipe, **{name: getattr(described, name) for name in Recipe.DESCRIPTIONS})


def _checked(environment: dict[str, Any]) -> dict[str, Any]:
    """The values of an environment.json, if those that the kit goes by are there.

    Raises:
        KeyError: when one is missing.
        TypeError: when one is of another type.
    """
    wanted = {"device": str, "precision": str, "versions": dict, "resumed": list, "pictures": dict}
    of_pictures = {"synthetic": bool, "fingerprint": str, "source": str, "paintings": int, "pictures": int}
    for values, types in (
        (environment, wanted),
        (environment["pictures"], of_pictures),
        (environment["versions"], {"backend": str}),
    ):
        for name, expected in types.items():
            if not isinstance(values[name], expected):
                raise TypeError(f"{name} cannot be {values[name]!r}")
    return environment


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(values, indent=2) + "\n")
