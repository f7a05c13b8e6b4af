"""Scores of translators on pictures they have not seen. The maths is in `artkeras.metrics`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from artkeras import metrics
from artkeras.pairs import Pairs
from artkeras.translate import Translator

Features = Callable[[np.ndarray], np.ndarray]


def paired(
    translator: Translator, train: Pairs, unseen: Pairs, *, count: int, features: Features, facts: dict[str, Any]
) -> list[dict[str, Any]]:
    """How near translations of A come to the B that was there: L1 and SSIM, beside those of the mean B of training.

    Args:
        translator: from A to B.
        train: for the mean.
        unseen: pairs kept out of training.
        count: at most so many of them.
        features: describes pictures, for the kernel distance; has a `name` and a `resize`.
        facts: further entries of each record.
    """
    some = range(min(count, len(unseen)))
    a, b = unseen.whole("a", some), unseen.whole("b", some)
    fake = translator.translate(a)
    mean = np.rint(train.whole("b").mean(axis=0)).astype(np.uint8)
    constant = np.broadcast_to(mean, b.shape)
    plain = {"n_real": len(b), "n_fake": len(fake), "reference": "held_out", **facts}
    records = []
    for name, distance in (("l1", metrics.absolute_difference), ("ssim", metrics.ssim)):
        for suffix, pictures in (("", fake), ("_of_the_mean", constant)):
            each = distance(b, pictures)
            records.append(metrics.record(name + suffix, each.mean(), each.std(), **plain))
    return [*records, _kid("kid", features(b), features(fake), features, facts)]


def unpaired(
    translator: Translator, train: Pairs, unseen: Pairs, *, count: int, features: Features, facts: dict[str, Any]
) -> list[dict[str, Any]]:
    """Of a translator both ways: how near its pictures come to the other domain, what comes back, how vivid they are.

    `kid` is the kernel distance of translated A from B, `kid_untranslated` that of A itself: what translating has to
    beat. `kid_reverse` is that of translated B from A. `cycle_error_a` is the mean absolute difference of A from what
    comes back from B, where black to white is 1. Saturations are means of A, of B, and of A translated to B.

    Args:
        translator, train, unseen, count, features, facts: as for `paired`; `train` is not used.
    """
    a, b = (unseen.whole(side)[:count] for side in ("a", "b"))
    to_b, to_a = translator.translate(a), translator.translate(b, reverse=True)
    of_a, of_b = features(a), features(b)
    records = [
        _kid("kid", of_b, features(to_b), features, facts),
        _kid("kid_untranslated", of_b, of_a, features, facts),
        _kid("kid_reverse", of_a, features(to_a), features, facts),
    ]
    for name, pictures, back in (
        ("cycle_error_a", a, translator.translate(to_b, reverse=True)),
        ("cycle_error_b", b, translator.translate(to_a)),
    ):
        each = metrics.absolute_difference(pictures, back)
        records.append(
            metrics.record(name, each.mean(), each.std(), n_real=len(a), n_fake=len(a), reference="held_out", **facts)
        )
    for name, pictures in (("saturation_a", a), ("saturation_b", b), ("saturation_translated", to_b)):
        each = metrics.saturation(pictures)
        records.append(
            metrics.record(name, each.mean(), each.std(), n_real=len(pictures), n_fake=0, reference="held_out", **facts)
        )
    return records


def _kid(name: str, real: np.ndarray, fake: np.ndarray, features: Features, facts: dict[str, Any]) -> dict[str, Any]:
    distance = metrics.kernel_distance(real, fake)
    protocol = {"network": features.name, "resize": features.resize, "reference": "held_out"}
    return metrics.record(name, distance, n_real=len(real), n_fake=len(fake), **protocol, **facts)
