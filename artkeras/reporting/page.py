"""A report to look at: runs as one HTML page that needs nothing else, neither a network nor the run itself.

    python -m artkeras report runs/RUN --html report.html

`artkeras.reporting.run_view` gives the values of each run's section, `templates/page.html.j2` draws them. As in
`artkeras.reporting.report`, no path of the machine is named: a page is there to be passed on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artkeras import __version__
from artkeras.errors import UserError
from artkeras.files import atomic, check_place
from artkeras.reporting import figures, images
from artkeras.reporting.document import render
from artkeras.reporting.report import finished
from artkeras.reporting.run_view import RunView
from artkeras.training.run import Run

OVERVIEW = 16  # samples of each of several runs, side by side at the top
BYTES = 5 << 20  # that the slider of one run may take, before base64 makes a third more of it
ALL_BYTES = 16 << 20  # and those of all runs together


def page(runs: Sequence[Run | str | Path], out: str | Path = "report.html", results: str | Path = "results") -> Path:
    """Write runs as one page.

    Args:
        runs: or their folders; a section each, in this order.
        out: the file.
        results: folder of the cards, as `artkeras.reporting.report` writes them: the findings of a run's own card are
            shown.

    Returns:
        Path of the page.

    Raises:
        UserError: for a run that has no finished epoch, or a place that cannot be written.
    """
    out = Path(out)
    check_place(out, "--html")
    opened = [run if isinstance(run, Run) else Run(run) for run in runs]
    if not opened:
        raise UserError("a page needs at least one run")
    positions = [finished(run) for run in opened]
    budget = min(BYTES, ALL_BYTES // len(opened))
    views = [
        RunView(f"run-{number}", name, run, position, budget, Path(results))
        for number, (name, run, position) in enumerate(zip(_names(opened), opened, positions, strict=True), start=1)
    ]
    alone = len(views) == 1
    values = {
        "title": f"Pictures by {views[0].name if alone else f'{len(views)} networks'}",
        "cards": [] if alone else [_card(view) for view in views],
        "runs": [view.values() for view in views],
        "version": __version__,
    }
    html = render("page", values, {view.id: view.frames() for view in views})
    with atomic(out) as part:
        part.write_text(html, encoding="utf-8")
    return out


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what the runs are called: the recipe's name, and the seed or a number where that is not enough."""
    names = [run.title for run in runs]
    if len(set(names)) < len(names):
        names = [
            f"{name}, seed {run.recipe.seed}" if names.count(name) > 1 else name
            for name, run in zip(names, runs, strict=True)
        ]
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _card(view: RunView) -> dict[str, Any]:
    """Return a run's first samples, for the row at the top of a page of several."""
    tile = figures.grid(view.samples[:OVERVIEW], 4, scale=max(1, 96 // view.run.recipe.size), gap=2)
    return {
        "id": view.id,
        "name": view.name,
        "badge": view.badge,
        "change": view.change,
        "epoch": view.best or view.epochs,
        "count": OVERVIEW,
        "image": images.tag(tile, f"The first {OVERVIEW} samples of {view.name}"),
    }
