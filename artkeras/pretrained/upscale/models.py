"""The networks that enlarge, opened by name or from a path."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artkeras.errors import UserError
from artkeras.files import expanded
from artkeras.pretrained import weights
from artkeras.pretrained.upscale.hub import from_folder, from_hub
from artkeras.tiles import Run, Tiled

HANDLE = "https://tfhub.dev/captain-pool/esrgan-tf2/1"
AUTO = ("esrgan-tf2", "thick", "realesrgan-x4plus", "bicubic")


@dataclass(frozen=True)
class Upscaler(Tiled):
    """A network, or what takes its place, ready to enlarge images; its name is a key of `MODELS`, or its path."""

    scale: int = 4


def _bicubic(log: Callable[[str], object]) -> Upscaler:
    def run(batch: np.ndarray) -> np.ndarray:
        image = Image.fromarray(batch[0].astype("uint8"))
        return np.asarray(image.resize((4 * image.width, 4 * image.height), Image.Resampling.BICUBIC))[None]

    return Upscaler("bicubic", run, margin=2)


def _esrgan_tf2(log: Callable[[str], object]) -> Upscaler:
    return _contracted("esrgan-tf2", from_hub(HANDLE))


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
        return _contracted(str(chosen), from_folder(chosen))
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
