"""Real-ESRGAN: pictures, four times as wide and high, by networks trained to undo blur, noise and JPEG.

Architectures: Wang and others, "ESRGAN" (2018) and "Real-ESRGAN" (2021), arXiv 2107.10833: `rrdbnet` is the generator
of x4plus, `srvgg` the compact one of animevideov3. The weights are read from the files of ncnn, an inference library,
without that library.

Parameter totals: 16,697,987 (x4plus) and 621,424 (animevideov3).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from artkeras import engine
from artkeras.errors import UserError
from artkeras.networks.blocks import DepthToSpace
from artkeras.networks.esrgan import RESIDUAL
from artkeras.pretrained import weights as weight_files

SLOPE = 0.2  # of the leaky ReLUs
DEPTH, UNITS = 5, 3  # convolutions in a dense unit, dense units in a block
SCALE = 4


def rrdbnet(
    weights: str | os.PathLike[str] | None = "realesrgan-x4plus",
    *,
    blocks: int = 23,
    width: int = 64,
    growth: int = 32,
) -> keras.Model:
    """Residual-in-residual dense blocks, twice doubled by repeating pixels; float32 whatever the precision policy.

    Args:
        weights: a name in `artkeras.pretrained.weights`, fetched if need be; the path (not a `str`) of such a `.param`
            file, which then decides the sizes, with its `.bin` beside it; or None for random weights.
        blocks: of three dense units with five convolutions each.
        width, growth: channels between units, and of the first four convolutions of each.

    Returns:
        (n, h, w, 3) RGB in 0..255 -> (n, 4 h, 4 w, 3) about 0..255, not clipped; frozen.

    Raises:
        UserError: when the weights cannot be fetched, or the files are not of such a network.
    """
    return _network(_rrdbnet, weights, {"blocks": blocks, "width": width, "growth": growth}, _rrdbnet_sizes)


def srvgg(
    weights: str | os.PathLike[str] | None = "realesrgan-animevideov3", *, depth: int = 16, width: int = 64
) -> keras.Model:
    """A plain chain of `depth` + 2 convolutions that adds detail to repeated pixels; otherwise as `rrdbnet`."""
    return _network(_srvgg, weights, {"depth": depth, "width": width}, _srvgg_sizes)


def halves(network: keras.Model) -> tuple[keras.Model, keras.Model]:
    """An `rrdbnet` in two: all that works at the size of the picture, and the little that works at larger ones."""
    trunk = network.get_layer("trunk").output
    return keras.Model(network.input, trunk), keras.Model(trunk, network.output)


def from_file(param: str | os.PathLike[str]) -> keras.Model:
    """The network, whichever of the two it is, of a `.param` file with its `.bin` beside it.

    Raises:
        UserError: when it is neither.
    """
    chain = any(layer.kind == "PReLU" for layer, _ in read_ncnn(param))
    return srvgg(Path(param)) if chain else rrdbnet(Path(param))


def _network(build, weights, sizes: dict[str, int], measured) -> keras.Model:
    filed = None
    if weights is not None:
        path = _param(weights) if isinstance(weights, str) else Path(weights)
        filed = read_ncnn(path)
        sizes = measured([layer for layer, _ in filed])
    with engine.precision_policy("float32"):
        # zeros where weights follow: no random numbers are drawn
        model, steps = build("glorot_uniform" if filed is None else "zeros", **sizes)
    if filed is not None:
        _fill(steps, filed, f"{path.name} is not a {build.__name__.strip('_')} of Real-ESRGAN")
    model.trainable = False
    return model


def _param(name: str) -> Path:
    folder = weight_files.fetch(name)
    return next(folder / part.file for part in weight_files.WEIGHTS[name].parts if part.file.endswith(".param"))


class _Steps(list):
    """Makes layers, and keeps what a `.param` file lists in their places: the kind, and the layer if it has weights."""

    def __init__(self, initializer: str):
        super().__init__()
        self.initializer = initializer

    def conv(self, x, filters: int, leaky: bool = False):
        layer = layers.Conv2D(filters, 3, padding="same", kernel_initializer=self.initializer)
        self.append(("leaky Convolution" if leaky else "Convolution", layer))
        return layers.LeakyReLU(negative_slope=SLOPE)(layer(x)) if leaky else layer(x)

    def prelu(self, x):
        layer = layers.PReLU(shared_axes=[1, 2])
        self.append(("PReLU", layer))
        return layer(x)

    def apply(self, kind: str, layer: keras.layers.Layer, x):
        self.append((kind, None))
        return layer(x)

    def added(self, x, block):
        """x + RESIDUAL * block."""
        return self.apply("Eltwise", layers.Add(), [x, layers.Rescaling(RESIDUAL)(block)])


def _rrdbnet(initializer: str, blocks: int, width: int, growth: int):
    steps = _Steps(initializer)
    pictures = keras.Input((None, None, 3), name="pictures")
    x = first = steps.conv(layers.Rescaling(1 / 255)(pictures), width)
    for _ in range(blocks):
        before = x
        for _ in range(UNITS):
            dense = x
            for _ in range(DEPTH - 1):
                new = steps.conv(dense, growth, leaky=True)
                dense = steps.apply("Concat", layers.Concatenate(), [dense, new])
            x = steps.added(x, steps.conv(dense, width))
        x = steps.added(before, x)
    x = steps.apply("BinaryOp", layers.Add(name="trunk"), [first, steps.conv(x, width)])
    for _ in range(2):
        x = steps.conv(steps.apply("Interp", layers.UpSampling2D(2), x), width, leaky=True)
    x = steps.conv(steps.conv(x, width, leaky=True), 3)
    return keras.Model(pictures, layers.Rescaling(255)(x), name="rrdbnet"), steps


def _srvgg(initializer: str, depth: int, width: int):
    steps = _Steps(initializer)
    pictures = keras.Input((None, None, 3), name="pictures")
    scaled = x = layers.Rescaling(1 / 255)(pictures)
    for _ in range(depth + 1):
        x = steps.prelu(steps.conv(x, width))
    x = steps.apply("PixelShuffle", DepthToSpace(SCALE), steps.conv(x, 3 * SCALE**2))
    repeated = steps.apply("Interp", layers.UpSampling2D(SCALE), scaled)
    x = steps.apply("BinaryOp", layers.Add(), [x, repeated])
    return keras.Model(pictures, layers.Rescaling(255)(x), name="srvgg"), steps


# --- ncnn's files -----------------------------------------------------------------------------------

_MAGIC = 7767517
_HALF = 0x01306B47  # before numbers in float16; 0 before float32


class Layer(NamedTuple):
    """A line of a `.param` file: kind, name, and options by their numbers, as text."""

    kind: str
    name: str
    options: dict[int, str]

    def number(self, option: int, otherwise: int = 0) -> int:
        """A whole-numbered option."""
        return int(self.options.get(option, otherwise))


def _rrdbnet_sizes(filed: list[Layer]) -> dict[str, int]:
    convolutions = [layer.number(0) for layer in filed if layer.kind == "Convolution"]
    blocks = (len(convolutions) - 6) // (UNITS * DEPTH)
    return {"blocks": max(blocks, 0), "width": convolutions[0], "growth": convolutions[1]} if blocks > 0 else _none()


def _srvgg_sizes(filed: list[Layer]) -> dict[str, int]:
    convolutions = [layer.number(0) for layer in filed if layer.kind == "Convolution"]
    return {"depth": len(convolutions) - 2, "width": convolutions[0]} if len(convolutions) > 2 else _none()


def _none():
    raise UserError("the .param file has too few convolutions to be of a network of Real-ESRGAN")


def _fill(steps: _Steps, filed: list[tuple[Layer, tuple[np.ndarray, ...]]], complaint: str) -> None:
    """Give every layer its arrays; the file must list the same layers in the same order."""
    filed = [entry for entry in filed if entry[0].kind not in ("Input", "Split")]  # which only hand on
    kinds = [f"leaky {layer.kind}" if layer.number(9) else layer.kind for layer, _ in filed]
    wanted = [kind for kind, _ in steps]
    if kinds != wanted:
        place = next((i for i, pair in enumerate(zip(kinds, wanted, strict=False)) if pair[0] != pair[1]), None)
        where = f"layer {filed[place][0].name} is {kinds[place]}, not {wanted[place]}" if place is not None else ""
        raise UserError(f"{complaint}: {where or f'it has {len(kinds)} layers, not {len(wanted)}'}")
    variables, values = {}, {}
    for (kind, built), (layer, arrays) in zip(steps, filed, strict=True):
        if kind == "PReLU":
            variables[f"{layer.name} slopes"] = built.alpha
            values[f"{layer.name} slopes"] = arrays[0][None, None]
        elif built is not None:
            kernel, bias = arrays
            variables |= {f"{layer.name} kernel": built.kernel, f"{layer.name} bias": built.bias}
            values |= {f"{layer.name} kernel": kernel, f"{layer.name} bias": bias}
    shuffled = next((i for i, (kind, _) in enumerate(steps) if kind == "PixelShuffle"), None)
    if shuffled is not None:  # ncnn, like PyTorch, keeps the pixels of a colour together; DepthToSpace the colours
        name = filed[shuffled - 1][0].name
        for part in ("kernel", "bias"):
            values[f"{name} {part}"] = _by_pixel(values[f"{name} {part}"])
    engine.assign(variables, values)


def _by_pixel(array: np.ndarray) -> np.ndarray:
    """Reorder the last axis from (colour, row, column) to (row, column, colour)."""
    if array.shape[-1] != 3 * SCALE**2:
        return array  # of another network, which `assign` says
    return array.reshape(*array.shape[:-1], 3, SCALE**2).swapaxes(-1, -2).reshape(array.shape)


def read_ncnn(param: str | os.PathLike[str]) -> list[tuple[Layer, tuple[np.ndarray, ...]]]:
    """The layers of a `.param` file, in its order, each with its arrays out of the `.bin` beside it.

    Convolutions come with kernel (3, 3, in, out) and bias (out,), PReLUs with slopes (channels,), the other kinds
    that these networks have with nothing. Other kinds and other options are refused.

    Raises:
        UserError: when a file is missing or of another kind, or what they hold does not fit to the last byte.
    """
    param = Path(param)
    try:
        listed = _listed(param.read_text(encoding="ascii").split("\n"))
        content = _Content(param.with_suffix(".bin").read_bytes())
        result = []
        for layer in listed:
            _check_options(layer)
            result.append((layer, _ARRAYS[layer.kind](layer, content) if layer.kind in _ARRAYS else ()))
        content.end()
        return result
    except OSError as error:
        raise UserError(f"cannot read {error.filename or param} ({error.strerror or error})") from error
    except (ValueError, KeyError) as error:  # UnicodeDecodeError is one of them
        text = f"it has a layer of the kind {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{param} and its .bin are not a network of Real-ESRGAN in ncnn's format ({text})") from error


def _listed(lines: list[str]) -> list[Layer]:
    lines = [line for line in lines if line.strip()]
    if len(lines) < 3 or lines[0].strip() != str(_MAGIC):
        raise ValueError("it begins otherwise")
    if int(lines[1].split()[0]) != len(lines) - 2:
        raise ValueError(f"it lists {len(lines) - 2} layers, not {lines[1].split()[0]}")
    found = []
    for line in lines[2:]:
        kind, name, inputs, outputs, *rest = line.split()
        pairs = (word.split("=", 1) for word in rest[int(inputs) + int(outputs) :])
        found.append(Layer(kind, name, {int(key): value for key, value in pairs}))
    return found


class _Content:
    """Numbers to be read one after the other."""

    def __init__(self, content: bytes):
        self.content, self.place = content, 0

    def take(self, count: int, dtype: str) -> np.ndarray:
        size = count * np.dtype(dtype).itemsize
        if count < 0 or self.place + size > len(self.content):
            raise ValueError("its numbers are cut off")
        self.place += size
        return np.frombuffer(self.content[self.place - size : self.place], dtype)

    def flagged(self, count: int) -> np.ndarray:
        """Numbers in float16 or float32, as the flag before them says, filled up to whole words."""
        flag = int(self.take(1, "<u4")[0])
        if flag not in (_HALF, 0):
            raise ValueError(f"numbers are stored in a way ({flag:#010x}) that is not read here")
        numbers = self.take(count, "<f2" if flag else "<f4").astype("float32")
        self.place += -self.place % 4
        return numbers

    def end(self) -> None:
        if self.place != len(self.content):
            raise ValueError(f"{len(self.content) - self.place} bytes follow after its last number")


def _convolution(layer: Layer, content: _Content) -> tuple[np.ndarray, ...]:
    filters, total = layer.number(0), layer.number(6)
    if filters < 1 or total < 1 or total % (9 * filters):
        raise ValueError(f"{layer.name} has {total} numbers for {filters} filters of 3 x 3")
    kernel = content.flagged(total).reshape(filters, -1, 3, 3).transpose(2, 3, 1, 0)
    return kernel, content.take(filters, "<f4")


def _slopes(layer: Layer, content: _Content) -> tuple[np.ndarray, ...]:
    return (content.take(layer.number(0), "<f4"),)


_ARRAYS: dict[str, Callable[[Layer, _Content], tuple[np.ndarray, ...]]] = {
    "Convolution": _convolution,
    "PReLU": _slopes,
}

# The options of each kind as these networks have them: by their numbers, each a list of allowed values. What is not
# listed is a size, which the shapes of the arrays decide.
_LEAKY = (2.0,), (1.0, SLOPE)  # which activation, and its parameters behind their count
_OPTIONS: dict[str, dict[int, list[tuple[float, ...]]]] = {
    "Convolution": {1: [(3.0,)], 4: [(1.0,)], 5: [(1.0,)], 9: [(), _LEAKY[0]], -23310: [(), _LEAKY[1]]},
    "PReLU": {},
    "Input": {},
    "Split": {},
    "Concat": {},
    "Eltwise": {0: [(1.0,)], -23301: [(2.0, RESIDUAL, 1.0)]},  # the sum of 0.2 times the first, and the second
    "BinaryOp": {0: [(), (0.0,)]},  # the sum
    "Interp": {0: [(1.0,)], 1: [(2.0,), (4.0,)], 2: [(2.0,), (4.0,)]},  # nearest
    "PixelShuffle": {0: [(float(SCALE),)]},
}
_SIZES = {"Convolution": {0, 6}, "PReLU": {0}}


def _check_options(layer: Layer) -> None:
    known = _OPTIONS[layer.kind]
    for option in known.keys() | layer.options.keys() - _SIZES.get(layer.kind, set()):
        text = layer.options.get(option, "")
        if tuple(map(float, filter(None, text.split(",")))) not in known.get(option, []):
            raise ValueError(f"{layer.name} has the option {option}={text or 'unset'}")
