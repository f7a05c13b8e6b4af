"""Figures: arrays in, a picture or a Matplotlib figure out. Nothing here reads or writes runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from artkeras.files import atomic
from artkeras.metrics import registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER = (255, 255, 255)
INK = (90, 90, 90)


def grid(
    pictures: np.ndarray, columns: int | None = None, *, scale: int = 1, gap: int = 2, caption: str = ""
) -> Image.Image:
    """Pictures side by side, row by row.

    Args:
        pictures: (n, height, width, 3) uint8.
        columns: pictures in a row; default the side of the nearest square.
        scale: enlarge each picture by this whole factor, pixels kept sharp.
        gap: pixels between pictures.
        caption: written under the grid, in as many lines as it needs.

    Raises:
        ValueError: when there are no pictures.
    """
    pictures = np.asarray(pictures)
    if pictures.ndim != 4 or not len(pictures):
        raise ValueError(f"a grid needs pictures of shape (n, height, width, 3), not {pictures.shape}")
    columns = columns or int(np.ceil(np.sqrt(len(pictures))))
    rows = -(-len(pictures) // columns)
    height, width = pictures.shape[1] * scale + gap, pictures.shape[2] * scale + gap
    font = ImageFont.load_default(size=12)
    lines = _wrapped(caption, font, columns * width - gap - 2)
    canvas = Image.new("RGB", (columns * width + gap, rows * height + gap + 18 * len(lines)), PAPER)
    for i, picture in enumerate(pictures):
        tile = Image.fromarray(picture).resize((width - gap, height - gap), Image.Resampling.NEAREST)
        canvas.paste(tile, (gap + i % columns * width, gap + i // columns * height))
    pen = ImageDraw.Draw(canvas)
    for i, line in enumerate(lines):
        pen.text((gap + 2, rows * height + gap + 2 + 18 * i), line, fill=INK, font=font)
    return canvas


def _wrapped(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Text in lines of at most so many pixels, where its words allow."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


HEAD = 16  # pixels of the headings of `columns`
NARROWEST = 96  # pixels a heading needs


def columns(named: Mapping[str, np.ndarray], *, scale: int = 1, gap: int = 2, caption: str = "") -> Image.Image:
    """Named columns of pictures, so that a row reads from left to right.

    Args:
        named: heading -> (n, height, width, 3) uint8, all of one shape.
        scale: enlarge each picture by this whole factor, or by more where its heading needs room.
        gap, caption: see `grid`.
    """
    pictures = np.stack(list(named.values()), axis=1)
    side = pictures.shape[3]
    scale = max(scale, -(-NARROWEST // side))
    body = grid(pictures.reshape(-1, *pictures.shape[2:]), len(named), scale=scale, gap=gap, caption=caption)
    head = Image.new("RGB", (body.width, HEAD), PAPER)
    pen = ImageDraw.Draw(head)
    for i, name in enumerate(named):
        pen.text((gap + i * (side * scale + gap), 2), name, fill=INK, font=ImageFont.load_default(size=11))
    return stack([head, body])


def stack(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures one under the other, aligned left."""
    canvas = Image.new("RGB", (max(image.width for image in images), sum(image.height for image in images)), PAPER)
    top = 0
    for image in images:
        canvas.paste(image, (0, top))
        top += image.height
    return canvas


PENALTIES = ("r1", "r2")  # columns of a run's tables, mean squared norms of the discriminator's gradients


def category(name: str) -> str:
    """What a column of a run's iterations is: "loss" (`d_loss`, `cycle_loss`), "penalty" or "accuracy" (the rest)."""
    if name.endswith("loss"):
        return "loss"
    return "penalty" if name in PENALTIES else "accuracy"


