"""Images as addresses that hold them, for pages that load nothing."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from artkeras.reporting.document import data_url

QUALITIES = (86, 74, 58)  # of a slider's images; the first that keeps to the size allowed is taken


def tag(image: Image.Image, alt: str, quality: int | None = None) -> dict[str, Any]:
    """Return the values of an HTML image: url, alt, width, height.

    Args:
        image: to show.
        alt: its words for who does not see it.
        quality: of the WebP file, 0 to 100; None keeps it pixel by pixel.
    """
    url = data_url(_webp(image, quality), "image/webp")
    return {"url": url, "alt": alt, "width": image.width, "height": image.height}


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """Return at most `count` of them, evenly chosen, with the first and the last."""
    chosen = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)) if items else ()
    return [items[i] for i in chosen]


def film(grids: Sequence[Image.Image], budget: int) -> list[str]:
    """Return sample grids as addresses that together take about `budget` bytes at most, before base64."""
    if not grids:
        return []
    probes = spread(grids, 5)
    for quality in QUALITIES:
        size = np.mean([len(_webp(grid, quality)) for grid in probes]) * len(grids)
        if size <= budget:
            break
    side = 1.0 if size <= budget else 0.95 * float(np.sqrt(budget / size))  # the rest is saved by smaller images
    return [data_url(_webp(_scaled(grid, side), quality), "image/webp") for grid in grids]


def _webp(image: Image.Image, quality: int | None) -> bytes:
    file = io.BytesIO()
    options = {"lossless": True, "quality": 60} if quality is None else {"quality": quality, "method": 4}
    image.save(file, format="WEBP", **options)
    return file.getvalue()


def _scaled(image: Image.Image, side: float) -> Image.Image:
    if side == 1.0:
        return image
    return image.resize((round(image.width * side), round(image.height * side)), Image.Resampling.LANCZOS)
