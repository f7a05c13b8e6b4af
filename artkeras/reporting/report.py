"""Reports: the result of a run, as a folder worth keeping (`results/<recipe>/`).

    card.md         what was done, the study's numbers beside ours, departures, findings
    grid.png        what the networks make, not chosen: 49 samples of fixed latents, or what suits the task
    samples.gif     the same through training
    curves.png      losses and accuracies of every step, and what was measured during training
    history.csv     their means, an epoch a row
    metrics.jsonl   the scores of `evaluate`, if there are any
    run.json        recipe, device, pictures, epochs and seconds, for the table of all results
    generator.npz   the networks worth keeping, in float16, for `artkeras.load`
    grid_ema.png, generator_ema.npz   the same with averaged weights, where the training kept them

Everything in the card comes from the run except its findings: a person writes them, in the card itself, and they are
kept when the report is made again. A result replaces another run's only when that is asked for. The text of the card
is in `templates/card.md.j2`, that of the table of all results in `templates/results.md.j2`.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.metrics import registry
from artkeras.recipes import RECIPES, Recipe
from artkeras.reporting import claims, figures, findings
from artkeras.reporting.document import render_markdown
from artkeras.tasks.results import open_generator, save_generator
from artkeras.tasks.sampling import GENERATORS, Trained
from artkeras.training.checkpoints import Position
from artkeras.training.run import SYNTHETIC, Run

FINDINGS = "## Findings\n"
NO_FINDINGS = "None written yet."
GRIDS = {"trained": "grid.png", "ema": "grid_ema.png"}  # weights -> the figure of a result
COLUMNS = (  # of the table of results
    *("study", "size", "reported", "composition", "texture", "palette", "recall", "KID"),
    *("scored against", "pictures", "epochs", "device", "time", "samples"),
)


def report(run: Run | str | Path, out: str | Path = "results", *, replace: bool = False) -> Path:
    """Write a run's report to `out/<recipe name>` and return that folder.

    Args:
        run: a `Run`, or its folder.
        out: the folder that gets it.
        replace: whether it may replace another run's result, with its findings.

    Raises:
        UserError: the run has no finished epoch, or another run's result would be lost.
    """
    run = run if isinstance(run, Run) else Run(run)
    history, position = run.history(), finished(run)
    from artkeras.training import callbacks

    folder = Path(out) / run.recipe.name
    card = folder / "card.md"
    again = _is_of(run, folder / "run.json")
    if not again and card.exists() and not replace:
        raise UserError(
            f"{folder} holds the result of another run: give another --out, or --replace to replace it by {run.path}"
        )
    best = run.best()
    trained = run.sampler(None if best else position)
    shown = best[0].epoch if best else None
    opened = {"trained": trained}
    if run.recipe.ema:
        opened["ema"] = run.sampler(None if best else position, "ema")
    for weights, sampler in opened.items():  # first, since it refuses networks whose training diverged
        save_generator(folder / GENERATORS[weights], run, sampler)
    examples = run.examples()
    for weights, sampler in opened.items():
        # a report is passed on: it shows no real picture, only what a program drew
        figures.save(sampler.figure(examples=examples, real=run.synthetic), folder / GRIDS[weights])
    if not run.recipe.ema:
        for files in (GENERATORS, GRIDS):
            (folder / files["ema"]).unlink(missing_ok=True)  # of an earlier run
    figures.save(figures.curves(run.iterations(), history, title=run.caption(position)), folder / "curves.png")
    if not (run.path / "samples.gif").exists():  # it was stopped before its end
        callbacks.write_gif(run)
    for name in ("history.csv", "metrics.jsonl", "samples.gif"):
        (folder / name).unlink(missing_ok=True)  # of an earlier run
        if (run.path / name).exists():
            with atomic(folder / name) as part:
                shutil.copyfile(run.path / name, part)
    seconds = float(history["seconds"][position.epoch - 1])
    # not where on this machine the pictures lay, nor the command with its paths: a report is there to be passed on
    pictures = {k: v for k, v in run.environment["pictures"].items() if k not in ("source", "skipped")}
    facts = {key: run.environment[key] for key in ("device", "precision", "versions")} | {"pictures": pictures}
    facts |= {"recipe": run.recipe.to_json(), "epochs": position.epoch, "best": shown, "seconds": seconds}
    with atomic(folder / "run.json") as part:
        part.write_text(json.dumps(facts, indent=2) + "\n")
    found = card.read_text("utf-8").split(FINDINGS, 1)[-1].strip() if again and card.exists() else NO_FINDINGS
    values = _card(run, trained, position.epoch, shown) | {"findings": found}
    with atomic(card) as part:
        part.write_text(render_markdown("card", values), "utf-8")
    return folder


def finished(run: Run) -> Position:
    """The last sound checkpoint that ends an epoch or comes after one.

    Raises:
        UserError: there is none yet.
    """
    position = run.latest()[0] if len(run.history().get("epoch", ())) else Position()
    if not position.epoch:
        raise UserError(f"{run.path} has not finished an epoch yet: continue its training, then report")
    return position


def _is_of(run: Run, path: Path) -> bool:
    """Whether a result's run.json is of this run, or of one that differs only in its length."""
    if not path.exists():
        return False
    try:
        facts = json.loads(path.read_text())
        mine, its = (
            {name: value for name, value in recipe.items() if name not in ("epochs", "sample_every", "eval_every")}
            # by way of a recipe, for what earlier results do not say yet
            for recipe in (run.recipe.to_json(), Recipe.from_json(facts["recipe"]).to_json())
        )
        return mine == its and facts["pictures"]["fingerprint"] == run.environment["pictures"]["fingerprint"]
    except (ValueError, KeyError, TypeError, AttributeError):  # whose it is cannot be told
        return False