def curves(
    iterations: Mapping[str, np.ndarray], history: Mapping[str, np.ndarray] | None = None, *, title: str = ""
) -> Figure:
    """Losses and accuracies, a point a step, with a running mean; below them the charts of `artkeras.metrics.registry`.

    Args:
        iterations: columns as `Run.iterations()` gives them; losses go on top, then accuracies and penalties.
        history: `Run.history()`, for the losses' means of each epoch, and what was measured every few epochs.
        title: written over the figure.
    """
    from matplotlib import pyplot as plt

    history = history or {}
    steps, epochs = np.arange(1, len(iterations["epoch"]) + 1), int(iterations["epoch"][-1])
    ends = np.flatnonzero(np.diff(iterations["epoch"], append=epochs + 1)) + 1  # step that ends each epoch
    names = [name for name in iterations if name not in ("epoch", "step")]
    panels = {kind: [n for n in names if category(n) == kind] for kind in ("loss", "accuracy", "penalty")}
    for chart in registry.CHARTS:
        panels[chart.label] = [n for n in chart.lines if np.isfinite(history.get(n, np.nan)).any()]
    panels = {label: panel for label, panel in panels.items() if panel}
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(7.5, 2.6 * len(panels)), sharex=True, squeeze=False, layout="constrained"
    )
    for axis, (label, panel) in zip(axes[:, 0], panels.items(), strict=True):
        for colour, name in enumerate(panel):
            if name in iterations:
                values = iterations[name]
                axis.plot(steps, values, color=f"C{colour}", alpha=0.25, linewidth=0.6)
                axis.plot(steps, running_mean(values), color=f"C{colour}", linewidth=1.4, label=name)
            if name in history:
                measured = np.flatnonzero(np.isfinite(history[name][: len(ends)]))
                joined = {"linestyle": ""} if name in iterations else {"linestyle": "-", "label": name}
                axis.plot(
                    ends[measured], history[name][measured], marker=".", color=f"C{colour}", markersize=5, **joined
                )
        axis.set_ylabel(label)
        axis.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=len(panel))
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.01)
        for end in ends[: -1 : max(1, epochs // 10)]:
            axis.axvline(end + 0.5, color="0.92", linewidth=0.8, zorder=0)
    dots = "; dots are means of an epoch" if history else ""
    axes[-1, 0].set_xlabel(f"step ({epochs} epochs{dots})")
    if title:
        figure.suptitle(title, fontsize=10, x=0.02, ha="left")
    plt.close(figure)  # a notebook shows the returned figure; without this it would show it twice
    return figure


def dots(named: Mapping[str, Mapping[str, float]], *, log: Sequence[str] = ()) -> Figure:
    """One panel a measure, one row a thing measured: which of many is far from the rest, and in what.

    Args:
        named: measure -> {thing: value}; a thing without a value, or with NaN, has no dot.
        log: measures whose panel is logarithmic.
    """
    from matplotlib import pyplot as plt

    things = list(dict.fromkeys(thing for values in named.values() for thing in values))
    figure, axes = plt.subplots(
        1, len(named), figsize=(2.2 + 2.0 * len(named), 0.6 + 0.24 * len(things)), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axis, (measure, values) in zip(axes[0], named.items(), strict=True):
        axis.scatter([values.get(thing, np.nan) for thing in things], range(len(things)), s=22, color="C0", zorder=2)
        axis.set_title(measure, fontsize=9)
        axis.set_xscale("log" if measure in log else "linear")
        if measure not in log:
            axis.set_xlim(left=min(0.0, axis.get_xlim()[0]))
        axis.set_yticks(range(len(things)), things, fontsize=8)
        axis.set_ylim(len(things) - 0.5, -0.5)
        axis.tick_params(axis="x", labelsize=7)
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="y", color="0.92", zorder=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
    plt.close(figure)
    return figure


def lines(named: Mapping[str, tuple[np.ndarray, np.ndarray]], *, x: str, y: str, log: bool = False) -> Figure:
    """Named lines and a legend.

    Args:
        named: name -> (x values, y values), both (n,); empty ones are left out.
        x, y: what the axes show.
        log: x on a logarithmic scale.
    """
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 4.2), layout="constrained")
    drawn = {name: line for name, line in named.items() if len(line[0])}
    for number, (name, (places, values)) in enumerate(drawn.items()):
        axis.plot(places, values, marker=".^sx+"[number // 10 % 5], ms=5, color=f"C{number % 10}", label=name)
    if log:
        axis.set_xscale("log")
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    axis.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure


def histograms(named: Mapping[str, np.ndarray], *, x: str, bins: int = 30) -> Figure:
    """Histograms one under the other on one axis.

    Args:
        named: name -> (n,) values.
        x: what the values are.
        bins: of all of them together.
    """
    from matplotlib import pyplot as plt

    edges = np.histogram_bin_edges(np.concatenate(list(named.values())), bins)
    figure, axes = plt.subplots(
        len(named), 1, figsize=(7.5, 0.6 + 1.1 * len(named)), sharex=True, squeeze=False, layout="constrained"
    )
    for number, (axis, (name, values)) in enumerate(zip(axes[:, 0], named.items(), strict=True)):
        axis.hist(values, edges, color=f"C{number}")
        axis.set_title(name, fontsize=9, loc="left")
        axis.set_yticks([])
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[-1, 0].set_xlabel(x)
    plt.close(figure)
    return figure


def running_mean(values: np.ndarray, window: int | None = None) -> np.ndarray:
    """Mean over the last `window` values (default a fiftieth of them, at least 5); fewer at the start."""
    window = window or max(5, len(values) // 50)
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (sums[ends] - sums[starts]) / (ends - starts)


def panels(images: Mapping[str, Image.Image], *, height: float = 4.0) -> Figure:
    """Named pictures side by side; `height` in inches."""
    from matplotlib import pyplot as plt

    ratios = [image.width / image.height for image in images.values()]
    figure, axes = plt.subplots(
        1,
        len(images),
        figsize=(height * sum(ratios), height * 1.1),
        squeeze=False,
        layout="constrained",
        width_ratios=ratios,
    )
    for axis, (name, image) in zip(axes[0], images.items(), strict=True):
        axis.imshow(image)
        axis.set_title(name, fontsize=10)
        axis.set_axis_off()
    plt.close(figure)
    return figure


def save(figure: Image.Image | Figure, path: str | Path) -> Path:
    """Write a picture or a Matplotlib figure as PNG, whole or not at all."""
    path = Path(path)
    with atomic(path) as part:
        if isinstance(figure, Image.Image):
            figure.save(part, format="PNG", optimize=True)
        else:
            figure.savefig(part, format="PNG", dpi=110)
    return path


def gif(frames: Sequence[Image.Image | np.ndarray], path: str | Path, *, milliseconds: int = 200) -> Path:
    """Write an endless animation, whole or not at all.

    Args:
        frames: PIL pictures, or (height, width, 3) uint8 arrays; smaller ones get white at the right and below, since
            a caption may need one line more in the course of a training.
        path: where to.
        milliseconds: each frame is shown; the last one four times as long.

    Raises:
        ValueError: without frames.
    """
    if not len(frames):
        raise ValueError("an animation needs at least one frame")
    images = [frame if isinstance(frame, Image.Image) else Image.fromarray(frame) for frame in frames]
    size = max(image.width for image in images), max(image.height for image in images)
    images = [_on_paper(image, size) for image in images]
    # One palette for all frames: with one each, flat colours flicker from frame to frame.
    palette = _common_palette(images)
    images = [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
    durations = [milliseconds] * (len(images) - 1) + [4 * milliseconds]
    path = Path(path)
    with atomic(path) as part:
        images[0].save(part, format="GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    return path


def _on_paper(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    sheet = Image.new("RGB", size, PAPER)
    sheet.paste(image)
    return sheet


def _common_palette(images: list[Image.Image]) -> Image.Image:
    chosen = images[:: max(1, len(images) // 8)]
    sheet = Image.new("RGB", (chosen[0].width, chosen[0].height * len(chosen)))
    for i, image in enumerate(chosen):
        sheet.paste(image.convert("RGB"), (0, i * image.height))
    return sheet.quantize(255)
