"""The small and the large ESRGAN of UpscalerJS: pictures, four times as wide and high.

Architectures: Zhang and others, "Residual Dense Network" (2018), here `rdn`; Wang and others, "ESRGAN" (2018), whose
residual-in-residual blocks are `rrdn`; both in the form of Idealo's image-super-resolution, by which Kevin Scott
trained the weights "slim" (RDN) and "thick" (RRDN). They come as TensorFlow.js models, whose layers Keras 3 cannot
read: the networks are built here, and take their sizes and weights from the file.

Parameter totals: 233,451 (slim) and 7,260,740 (thick).
"""

import json
import math
import os
import re
from pathlib import Path

import keras
import numpy as np
from keras import layers

from artkeras import engine
from artkeras.errors import UserError
from artkeras.networks.blocks import DepthToSpace
from artkeras.pretrained import weights as weight_files

RESIDUAL = 0.2  # share of each block that is added to what it was given
Arrays = dict[str, np.ndarray]


def rrdn(
    weights: str | os.PathLike[str] | None = "esrgan-thick",
    *,
    blocks: int = 10,
    units: int = 3,
    depth: int = 4,
    growth: int = 32,
    width: int = 64,
    scale: int = 4,
) -> keras.Model:
    """Blocks of residual dense units, in float32 whatever the precision policy.

    Args:
        weights: a name in `artkeras.pretrained.weights`, fetched if need be; the path (not a `str`) of a folder with
            such a `model.json`, which then decides the sizes; or None for random weights.
        blocks, units, depth: of residual blocks, dense units in each, convolutions in each unit.
        growth, width: channels of those convolutions, and between units.
        scale: of the enlargement.

    Returns:
        (n, h, w, 3) RGB in 0..255 -> (n, h * scale, w * scale, 3) about 0..255, not clipped; frozen.

    Raises:
        UserError: when the weights cannot be fetched, or the file is not of such a network.
    """
    sizes = {"blocks": blocks, "units": units, "depth": depth, "growth": growth, "width": width, "scale": scale}
    return _network(_rrdn, weights, sizes, _rrdn_sizes, "RRDN")


def rdn(
    weights: str | os.PathLike[str] | None = "esrgan-slim",
    *,
    blocks: int = 2,
    depth: int = 1,
    growth: int = 4,
    width: int = 64,
    scale: int = 4,
) -> keras.Model:
    """Residual dense units, then enlargement by repeating pixels; arguments and result as for `rrdn`."""
    sizes = {"blocks": blocks, "depth": depth, "growth": growth, "width": width, "scale": scale}
    return _network(_rdn, weights, sizes, _rdn_sizes, "RDN")


def from_folder(folder: str | os.PathLike[str]) -> keras.Model:
    """The network, RRDN or RDN, of a folder with `model.json`.

    Raises:
        UserError: when the folder does not hold one of them.
    """
    names = read_tfjs(folder)
    return rdn(Path(folder)) if "F_m1/kernel" in names else rrdn(Path(folder))


def _network(build, weights, sizes: dict[str, int], measured, title: str) -> keras.Model:
    if weights is None:
        arrays = None
    else:
        path = weight_files.fetch(weights) if isinstance(weights, str) else Path(weights)
        arrays = read_tfjs(path)
        sizes = measured(arrays)
        if not sizes:
            raise UserError(f"{path} is not an {title}: its {len(arrays)} arrays have other names or shapes")
    with engine.precision_policy("float32"):
        # zeros where weights follow: no random numbers are drawn
        model, convolutions = build("glorot_uniform" if arrays is None else "zeros", **sizes)
    if arrays is not None:
        _fill(convolutions, arrays, f"{path} is not an {title}")
    model.trainable = False
    return model


class _Convolutions(dict):
    """Makes convolutions, and keeps them by their names in the file."""

    def __init__(self, initializer: str):
        super().__init__()
        self.initializer = initializer

    def __call__(self, x, name: str, filters: int, kernel: int = 3, relu: bool = False):
        layer = layers.Conv2D(filters, kernel, padding="same", kernel_initializer=self.initializer, name=name)
        self[name] = layer
        x = layer(x)
        return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _dense(x, conv: _Convolutions, name: str, depth: int, growth: int):
    """Convolutions, each of which sees all before it."""
    for number in range(1, depth + 1):
        new = conv(x, f"F_{name}_{number}", growth, relu=True)
        x = layers.Concatenate(name=f"concat_{name}_{number}")([x, new])
    return x


def _added(x, name: str, block):
    """x + RESIDUAL * block."""
    return layers.Add(name=name)([x, layers.Rescaling(RESIDUAL, name=f"{name}_share")(block)])


def _rrdn(initializer: str, blocks: int, units: int, depth: int, growth: int, width: int, scale: int):
    conv = _Convolutions(initializer)
    pictures = keras.Input((None, None, 3), name="pictures")
    x = first = conv(layers.Rescaling(1 / 255, name="scaling")(pictures), "Pre_blocks_conv", width)
    for block in range(1, blocks + 1):
        before = x
        for unit in range(1, units + 1):
            dense = _dense(x, conv, f"{block}_{unit}", depth, growth)
            x = _added(x, f"unit_{block}_{unit}", conv(dense, f"LFF_{block}_{unit}", width))
        x = _added(before, f"block_{block}", x)
    x = layers.Add(name="global")([conv(x, "post_blocks_conv", width), first])
    x = DepthToSpace(scale, name="depth_to_space")(conv(x, "PreShuffle", 3 * scale**2))
    x = layers.Rescaling(255, name="scaling_back")(conv(x, "SR", 3))
    return keras.Model(pictures, x, name="rrdn"), conv


