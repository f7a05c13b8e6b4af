"""A study's whole result by one command: train, evaluate, report and compare, in steps that can be stopped.

    python -m artkeras reproduce colour_field --within 30m

Whatever is done already is skipped, so the same command, called again, goes on where the last one stopped.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from artkeras import engine
from artkeras.errors import UserError
from artkeras.metrics.features import Features
from artkeras.recipes import RECIPES, Recipe, recipe
from artkeras.reporting.comparison import compare
from artkeras.reporting.report import duration, gallery, report, table
from artkeras.tasks.evaluation import SAMPLE_SEED, evaluate, extractors
from artkeras.training.checkpoints import Position
from artkeras.training.plan import plan, steps_per_epoch
from artkeras.training.run import Run
from artkeras.training.train import resume, train

HOLDOUT = 0.1
EVALUATIONS = 10  # epochs between validations
EVALUATING = 150.0  # seconds that an evaluation is expected to take, until one was measured; quick: a tenth
REPORTING = 30.0  # the same of a report, and of a comparison
SAVING = 5.0  # seconds before its end that a training is asked to stop, for its checkpoint
SAMPLES = {"full": 2000, "quick": 200}  # of an evaluation

Log = Callable[[str], None]


class OutOfTime(Exception):
    """The next step would not be done in time."""


@dataclass
class Job:
    """One recipe with one seed.

    Attributes:
        recipe: at the study's length, a tenth of its paintings held out.
        steps: of the whole training.
        seconds: estimated for what is left of it.
        run: the run so far, or None.
        trained: whether it has all its epochs.
    """

    recipe: Recipe
    steps: int
    seconds: float
    run: Run | None
    trained: bool

    def __str__(self) -> str:
        state = "trained" if self.trained else "begun" if self.run else "new"
        left = "" if self.trained else f", about {duration(self.seconds)}"
        name = f"{self.recipe.name}, seed {self.recipe.seed}, width {self.recipe.width}"
        return f"{name}: {self.steps:,} steps{left}, {state}"


def reproduce(
    what: Sequence[str],
    *,
    seeds: int = 1,
    width: int | None = None,
    within: float | None = None,
    out: str | Path = "reproduced",
    quick: bool = False,
    data: str | Path | None = None,
    dry_run: bool = False,
    log: Log = print,
) -> list[Job]:
    """Train, evaluate, report and compare recipes at their studies' lengths; or go on with that.

    The published recipes come before this kit's own, first seeds before further ones, and among these what takes the
    shortest time. A tenth of the paintings is held out, and the epochs are raised until the steps are the study's.

    Args:
        what: names of recipes, of studies or families (what stands before the slash), or "all".
        seeds: how many seeds of each, from 0. The first is reported, all are compared.
        width: filters of the thinnest layers; default each recipe's own, which is the study's.
        within: seconds after which it stops, with everything saved.
        out: a folder that gets runs/, a result a recipe, a comparison a study, and the table of all.
        quick: rehearse the whole chain at laptop size.
        data: a folder of pictures; default where `artkeras.data.find` looks.
        dry_run: say what it would cost, and do nothing.
        log: called with each line of news.

    Returns:
        The jobs in their order, as they stand at the end.

    Raises:
        UserError: for an unknown name, or what the user can put right.
        KeyboardInterrupt: after Ctrl-C, once a checkpoint is saved.
    """
    deadline = math.inf if within is None else time.monotonic() + within
    out = Path(out)
    if out.is_file():
        raise UserError(f"{out} is a file: give --out a folder")
    jobs = _jobs(_recipes(what, seeds, width, quick), out / "runs", data, log)
    for job in jobs:
        log(f"{job}")
    left = [job for job in jobs if not job.trained]
    log(
        f"{len(jobs)} trainings, {len(left)} of them to do: about {duration(sum(job.seconds for job in left))} and "
        f"evaluations, in {out}"
    )
    if dry_run:
        return jobs
    clock = _Clock(deadline, quick)
    try:
        for job in jobs:
            _chain(job, out, clock, data, log)
        _compare(jobs, out, clock, log)
    except OutOfTime as stopped:
        log(f"time is up before {stopped}: everything is saved, the same command goes on")
    return jobs


def _recipes(what: Sequence[str], seeds: int, width: int | None, quick: bool) -> list[Recipe]:
    """What is meant by these names, as it will be trained."""
    names: list[str] = []
    for word in what:
        family = [name for name in RECIPES if word == "all" or name.startswith(f"{word.rstrip('/')}/")]
        names += family or [recipe(word).name]
    found = []
    for name in dict.fromkeys(names):
        chosen = RECIPES[name].quick() if quick else RECIPES[name]
        changes: dict[str, Any] = {"holdout": HOLDOUT, "eval_every": EVALUATIONS} | ({"width": width} if width else {})
        found += [replace(chosen, seed=seed, **changes) for seed in range(seeds)]
    return found


def _jobs(recipes: Sequence[Recipe], runs: Path, data: str | Path | None, log: Log) -> list[Job]:
    """The recipes at their studies' lengths, with what there is of them, in the order of their worth per minute."""
    existing = []
    for path in sorted(runs.glob("*")):
        try:
            existing += [Run(path)] if Run.is_run(path) else []
        except UserError as error:  # damaged, or of code that is not trusted: none of ours
            log(f"note: {error}")
    jobs = []
    for one in recipes:
        one.check()
        pictures, _ = one.pictures(data)
        steps = steps_per_epoch(one, pictures)
        if not steps:
            raise UserError(
                f"{pictures.source} gives {len(pictures)} pictures for {one.name}, a batch needs {one.batch_size}: "
                "add pictures"
            )
        if one.scale != "quick":
            whole, _ = replace(one, holdout=0.0).pictures(data)
            one = replace(one, epochs=math.ceil(one.epochs * steps_per_epoch(one, whole) / steps))
        mine = [run for run in existing if run.recipe.to_json() == one.to_json()]
        run = mine[-1] if mine else None
        done = next(reversed(run.checkpoints()), Position()) if run else Position()
        trained = done == Position(one.epochs)
        jobs.append(Job(one, one.epochs * steps, 0.0 if trained else _seconds(one, pictures, done), run, trained))
    return sorted(jobs, key=lambda job: (job.recipe.seed, not job.recipe.published, job.seconds))


