"""How much of a picture each enlarging network gives back: `python -m benchmarks.fidelity FOLDER_OR_PICTURE...`

Every picture is reduced to a quarter of its sides by Pillow's bicubic filter, enlarged again, and compared with what it
was: PSNR over red, green and blue of all pixels, in decibels, the mean over the pictures of a set. A dB more is a tenth
less error. A set is a folder, of which `--count` pictures are drawn by `--seed`, or a single picture. Without any, the
set is the photograph that comes with Matplotlib (Grace Hopper, by the US Navy, in the public domain).

    --margins       instead: how far from a cut edge a network's result differs by more than a grey level
    --figures DIR   instead: comparison.png, samples of models 1, 2 and 4 of study 1, two each, enlarged by the first of
                    `--models`; grace_hopper.png, a piece of that photograph reduced and enlarged by all of them
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import artkeras
from artkeras import data, metrics
from artkeras.errors import UserError
from artkeras.pretrained.upscale import MODELS, Upscaler, open_model, side_by_side
from artkeras.reporting import figures

SIDE = 256  # larger pictures are cropped to this many pixels around their middle


def score(upscaler: Upscaler, pictures: Sequence[np.ndarray]) -> float:
    """Mean PSNR of pictures whose sides are multiples of the scale, reduced and enlarged again."""
    found = []
    for picture in pictures:
        image = Image.fromarray(picture)
        small = image.resize((image.width // 4, image.height // 4), Image.Resampling.BICUBIC)
        found.append(metrics.psnr(upscaler(np.asarray(small)), picture))
    return float(np.mean(found))


def table(sets: dict[str, list[np.ndarray]], models: Sequence[str]) -> str:
    """A line a model, a column a set, in Markdown; a model that cannot be had is said to be so."""
    lines = [f"| PSNR, dB | {' | '.join(f'{name} ({len(pictures)})' for name, pictures in sets.items())} |"]
    lines.append("|---" * (1 + len(sets)) + "|")
    notes = []
    for model in models:
        try:
            upscaler = open_model(model, log=lambda line: None)
            scores = [f"{score(upscaler, pictures):.2f}" for pictures in sets.values()]
        except UserError as error:
            scores = ["-"] * len(sets)
            notes.append(f"\n{model}: {error}")
        lines.append(f"| {model} | {' | '.join(scores)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines + notes)


def margin(upscaler: Upscaler, picture: np.ndarray) -> int:
    """How many pixels from where a picture was cut off the result differs by more than one grey level."""
    kept = picture.shape[1] * 5 // 8
    whole, cut = (np.clip(upscaler.of_piece(p), 0, 255) for p in (picture, picture[:, :kept]))
    apart = np.abs(whole[:, : kept * upscaler.scale] - cut).max(axis=(0, 2)).reshape(kept, -1).max(axis=1)[::-1]
    return int(np.flatnonzero(apart > 1).max(initial=-1)) + 1


def _pictures(place: Path, count: int, seed: int) -> list[np.ndarray]:
    paths = [place]
    if place.is_dir():
        names = data.list_images(data.checked_folder(place)).names
        paths = [place / name for name in sorted(random.Random(seed).sample(names, min(count, len(names))))]
    found = []
    for path in paths:
        with Image.open(path) as image:
            image = data.to_rgb(data.upright(image))
        width, height = (min(side, SIDE) // 4 * 4 for side in image.size)
        left, top = (image.width - width) // 2, (image.height - height) // 2
        found.append(np.asarray(image.crop((left, top, left + width, top + height))))
    return found


def _samples(upscaler: Upscaler, seed: int) -> Image.Image:
    names = ("model_1", "model_2", "model_4")
    return side_by_side({name: artkeras.load(f"colour_field/{name}").sample(2, seed) for name in names}, upscaler)


def _photograph(path: Path, upscalers: Sequence[Upscaler]) -> Image.Image:
    """A face and a cap, 256 x 224: as they are, then reduced to a quarter and enlarged by each."""
    with Image.open(path) as image:
        piece = image.crop((128, 50, 384, 274))
    small = np.asarray(piece.resize((64, 56), Image.Resampling.BICUBIC))
    pictures = [np.asarray(piece), small.repeat(4, axis=0).repeat(4, axis=1), *(each(small) for each in upscalers)]
    names = ", ".join(each.name for each in upscalers)
    return figures.grid(np.stack(pictures), columns=3, caption=f"the photograph, a quarter of it, and that by {names}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", type=Path, metavar="FOLDER_OR_PICTURE")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="NAME")
    parser.add_argument("--count", type=int, default=16, metavar="N", help="pictures of each folder (default: 16)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument("--margins", action="store_true")
    parser.add_argument("--figures", type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    import matplotlib

    photograph = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    if arguments.figures:
        upscalers = [open_model(model) for model in arguments.models]
        figures.save(_samples(upscalers[0], arguments.seed), arguments.figures / "comparison.png")
        figures.save(_photograph(photograph, upscalers), arguments.figures / "grace_hopper.png")
        return
    arguments.places = arguments.places or [photograph]
    sets = {place.stem: _pictures(place, arguments.count, arguments.seed) for place in arguments.places}
    if arguments.margins:
        for model in arguments.models:
            upscaler = open_model(model)
            widest = max(margin(upscaler, picture) for pictures in sets.values() for picture in pictures)
            print(f"{model}: {widest} (in use: {upscaler.margin})", flush=True)
        return
    print("\n" + table(sets, arguments.models))


if __name__ == "__main__":
    main()
