"""Enlarging pictures four times, as study 1 did with its best samples.

    esrgan-tf2                the study's own: captain-pool/esrgan-tf2 of TensorFlow Hub (TensorFlow only)
    thick                     ESRGAN "thick" of UpscalerJS: faithful
    slim                      ESRGAN "slim" of UpscalerJS: small, fast, blocky
    realesrgan-x4plus         Real-ESRGAN: sharp and inventive, slow
    realesrgan-animevideov3   Real-ESRGAN's compact network, for drawings
    bicubic                   no network, and the measure of the others
    a path                    a folder with a TensorFlow.js model of the kinds thick and slim or with a SavedModel like
                              esrgan-tf2, or the .param of a Real-ESRGAN in ncnn's format, with its .bin beside it
    auto                      the study's own; where it cannot be had thick, then realesrgan-x4plus, then bicubic

Pictures larger than a tile are enlarged piece by piece. A piece's edge does not see its surroundings, so pieces
overlap, an edge is thrown away, and what is left is blended. The whole is put together in a file outside of memory.
"""

import contextlib
import itertools
import math
import os
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

import artkeras
from artkeras import data
from artkeras.errors import UserError
from artkeras.files import atomic, expanded, home
from artkeras.pretrained import png, weights
from artkeras.reporting import figures

HANDLE = "https://tfhub.dev/captain-pool/esrgan-tf2/1"
HUB_TIMEOUT = 20.0  # seconds of silence after which the hub counts as unreachable
AUTO = ("esrgan-tf2", "thick", "realesrgan-x4plus", "bicubic")

RAMP = 8  # pixels of the small picture over which one piece goes over into the next
SMALLEST_TILE = 64
_MAP_ABOVE = 64 * 1024 * 1024  # bytes of a canvas that is not held in memory
_BAND = 64  # rows that are turned into bytes at a time

Run = Callable[[np.ndarray], np.ndarray]  # (1, h, w, 3) RGB in 0..255 float32 -> (1, h * scale, w * scale, 3) likewise


