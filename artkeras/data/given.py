"""Images that a user names: files, and folders of them. And the PNG files that become of them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, PngImagePlugin

from artkeras.data.folders import checked_folder, list_images
from artkeras.errors import UserError
from artkeras.files import atomic, expanded


@dataclass(frozen=True)
class Given:
    """An image file: `name` is relative to the folder it was found in; `named` says that the user named the file."""

    path: Path
    name: Path
    named: bool


@dataclass
class Inputs:
    """What a command is to work on.

    Attributes:
        images: the image files; those of folders are not opened yet.
        unread: (path, reason) of what cannot be read in folders.
        notes: lines about files in folders that are no images.
    """

    images: list[Given] = field(default_factory=list)
    unread: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def passed_over(self) -> list[str]:
        """A line for each thing in the folders that is not worked on."""
        return [f"passed over {path}: {reason}" for path, reason in self.unread] + self.notes


def inputs(paths: Sequence[str | os.PathLike[str]]) -> Inputs:
    """Find the images that a user names: files, and folders with all that lies below.

    Raises:
        UserError: nothing is named, a path does not exist, or a folder holds no images.
    """
    if not paths:
        raise UserError("no images are named: name files, or folders of them")
    found = Inputs()
    for path in map(expanded, paths):
        if path.is_dir():
            listing = list_images(checked_folder(path))
            found.images += [Given(path / name, Path(name), False) for name in listing.names]
            found.unread += [(path / name, reason) for name, reason in listing.unread]
            found.notes += [f"{path}: {note}" for note in listing.notes]
        elif not path.exists():
            raise UserError(f"{path} does not exist: check the path of the picture")
        else:
            found.images.append(Given(path, Path(path.name), True))
    return found


def save_png(image: Image.Image, path: str | os.PathLike[str], comment: str = "") -> Path:
    """Write an image of 8 bits a channel as a PNG file that says it is sRGB, whole or not at all.

    Args:
        image: mode L, LA, RGB or RGBA.
        path: of the file.
        comment: kept in the file.
    """
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")  # what the values mean, so that no program has to guess
    if comment:
        info.add_text("Comment", comment)
    with atomic(path) as part:
        # After PNG's filters, runs of equal bytes are most of what there is to gain: as small as by the default, and
        # five times as fast.
        image.save(part, format="PNG", pnginfo=info, compress_level=1, compress_type=zlib.Z_RLE)
    return Path(path)