def gallery(out: str | Path = "results", columns: int = 10) -> Path:
    """Write `out/gallery.png`: a row of unchosen samples for each generator in `out`, its name under it."""
    out = Path(out)
    rows = []
    for path in sorted(out.rglob("generator.npz")):
        trained = open_generator(path)
        rows.append(
            figures.grid(
                trained.sample(columns), columns, scale=max(1, 128 // trained.recipe.size), caption=trained.caption
            )
        )
    if not rows:
        raise UserError(f"{out} has no generators: make some with: python -m artkeras report RUN")
    return figures.save(figures.stack(rows), out / "gallery.png")


def table(out: str | Path = "results") -> Path:
    """Write `out/README.md`: a row for each result in `out`, what was reported beside ours; below, the comparisons.

    If `out` has a table of claims, CLAIMS.md is written too, see `artkeras.reporting.claims`.

    A comparison is a folder's `comparison.png` and `.csv`, with what a person found in `comparison.md`. Where nothing
    was trained, it is the figure with a `card.md`.

    Raises:
        UserError: `out` has no results.
    """
    out = Path(out)
    page = claims.write(out) if (out / claims.TABLE).is_file() else None
    values = {
        "claims": page.name if page else "",
        "columns": COLUMNS,
        "rows": [_row(out, name, result) for name, result in findings.results(out).items()],
        "comparisons": [_comparison(out, figure) for figure in sorted(out.rglob("comparison.png"))],
    }
    with atomic(out / "README.md") as part:
        part.write_text(render_markdown("results", values), "utf-8")
    return out / "README.md"


def _row(out: Path, name: str, result: findings.Result) -> dict[str, Any]:
    """A result's row: its name and place, and its cells between those two columns."""
    facts, pictures, recipe = result.facts, result.facts["pictures"], result.facts["recipe"]
    published = RECIPES[name].published if name in RECIPES else {}
    cells = [
        f"{recipe.get('size', '?')} px, width {recipe.get('width', '?')}",
        published.get("reported", "none"),
        *(_both(result, measure) for measure in ("composition", "texture")),
        *(_one(result, measure) for measure in ("palette", "recall", "kid")),
        f"{result.reference:,} {'placeholders' if pictures['synthetic'] else 'paintings'}",
        f"{pictures['pictures']:,}" + (" placeholders" if pictures["synthetic"] else ""),
        _epochs(facts) + f"; reported: {published.get('epochs', 'none')}",
        facts["device"],
        duration(facts["seconds"]),
    ]
    return {"name": name, "place": result.folder.relative_to(out).as_posix(), "cells": cells}


def _comparison(out: Path, figure: Path) -> dict[str, Any]:
    """A figure that `compare` made, and what a person found in it."""
    place, notes = figure.parent.relative_to(out).as_posix(), figure.with_name("comparison.md")
    return {
        "place": place,
        "notes": notes.read_text("utf-8").strip() if notes.is_file() else f"## {place}",
        "card": figure.with_name("card.md").is_file(),
    }


def _one(result: findings.Result, measure: str) -> str:
    """A score of the trained weights, and of the averaged ones if there are any."""
    found = [scores[measure] for scores in (result.scores, result.averaged) if measure in scores]
    return " / ".join(registry.shown(measure, value) for value in found) or "not measured"


def _both(result: findings.Result, measure: str) -> str:
    """A score by each extractor, and after a slash that of the averaged weights by the first one, if there are any."""
    found = [registry.shown(measure, value) for (name, _), value in result.by_network.items() if name == measure]
    averaged = f" / {registry.shown(measure, result.averaged[measure])}" if measure in result.averaged else ""
    return (", ".join(found) or "not measured") + averaged


def _epochs(facts: Mapping) -> str:
    """How many epochs a result was trained, and at which one its generator was best if that was evaluated."""
    best = facts.get("best")
    return f"{facts['epochs']}" + (f", best at {best}" if best else "")


def _card(run: Run, trained: Trained, epochs: int, best: int | None) -> dict[str, Any]:
    """The values of a card's template, except the findings."""
    recipe, facts = run.recipe, run.environment
    # what came after the checkpoint that the generator is from (a killed run) is not reported
    history = {name: values[:epochs] for name, values in run.history().items()}
    pictures = facts["pictures"]
    measured = {name: values[np.isfinite(values)] for name, values in history.items()}  # some every few epochs only
    means = {
        name: f"{np.mean(values[-max(1, len(values) // 10) :]):.2f}"
        for name, values in measured.items()
        if name not in ("epoch", "seconds") and len(values)
    }
    ended = "means of the last tenth: " + ", ".join(f"{name} {value}" for name, value in means.items())
    compared = [
        ("epochs", recipe.published.get("epochs", "none"), f"{history['epoch'][-1]}"),
        ("time", recipe.published.get("time", "none"), duration(float(history["seconds"][-1]))),
        ("results", recipe.published.get("reported", "none"), ended),
    ]
    if cell := recipe.published.get("cell"):
        again = f"the same size: `python -m artkeras evaluate {recipe.name} --thumbnail {cell}`"
        compared.append(("figure", f"a grid of about {cell} pixels a cell", again))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if name != "backend")
    kept = recipe.of_task.kept
    held = f", {recipe.holdout:.0%} of the paintings held out" if recipe.holdout else ", none held out"
    source = SYNTHETIC if run.synthetic else "real pictures"
    return {
        "name": recipe.name,
        "change": recipe.change[:1].upper() + recipe.change[1:],
        "source": recipe.source,
        "shown": trained.shown,
        "best": best,
        "kept": f"{' and '.join(kept)} {'are those' if len(kept) > 1 else 'is that'}",
        "nearest": trained.nearest,
        "ema": GRIDS["ema"] if recipe.ema else "",
        "compared": compared,
        "made": [
            f"pictures: {pictures['pictures']:,} of {pictures['paintings']:,} paintings ({source}{held})",
            f"seed {recipe.seed}, batch {recipe.batch_size}, {recipe.size} pixels square, width {recipe.width}",
            f"device: {facts['device']}, {facts['precision']}; {versions}",
        ],
        "command": command(run, epochs),
        "animated": (run.path / "samples.gif").exists(),
        "scores": _scores(run),
        "departures": departures(run),
        "ours": is_ours(recipe),
    }