@dataclass(frozen=True)
class Upscaler:
    """A network, or its placeholder, ready to enlarge pictures.

    Attributes:
        name: which, as in `MODELS`, or the path it came from.
        run: the network, as `Run` says.
        margin: pixels at a piece's edge in which it sees too little to be within 1/255 of what it would make there
            of the whole picture.
        scale: how many times as wide and high it makes a picture.
        tile: side of a piece, if nobody says otherwise.
        multiple: it takes only sides that are multiples of this.
    """

    name: str
    run: Run
    margin: int
    scale: int = 4
    tile: int = 256
    multiple: int = 1

    def __call__(self, picture: np.ndarray, tile: int | None = None) -> np.ndarray:
        """Enlarge one picture: (height, width, 3) uint8 RGB -> (height * scale, width * scale, 3) uint8.

        Raises:
            UserError: when the tile is too small to be cut.
        """
        canvas = self.canvas(picture, tile)
        result = np.empty(canvas.shape, "uint8")
        for start, rows in _bands(canvas):
            result[start : start + len(rows)] = rows
        return result

    def pieces(self, height: int, width: int, tile: int | None = None) -> int:
        """How many pieces a picture is cut into."""
        return len(self._starts(height, tile)) * len(self._starts(width, tile))

    def canvas(
        self,
        picture: np.ndarray,
        tile: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        done: Callable[[], object] = lambda: None,
    ) -> np.ndarray:
        """Enlarge one picture into 256ths of a grey level.

        Args:
            picture: (height, width, 3) uint8 RGB.
            tile: side of a piece.
            folder: where a large canvas lies, as a file without a name that goes by itself; by default the system's
                folder for such.
            done: called after each piece.

        Returns:
            (height * scale, width * scale, 3) uint16, 256 times what a uint8 picture has; mapped from disk if large.
        """
        height, width, _ = picture.shape
        side, scale = self._side(tile), self.scale
        canvas = _new_canvas((height * scale, width * scale, 3), folder)
        rows, columns = (list(self._shares(n, tile)) for n in (height, width))
        for top, row_share in rows:
            for left, column_share in columns:
                piece = picture[top : top + side, left : left + side]
                made = np.clip(self.enlarged(piece), 0, 255) * (row_share[:, None, None] * column_share[:, None] * 256)
                place = canvas[top * scale :, left * scale :][: made.shape[0], : made.shape[1]]
                place += np.rint(made).astype("uint16")
                done()
        return canvas

    def enlarged(self, piece: np.ndarray) -> np.ndarray:
        """What the network makes of a piece (height, width, 3): float32 on the scale of uint8, not yet clipped."""
        height, width, _ = piece.shape
        pad = [(0, -side % self.multiple) for side in (height, width)]
        batch = np.pad(piece, [*pad, (0, 0)], mode="edge")[None].astype("float32")
        return self.run(batch)[0, : height * self.scale, : width * self.scale]

    def _side(self, tile: int | None) -> int:
        side, least = tile or self.tile, max(SMALLEST_TILE, 2 * self.margin + 2 * RAMP)
        if side < least:
            raise UserError(f"a tile for {self.name} must have at least {least} pixels a side, not {side}")
        return side - side % self.multiple

    def _starts(self, length: int, tile: int | None) -> list[int]:
        """Where the pieces begin, along one side: evenly spread, so that all have one size."""
        side = self._side(tile)
        if length <= side:
            return [0]
        count = math.ceil((length - side) / (side - 2 * self.margin - RAMP)) + 1
        return [round(i * (length - side) / (count - 1)) for i in range(count)]

    def _shares(self, length: int, tile: int | None) -> Iterator[tuple[int, np.ndarray]]:
        """Where each piece begins along one side, and its share of each enlarged pixel; the shares add up to 1."""
        starts, side = self._starts(length, tile), min(self._side(tile), length)
        middles = [(after + before + side) / 2 for before, after in itertools.pairwise(starts)]
        ramps = [-math.inf, *middles, math.inf]  # in the middle of an overlap, as far as can be from both edges
        for start, (begins, ends) in zip(starts, itertools.pairwise(ramps), strict=True):
            places = start + (np.arange(side * self.scale) + 0.5) / self.scale
            before, after = (np.clip((places - middle) / RAMP + 0.5, 0, 1) for middle in (begins, ends))
            yield start, (before - after).astype("float32")


def _new_canvas(shape: tuple[int, ...], folder: str | os.PathLike[str] | None) -> np.ndarray:
    size = 2 * math.prod(shape)
    if size <= _MAP_ABOVE:
        return np.zeros(shape, "uint16")
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)  # a full disk is an error here, and ends the process later
        return np.memmap(file, "uint16", "w+", shape=shape)


