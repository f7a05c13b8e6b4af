"""EfficientNet-Lite0 up to its pooled features: what KID is computed from.

Architecture: Tan and Le, "EfficientNet" (2019), in the "Lite" variant of TensorFlow's authors (2020): no squeeze and
excitation, ReLU6 in place of swish, stem and head not scaled. The weights are those of ML Illustrated's port to
PyTorch, read here without PyTorch.

Published parameter total: 4,694,024 numbers in the file (counted with 42,016 statistics of the batch normalisations);
3,413,024 without the classifier, which is not built.
"""

import collections
import math
import os
import pickle
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import keras
import numpy as np
from keras import layers

from artkeras import engine
from artkeras.errors import UserError
from artkeras.pretrained import weights as weight_files

SIZE = 224  # pixels a side
FEATURES = 1280
CLASSES = 1000  # of the classifier in the file
EPSILON = 1e-3  # of every batch normalisation: TensorFlow's, not PyTorch's 1e-5

# filters, blocks, stride of the first block, kernel; each block widens its input six times, the very first does not
STAGES = ((16, 1, 1, 3), (24, 2, 2, 3), (40, 2, 2, 5), (80, 3, 2, 3), (112, 3, 1, 5), (192, 4, 2, 5), (320, 1, 1, 3))


def features(weights: str | os.PathLike[str] | None = "efficientnet-lite0") -> keras.Model:
    """Pictures to the 1280 numbers that describe them, in float32 and inference mode whatever the precision policy.

    Args:
        weights: a name in `artkeras.pretrained.weights`, fetched if need be; the path (not a `str`) of such a file; or
            None for random weights.

    Returns:
        (n, 224, 224, 3) RGB in 0..255 -> (n, 1280), none below 0; frozen. Scaling to (x - 127) / 128 is
        part of it.

    Raises:
        UserError: when the weights cannot be fetched, or the file is not a state of this very network.
    """
    with engine.precision_policy("float32"):
        # zeros where weights follow: no random numbers are drawn, so looking at a training does not change it
        model, keys = _build("glorot_uniform" if weights is None else "zeros")
    if weights is not None:
        path = weight_files.fetch(weights) if isinstance(weights, str) else Path(weights)
        _fill(model, keys, read_legacy(path), path.name)
    model.trainable = False  # batch normalisation then uses its statistics even when called with training=True
    return model


def _build(initializer: str) -> tuple[keras.Model, dict[str, str]]:
    """The network, and for each of its layers with weights the name of that layer in the file."""
    keys: dict[str, str] = {}

    def convolution(x, filters: int, kernel: int, strides: int, key: str, norm: str, relu: bool = True):
        name = key.strip("_").replace("._", "_").replace(".", "_")
        options = {"strides": strides, "padding": "same", "use_bias": False}
        if filters:
            layer = layers.Conv2D(filters, kernel, kernel_initializer=initializer, **options, name=name)
        else:
            layer = layers.DepthwiseConv2D(kernel, depthwise_initializer=initializer, **options, name=name)
        keys[name], keys[f"{name}_bn"] = key, norm
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(layer(x))
        return layers.ReLU(max_value=6, name=f"{name}_relu")(x) if relu else x

    pictures = keras.Input((SIZE, SIZE, 3), name="pictures")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scaling")(pictures)
    x = convolution(x, 32, 3, 2, "_conv_stem", "_bn0")
    block = 0
    for filters, repeats, first_stride, kernel in STAGES:
        for repeat in range(repeats):
            strides, before, key = first_stride if repeat == 0 else 1, x, f"_blocks.{block}."
            if block:
                x = convolution(x, 6 * x.shape[-1], 1, 1, key + "_expand_conv", key + "_bn0")
            x = convolution(x, 0, kernel, strides, key + "_depthwise_conv", key + "_bn1")
            x = convolution(x, filters, 1, 1, key + "_project_conv", key + "_bn2", relu=False)
            if strides == 1 and before.shape[-1] == filters:
                x = layers.Add(name=f"blocks_{block}_add")([x, before])
            block += 1
    x = convolution(x, FEATURES, 1, 1, "_conv_head", "_bn1")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(pictures, x, name="efficientnet_lite0"), keys


