"""Image files for the tests of `artkeras.data`, and what they have to say when it cannot read them."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artkeras import data, files
from artkeras.errors import UserError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def picture(number: int, size: tuple[int, int] = (8, 8)) -> Image.Image:
    """A random picture that looks the same in each test."""
    rng = np.random.default_rng(number)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def fill(folder: Path, names) -> None:
    """Write a picture of its own into every file; one with the suffix of a copy shows its base turned or mirrored."""
    numbers: dict[str, int] = {}
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        stem = os.path.splitext(name)[0]
        copy = next((k for k, suffix in enumerate(data.COPIES) if suffix and stem.endswith(suffix)), 0)
        shown = np.asarray(picture(numbers.setdefault(stem.removesuffix(data.COPIES[copy]), number)))
        turned = shown[:, ::-1] if copy == 1 else shown[::-1] if copy == 2 else np.rot90(shown, max(copy - 2, 0))
        Image.fromarray(np.ascontiguousarray(turned)).save(folder / name)


def one(folder: Path, size: int = 8, **settings) -> np.ndarray:
    """The only picture of a folder."""
    training, _ = data.load("study", size, folder=folder, expand=False, **settings)
    assert len(training) == 1
    return training.take([0])[0]


def message(call, *arguments, **settings) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **settings)
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def png_of_size(width: int, height: int) -> bytes:
    """A PNG file whose header claims a size that its data does not hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def entries(suffix: str) -> list[Path]:
    return sorted((files.home() / "pictures").glob(f"*{suffix}"))


def expanded_names(stem: str, extension: str = ".png") -> list[str]:
    return [stem + suffix + extension for suffix in data.COPIES]


def label(folder: Path, text: str, name: str = "study_labels.csv", encoding: str = "utf-8") -> Path:
    path = folder.parent / name
    path.write_bytes(text.encode(encoding))
    return path