def _seconds(one: Recipe, pictures, done: Position) -> float:
    with engine.precision_policy("auto") as precision:
        model = one.build(steps=one.epochs * steps_per_epoch(one, pictures))
    return plan(one, pictures, model, precision, done).seconds


class _Clock:
    """Knows what is left and how long steps took, and keeps what they share."""

    def __init__(self, deadline: float, quick: bool):
        self.deadline = deadline
        self.expected = {"evaluation": EVALUATING / 10 if quick else EVALUATING, "report": REPORTING}

        self._extractors: list[Features] = []

    def extractors(self) -> list[Features]:
        """The feature extractors of all evaluations, which remember the paintings they have described."""
        self._extractors = self._extractors or extractors()
        return self._extractors

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def measured(self, step: str, name: str, action: Callable[[], object]) -> None:
        """Do something if it fits into what is left, and remember how long it took."""
        if self.left() < self.expected[step]:
            raise OutOfTime(f"the {step} of {name}")
        began = time.monotonic()
        action()
        self.expected[step] = time.monotonic() - began


def _chain(job: Job, out: Path, clock: _Clock, data: str | Path | None, log: Log) -> None:
    """Train, evaluate and report one recipe, as far as that is not done."""
    name = f"{job.recipe.name}, seed {job.recipe.seed}"
    if not job.trained:
        if clock.left() < 2 * SAVING:
            raise OutOfTime(f"the training of {name}")
        until = clock.deadline - SAVING
        try:
            if job.run and job.run.checkpoints():
                job.run = resume(job.run, data=data, until=until, log=log)
            else:
                made = train(job.recipe, data=data, out=out / "runs", until=until, log=log)
                assert isinstance(made, Run)
                job.run = made
        except KeyboardInterrupt:
            if time.monotonic() < until:
                raise
            raise OutOfTime(f"the end of the training of {name}") from None
        job.trained = True
    run = job.run
    assert run is not None
    best = run.best()
    checkpoints = ("chosen",) if best is None or best[0] == run.latest()[0] else ("chosen", "last")
    for checkpoint in checkpoints:
        for weights in ("trained", "ema") if job.recipe.ema else ("trained",):
            if run.scores(weights, checkpoint):
                continue
            options: dict[str, Any] = {
                "weights": weights,
                "checkpoint": checkpoint,
                "count": SAMPLES[job.recipe.scale],
                "data": data,
                "features": clock.extractors(),
            }
            clock.measured("evaluation", name, partial(evaluate, run, seed=SAMPLE_SEED, log=log, **options))
    if job.recipe.seed == 0 and not _reported(run, out):
        clock.measured("report", name, partial(report, run, out, replace=True))
        log(f"wrote {out / job.recipe.name}")


def _reported(run: Run, out: Path) -> bool:
    """Whether the result of this run is there, with its latest scores."""
    folder = out / run.recipe.name
    try:
        same = (folder / "metrics.jsonl").read_bytes() == (run.path / "metrics.jsonl").read_bytes()
        return same and (folder / "card.md").is_file()
    except OSError:
        return False


def _compare(jobs: Sequence[Job], out: Path, clock: _Clock, log: Log) -> None:
    """A comparison for each study of which there are several runs, and the table of all results."""
    families: dict[str, list[Run]] = {}
    for job in jobs:
        if job.run:
            families.setdefault(job.recipe.name.partition("/")[0], []).append(job.run)
    for family, runs in families.items():
        figure = out / family / "comparison.png"
        if len(runs) < 2 or (figure.is_file() and _newer(figure, runs)):
            continue
        figure.parent.mkdir(parents=True, exist_ok=True)
        try:
            clock.measured("report", family, partial(compare, runs, figure, log=log))
        except UserError as error:  # of different sizes: there is nothing to compare
            log(f"note: {error}")
    clock.measured("report", "all", partial(_overview, out, log))


def _overview(out: Path, log: Log) -> None:
    gallery(out)
    log(f"wrote {table(out)}")


def _newer(figure: Path, runs: Sequence[Run]) -> bool:
    return all((run.path / "history.csv").stat().st_mtime < figure.stat().st_mtime for run in runs)
