"""Which values a recipe may have: types, ranges, and sizes that memory can hold.

All checks are arithmetic on the recipe's values, so that they answer before Keras is loaded.
"""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

from artkeras.errors import UserError

if TYPE_CHECKING:
    from artkeras.recipes.recipe import Recipe

FLOAT = 4  # bytes
UNKNOWN = 1 << 40  # bytes of memory, where the system does not say how much it has: more than a computer has today

_LEAST = {  # field -> the smallest value, and what it is
    "epochs": (1, "a whole number above 0"),
    "size": (8, "a whole number of pixels from 8"),
    "width": (1, "a whole number of filters above 0"),
    "batch_size": (1, "a whole number of pictures above 0"),
    "sample_every": (1, "a whole number of epochs above 0"),
    "seed": (0, f"a whole number from 0 to {2**32 - 1}"),
    "ema": (0, "a half-life in images, or 0 for no averaged weights"),
    "eval_every": (0, "a number of epochs, or 0 for never"),
}
# A name becomes a folder below that of runs or results, so it must not lead elsewhere: no "..", no root, no drive.
_NAME = re.compile(r"(?!\.{1,2}(/|$))[^/\\:\x00-\x1f]+(/(?!\.{1,2}(/|$))[^/\\:\x00-\x1f]+)*")


def check_values(recipe: Recipe) -> None:
    """Refuse values of another type or out of range.

    Raises:
        UserError: naming the value.
    """
    for name, (least, what) in _LEAST.items():
        value = getattr(recipe, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UserError(f"{name} must be {what}, not {value!r}")
    if recipe.seed >= 2**32:
        raise UserError(f"seed must be {_LEAST['seed'][1]}, not {recipe.seed!r}")
    for name in ("name", "study"):
        value = getattr(recipe, name)
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise UserError(f"{name} must be words, joined by slashes, such as colour_field/model_2, not {value!r}")
    low, high = recipe.pixel_range
    if not (isinstance(low, int | float) and isinstance(high, int | float) and -math.inf < low < high < math.inf):
        raise UserError(f"pixel_range must be two numbers, the smaller one first, not {recipe.pixel_range!r}")


def check_memory(recipe: Recipe, *, training: bool) -> None:
    """Refuse sizes that this computer's memory cannot hold.

    The need is estimated from below, whatever the networks are: of training, a batch of images, the activations of one
    convolution at half the side, and one convolution's weights with their gradients; of opening, a single image and
    the weights. So what is refused cannot work, and what is not refused may still be too large.

    Args:
        recipe: whose `size`, `width` and `batch_size` count.
        training: whether it is to be trained, or only to be opened.

    Raises:
        UserError: saying what is too large.
    """
    images, copies = (recipe.batch_size, 2) if training else (1, 1)
    side, width = recipe.size, recipe.width
    need = {
        f"size {side}" + (f" and batch_size {images}" if images > 1 else ""): 3 * images * side**2,
        f"size {side} and width {width}" + (f" and batch_size {images}" if images > 1 else ""): (
            images * (side // 2) ** 2 * width
        ),
        f"width {width}": 9 * width**2 * copies,
    }
    what, numbers = max(need.items(), key=lambda item: item[1])
    memory = _memory()
    if FLOAT * numbers > memory:
        raise UserError(
            f"{what} need at least {_gigabytes(FLOAT * numbers)} of memory, and this computer has "
            f"{_gigabytes(memory)}: give smaller values"
        )


def _memory() -> int:
    """Bytes of this computer's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no such function
        return UNKNOWN


def _gigabytes(count: int) -> str:
    return f"{count // 10**9:,} GB"
