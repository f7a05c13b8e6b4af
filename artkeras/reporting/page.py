"""A report to look at: runs as one HTML page that needs nothing else, neither a network nor the run itself.

    python -m artkeras report runs/RUN --html report.html

Pictures are data in the page, curves are lines of SVG, and style and script stand in `page.html` beside this module.
Whatever comes from a run is escaped. As in `artkeras.reporting.report`, no place of the machine is named: a page is
there to be passed on. The browser is told to load nothing (a content security policy), so nothing can slip in.
"""

import base64
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artkeras import __version__
from artkeras.errors import UserError
from artkeras.files import atomic, check_place
from artkeras.metrics import registry
from artkeras.recipes import Recipe
from artkeras.reporting import figures
from artkeras.reporting.document import embedded, fill
from artkeras.reporting.report import FINDINGS, NO_FINDINGS, command, departures, duration
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

SAMPLES = 49
OVERVIEW = 16  # samples of each of several runs, side by side at the top
FRAMES = 60  # of the slider; of more grids, so many are taken evenly
BYTES = 5 << 20  # that the slider of one run may take, before base64 makes a third more of it
ALL_BYTES = 16 << 20  # and those of all runs together
QUALITIES = (86, 74, 58)  # of the slider's pictures, the first that keeps to that
EXACT = 64  # samples up to this side are kept pixel by pixel
BINS = 400  # points of a curve

SYNTHETIC = "synthetic placeholder"
NAMES = {
    "d_loss": "discriminator",
    "g_loss": "generator",
    "d_real": "training pictures",
    "d_fake": "generated pictures",
    "loss": "all together",
    "reconstruction_loss": "reconstruction",
    "kl_loss": "divergence",
    "l1_loss": "difference from the picture that was there",
    "cycle_loss": "difference of what comes back",
    "identity_loss": "change of what needs none",
} | {name: label for chart in registry.CHARTS for name, label in chart.lines.items()}

REFERENCES = {"held_out": "held-out ", "seen": "training "}  # the real pictures of a score, where they are not all


# ------------------------------------------------------------------------------------------------ the page


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
    positions = [_finished(run) for run in opened]
    budget = min(BYTES, ALL_BYTES // len(opened))
    names = _names(opened)
    sections = [
        _Section(f"run-{number}", name, run, position, budget, Path(results))
        for number, (name, run, position) in enumerate(zip(names, opened, positions, strict=True), start=1)
    ]
    with atomic(out) as part:
        part.write_text(_document(sections), encoding="utf-8")
    return out


def _finished(run: Run) -> Position:
    """The last sound checkpoint that ends an epoch or comes after one."""
    position = run.latest()[0] if len(run.history().get("epoch", ())) else Position()
    if not position.epoch:
        raise UserError(f"{run.path} has not finished an epoch yet: let it train on, then report")
    return position


def _names(runs: Sequence[Run]) -> list[str]:
    """What the runs are called: the recipe's name, and the seed or a number where that is not enough."""
    names = [run.caption().removesuffix(f", {SYNTHETIC}") for run in runs]
    if len(set(names)) < len(names):
        names = [
            f"{name}, seed {run.recipe.seed}" if names.count(name) > 1 else name
            for name, run in zip(names, runs, strict=True)
        ]
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0)
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return unique


def _document(sections: Sequence["_Section"]) -> str:
    """The template with everything in its place."""
    alone = len(sections) == 1
    title = f"Pictures by {sections[0].name if alone else f'{len(sections)} networks'}"
    values = {
        "title": escape(title),
        "badge": _badge(sections[0].run) if alone else "",
        "top": "" if alone else _overview(sections),
        "sections": "\n".join(section.html(alone) for section in sections),
        "version": escape(__version__),
        "data": embedded({s.id: s.data() for s in sections}),
    }
    return fill("page.html", values)


