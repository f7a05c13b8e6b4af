"""SqueezeNet 1.1 without its classifier: features that see colour, for style transfer.

Architecture: Iandola and others, "SqueezeNet" (2016), release 1.1. The weights are those of Refik Can Malli's port to
Keras (keras-squeezenet 1.0). Places in the network are counted as in torchvision's `squeezenet1_1().features`:

    0 conv1    1 ReLU    2 pool    3, 4 fire2, fire3    5 pool    6, 7 fire4, fire5    8 pool    9..12 fire6..fire9

Published parameter total: 722,496 (25 convolutions).
"""

import os
from collections.abc import Sequence
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers as keras_layers
from keras import ops

from artkeras import engine
from artkeras.errors import UserError
from artkeras.pretrained import weights as weight_files

MEANS = (103.939, 116.779, 123.68)  # of blue, green, red in ImageNet, on the scale 0..255
PLACES = 13
STYLE = (1, 3, 4, 6, 7)  # what style transfer looks at: ReLU, fire2 to fire5
SMALLEST = 31  # pixels a side, below which the last pool has nothing left

_FIRES = {3: (2, 16, 64), 4: (3, 16, 64), 6: (4, 32, 128), 7: (5, 32, 128)}  # place: number, squeeze, expand
_FIRES |= {9: (6, 48, 192), 10: (7, 48, 192), 11: (8, 64, 256), 12: (9, 64, 256)}
_CLASSIFIER = "conv10"  # in the file with its top, not built here


def preprocess(pictures: engine.Tensor) -> engine.Tensor:
    """Pictures as the network wants them; gradients flow through.

    Args:
        pictures: (..., 3) RGB in 0..255, an array or a tensor.

    Returns:
        The same shape, float32: BGR minus `MEANS`.
    """
    return ops.flip(ops.cast(pictures, "float32"), axis=-1) - ops.convert_to_tensor(MEANS, "float32")


def features(
    weights: str | os.PathLike[str] | None = "squeezenet", layers: Sequence[int] = STYLE, size: int | None = None
) -> keras.Model:
    """Pictures to what the network sees at some places, in float32 whatever the precision policy.

    Args:
        weights: a name in `artkeras.pretrained.weights`, fetched if need be; the path (not a `str`) of such a file,
            with or without its classifier; or None for random weights.
        layers: places 0..12, as counted above; 0 is before the ReLU, the fire modules are after theirs.
        size: side of the pictures in pixels, at least 31; None leaves height and width open.

    Returns:
        (n, height, width, 3) in **BGR, 0..255, minus `MEANS`** (`preprocess` makes that of RGB) -> a dictionary
        {place: (n, h, w, channels)}; frozen. Kernels and pools of stride 2 are "valid".

    Raises:
        ValueError: for a place or a size that does not exist.
        UserError: when the weights cannot be fetched, or the file is not SqueezeNet 1.1.
    """
    layers = tuple(layers)
    if not layers or any(place not in range(PLACES) for place in layers):
        raise ValueError(f"layers must be among 0..{PLACES - 1}, not {layers}")
    if size is not None and size < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST}, not {size}")
    with engine.precision_policy("float32"):
        # zeros where weights follow: no random numbers are drawn, so looking at a training does not change it
        pictures, seen, convolutions = _build(size, "glorot_uniform" if weights is None else "zeros")
    if weights is not None:
        path = weight_files.fetch(weights) if isinstance(weights, str) else Path(weights)
        _fill(convolutions, path)
    model = keras.Model(pictures, {place: seen[place] for place in layers}, name="squeezenet")
    model.trainable = False
    return model


def _build(
    size: int | None, initializer: str
) -> tuple[keras.KerasTensor, list[keras.KerasTensor], dict[str, keras.layers.Layer]]:
    """The input, what is seen at each place, and the convolutions by their names in the file."""
    convolutions: dict[str, keras.layers.Layer] = {}

    def convolution(x, key: str, filters: int, kernel: int, **options):
        options |= {"kernel_initializer": initializer, "name": key.replace("/", "_")}
        convolutions[key] = keras_layers.Conv2D(filters, kernel, **options)
        return convolutions[key](x)

    pictures = keras.Input((size, size, 3), name="pictures")
    seen = [convolution(pictures, "conv1", 64, 3, strides=2)]
    seen.append(keras_layers.ReLU(name="conv1_relu")(seen[-1]))
    for place in range(2, PLACES):
        x = seen[-1]
        if place in _FIRES:
            number, squeeze, expand = _FIRES[place]
            x = convolution(x, f"fire{number}/squeeze1x1", squeeze, 1, activation="relu")
            narrow = convolution(x, f"fire{number}/expand1x1", expand, 1, activation="relu")
            wide = convolution(x, f"fire{number}/expand3x3", expand, 3, padding="same", activation="relu")
            x = keras_layers.Concatenate(name=f"fire{number}")([narrow, wide])
        else:
            x = keras_layers.MaxPooling2D(3, 2, name=f"pool_{place}")(x)
        seen.append(x)
    return pictures, seen, convolutions


def _fill(convolutions: dict[str, keras.layers.Layer], path: Path) -> None:
    """Give every convolution its kernel and bias; every array of the file must be one that is expected."""
    arrays = _read(path)
    strangers = sorted(arrays.keys() - convolutions.keys() - {_CLASSIFIER})
    if strangers:
        raise UserError(f"{path.name} is not SqueezeNet 1.1: it also holds {', '.join(strangers[:3])}")
    variables: dict[str, keras.Variable] = {}
    values: dict[str, np.ndarray] = {}
    for key, layer in convolutions.items():
        variables |= {f"{key} kernel": layer.kernel, f"{key} bias": layer.bias}
        values |= dict(zip((f"{key} kernel", f"{key} bias"), arrays.get(key, ()), strict=False))
    engine.assign(variables, values)


def _read(path: Path) -> dict[str, list[np.ndarray]]:
    """Kernel and bias of each group of a Keras 1 file, in the order of its `weight_names` (they are named oddly)."""
    arrays: dict[str, list[np.ndarray]] = {}

    def visit(name: str, group) -> None:
        names = group.attrs.get("weight_names", ())
        if len(names):
            arrays[name] = [np.asarray(group[text.decode() if isinstance(text, bytes) else text]) for text in names]
            if len(arrays[name]) != 2:
                raise ValueError(f"{name} has {len(arrays[name])} arrays, not kernel and bias")

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{path.name} is not a file of Keras weights ({text})") from error
    return arrays
