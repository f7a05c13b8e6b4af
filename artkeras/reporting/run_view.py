"""What a page shows of one run, as plain values for `templates/run.html.j2`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from artkeras.errors import UserError
from artkeras.metrics import registry
from artkeras.recipes import Recipe
from artkeras.reporting import figures, images, markdown
from artkeras.reporting.charts import LABELS, Chart, Line, order, shown
from artkeras.reporting.report import FINDINGS, NO_FINDINGS, command, departures, duration, is_ours
from artkeras.training.checkpoints import Position
from artkeras.training.run import SYNTHETIC, Run

SAMPLES = 49
FRAMES = 60  # of the slider; of more grids, so many are taken evenly
ROWS = 25  # epochs in the table of the curves' numbers
EXACT = 64  # samples up to this side are kept pixel by pixel
QUALITY = 90  # of larger ones

ACCURACIES = (
    "The share of training pictures and of generated pictures that the discriminator classifies correctly. 50 % is "
    "guessing; if both stay close to 100 %, the generator never deceives it."
)
PAIRS = (
    "The share of pairs of a training picture and a generated one in which the discriminator scores the training "
    "picture higher. 50 % is guessing."
)
PENALTIES = (
    "How steeply the discriminator's score changes with the picture, squared. Training keeps it small, so that the "
    "generator gets an even gradient."
)
REFERENCES = {"held_out": "held-out ", "seen": "training "}  # the real pictures of a score, where they are not all


class RunView:
    """One run, read and drawn.

    Args:
        id: of its section in the page.
        name: what the page calls it.
        run: the run.
        position: the checkpoint up to which it is shown; what came after it (in a killed run) is left out.
        budget: bytes that its slider may take.
        results: folder of the cards.

    Attributes:
        samples: (n, size, size, 3) uint8.
        epochs: how many are shown.
        best: the epoch of the checkpoint that is shown, if the run was evaluated during training; else None.
        change: how the recipe differs from the study's other ones, a sentence.
        badge: words to mark it with, or "".

    Raises:
        UserError: a sample grid cannot be read.
    """

    def __init__(self, id: str, name: str, run: Run, position: Position, budget: int, results: Path):
        self.id, self.name, self.run, self.epochs = id, name, run, position.epoch
        best = run.best()
        self.best = best[0].epoch if best else None
        self.sampler = run.sampler(None if best else position)
        self.samples = self.sampler.sample(SAMPLES)
        self.change = run.recipe.change[:1].upper() + run.recipe.change[1:] + "." if run.recipe.change else ""
        self.badge = SYNTHETIC if run.synthetic else ""
        self._history = {key: values[: self.epochs] for key, values in run.history().items()}
        steps = run.iterations()
        within = steps["epoch"] <= self.epochs if steps else ()
        self._steps = {key: values[within] for key, values in steps.items()}
        try:
            self._grids = {epoch: grid for epoch, grid in run.grids().items() if epoch <= self.epochs}
        except OSError:
            raise UserError(f"a sample grid of {run.path} cannot be read: remove it from its folder samples") from None
        self._shown = images.spread(list(self._grids), FRAMES)
        self._urls = images.film([self._grids[epoch] for epoch in self._shown], budget)
        self._findings = findings_of(run, self.epochs, results)

    def values(self) -> dict[str, Any]:
        """Return the values of its section."""
        return {
            "id": self.id,
            "name": self.name,
            "badge": self.badge,
            "change": self.change,
            "source": self.run.recipe.source,
            "caption": self.run.caption(),
            "epochs": self.epochs,
            "samples": self._samples(),
            "slider": self._slider(),
            "charts": [chart.view(self.epochs) for chart in self._charts()],
            "numbers": self._numbers(),
            "details": self._details(),
            "command": command(self.run, self.epochs),
            "reported": self._reported(),
            "scores": self._scores(),
            "ours": is_ours(self.run.recipe),
            "departures": [markdown.line(text) for text in departures(self.run)],
            "findings": markdown.blocks(self._findings) if self._findings else Markup(),
        }

    def frames(self) -> list[dict[str, Any]]:
        """Return what the slider shows, frame by frame: the grid, its place on the curves, their values there."""
        frames = []
        for epoch, url in zip(self._shown, self._urls, strict=True):
            values = {
                key: shown(key, column[epoch - 1])
                for key, column in self._history.items()
                if epoch and key not in ("epoch", "seconds") and np.isfinite(column[epoch - 1])
            }
            frames.append({"epoch": epoch, "src": url, "at": round(epoch / self.epochs, 4), "values": values})
        return frames

    # --- images -------------------------------------------------------------------------------------

    def _samples(self) -> dict[str, Any]:
        quality = None if self.samples.shape[1] <= EXACT else QUALITY
        return {
            "images": [
                images.tag(Image.fromarray(sample), f"sample {i} of {len(self.samples)}", quality)
                for i, sample in enumerate(self.samples, start=1)
            ],
            "origin": self.sampler.origin,
            "caption": self.sampler.caption,
            "nearest": self.sampler.nearest if self.best else "",
        }

    def _slider(self) -> dict[str, Any] | None:
        if not self._urls:
            return None
        epoch, caption = self._shown[-1], self.run.caption()
        grid, alt = self._grids[epoch], f"grid of samples of {caption} at epoch {epoch}"
        return {
            "image": {"url": self._urls[-1], "alt": alt, "width": grid.width, "height": grid.height},
            "caption": caption,
            "epoch": epoch,
            "last": len(self._shown) - 1,
            "shown": len(self._shown),
            "saved": len(self._grids),
        }

    # --- curves -------------------------------------------------------------------------------------

    def _charts(self) -> list[Chart]:
        """Return losses, accuracies, and what was measured every few epochs; those that have lines."""
        keys = sorted((key for key in self._steps if key not in ("epoch", "step")), key=order)
        steps = {key: Line.of_steps(key, self._steps[key]) for key in keys}
        losses, rates, penalties = (
            [steps[key] for key in keys if figures.category(key) == category]
            for category in ("loss", "accuracy", "penalty")
        )
        share = all(0 <= value <= 1 for line in rates for value in (line.low.min(), line.high.max()))
        charts = [
            Chart("Losses", self.run.recipe.of_task.losses, losses),
            Chart("Accuracies of the discriminator", ACCURACIES if len(rates) > 1 else PAIRS, rates, share),
            Chart("Gradient penalties", PENALTIES, penalties),
        ]
        for chart in registry.CHARTS:
            dots = []
            for key in chart.lines:
                values = self._history.get(key, np.full(self.epochs, np.nan))
                at, values = self._history["epoch"][np.isfinite(values)] / self.epochs, values[np.isfinite(values)]
                dots += [Line(key, at, values, values, values, dots=True)] if len(values) else []
            charts.append(Chart(chart.title, chart.meaning, dots))
        return [chart for chart in charts if chart.lines]

    def _numbers(self) -> dict[str, Any] | None:
        """Return the curves' numbers as a table, for who prefers to read or cannot see the lines."""
        keys = sorted((key for key in self._history if key not in ("epoch", "seconds")), key=order)
        if not keys:
            return None
        rows = [
            {"epoch": self._history["epoch"][i], "values": [shown(key, self._history[key][i]) for key in keys]}
            for i in images.spread(range(self.epochs), ROWS)
        ]
        return {"columns": [{"key": key, "label": LABELS.get(key, "")} for key in keys], "rows": rows}

    # --- words --------------------------------------------------------------------------------------

    @property
    def _time(self) -> str:
        return duration(float(self._history["seconds"][-1]))

    def _details(self) -> dict[str, str]:
        recipe, facts = self.run.recipe, self.run.environment
        pictures = facts["pictures"]
        drawn = "pictures drawn by a program" if self.run.synthetic else "paintings"
        share = registry.written(recipe.holdout, ".0%")
        held = f"; {share} of all {'placeholders' if self.run.synthetic else drawn} held out" if recipe.holdout else ""
        planned = f" of {recipe.epochs} planned" if recipe.epochs != self.epochs else ""
        best = f"; the samples are those of epoch {self.best}" if self.best and self.best != self.epochs else ""
        versions = (f"{name} {version}" for name, version in facts["versions"].items() if name != "backend")
        return {
            "recipe": recipe.name + (", quick scale" if recipe.scale == "quick" else ""),
            "trained": f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}{planned}, {self._time}{best}",
            "pictures": f"{pictures['pictures']:,} made of {pictures['paintings']:,} {drawn}{held}"
            + (f" ({SYNTHETIC})" if self.run.synthetic else ""),
            "size": f"{recipe.size} × {recipe.size} pixels, networks of width {recipe.width}",
            "device": f"{facts['device']}, {facts['precision']}",
            "started": str(facts.get("started", "")).partition("T")[0] or "not noted",
            "made with": ", ".join(versions),
        }

    def _reported(self) -> list[dict[str, str]]:
        """Return what the study's authors wrote beside the same of this run; nothing where they wrote nothing."""
        published = self.run.recipe.published
        if not published:
            return []
        late = slice(-max(1, self.epochs // 10), None)
        keys = sorted((key for key in self._history if key in LABELS and key in self._steps), key=order)
        means = {key: f"{LABELS[key]} {shown(key, np.mean(self._history[key][late]))}" for key in keys}
        losses = ", ".join(words for key, words in means.items() if figures.category(key) == "loss")
        rates = ", ".join(words for key, words in means.items() if figures.category(key) == "accuracy")
        ended = [f"losses at the end: {losses}"] if losses else []
        ended += [f"classified correctly: {rates}"] if rates else []
        rows = [
            ("epochs", "epochs", f"{self.epochs}"),
            ("time", "time", self._time),
            ("results", "reported", "; ".join(ended)),
        ]
        return [{"title": title, "theirs": published.get(key, "none"), "ours": ours} for title, key, ours in rows]

    def _scores(self) -> list[dict[str, Any]]:
        """Return the scores of the trained weights, grouped by question, and by checkpoint where it is another one."""
        questions = [*registry.QUESTIONS, ""]
        lines = sorted(self.run.scores(), key=lambda line: questions.index(registry.question(line["measure"])))
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for line in lines:
            question = registry.question(line["measure"])
            checkpoint = str(line.get("checkpoint", self.sampler.caption))
            elsewhere = checkpoint if checkpoint != self.sampler.caption else ""
            groups.setdefault((question, elsewhere), []).append(self._score(line))
        return [
            {"question": registry.QUESTIONS.get(question, "Other scores"), "checkpoint": checkpoint, "scores": scores}
            for (question, checkpoint), scores in groups.items()
        ]

    def _score(self, line: Mapping[str, Any]) -> dict[str, Any]:
        key, real = str(line["measure"]), "placeholders" if self.run.synthetic else "paintings"
        reference = REFERENCES.get(str(line.get("reference")), "")
        return {
            "title": registry.title(key, line["network"]),
            "value": registry.shown(key, line["value"]),
            "spread": registry.shown(key, line["std"]) if line.get("std") else "",
            "metric": registry.METRICS.get(key),
            "protocol": str(line["metric"]),
            "counts": f"{line['n_fake']:,} samples, {line['n_real']:,} {reference}{real}",
        }


def findings_of(run: Run, epochs: int, results: Path) -> str:
    """Return the findings on the run's card, Markdown, if that card is about this run at this length; else ""."""
    folder = results / run.recipe.name
    try:
        facts = json.loads((folder / "run.json").read_text())
        same = (
            Recipe.from_json(facts["recipe"]).to_json() == run.recipe.to_json()
            and facts["pictures"]["fingerprint"] == run.environment["pictures"]["fingerprint"]
            and facts["epochs"] == epochs
            and facts["seconds"] == float(run.history()["seconds"][epochs - 1])
        )
        card = (folder / "card.md").read_text("utf-8")
    except (OSError, ValueError, KeyError, TypeError):  # no card, or one of another time
        return ""
    found = card.split(FINDINGS, 1)[-1].strip() if FINDINGS in card else ""
    return found if same and found != NO_FINDINGS.strip() else ""
