"""Synthetic placeholders for a scraped folder, with faults planted where the rules should find them.

For notebook 03 and for the tests: nobody's pictures, and it is known what is wrong with each.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from artkeras import synthetic

SIZE = 160
PAINTERS = ("Ada Meridian", "Bo Lumen", "Cleo Strand")  # invented


def painting(seed: int, size: int = SIZE, curated: bool = False) -> Image.Image:
    """A procedural painting."""
    return Image.fromarray(synthetic.colour_field(1, size, seed=seed, curated=curated)[0])


def framed(image: Image.Image, colour: str | tuple[int, int, int] = "white", width: int = 20) -> Image.Image:
    """A picture with an even margin of `width` pixels around it."""
    whole = Image.new("RGB", (image.width + 2 * width, image.height + 2 * width), colour)
    whole.paste(image, (width, width))
    return whole


def room(seed: int = 0) -> Image.Image:
    """A photograph of a grey wall with three paintings on it, above a dark floor: 240 x 160."""
    light = np.linspace(215, 185, 240)[None, :, None] + np.linspace(0, -12, 160)[:, None, None]
    pixels = np.repeat(light, 3, axis=2) + np.random.default_rng(seed).normal(0, 1, (160, 240, 1))
    pixels[125:] = (70, 60, 52)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    for i, left in enumerate((35, 100, 165)):
        image.paste(painting(10 * seed + i, 45), (left, 45))
    return image


def solid(colour: tuple[int, int, int] = (200, 190, 170), seed: int = 0) -> Image.Image:
    """One colour, as a camera sees it."""
    noise = np.random.default_rng(seed).normal(0, 1.5, (SIZE, SIZE, 3))
    return Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))


def plant(folder: Path, paintings: int = 60) -> dict[str, str]:
    """Write a folder as if scraped; returns file -> its fault, for those that have one.

    Args:
        folder: made if need be.
        paintings: how many good ones, at least 8, besides the 14 faulty files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{PAINTERS[number % 3]}{number // 3}.jpg" for number in range(paintings)]
    for seed, name in enumerate(names):
        painting(seed).save(folder / name, quality=92)
    planted: dict[str, str] = {}

    def put(image: Image.Image, name: str, fault: str) -> None:
        image.save(folder / name, quality=92)
        planted[name] = fault

    for i in range(2):
        put(room(i), f"Studio view{i}.jpg", "installation")
    put(solid(), "Untitled white0.png", "solid")
    put(framed(framed(solid((30, 90, 60), 1), (120, 30, 20), 12), "black", 12), "Untitled green1.png", "solid")
    for i, colour in enumerate(((255, 255, 255), (243, 242, 240), (24, 24, 24))):
        put(framed(painting(200 + i, curated=True), colour, 14 + 8 * i), f"Scan{i}.jpg", "margin")
    for i in range(2):
        put(painting(300 + i).resize((60, 260)), f"Tall{i}.png", "narrow")
    put(Image.open(folder / names[4]).resize((120, 120)), "Zoe Again0.jpg", "near")
    for i in range(2):
        shutil.copy(folder / names[5 + i], folder / f"Zoe Copy{i}.jpg")
        planted[f"Zoe Copy{i}.jpg"] = "duplicate"
    (folder / "Cut off0.jpg").write_bytes((folder / names[0]).read_bytes()[:900])
    (folder / "Not found0.jpg").write_text("<!doctype html><title>404</title>")
    return planted | {"Cut off0.jpg": "broken", "Not found0.jpg": "broken"}
