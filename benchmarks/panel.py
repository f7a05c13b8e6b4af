"""What the panel of scores says of planted damage and of the kit's results: `python -m benchmarks.panel`

Half of the colour-field paintings are scored against the other half, as they are and damaged in ways of graded harm,
and then samples of the kit's generators. It needs real paintings (`$ARTKERAS_DATA`) and a minute a line on two cores;
with `--synthetic N` it scores 2 N drawn paintings instead, and no generators. A test holds the order of the damage on
drawn paintings.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

import artkeras
from artkeras import data, metrics, synthetic
from artkeras.errors import UserError
from artkeras.metrics.features import Features
from artkeras.tasks import evaluation

SIDE = 64
NOISE = 6  # grey levels, so that repeated images are not equal
COLUMNS = (
    ("composition", "lite0"),
    ("composition", "squeezenet"),
    ("texture", "lite0"),
    ("texture", "squeezenet"),
    ("palette", "pixels"),
    ("recall", "lite0"),
    ("near_duplicates", "lite0"),
    ("checkerboard", "pixels"),
)


def noisy(images: np.ndarray, strength: float, seed: int = 0) -> np.ndarray:
    """Gaussian noise of so many grey levels on every pixel."""
    noise = np.random.default_rng(seed).normal(0, strength, images.shape)
    return np.clip(images + noise, 0, 255).round().astype("uint8")


def pattern(images: np.ndarray, levels: float) -> np.ndarray:
    """A checkerboard of single pixels, of so many grey levels either way: nobody sees 3."""
    sign = 1 - 2 * (np.indices(images.shape[1:3]).sum(0) % 2)
    return np.clip(images + levels * sign[..., None], 0, 255).astype("uint8")


def through(images: np.ndarray, side: int) -> np.ndarray:
    """Shrunk to a side and enlarged again: a blur."""

    def resize(image: Image.Image, to: int) -> Image.Image:
        return image.resize((to, to), Image.Resampling.BICUBIC)

    return np.stack([np.asarray(resize(resize(Image.fromarray(image), side), image.shape[0])) for image in images])


def repeated(images: np.ndarray, modes: int) -> np.ndarray:
    """As many images as before, but only so many different ones."""
    return noisy(images[np.arange(len(images)) % modes], NOISE)


DAMAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nothing": lambda images: images,
    "invisible pattern": lambda images: pattern(images, 3),
    "slight blur": lambda images: through(images, 32),
    "blur": lambda images: through(images, 16),
    "half of the modes": lambda images: repeated(images, len(images) // 2),
    "six modes": lambda images: repeated(images, 6),
    "one image": lambda images: repeated(images, 1),
    "noise": lambda images: noisy(images, 25),
}
"""What is done to one half of the paintings before it is scored against the other."""


def scores(fake: np.ndarray, real: np.ndarray, features: Sequence[Features]) -> dict[tuple[str, str], float]:
    """(measure, extractor) -> value, by `artkeras.tasks.evaluation.score_images`."""
    records = evaluation.score_images(fake, real, None, features=features, facts={})
    return {(line["measure"], line["network"]): line["value"] for line in records}


def row(name: str, found: dict[tuple[str, str], float]) -> str:
    """One line of the table, in Markdown."""
    return f"| {name} | " + " | ".join(metrics.registry.shown(key, found[key, by]) for key, by in COLUMNS) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="recipes with a result in the kit (default: those of study 1)")
    parser.add_argument("--synthetic", type=int, metavar="N", help="N drawn paintings a half, no generators")
    options = parser.parse_args(arguments)
    names = options.names
    if options.synthetic:
        paintings = synthetic.colour_field(2 * options.synthetic, SIDE, seed=1)
    else:
        pictures, _ = data.load("colour_field", SIDE)
        if pictures.synthetic:
            raise UserError("no paintings of colour_field: set ARTKERAS_DATA to the folder that holds them")
        originals = pictures.originals()
        paintings = originals.take(np.random.default_rng(0).permutation(len(originals)))
        names = names or ["colour_field/model_1", "colour_field/model_2", "colour_field/model_2_upsampling"]
    real, fresh = np.array_split(paintings, 2)
    features = [Features("lite0"), Features("squeezenet")]
    print("| set | " + " | ".join(metrics.registry.title(key, by) for key, by in COLUMNS) + " |")
    print("|---" * (1 + len(COLUMNS)) + "|", flush=True)
    for name, damage in DAMAGE.items():
        print(row(name, scores(damage(fresh), real, features)), flush=True)
    for name in names:
        print(row(name, scores(artkeras.load(name).sample(len(real), 1), real, features)), flush=True)


if __name__ == "__main__":
    main()
