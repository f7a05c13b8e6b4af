"""Curves for a page: where their lines, areas, ticks and words go, for `templates/chart.html.j2` to draw as SVG.

A chart is 1000 units wide and 100 high, and is stretched to the page; its labels are text beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from artkeras.metrics import registry
from artkeras.reporting import figures

BINS = 400  # points of a curve
COLOURS = 6  # of the page's style
LABELS = {
    "d_loss": "discriminator",
    "g_loss": "generator",
    "d_real": "training pictures",
    "d_fake": "generated pictures",
    "d_pairs": "pairs told apart",
    "r1": "on training pictures (R1)",
    "r2": "on generated pictures (R2)",
    "loss": "total",
    "reconstruction_loss": "reconstruction",
    "kl_loss": "divergence",
    "l1_loss": "difference from the real picture (L1)",
    "cycle_loss": "cycle consistency",
    "identity_loss": "identity",
} | {key: label for chart in registry.CHARTS for key, label in chart.lines.items()}
"""Column of a run's tables -> what its line is called."""

_STYLES = {
    "d_real": ".0%",
    "d_fake": ".0%",
    "d_pairs": ".0%",
    "kid": ".3f",
    "validation_error": ".3f",
    "training_error": ".3f",
}


def shown(key: str, value: float) -> str:
    """Return a value of the history as people read it; "" where nothing was measured."""
    if not np.isfinite(value):
        return ""
    return registry.written(float(value), _STYLES.get(key, ".2f"))


def order(key: str) -> int:
    """Return where a column stands among others; unknown ones come last."""
    return list(LABELS).index(key) if key in LABELS else len(LABELS)


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        key: the column it shows.
        at: (n,) shares of the training done, 0 to 1.
        value: (n,) its values there.
        low, high: (n,) the lowest and the highest of the steps that each value stands for.
        dots: whether it was measured at these places only, so that each gets a dot.
    """

    key: str
    at: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    dots: bool = False

    @classmethod
    def of_steps(cls, key: str, values: np.ndarray) -> "Line":
        """Return the running mean of every step's value, as at most `BINS` points."""
        edges = np.unique(np.linspace(0, len(values), BINS + 1).round().astype(int))
        starts, ends = edges[:-1], edges[1:]
        mean = figures.running_mean(values)[ends - 1]
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        return cls(key, ends / len(values), mean, low, high)


@dataclass(frozen=True)
class Chart:
    """Lines over one axis of height; with `share`, that axis goes from 0 to 100 %."""

    title: str
    meaning: str
    lines: Sequence[Line]
    share: bool = False

    def view(self, epochs: int) -> dict[str, Any]:
        """Return what the template draws: `epochs` is the length of the axis below."""
        low, high, note = self._range()

        def point(at: float, value: float) -> str:
            return f"{1000 * at:.1f} {100 * (high - value) / (high - low):.2f}"

        lines, words = [], []
        for number, line in enumerate(self.lines):
            points = [point(a, v) for a, v in zip(line.at, line.value, strict=True)]
            there = [point(a, v) for a, v in zip(line.at, line.high, strict=True)]
            back = [point(a, v) for a, v in zip(line.at[::-1], line.low[::-1], strict=True)]
            label = LABELS.get(line.key, line.key)
            first, last = shown(line.key, line.value[0]), shown(line.key, line.value[-1])
            words.append(f"{label} from {first} to {last}")
            lines.append(
                {
                    "key": line.key,
                    "label": label,
                    "last": last,
                    "colour": number % COLOURS,
                    "path": f"M{'L'.join(points)}",
                    "band": "" if line.dots else f"M{'L'.join(there + back)}Z",
                    "dots": "".join(f"M{place}h0" for place in points) if line.dots else "",
                }
            )
        style = ".0%" if self.share else ".6g"
        return {
            "title": self.title,
            "meaning": self.meaning,
            "note": note,
            "words": f"{self.title} over {epochs} epochs: {'; '.join(words)}",
            "lines": lines,
            "left": [
                {"place": f"{100 * (high - tick) / (high - low):.2f}", "label": registry.written(tick, style)}
                for tick in ticks(low, high)
            ],
            "below": [
                {"place": f"{100 * tick / epochs:.2f}", "label": f"{tick:.0f}"} for tick in ticks(0, epochs, whole=True)
            ],
        }

    def _range(self) -> tuple[float, float, str]:
        """Return the lowest and the highest of the axis, and a note on peaks that would flatten everything else."""
        if self.share:
            return -0.03, 1.03, ""  # a line along the edge is drawn whole
        values = np.concatenate([line.value for line in self.lines])
        lows = np.concatenate([line.low for line in self.lines])
        low, high = min(0.0, values.min(), np.percentile(lows, 2)), max(0.0, values.max())
        if all(line.dots for line in self.lines):
            return low, high * 1.05 or 1.0, ""
        highs = np.concatenate([line.high for line in self.lines])
        # the means are shown whole, except for a start that is out of all proportion
        usual = min(high, 3 * np.percentile(values, 98))
        top, peak = max(0.0, usual, np.percentile(highs, 98)) * 1.05 or 1.0, highs.max()
        return low, top, f"Peaks up to {peak:.3g} are cut off." if peak > top else ""


def ticks(low: float, high: float, whole: bool = False) -> Iterable[float]:
    """Return three to six round numbers from `low` to `high`; with `whole`, whole ones."""
    step = 10.0 ** np.floor(np.log10((high - low) / 3))
    step *= next(factor for factor in (5, 2, 1) if factor == 1 or (high - low) / (step * factor) >= 2.5)
    step = max(1.0, np.round(step)) if whole else step
    return [float(f"{i * step:.6g}") for i in range(int(np.ceil(low / step - 1e-9)), int(high / step + 1e-9) + 1)]
