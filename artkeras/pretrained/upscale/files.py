"""Enlarging image files."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

import artkeras
from artkeras import data
from artkeras.errors import UserError
from artkeras.pretrained.upscale.images import Plain, check_tile, opened
from artkeras.pretrained.upscale.models import Upscaler, check, open_model


def upscale_files(
    pictures: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    model: str | os.PathLike[str] = "auto",
    *,
    tile: int | None = None,
    log: Callable[[str], object] = print,
) -> list[Path]:
    """Enlarge picture files four times, each into a PNG file of its name in another folder.

    A file that is there already is left as it is, and said to be: so the same call continues where it was stopped. Of
    files whose names differ only in their endings, those are kept: "a.jpg.png" and "a.png.png". What was in the
    subfolders of a folder comes into such subfolders. Memory is bounded by the tile and the picture, not by the result.

    Args:
        pictures: files, and folders of them; in folders, what is not a picture is passed over and said to be.
        out: the folder, made if need be.
        model, tile, log: as for `upscale`.

    Returns:
        The files written.

    Raises:
        UserError: before anything is done, for a missing file, one that is not a picture, an unknown model; at the
            end, when files that were named break off or are too large. Of folders, such files are passed over.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: give --out a folder")
    check_tile(tile)
    check(model)
    found = data.inputs(pictures)
    readable = _readable(found)
    for line in found.passed_over():
        log(line)
    if not readable:
        raise UserError(
            f"none of the {len(found.unread)} pictures can be read, the first being {found.unread[0][0]}: check them"
        )
    targets = _targets(readable, out)
    wanted = {target: given for target, given in targets.items() if not target.exists()}
    for target in targets:
        if target not in wanted:
            log(f"{target} is there already and was left as it is: to make it again, delete it or choose another --out")
    if not wanted:
        return []
    upscaler = open_model(model, log)
    written, failed = [], []
    try:
        for target, given in wanted.items():
            try:
                height, width = _enlarge(upscaler, given.path, target, tile)
            except UserError as error:  # a broken picture can look good until its last pixel
                failed += [given] if given.named else []
                log(str(error))
                continue
            log(f"wrote {target} ({width} x {height})")
            written.append(target)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped with {len(written)} written: the same command continues with the rest"
        ) from None
    if failed:
        first = failed[0].path
        raise UserError(f"{len(failed)} of {len(wanted)} pictures could not be enlarged, the first being {first}")
    return written


def _enlarge(upscaler: Upscaler, source: Path, target: Path, tile: int | None) -> tuple[int, int]:
    """Enlarge one file into a PNG file, whole or not at all; returns its height and width.

    Raises:
        UserError: the file is damaged, or the result would be too large.
    """
    plain = Plain.of(opened(source), source)
    height, width, _ = plain.rgb.shape
    upscaler.check_size(width, height, str(source))
    target.parent.mkdir(parents=True, exist_ok=True)  # the canvas lies there, too
    pieces = upscaler.pieces(height, width, tile)
    with tqdm(total=pieces, desc=source.name, unit="tile", leave=False, disable=None) as bar:
        canvas = upscaler.canvas(plain.rgb, tile, target.parent, bar.update)
    name = Path(upscaler.name).name
    comment = f"enlarged {upscaler.scale} times by {name} (artkeras {artkeras.__version__})"
    data.save_png(plain.enlarged(canvas, upscaler.scale), target, comment)
    return canvas.shape[0], canvas.shape[1]


def _readable(found: data.Inputs) -> list[data.Given]:
    """The images that can be opened; of folders, the others go to `found.unread`.

    Raises:
        UserError: for a file that the user named.
    """
    readable = []
    for given in found.images:
        try:
            opened(given.path).close()
        except UserError as error:
            if given.named:
                raise
            found.unread.append((given.path, str(error).rsplit(": ", 1)[-1]))
        else:
            readable.append(given)
    return readable


def _targets(images: Sequence[data.Given], out: Path) -> dict[Path, data.Given]:
    """Which file becomes of which image.

    Raises:
        UserError: two images would become one file.
    """
    stems = Counter(given.name.with_suffix("") for given in images)
    targets: dict[Path, data.Given] = {}
    for given in images:
        alone = stems[given.name.with_suffix("")] == 1
        target = out / (given.name.with_suffix(".png") if alone else f"{given.name}.png")
        if target in targets:
            raise UserError("several pictures have the same name: enlarge them one after the other, into other folders")
        targets[target] = given
    return targets