def is_ours(recipe: Recipe) -> bool:
    """Whether a recipe is the kit's own and no study's, so that there is nothing to depart from."""
    return not (recipe.published or recipe.departures)


def departures(run: Run) -> list[str]:
    """The known differences between a run and the study, a line each."""
    recipe, precision = run.recipe, run.environment["precision"]
    found = [*recipe.departures]
    if precision != "float32":
        found.append(f"matrix products in {precision}; weights, losses and optimizer in float32")
    found += [
        f"{name.replace('_', ' ')} {ours} instead of {usual}" for name, (ours, usual) in _measures(recipe).items()
    ]
    if recipe.ema:
        study = "" if is_ours(recipe) else "; the study kept none"
        found.append(
            f"a moving average of the generator's weights (half-life {recipe.ema:,} images) is kept. It "
            f"does not change the training{study}"
        )
    if recipe.scale == "quick":
        found.insert(0, f"quick scale: {', '.join(f'{k} {v}' for k, v in recipe.laptop.items())}")
    return found


def _scores(run: Run) -> dict[str, list]:
    """All scores, grouped by the question they answer; a column for each of the weights and checkpoints evaluated."""
    columns = {
        "as published": run.scores(),
        "averaged weights": run.scores("ema"),
        "as published, last epoch": run.scores("trained", "last"),
        "averaged weights, last epoch": run.scores("ema", "last"),
    }
    tables = {
        title: {(line["measure"], line["network"]): registry.shown(line["measure"], line["value"]) for line in lines}
        for title, lines in columns.items()
        if lines
    }
    keys = list(dict.fromkeys(key for table in tables.values() for key in table))
    order = [*registry.QUESTIONS, ""]
    rows = [
        [registry.title(*key), *(table.get(key, "") for table in tables.values())]
        for key in sorted(keys, key=lambda key: order.index(registry.question(key[0])))
    ]
    return {"columns": list(tables), "rows": rows}


def command(run: Run, epochs: int | None = None) -> str:
    """The command line that trains a run like this one."""
    recipe = run.recipe
    usual = RECIPES.get(recipe.name, recipe)
    words = ["python -m artkeras train", recipe.name, f"--epochs {epochs or recipe.epochs}", f"--seed {recipe.seed}"]
    words += [f"--precision {run.environment['precision']}"]
    words += [f"--holdout {recipe.holdout}"] if recipe.holdout or usual.holdout else []
    words += [f"--eval-every {recipe.eval_every}"] if recipe.eval_every else []
    words += ["--quick"] if recipe.scale == "quick" else []
    words += [f"--{name.replace('_', '-')} {ours}" for name, (ours, _) in _measures(recipe).items()]
    return " ".join(words)


def _measures(recipe: Recipe) -> dict[str, tuple[int, int]]:
    """Size, width and batch size, where they are not those of the recipe of this name: (ours, the recipe's)."""
    usual = RECIPES.get(recipe.name, recipe)
    usual = usual.quick() if recipe.scale == "quick" else usual
    pairs = {name: (getattr(recipe, name), getattr(usual, name)) for name in ("size", "width", "batch_size")}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def duration(seconds: float) -> str:
    """A time for people: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
