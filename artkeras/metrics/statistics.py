"""The statistics of a few raters and a few dozen pictures. Pure maths: tables of numbers in, numbers out.

A table is (pictures, raters), NaN where a rater gave no answer. Answers about one picture are not independent of each
other, so pictures are what is drawn again for an interval: it says what other pictures of the same kind would give,
judged by the same raters.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Z = 1.96  # of a 95 % interval


class Estimate(NamedTuple):
    """A value and its 95 % interval; NaN where there are too few answers to say."""

    value: float
    low: float
    high: float


def wilson(hits: float, total: float) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, 1927), which holds for few cases too; (0, 1) for none."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, Z * Z / total
    middle = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * np.sqrt(share * (1 - share) / total + square / total / 4)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def share(answers: np.ndarray) -> Estimate:
    """The share of the answers that are 1, with Wilson's interval on the effective number of answers.

    That number is what as many independent answers would have to be to scatter as the pictures do (Kish's design
    effect): at most all answers, at least one a picture, and just that where all answers are equal and nothing
    scatters. A bootstrap would give an interval of no width there.

    Args:
        answers: (pictures, raters) of 0, 1 and NaN.
    """
    given = ~np.isnan(answers)
    answers, given = answers[given.any(axis=1)], given[given.any(axis=1)]
    if not len(answers):
        return Estimate(np.nan, np.nan, np.nan)
    of_picture, pictures, total = given.sum(axis=1), len(answers), given.sum()
    hits = np.nansum(answers, axis=1)
    value = float(hits.sum() / total)
    effective = float(pictures)
    if 0 < value < 1 and pictures > 1:
        scatter = pictures / (pictures - 1) * np.sum(((hits - of_picture * value) / total) ** 2)
        effective = float(np.clip(value * (1 - value) / max(scatter, 1e-12), pictures, total))
    return Estimate(value, *wilson(value * effective, effective))


def mean(answers: np.ndarray) -> float:
    """The mean of all answers of a table; NaN for none."""
    given = answers[~np.isnan(answers)]
    return float(given.mean()) if given.size else np.nan


def spread(answers: np.ndarray) -> float:
    """The standard deviation of all answers of a table, over pictures and raters; NaN for fewer than two."""
    given = answers[~np.isnan(answers)]
    return float(given.std(ddof=1)) if given.size > 1 else np.nan


def alpha(answers: np.ndarray) -> float:
    """Krippendorff's alpha: agreement between raters, 1 for full agreement, 0 for what chance would give.

    One number for any number of raters, who need not have judged every picture, and it takes off what they would
    agree on by chance; a mean correlation does neither, and is blind to a rater who is two stars milder. Differences
    are squared (interval data), as the mean of stars takes them too. On answers of 0 and 1 that is his nominal alpha.
    NaN where no picture has two answers, or all answers are equal.

    Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.

    Args:
        answers: (pictures, raters), NaN for no answer.
    """
    given = ~np.isnan(answers)
    pairable = given.sum(axis=1) > 1  # a lone answer agrees with nobody
    answers, given = answers[pairable], given[pairable]
    total = given.sum()
    if not total:
        return np.nan
    values, count = np.where(given, answers, 0.0), given.sum(axis=1)
    means = values.sum(axis=1) / count
    # the sum of squared differences of all pairs of m values is m times that of squared distances from their mean
    within = np.sum(np.where(given, values - means[:, None], 0.0) ** 2, axis=1)
    observed = np.sum(count * within / (count - 1)) / total
    expected = np.sum((values[given] - values.sum() / total) ** 2) / (total - 1)
    return float(1 - observed / expected) if expected else np.nan


def bootstrap(statistic: Callable[..., float], *tables: np.ndarray, draws: int = 2000, seed: int = 0) -> Estimate:
    """A statistic with its 95 % interval: the pictures of each table drawn again, with replacement, many times.

    Args:
        statistic: of as many tables, NaN where it does not exist.
        tables: (pictures, raters) each; several are drawn from independently.
        draws: how often.
        seed: of the draws. No interval is given where the statistic does not exist in half of them.
    """
    value = statistic(*tables)
    if not np.isfinite(value) or min(map(len, tables)) < 2:
        return Estimate(float(value), np.nan, np.nan)
    rng = np.random.default_rng(seed)
    found = [statistic(*(table[rng.integers(len(table), size=len(table))] for table in tables)) for _ in range(draws)]
    found = np.array(found)[np.isfinite(found)]
    if len(found) < draws / 2:
        return Estimate(float(value), np.nan, np.nan)
    return Estimate(float(value), *map(float, np.quantile(found, (0.025, 0.975))))
