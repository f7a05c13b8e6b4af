"""One score as one line of JSON, named after its protocol."""

import math
from typing import Any

import numpy as np

from artkeras.metrics.distribution import Score


def protocol_name(
    measure: str,
    *,
    n_real: int,
    n_fake: int,
    network: str = "pixels",
    resize: str = "none",
    reference: str = "paintings",
    subsets: int | None = None,
    subset_size: int | None = None,
    k: int | None = None,
) -> str:
    """A metric's name, which is its protocol: two numbers may be compared when their names are equal.

    >>> protocol_name("kid", network="lite0", resize="bicubic224", n_real=900, n_fake=2000, subsets=100,
    ...               subset_size=500)
    'kid-lite0-bicubic224-paintings900-samples2000-100x500'

    Args:
        measure: such as "kid".
        n_real: how many real pictures.
        n_fake: how many samples.
        network: whose features, or "pixels".
        resize: how pictures were resized for it, method and side.
        reference: which real pictures, such as "paintings" or "held_out".
        subsets: how many subsets, if any.
        subset_size: rows in each, as really used (`Score.subset_size`).
        k: which neighbour, if any.

    Raises:
        ValueError: a part is empty or contains a hyphen or white space, which would make names ambiguous; or only
            one of subsets and subset_size is given.
    """
    parts = [measure, network, resize]
    for part in (*parts, reference):
        if not part or "-" in part or any(character.isspace() for character in part):
            raise ValueError(f"parts of a metric's name must be words without hyphens, not {part!r}")
    if (subsets is None) != (subset_size is None):
        raise ValueError("subsets and subset_size belong together")
    parts += [f"{reference}{int(n_real)}", f"samples{int(n_fake)}"]
    parts += [] if subsets is None or subset_size is None else [f"{int(subsets)}x{int(subset_size)}"]
    parts += [] if k is None else [f"k{int(k)}"]
    return "-".join(parts)


def record(
    measure: str,
    value: float | Score,
    std: float | None = None,
    *,
    n_real: int,
    n_fake: int,
    network: str = "pixels",
    resize: str = "none",
    reference: str = "paintings",
    subsets: int | None = None,
    subset_size: int | None = None,
    k: int | None = None,
    **facts: object,
) -> dict[str, object]:
    """One result as a plain dictionary, for one line of JSON.

    Args:
        measure: such as "kid"; with the rest of the protocol it makes the name, under "metric".
        value: the number. A `Score` brings its own std, subsets and subset_size.
        std: its spread, if any.
        n_real, n_fake, network, resize, reference, subsets, subset_size, k: see `protocol_name`.
        facts: more that is known, such as run, epoch or seed; plain values.

    Returns:
        {"metric", "measure", "value", "std", "network", "resize", "reference", "n_real", "n_fake", "subsets",
        "subset_size", "k", **facts}, None where there is none; numpy numbers as plain ones.

    Raises:
        ValueError: a number is not finite (JSON has none such), a fact takes the name of another entry, or as for
            `protocol_name`.
    """
    if isinstance(value, Score):
        std, subsets, subset_size, value = value.std, value.subsets, value.subset_size, value.mean
    protocol: dict[str, Any] = {"network": network, "resize": resize, "reference": reference}
    protocol |= {"n_real": n_real, "n_fake": n_fake, "subsets": subsets, "subset_size": subset_size, "k": k}
    line = {"metric": protocol_name(measure, **protocol), "measure": measure, "value": value, "std": std, **protocol}
    if taken := sorted(line.keys() & facts.keys()):
        raise ValueError(f"the facts {', '.join(taken)} are part of the record already")
    line = {key: item.item() if isinstance(item, np.generic) else item for key, item in (line | facts).items()}
    for key, item in line.items():
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"{key} of {line['metric']} is {item}, which is no result")
    return line