def _overview(sections: Sequence["_Section"]) -> str:
    """Navigation, and the runs' samples side by side."""
    links = "".join(f'<li><a href="#{s.id}">{escape(s.name)}</a></li>' for s in sections)
    cards = []
    for section in sections:
        tile = figures.grid(section.pictures[:OVERVIEW], 4, scale=max(1, 96 // section.run.recipe.size), gap=2)
        alt = f"The first {OVERVIEW} samples of {section.name}"
        cards.append(
            f'<li><figure class="card"><a href="#{section.id}">{_img(tile, alt)}</a>'
            f"<figcaption><strong>{escape(section.name)}</strong> {escape(section.change)}"
            f" Epoch {section.best or section.epochs}.{_badge(section.run)}</figcaption></figure></li>"
        )
    return (
        f'<nav aria-label="Runs"><ul>{links}</ul></nav>'
        f'<section aria-labelledby="together"><h2 id="together">Side by side</h2>'
        f"<p>The first {OVERVIEW} samples of each run, not chosen.</p>"
        f'<ul class="cards">{"".join(cards)}</ul></section>'
    )


def _badge(run: Run) -> str:
    return f' <span class="badge">{SYNTHETIC}</span>' if run.synthetic else ""


# ----------------------------------------------------------------------------------------------- pictures


def _url(image: Image.Image, quality: int | None = None) -> str:
    """A picture as an address that holds it, WebP; without a quality, pixel by pixel."""
    return "data:image/webp;base64," + base64.b64encode(_webp(image, quality)).decode()


def _webp(image: Image.Image, quality: int | None) -> bytes:
    file = io.BytesIO()
    options = {"lossless": True, "quality": 60} if quality is None else {"quality": quality, "method": 4}
    image.save(file, format="WEBP", **options)
    return file.getvalue()


def _img(image: Image.Image, alt: str, quality: int | None = None) -> str:
    size = f'width="{image.width}" height="{image.height}"'
    return f'<img src="{_url(image, quality)}" alt="{escape(alt)}" {size}>'


def _some(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of them, evenly, the first and the last among them."""
    chosen = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)) if items else ()
    return [items[i] for i in chosen]


def _frames(grids: Sequence[Image.Image], budget: int) -> list[str]:
    """Sample grids as addresses that together take about `budget` bytes at most."""
    if not grids:
        return []
    probes = _some(grids, 5)
    for quality in QUALITIES:
        size = np.mean([len(_webp(grid, quality)) for grid in probes]) * len(grids)
        if size <= budget:
            break
    side = 1.0 if size <= budget else 0.95 * float(np.sqrt(budget / size))  # the rest of the way by making them smaller
    return [_url(_scaled(grid, side), quality) for grid in grids]


def _scaled(image: Image.Image, side: float) -> Image.Image:
    if side == 1.0:
        return image
    return image.resize((round(image.width * side), round(image.height * side)), Image.Resampling.LANCZOS)


# -------------------------------------------------------------------------------------------- one section


class _Section:
    """One run, read and drawn."""

    def __init__(self, id: str, name: str, run: Run, position: Position, budget: int, results: Path):
        self.id, self.name, self.run, self.epochs = id, name, run, position.epoch
        best = run.best()
        self.best = best[0].epoch if best else None
        self.sampler = run.sampler(None if best else position)
        self.pictures = self.sampler.sample(SAMPLES)
        self.change = run.recipe.change[:1].upper() + run.recipe.change[1:] + "." if run.recipe.change else ""
        # what came after the checkpoint (a killed run) is not reported
        self.history = {key: values[: self.epochs] for key, values in run.history().items()}
        steps = run.iterations()
        within = steps["epoch"] <= self.epochs if steps else ()
        self.steps = {key: values[within] for key, values in steps.items()}
        try:
            self.grids = {epoch: grid for epoch, grid in run.grids().items() if epoch <= self.epochs}
        except OSError:
            raise UserError(f"a sample grid of {run.path} cannot be read: remove it from its folder samples") from None
        self.shown = _some(list(self.grids), FRAMES)
        self.addresses = _frames([self.grids[epoch] for epoch in self.shown], budget)
        self.scores = run.scores()  # the page shows the trained weights
        self.findings = _findings(run, self.epochs, results)
        self.curves = self._curves()

    def data(self) -> list[dict[str, Any]]:
        """What the slider shows, frame by frame: the grid, where it stands on the curves, their values there."""
        frames = []
        for epoch, address in zip(self.shown, self.addresses, strict=True):
            values = {
                key: _number(key, column[epoch - 1])
                for key, column in self.history.items()
                if epoch and key not in ("epoch", "seconds") and np.isfinite(column[epoch - 1])
            }
            frames.append({"epoch": epoch, "src": address, "at": round(epoch / self.epochs, 4), "values": values})
        return frames

    def html(self, alone: bool) -> str:
        """The section; alone on a page, its name stands above it already."""
        recipe = self.run.recipe
        source = f" After {escape(recipe.source)}." if recipe.source else ""
        parts = [
            f'<section class="run{" alone" if alone else ""}" id="{self.id}" aria-labelledby="{self.id}-name">',
            f'<h2 id="{self.id}-name">{escape(self.name)}{_badge(self.run)}</h2>',
            f'<p class="lead">{escape(self.change)}{source}</p>',
        ]
        if self.run.synthetic:
            parts.append(
                f'<p class="note">{SYNTHETIC.capitalize()}: this network never saw a painting. It was trained on '
                "pictures that a program drew in place of paintings.</p>"
            )
        parts += [self._samples(), self._training(), self._facts()]
        return "\n".join([*parts, "</section>"])

    # --- samples ------------------------------------------------------------------------------------

    def _samples(self) -> str:
        exact = self.pictures.shape[1] <= EXACT
        items = [
            f'<li><button type="button" aria-haspopup="dialog">'
            f"{_img(Image.fromarray(picture), f'sample {i} of {len(self.pictures)}', None if exact else 90)}"
            "</button></li>"
            for i, picture in enumerate(self.pictures, start=1)
        ]
        nearest = f" Of all epochs judged, {self.sampler.nearest}." if self.best else ""
        return (
            f'<h3 id="{self.id}-samples">Samples</h3>'
            f"<p>{len(self.pictures)} pictures that the network made from {self.sampler.origin}, not chosen."
            f'<span class="live"> Click one to enlarge it, or go there by the arrow keys and press Enter.</span></p>'
            f'<figure><ul class="samples" aria-labelledby="{self.id}-samples" '
            f'data-caption="{escape(self.sampler.caption)}">{"".join(items)}</ul>'
            f"<figcaption>{escape(self.sampler.caption)}.{nearest}</figcaption></figure>"
        )

    # --- training -----------------------------------------------------------------------------------

    def _training(self) -> str:
        parts = [self._slider() if self.addresses else "", self._charts() if self.curves else ""]
        if not any(parts):
            return ""
        wide = " pair" if all(parts) else ""
        return f'<h3>Through training</h3><div class="training{wide}">{"".join(parts)}</div>{self._table()}'

    def _slider(self) -> str:
        last, epoch = len(self.shown) - 1, self.shown[-1]
        grid = self.grids[epoch]
        caption = self.run.caption()
        of = f", {len(self.shown)} of the {len(self.grids)} grids saved" if len(self.shown) < len(self.grids) else ""
        alt = f"grid of samples of {caption} at epoch {epoch}"
        controls = (
            f'<div class="controls live"><button type="button" class="play">Play</button>'
            f'<label for="{self.id}-epoch">Epoch</label>'
            f'<input type="range" id="{self.id}-epoch" min="0" max="{last}" step="1" value="{last}" '
            f'aria-valuetext="epoch {epoch} of {self.epochs}">'
            f'<output for="{self.id}-epoch" aria-live="off">{epoch}</output></div>'
        )
        return (
            f'<figure class="slider" data-caption="{escape(caption)}" data-epochs="{self.epochs}">'
            f'<img class="frame" src="{self.addresses[-1]}" alt="{escape(alt)}" '
            f'width="{grid.width}" height="{grid.height}" decoding="sync">'
            f"{controls if last else ''}"
            f"<figcaption>The same {self.sampler.origin} through training{of}: {escape(caption)}.</figcaption>"
            f'<div class="strip"></div></figure>'
        )

    def _curves(self) -> list["_Chart"]:
        names = sorted((name for name in self.steps if name not in ("epoch", "step")), key=_order)
        steps = {name: _Line(name, *_binned(self.steps[name])) for name in names}
        losses = [steps[n] for n in names if figures.is_loss(n)]
        rates = [steps[n] for n in names if not figures.is_loss(n)]
        charts = [
            _Chart("Losses", self.run.recipe.of_task.losses, losses),
            _Chart(
                "Accuracies of the discriminator",
                "Which share of either kind of picture it judges rightly. 50 % is guessing; close to 100 % all the "
                "time, the generator fools nobody.",
                rates,
                share=all(0 <= v <= 1 for line in rates for v in (line.low.min(), line.high.max())),
            ),
        ]
        for chart in registry.CHARTS:
            dots = []
            for name in chart.lines:
                values = self.history.get(name, np.full(self.epochs, np.nan))
                at, values = self.history["epoch"][np.isfinite(values)] / self.epochs, values[np.isfinite(values)]
                dots += [_Line(name, at, values, values, values, dots=True)] if len(values) else []
            charts.append(_Chart(chart.title, chart.meaning, dots))
        return [drawn for drawn in charts if drawn.lines]

    def _charts(self) -> str:
        charts = "".join(chart.html(self.epochs) for chart in self.curves)
        words = "Thick lines are running means, what is pale behind them single steps."
        if len(self.shown) > 1:
            words += '<span class="live"> The numbers above each chart are means of the epoch at the slider.</span>'
        return f'<div class="charts">{charts}<p class="small">{words} {escape(self.run.caption())}.</p></div>'

    def _table(self) -> str:
        """The curves' numbers, for who would rather read, or cannot see the lines."""
        names = sorted((name for name in self.history if name not in ("epoch", "seconds")), key=_order)
        if not names:
            return ""
        chosen = _some(range(self.epochs), 25)
        head = "".join(f'<th scope="col">{escape(NAMES.get(name, ""))} {_code(name)}</th>' for name in names)
        rows = []
        for i in chosen:
            cells = "".join(f"<td>{_number(name, self.history[name][i])}</td>" for name in names)
            rows.append(f'<tr><th scope="row">{self.history["epoch"][i]}</th>{cells}</tr>')
        some = f", {len(chosen)} of the {self.epochs} epochs" if len(chosen) < self.epochs else ""
        return (
            f'<details><summary>The numbers of the curves</summary><p class="small" id="{self.id}-numbers">'
            f"Means of an epoch{some}: {escape(self.run.caption())}.</p>"
            f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{self.id}-numbers"><table>'
            f'<thead><tr><th scope="col">epoch</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
            "</details>"
        )

    # --- words --------------------------------------------------------------------------------------

    def _facts(self) -> str:
        recipe, facts = self.run.recipe, self.run.environment
        pictures = facts["pictures"]
        kind = "pictures drawn by a program" if self.run.synthetic else "paintings"
        held = f", {recipe.holdout:.0%} of them held out for evaluation" if recipe.holdout else ""
        planned = f" of {recipe.epochs} planned" if recipe.epochs != self.epochs else ""
        best = f"; the samples are those of epoch {self.best}" if self.best and self.best != self.epochs else ""
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if name != "backend")
        time = duration(float(self.history["seconds"][-1]))
        rows = {
            "recipe": recipe.name + (", quick scale" if recipe.scale == "quick" else ""),
            "trained": f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}{planned}, {time}{best}",
            "pictures": f"{pictures['pictures']:,} made of {pictures['paintings']:,} {kind}{held}"
            + (f" ({SYNTHETIC})" if self.run.synthetic else ""),
            "size": f"{recipe.size} × {recipe.size} pixels, networks of width {recipe.width}",
            "device": f"{facts['device']}, {facts['precision']}",
            "started": str(facts.get("started", "")).partition("T")[0] or "not noted",
            "made with": versions,
            "command": command(self.run, self.epochs),
        }
        body = "".join(
            f'<tr><th scope="row">{key}</th><td>{_code(value) if key == "command" else escape(value)}</td></tr>'
            for key, value in rows.items()
        )
        listed = "".join(f"<li>{_marked(text)}</li>" for text in departures(self.run)) or "<li>None known.</li>"
        parts = [
            f'<h3>Facts</h3><table class="facts"><tbody>{body}</tbody></table>',
            self._reported(time),
            self._scores(),
            f"<h3>Departures from the study</h3><ul>{listed}</ul>",
            f"<h3>Findings</h3>{_prose(self.findings)}" if self.findings else "",
        ]
        return "".join(parts)

    def _reported(self, time: str) -> str:
        published = self.run.recipe.published
        if not published:
            return ""
        late = slice(-max(1, self.epochs // 10), None)
        means = {
            name: _number(name, np.mean(values[late]))
            for name, values in sorted(self.history.items(), key=lambda column: _order(column[0]))
            if name in NAMES and name in self.steps
        }
        words = [f"{NAMES[name]} {value}" for name, value in means.items() if figures.is_loss(name)]
        rates = [f"{NAMES[name]} {value}" for name, value in means.items() if not figures.is_loss(name)]
        ended = [f"losses at the end: {', '.join(words)}"] if words else []
        ended += [f"judged rightly: {', '.join(rates)}"] if rates else []
        ours = {"epochs": f"{self.epochs}", "time": time, "reported": "; ".join(ended)}
        titles = {"epochs": "epochs", "time": "time", "reported": "results"}
        rows = "".join(
            f'<tr><th scope="row">{title}</th><td>{escape(published.get(key, "none"))}</td>'
            f"<td>{escape(ours[key])}</td></tr>"
            for key, title in titles.items()
        )
        badge = f" ({SYNTHETIC})" if self.run.synthetic else ""
        return (
            '<h3>Reported beside ours</h3><table class="beside"><thead><tr><td></td>'
            f'<th scope="col">reported by the authors</th><th scope="col">this run{badge}</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    def _scores(self) -> str:
        if not self.scores:
            return "<h3>Scores</h3><p>This run has not been scored.</p>"
        order = [*registry.QUESTIONS, ""]
        lines = sorted(self.scores, key=lambda line: order.index(registry.question(line["measure"])))
        groups: dict[str, list[str]] = {}
        for line in lines:
            groups.setdefault(self._heading(line), []).append(self._score(line))
        tables = [
            f'<table class="scores"><caption>{escape(heading)}</caption><thead><tr><th scope="col">score</th>'
            f'<th scope="col">number</th><th scope="col">what it means</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
            for heading, rows in groups.items()
        ]
        again = (
            "<p>“Paintings” below are the pictures of the synthetic placeholder that the network was trained on.</p>"
            if self.run.synthetic
            else ""
        )
        return f"<h3>Scores</h3>{again}{''.join(tables)}"

    def _heading(self, line: Mapping[str, Any]) -> str:
        """The question that a score answers, and the checkpoint where it is not the one that is shown."""
        question = registry.question(line["measure"])
        words = registry.QUESTIONS[question] if question else "Other scores"
        checkpoint = str(line.get("checkpoint", self.sampler.caption))
        return words + (f" Measured earlier, on: {checkpoint}" if checkpoint != self.sampler.caption else "")

    def _score(self, line: Mapping[str, Any]) -> str:
        """One row of a table of scores."""
        known = registry.METRICS.get(line["measure"])
        title = registry.title(str(line["measure"]), line["network"])
        value = registry.shown(line["measure"], line["value"])
        spread = (
            f' <span class="spread">± {registry.shown(line["measure"], line["std"])}</span>' if line.get("std") else ""
        )
        meaning = (
            f"{escape(known.meaning)} <strong>{escape(known.good)}</strong>"
            if known
            else f"Its protocol: {_code(str(line['metric']))}"
        )
        kind = "placeholders" if self.run.synthetic else "paintings"
        counts = (
            f"{line['n_fake']:,} samples, {line['n_real']:,} {REFERENCES.get(str(line.get('reference')), '')}{kind}"
        )
        return (
            f'<tr><th scope="row">{escape(title)}</th><td class="value">{value}{spread}</td>'
            f'<td>{meaning} <span class="spread">({escape(counts)})</span></td></tr>'
        )


def _findings(run: Run, epochs: int, results: Path) -> str:
    """The findings on the run's card, if that card is about this run and this length of it; else nothing."""
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


# -------------------------------------------------------------------------------------------------- words


_STYLES = {"d_real": ".0%", "d_fake": ".0%", "kid": ".3f", "validation_error": ".3f", "training_error": ".3f"}


def _number(name: str, value: float) -> str:
    """A value of the history: shares as such, blanks where nothing was measured."""
    if not np.isfinite(value):
        return ""
    return registry.written(float(value), _STYLES.get(name, ".2f"))


def _order(name: str) -> int:
    """Where a measure stands among others: what is not known comes last."""
    return list(NAMES).index(name) if name in NAMES else len(NAMES)


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _marked(text: str) -> str:
    """A line of Markdown: code, bold, emphasis, links to the web; everything else is text."""
    text = escape(text)
    text = re.sub(r"!?\[([^\]]*)\]\((https?://[^\s)]+)\)", r'<a href="\2" rel="noreferrer">\1</a>', text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?!\w)", r"<em>\1</em>", text)


def _prose(text: str) -> str:
    """The Markdown that findings are written in: paragraphs, lists of one level, headings."""
    blocks: list[tuple[str, list[str]]] = []
    fresh = True
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped:
            fresh = True
        elif found := re.match(r"(#+)\s+(.*)", stripped):
            blocks.append(("h4", [found[2]]))
            fresh = True
        elif found := re.match(r"[-*+]\s+(.*)", stripped):
            blocks.append(("li", [found[1]]))
            fresh = False
        elif fresh:
            blocks.append(("p", [stripped]))
            fresh = False
        else:
            blocks[-1][1].append(stripped)
    html = "".join(f"<{tag}>{_marked(' '.join(lines))}</{tag}>" for tag, lines in blocks)
    return re.sub(r"(?:<li>(?:(?!<p>|<h4>).)*</li>)+", lambda items: f"<ul>{items[0]}</ul>", html)


# ------------------------------------------------------------------------------------------------- curves


@dataclass(frozen=True)
class _Line:
    """A curve: shares of the training done, a value at each, and the lowest and highest of the steps it stands for."""

    name: str
    at: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    dots: bool = False


def _binned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values of every step as at most `BINS` points: where, running mean, lowest, highest."""
    edges = np.unique(np.linspace(0, len(values), BINS + 1).round().astype(int))
    starts, ends = edges[:-1], edges[1:]
    mean = figures.running_mean(values)[ends - 1]
    return ends / len(values), mean, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


@dataclass(frozen=True)
class _Chart:
    """Curves over one axis of height, drawn as SVG that any width can have: its labels are HTML, not drawn."""

    title: str
    meaning: str
    lines: Sequence[_Line]
    share: bool = False

    def _range(self) -> tuple[float, float, str]:
        """Lowest and highest of the axis, and a note on peaks that would flatten everything else."""
        if self.share:
            return -0.03, 1.03, ""  # a line along the edge is drawn whole
        values = np.concatenate([line.value for line in self.lines])
        lows = np.concatenate([line.low for line in self.lines])
        low, high = min(0.0, values.min(), np.percentile(lows, 2)), max(0.0, values.max())
        if all(line.dots for line in self.lines):
            return low, high * 1.05 or 1.0, ""
        highs = np.concatenate([line.high for line in self.lines])
        # the means are shown whole, but for a start that is out of all proportion
        usual = min(high, 3 * np.percentile(values, 98))
        top, peak = max(0.0, usual, np.percentile(highs, 98)) * 1.05 or 1.0, highs.max()
        return low, top, f"Peaks up to {peak:.3g} are cut off." if peak > top else ""

    def html(self, epochs: int) -> str:
        low, high, note = self._range()
        ticks = _ticks(low, high)

        def x(at: float) -> str:
            return f"{1000 * at:.1f}"

        def y(value: float) -> float:
            return 100 * (high - value) / (high - low)

        drawn, words, keys = [], [], []
        for tick in ticks:
            drawn.append(f'<path class="rule" d="M0 {y(tick):.2f}H1000"/>')
        for number, line in enumerate(self.lines):
            points = [f"{x(a)} {y(v):.2f}" for a, v in zip(line.at, line.value, strict=True)]
            if not line.dots:
                there = [f"{x(a)} {y(v):.2f}" for a, v in zip(line.at, line.high, strict=True)]
                back = [f"{x(a)} {y(v):.2f}" for a, v in zip(line.at[::-1], line.low[::-1], strict=True)]
                drawn.append(f'<path class="band c{number % 6}" d="M{"L".join(there + back)}Z"/>')
            drawn.append(f'<path class="line c{number % 6}" d="M{"L".join(points)}"/>')
            if line.dots:
                drawn.append(f'<path class="dots c{number % 6}" d="{"".join(f"M{point}h0" for point in points)}"/>')
            name = NAMES.get(line.name, line.name)
            first, last = (_number(line.name, line.value[i]) for i in (0, -1))
            words.append(f"{name} from {first} to {last}")
            keys.append(
                f'<li><svg class="key" viewBox="0 0 26 6" aria-hidden="true"><path class="line c{number % 6}" '
                f'd="M1 3H25"/></svg>{escape(name)} <b data-value="{escape(line.name)}">{last}</b></li>'
            )
        format = "{:.0%}" if self.share else "{:.6g}"
        left = "".join(
            f'<text x="-7" y="{y(tick):.2f}%" dy="0.32em">{format.format(tick).replace("%", " %")}</text>'
            for tick in ticks
        )
        below = "".join(
            f'<text x="{100 * tick / epochs:.2f}%" y="100%" dy="1.35em">{tick:.0f}</text>'
            for tick in _ticks(0, epochs, whole=True)
        )
        alt = f"{self.title} over {epochs} epochs: {'; '.join(words)}"
        return (
            f'<figure class="chart"><figcaption><strong>{escape(self.title)}</strong> {escape(self.meaning)} {note}'
            f'</figcaption><ul class="keys">{"".join(keys)}</ul>'
            f'<div class="plot" role="img" aria-label="{escape(alt)}">'
            f'<svg class="lines" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">{"".join(drawn)}'
            f'<path class="now" d="M0 0V100" visibility="hidden"/></svg>'
            f'<svg class="left" aria-hidden="true">{left}</svg><svg class="below" aria-hidden="true">{below}</svg>'
            f'</div><p class="axis" aria-hidden="true">epoch</p></figure>'
        )


def _ticks(low: float, high: float, whole: bool = False) -> Iterable[float]:
    """Three to six round numbers from `low` to `high`."""
    step = 10.0 ** np.floor(np.log10((high - low) / 3))
    step *= next(factor for factor in (5, 2, 1) if factor == 1 or (high - low) / (step * factor) >= 2.5)
    step = max(1.0, np.round(step)) if whole else step
    return [float(f"{i * step:.6g}") for i in range(int(np.ceil(low / step - 1e-9)), int(high / step + 1e-9) + 1)]