def _fill(model: keras.Model, keys: dict[str, str], arrays: dict[str, np.ndarray], file: str) -> None:
    """Give every variable its array; every array of the file must be one that is expected, in its shape."""
    variables: dict[str, Any] = {}
    values: dict[str, np.ndarray] = {}
    unused = {"_fc.weight": (CLASSES, FEATURES), "_fc.bias": (CLASSES,)}  # the classifier
    for name, key in keys.items():
        layer = model.get_layer(name)
        if isinstance(layer, layers.BatchNormalization):
            variables |= {
                f"{key}.weight": layer.gamma,
                f"{key}.bias": layer.beta,
                f"{key}.running_mean": layer.moving_mean,
                f"{key}.running_var": layer.moving_variance,
            }
            unused[f"{key}.num_batches_tracked"] = ()  # a counter of PyTorch's
        else:
            variables[f"{key}.weight"] = layer.kernel
            # PyTorch has (out, in, height, width), and (channels, 1, height, width) where each has its own kernel
            axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
            if arrays.get(f"{key}.weight", np.empty(())).ndim == 4:
                values[f"{key}.weight"] = arrays[f"{key}.weight"].transpose(axes)
    strangers = sorted(arrays.keys() - variables.keys() - unused.keys())
    if strangers:
        raise UserError(f"{file} is not EfficientNet-Lite0: it also holds {', '.join(strangers[:3])}")
    for key, shape in unused.items():
        if key not in arrays or arrays[key].shape != shape:
            raise UserError(f"{file} is not EfficientNet-Lite0: it has no {key} of shape {shape}")
    engine.assign(variables, arrays | values)


# --- PyTorch's files, without PyTorch ---------------------------------------------------------------

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
# What a pickle may name, and what stands for it here. Plain strings cannot be called, nor their state be set.
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Storage(NamedTuple):
    """A flat array that follows later in the file."""

    dtype: str
    key: str
    length: int


class _View(NamedTuple):
    """A tensor: where its numbers are in which storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage, offset, shape, strides, requires_grad=False, hooks=None) -> _View:
    return _View(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    """Reads tensors in a dictionary, and refuses a file that names anything else, before anything of it is called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which weights have no need of")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, count, view = pid
        if kind != "storage" or view is not None or dtype not in _STORAGES.values():
            raise pickle.UnpicklingError("its storages are of an unknown kind")
        return _Storage(dtype, key, count)


def read_legacy(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a `.pth` file as PyTorch wrote them before version 1.6: pickles, then raw numbers, without a zip.

    Only tensors of float32 and int64 in one flat dictionary are understood. Nothing of the file is executed: its
    pickle may name four things, all replaced by code of this module.

    Returns:
        name -> array, of the shapes that PyTorch shows; each a copy of its own.

    Raises:
        UserError: when the file cannot be read, is of another format, is cut off, or names anything else.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            return _read(file, path.stat().st_size)
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror or error})") from error
    except Exception as error:  # a wrong pickle can raise almost anything
        text = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path.name} is not a file of PyTorch weights in the legacy format ({text})") from error


def _read(file: BinaryIO, size: int) -> dict[str, np.ndarray]:
    if _Unpickler(file).load() != _MAGIC or _Unpickler(file).load() != _PROTOCOL:
        raise ValueError("it begins otherwise")
    if _Unpickler(file).load().get("little_endian") is not True:
        raise ValueError("its numbers are big-endian")
    views = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    if not isinstance(views, dict) or not all(isinstance(view, _View) for view in views.values()):
        raise ValueError("it is not a dictionary of tensors")
    declared = {view.storage.key: view.storage for view in views.values()}
    if len(set(keys)) != len(keys) or set(keys) != set(declared):
        raise ValueError("its list of storages does not fit its tensors")

    storages: dict[str, np.ndarray] = {}
    for key in keys:
        dtype, count = np.dtype(declared[key].dtype), int.from_bytes(_exactly(file, 8, size), "little")
        if count != declared[key].length:
            raise ValueError(f"storage {key} has {count} numbers, not {declared[key].length}")
        storages[key] = np.frombuffer(_exactly(file, count * dtype.itemsize, size), dtype)
    if file.read(1):
        raise ValueError("something follows after its end")
    return {name: _array(view, storages[view.storage.key]) for name, view in views.items()}


def _exactly(file: BinaryIO, count: int, size: int) -> bytes:
    content = file.read(count) if count <= size else b""  # a wild count must not claim the memory
    if len(content) != count:
        raise ValueError("it is cut off")
    return content


def _array(view: _View, storage: np.ndarray) -> np.ndarray:
    if len(view.shape) != len(view.strides) or min((view.offset, *view.shape, *view.strides)) < 0:
        raise ValueError("a tensor's shape makes no sense")
    reach = view.offset + sum((n - 1) * step for n, step in zip(view.shape, view.strides, strict=True))
    if math.prod(view.shape) > storage.size or reach >= storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    steps = tuple(step * storage.itemsize for step in view.strides)
    return np.array(np.lib.stride_tricks.as_strided(storage[view.offset :], view.shape, steps, writeable=False))