def _rdn(initializer: str, blocks: int, depth: int, growth: int, width: int, scale: int):
    conv = _Convolutions(initializer)
    pictures = keras.Input((None, None, 3), name="pictures")
    first = conv(pictures, "F_m1", width)
    x, seen = conv(first, "F_0", width), []
    for block in range(1, blocks + 1):
        new = conv(_dense(x, conv, f"{block}", depth, growth), f"LFF_{block}", width, 1)
        x = layers.Add(name=f"block_{block}")([new, x])
        seen.append(x)
    x = layers.Concatenate(name="blocks")(seen) if blocks > 1 else x
    x = conv(conv(x, "GFF_1", width, 1), "GFF_2", width)
    x = layers.Add(name="global")([x, first])
    x = conv(conv(x, "UPN1", 64, 5, relu=True), "UPN2", 32, relu=True)
    x = layers.UpSampling2D(scale, name="repeat")(conv(x, "UPN3", 3 * scale**2))
    return keras.Model(pictures, conv(x, "SR", 3), name="rdn"), conv


def _rrdn_sizes(arrays: Arrays) -> dict[str, int]:
    """The sizes of the network to which these arrays seem to belong; nothing when they are of another one."""
    found = _numbers(arrays, r"F_(\d+)_(\d+)_(\d+)/kernel")
    if not found or not {"Pre_blocks_conv/kernel", "F_1_1_1/kernel", "PreShuffle/kernel"} <= arrays.keys():
        return {}
    blocks, units, depth = map(max, zip(*found, strict=True))
    if blocks * units * depth != len(found):  # also keeps a wild name from asking for a huge network
        return {}
    return {
        "blocks": blocks,
        "units": units,
        "depth": depth,
        "growth": arrays["F_1_1_1/kernel"].shape[-1],
        "width": arrays["Pre_blocks_conv/kernel"].shape[-1],
        "scale": math.isqrt(arrays["PreShuffle/kernel"].shape[-1] // 3),
    }


def _rdn_sizes(arrays: Arrays) -> dict[str, int]:
    found = _numbers(arrays, r"F_(\d+)_(\d+)/kernel")
    if not found or not {"F_m1/kernel", "F_1_1/kernel", "UPN3/kernel"} <= arrays.keys():
        return {}
    blocks, depth = map(max, zip(*found, strict=True))
    if blocks * depth != len(found):
        return {}
    return {
        "blocks": blocks,
        "depth": depth,
        "growth": arrays["F_1_1/kernel"].shape[-1],
        "width": arrays["F_m1/kernel"].shape[-1],
        "scale": math.isqrt(arrays["UPN3/kernel"].shape[-1] // 3),
    }


def _numbers(arrays: Arrays, pattern: str) -> list[tuple[int, ...]]:
    matches = (re.fullmatch(pattern, name) for name in arrays)
    return [tuple(map(int, match.groups())) for match in matches if match]


def _fill(convolutions: _Convolutions, arrays: Arrays, complaint: str) -> None:
    """Give every convolution its kernel and bias; every array of the file must be one that is expected."""
    variables: dict[str, keras.Variable] = {}
    for name, layer in convolutions.items():
        variables |= {f"{name}/kernel": layer.kernel, f"{name}/bias": layer.bias}
    strangers = sorted(arrays.keys() - variables.keys())
    if strangers:
        raise UserError(f"{complaint}: it also holds {', '.join(strangers[:3])}")
    engine.assign(variables, arrays)


# --- TensorFlow.js' files ---------------------------------------------------------------------------


def read_tfjs(folder: str | os.PathLike[str]) -> Arrays:
    """The arrays of a TensorFlow.js model: `model.json`, and beside it the files of float32 numbers that it names.

    Returns:
        name ("layer/kernel", "layer/bias") -> array, kernels as Keras has them (height, width, in, out).

    Raises:
        UserError: when a file is missing, or what they hold does not fit together to the last byte.
    """
    folder = Path(folder)
    try:
        arrays: Arrays = {}
        for group in json.loads((folder / "model.json").read_text(encoding="utf-8"))["weightsManifest"]:
            if any(Path(path).name != path for path in group["paths"]):
                raise ValueError("it names a file elsewhere")
            content = b"".join((folder / path).read_bytes() for path in group["paths"])
            start = 0
            for entry in group["weights"]:
                name, shape = entry["name"], tuple(entry["shape"])
                if entry["dtype"] != "float32" or "quantization" in entry:
                    raise ValueError(f"{name} is not stored as float32")
                if name in arrays or not all(isinstance(side, int) and side > 0 for side in shape):
                    raise ValueError(f"{name} is there twice, or of no shape")
                end = start + 4 * math.prod(shape)
                if end > len(content):
                    raise ValueError("its numbers are cut off")
                arrays[name] = np.frombuffer(content[start:end], "<f4").reshape(shape)
                start = end
            if start != len(content):
                raise ValueError(f"{len(content) - start} bytes follow after its last number")
        return arrays
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder} ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{folder} does not hold a TensorFlow.js model ({text})") from error