def _bands(canvas: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """A canvas as uint8 rows, some at a time, each with the number of its first."""
    for start in range(0, len(canvas), _BAND):
        yield start, ((canvas[start : start + _BAND] + np.uint16(128)) >> np.uint16(8)).astype("uint8")


# --- the models -------------------------------------------------------------------------------------


def _bicubic(log: Callable[[str], object]) -> Upscaler:
    def run(batch: np.ndarray) -> np.ndarray:
        image = Image.fromarray(batch[0].astype("uint8"))
        return np.asarray(image.resize((4 * image.width, 4 * image.height), Image.Resampling.BICUBIC))[None]

    return Upscaler("bicubic", run, margin=2)


def _esrgan_tf2(log: Callable[[str], object]) -> Upscaler:
    return _contracted("esrgan-tf2", _hub(HANDLE))


def _thick(log: Callable[[str], object]) -> Upscaler:
    return _tfjs("thick", weights.fetch("esrgan-thick", log))


def _slim(log: Callable[[str], object]) -> Upscaler:
    return _tfjs("slim", weights.fetch("esrgan-slim", log))


def _x4plus(log: Callable[[str], object]) -> Upscaler:
    return _ncnn("realesrgan-x4plus", weights.fetch("realesrgan-x4plus", log) / "realesrgan-x4plus.param")


def _animevideov3(log: Callable[[str], object]) -> Upscaler:
    folder = weights.fetch("realesrgan-animevideov3", log)
    return _ncnn("realesrgan-animevideov3", folder / "realesr-animevideov3-x4.param")


MODELS: dict[str, Callable[[Callable[[str], object]], Upscaler]] = {
    "esrgan-tf2": _esrgan_tf2,
    "thick": _thick,
    "slim": _slim,
    "realesrgan-x4plus": _x4plus,
    "realesrgan-animevideov3": _animevideov3,
    "bicubic": _bicubic,
}


# The margins were measured on photographs, paintings and noise, cut and not cut, by benchmarks/fidelity.py. Those of
# the small networks are their whole sight; thick could see further and hardly does; x4plus, which invents, does.


def _tfjs(name: str, folder: Path) -> Upscaler:
    from artkeras import engine
    from artkeras.networks import esrgan

    network = esrgan.from_folder(folder)
    scale = network.compute_output_shape((1, 8, 8, 3))[1] // 8
    return Upscaler(name, engine.inference(network), margin=12 if name in MODELS else 24, scale=scale)


def _ncnn(name: str, param: Path) -> Upscaler:
    from artkeras import engine
    from artkeras.networks import realesrgan

    network = realesrgan.from_file(param)
    if network.name == "srvgg":
        return Upscaler(name, engine.inference(network), margin=18)
    trunk, head = map(engine.inference, realesrgan.halves(network))
    return Upscaler(name, _in_strips(trunk, head), margin=80, tile=512)


def _in_strips(trunk: Run, head: Run, strip: int = 32, halo: int = 4) -> Run:
    """A network in two parts, of which the second, at the size of the result, sees few pixels and needs much memory.

    It is given strips, each with as much of its surroundings as it sees.
    """

    def run(batch: np.ndarray) -> np.ndarray:
        seen, made = trunk(batch), []
        for top in range(0, seen.shape[1], strip):
            start, end = max(top - halo, 0), top + strip
            rows = head(seen[:, start : end + halo])
            made.append(rows[:, 4 * (top - start) : 4 * (end - start)])
        return np.concatenate(made, axis=1)

    return run


def _contracted(name: str, run: Run) -> Upscaler:
    """A network that keeps to the contract of esrgan-tf2; how far it sees is not known."""
    return Upscaler(name, run, margin=40, multiple=4)


def check(model: str | os.PathLike[str]) -> str | Path:
    """The name of a model in `MODELS`, or the path of one, as it will be opened. Keras is not loaded.

    Raises:
        UserError: when it is neither.
    """
    if isinstance(model, str):
        name = model.removeprefix("esrgan-") if model in ("esrgan-thick", "esrgan-slim") else model
        if name == "auto" or name in MODELS:
            return name
    path = expanded(model)
    if (path / "model.json").is_file() or (path / "saved_model.pb").is_file():
        return path
    if path.is_file() and path.suffix == ".param":
        return path
    if path.exists():
        raise UserError(f"{path} holds no model: give a folder with model.json or saved_model.pb, or a .param file")
    raise UserError(f"the model {str(model)!r} is unknown: choose one of auto, {', '.join(MODELS)}, or give a path")


def open_model(model: str | os.PathLike[str] = "auto", log: Callable[[str], object] = print) -> Upscaler:
    """Make a model ready.

    Args:
        model: "auto", a key of `MODELS`, or a path.
        log: takes a line of text: what is fetched; with "auto", which model it became and why.

    Raises:
        UserError: for an unknown model, or when one that was named cannot be had.
    """
    chosen = check(model)
    if isinstance(chosen, Path):
        if chosen.suffix == ".param":
            return _ncnn(str(chosen), chosen)
        if (chosen / "model.json").is_file():
            return _tfjs(str(chosen), chosen)
        return _contracted(str(chosen), _saved(chosen))
    if chosen != "auto":
        return MODELS[chosen](log)
    reasons = []
    for name in AUTO:
        try:
            upscaler = MODELS[name](log)
        except UserError as error:
            reasons.append(f"not {name} ({str(error).partition('; where ')[0]})")  # what to do about it is long
        else:
            log(f"enlarging with {name}" + (f", {', '.join(reasons)}" if reasons else ""))
            return upscaler
    raise AssertionError("bicubic needs nothing")


# --- TensorFlow's saved networks --------------------------------------------------------------------


def _hub(handle: str) -> Run:
    """A network of TensorFlow Hub, from `$TFHUB_CACHE_DIR` or the kit's cache, else from the web into that."""
    from artkeras import engine

    if engine.BACKEND != "tensorflow":
        raise weights.Unavailable(f"it is published for TensorFlow alone, and the backend is {engine.BACKEND}")
    with _hub_settings():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about pkg_resources, which it imports
                import tensorflow_hub
        except ImportError as error:
            raise weights.Unavailable(
                f"TensorFlow Hub cannot be used ({_line(error)}): pip install tensorflow-hub tf_keras 'setuptools<82'"
            ) from None
        place = Path(tensorflow_hub.resolver.tfhub_cache_dir())
        try:
            path = tensorflow_hub.resolve(handle)
        except Exception as error:  # of urllib, tarfile, TensorFlow
            raise weights.Unavailable(
                f"{handle} cannot be fetched ({_line(error)}); where the web can be reached, fetch it there and copy "
                f"the folder {place}"
            ) from None
        return _saved(Path(path), tensorflow_hub.load, "delete it, and it is fetched again")


@contextlib.contextmanager
def _hub_settings() -> Iterator[None]:
    """TensorFlow Hub keeps networks in a folder that does not last, and waits for ever, unless told otherwise."""
    before, patience = os.environ.get("TFHUB_CACHE_DIR"), socket.getdefaulttimeout()
    os.environ["TFHUB_CACHE_DIR"] = before or str(home() / "hub")
    socket.setdefaulttimeout(HUB_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(patience)
        if before is None:
            del os.environ["TFHUB_CACHE_DIR"]
        else:
            os.environ["TFHUB_CACHE_DIR"] = before


def _saved(folder: Path, load: Callable[[str], Any] | None = None, advice: str = "check the path") -> Run:
    """A network in TensorFlow's SavedModel format that keeps to the contract of esrgan-tf2.

    Raises:
        UserError: when it cannot be read, or makes something else of a small picture.
    """
    from artkeras import engine

    if engine.BACKEND != "tensorflow":
        raise UserError(f"{folder} is a SavedModel, which TensorFlow alone reads, and the backend is {engine.BACKEND}")
    import tensorflow as tf

    def run(batch: np.ndarray) -> np.ndarray:
        return network(tf.constant(batch)).numpy()

    try:
        network = (load or tf.saved_model.load)(str(folder))
        shape = run(np.full((1, 8, 8, 3), 127, "float32")).shape
    except Exception as error:  # TensorFlow has many ways to say that a file is broken
        raise UserError(f"{folder} holds no network that enlarges pictures ({_line(error)}): {advice}") from None
    if shape != (1, 32, 32, 3):
        raise UserError(f"{folder} holds a network that makes {shape} of (1, 8, 8, 3), not (1, 32, 32, 3)")
    return run


def _line(error: BaseException) -> str:
    text = " ".join(str(getattr(error, "reason", "") or error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."


# --- pictures ---------------------------------------------------------------------------------------

Picture = np.ndarray | Image.Image | str | os.PathLike[str]


def upscale(
    pictures: Picture | Iterable[Picture],
    model: str | os.PathLike[str] | Upscaler = "auto",
    *,
    tile: int | None = None,
    log: Callable[[str], object] = print,
) -> Any:
    """Enlarge pictures four times.

    Args:
        pictures: one or several: uint8 arrays (height, width, 3) or (n, height, width, 3), Pillow's images of any
            mode, paths of files. Transparency stays, grey stays grey, deeper pictures become 8 bits a channel.
        model: see the head of this module; or what `open_model` gave, to use it again.
        tile: side in pixels of the pieces into which large pictures are cut, at least 64. Larger is faster and
            needs more memory.
        log: takes a line of text.

    Returns:
        An array for an array, an image for an image or a path, a list for several.

    Raises:
        UserError: for an unknown model, one that cannot be had, or what is not a picture.

    >>> upscale(artkeras.load("colour_field/model_2").sample(4))     # (4, 256, 256, 3) uint8
    """
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4:
        made = upscale(list(pictures), model, tile=tile, log=log)
        _, height, width, channels = pictures.shape
        return np.stack(made) if made else np.empty((0, 4 * height, 4 * width, channels), "uint8")
    if isinstance(pictures, (np.ndarray, Image.Image, str, os.PathLike)):
        return upscale([pictures], model, tile=tile, log=log)[0]
    _check_tile(tile)
    if not isinstance(model, Upscaler):
        check(model)
    taken = [_taken(picture) for picture in pictures]
    upscaler = model if isinstance(model, Upscaler) else open_model(model, log)
    return [
        upscaler(picture, tile) if isinstance(picture, np.ndarray) else _image(upscaler, picture, tile)
        for picture in taken
    ]


def side_by_side(samples: Mapping[str, np.ndarray], upscaler: Upscaler) -> Image.Image:
    """A figure of samples, a row a set; of each its pixels, bicubic enlargement, and what the network makes of it.

    Args:
        samples: name -> (n, size, size, 3) uint8, of one n and size.
        upscaler: as `open_model` gave it, of four times.
    """
    rows = []
    for pictures in samples.values():
        pixels = pictures.repeat(4, axis=1).repeat(4, axis=2)
        three = np.stack([pixels, upscale(pictures, "bicubic"), upscale(pictures, upscaler)], axis=1)
        rows.append(three.reshape(-1, *three.shape[2:]))
    caption = f"rows: {', '.join(samples)}; each sample as its pixels, bicubic, {Path(upscaler.name).name}"
    return figures.grid(np.concatenate(rows), columns=len(rows[0]), caption=caption)


def _taken(picture: Picture) -> np.ndarray | Image.Image:
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or 0 in picture.shape:
            raise UserError(
                f"an array of pictures must be uint8 of (height, width, 3), not {picture.dtype} {picture.shape}"
            )
        return picture
    return picture if isinstance(picture, Image.Image) else _opened(Path(picture))


def _image(upscaler: Upscaler, image: Image.Image, tile: int | None) -> Image.Image:
    plain = _Plain.of(image, getattr(image, "filename", "") or "the picture")
    canvas = upscaler.canvas(plain.rgb, tile)
    rows = [rows for _, rows in plain.bands(canvas, upscaler.scale)]
    return Image.fromarray(np.concatenate(rows).squeeze(-1) if plain.channels == 1 else np.concatenate(rows))


def _check_tile(tile: int | None) -> None:
    if tile is not None and tile < SMALLEST_TILE:
        raise UserError(f"a tile must have at least {SMALLEST_TILE} pixels a side, not {tile}")


def _opened(path: Path) -> Image.Image:
    """Open a picture file; its pixels are not read yet.

    Raises:
        UserError: when it is none, or cannot be read.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large pictures, the largest of which are errors, and odd metadata
            image = data.open_image(path)
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise UserError(f"{path} cannot be enlarged: {data.reason(error)}") from None
    return image


@dataclass(frozen=True)
class _Plain:
    """A picture of any mode as a network takes it, and what is to be put back afterwards."""

    rgb: np.ndarray
    alpha: Image.Image | None
    grey: bool

    @classmethod
    def of(cls, image: Image.Image, name: str | os.PathLike[str]) -> "_Plain":
        """Read all of a picture.

        Raises:
            UserError: when it is broken.
        """
        try:
            image.load()
            image = data.to_srgb(data.upright(image))
            alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
            grey = image.mode in ("L", "LA")
            return cls(np.asarray(image.convert("RGB")), alpha, grey)
        except Exception as error:  # Pillow has a dozen ways to say that a file is broken
            raise UserError(f"{name} cannot be enlarged: {data.reason(error)}") from None

    @property
    def channels(self) -> int:
        """Of the picture that is made."""
        return (1 if self.grey else 3) + (self.alpha is not None)

    def bands(self, canvas: np.ndarray, scale: int) -> Iterator[tuple[int, np.ndarray]]:
        """A canvas as rows of (width, channels) uint8, some at a time, each with the number of its first."""
        alpha = self.alpha
        if alpha is not None:
            alpha = np.asarray(alpha.resize((alpha.width * scale, alpha.height * scale), Image.Resampling.BICUBIC))
        for start, rows in _bands(canvas):
            if self.grey:  # the network's three differ by a grain
                rows = np.rint(rows.mean(axis=-1, keepdims=True)).astype("uint8")
            if alpha is not None:
                rows = np.concatenate([rows, alpha[start : start + len(rows), :, None]], axis=-1)
            yield start, rows


# --- files ------------------------------------------------------------------------------------------


def upscale_files(
    pictures: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    model: str | os.PathLike[str] = "auto",
    *,
    tile: int | None = None,
    log: Callable[[str], object] = print,
) -> list[Path]:
    """Enlarge picture files four times, each into a PNG file of its name in another folder.

    A file that is there already is left as it is, and said to be: so the same call goes on where it was stopped. Of
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
            end, when pictures could not be read.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: give --out a folder")
    _check_tile(tile)
    check(model)
    targets, broken = _targets([expanded(path) for path in pictures], out)
    for path, reason in broken:
        log(f"passed over {path}: {reason}")
    wanted = [(source, target) for source, target in targets.items() if not target.exists()]
    for target in targets.values():
        if target.exists():
            log(f"{target} is there already and was left as it is: delete it, or choose another --out, to make it anew")
    if not targets:
        raise UserError(f"none of the {len(broken)} pictures can be read, the first being {broken[0][0]}: check them")
    if not wanted:
        return []
    upscaler = open_model(model, log)
    written, failed = [], []
    try:
        for source, target in wanted:
            try:
                plain = _Plain.of(_opened(source), source)
            except UserError as error:  # a broken picture can look good until its last pixel
                failed.append(source)
                log(str(error))
                continue
            height, width = _write(upscaler, plain, target, tile, source.name)
            log(f"wrote {target} ({width} x {height})")
            written.append(target)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped with {len(written)} written: the same command goes on with the rest"
        ) from None
    if failed:
        raise UserError(f"{len(failed)} of {len(wanted)} pictures could not be read, the first being {failed[0]}")
    return written


def _write(upscaler: Upscaler, plain: _Plain, target: Path, tile: int | None, label: str) -> tuple[int, int]:
    """Enlarge one picture into a PNG file, whole or not at all; returns its height and width."""
    height, width, _ = plain.rgb.shape
    pieces = upscaler.pieces(height, width, tile)
    comment = f"enlarged {upscaler.scale} times by {Path(upscaler.name).name} (artkeras {artkeras.__version__})"
    with (
        atomic(target) as part,
        tqdm(total=pieces, desc=label, unit="tile", leave=False, disable=None) as bar,
        open(part, "wb") as file,
    ):
        canvas = upscaler.canvas(plain.rgb, tile, target.parent, bar.update)
        height, width, _ = canvas.shape
        writer = png.Writer(file, height, width, plain.channels, comment)
        for _, rows in plain.bands(canvas, upscaler.scale):
            writer.write(rows)
        writer.close()
    return height, width


def _targets(pictures: Sequence[Path], out: Path) -> tuple[dict[Path, Path], list[tuple[Path, str]]]:
    """Which file each picture becomes, and the files of folders that are no pictures, with the reason."""
    sources: dict[Path, Path] = {}  # the file, and its name below the target
    broken: list[tuple[Path, str]] = []
    for path in pictures:
        if path.is_dir():
            listing = data.list_images(data.checked_folder(path))
            broken += [(path / name, reason) for name, reason in listing.unread]
            for name in listing.names:
                try:
                    _opened(path / name).close()
                except UserError as error:
                    broken.append((path / name, str(error).rsplit(": ", 1)[-1]))
                else:
                    sources[path / name] = Path(name)
        elif not path.exists():
            raise UserError(f"{path} does not exist: check the path of the picture")
        else:
            _opened(path).close()
            sources[path] = Path(path.name)
    stems = [name.with_suffix("") for name in sources.values()]
    targets = {
        source: out / (name.with_suffix(".png") if stems.count(name.with_suffix("")) == 1 else f"{name}.png")
        for source, name in sources.items()
    }
    if len(set(targets.values())) < len(targets):
        raise UserError("several pictures have the same name: enlarge them one after the other, into other folders")
    return targets, broken
