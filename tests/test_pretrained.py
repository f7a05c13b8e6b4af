"""Networks with published weights: files of the right and of the wrong kind, then the real ones.

The real weights are fetched once into the cache that is in use outside of the tests. Tests that need them are
skipped, with the reason, where no source answers, unless the environment variable ARTKERAS_REQUIRE names weights.

Every reference number here comes from a rendering of the same weights with PyTorch's own functions, made apart from
this kit; it agreed with all three backends to 1e-5.
"""

from __future__ import annotations

import collections
import os
import pickle
import random
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from artkeras import engine, files
from artkeras.errors import UserError
from artkeras.networks import efficientnet_lite, squeezenet
from artkeras.pretrained import weights

HOME = files.home()  # read before each test gets a cache of its own


def real(name: str) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(HOME))
        try:
            return weights.fetch(name)
        except weights.Unavailable as error:
            if "weights" in os.environ.get("ARTKERAS_REQUIRE", ""):
                pytest.fail(f"{error} (ARTKERAS_REQUIRE asks for it)")
            pytest.skip(str(error))


def picture(size: int) -> np.ndarray:
    """One smooth picture of many colours by formula, (1, size, size, 3) RGB in 0..255."""
    y, x = np.mgrid[:size, :size] / size
    bands = [np.sin(7 * x + 3 * y), np.cos(5 * x * y + 11 * y), np.sin(13 * (x - 0.5) ** 2 + 9 * (y - 0.4) ** 2)]
    return (127.5 + 127.5 * np.stack(bands, axis=-1)).astype("float32")[None]


def look(model, pictures):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(pictures))


# --- EfficientNet-Lite0 -----------------------------------------------------------------------------


class Name(str):
    """Something a pickle names, "module name"."""


class Call(tuple):
    """What a pickle lets something it names make of arguments."""


class Outside(tuple):
    """What a pickle says lies elsewhere in the file."""


class Pickler(pickle._Pickler):
    """Writes the opcodes that PyTorch's pickles have, without PyTorch."""

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Name):
            self.write(pickle.GLOBAL + thing.replace(" ", "\n").encode() + b"\n")
        elif isinstance(thing, Call):
            self.save(thing[0])
            self.save(tuple(thing[1:]))
            self.write(pickle.REDUCE)
        elif isinstance(thing, Outside):
            self.save(tuple(thing))
            self.write(pickle.BINPERSID)
        else:
            super().save(thing, save_persistent_id)


def write_legacy(path: Path, arrays: dict[str, np.ndarray], reach: int = 0, extra=None) -> Path:
    """A `.pth` file of before PyTorch 1.6; kernels lie in it as TensorFlow has them, with strides, as in the real one.

    `reach` moves every tensor that much beyond its storage; `extra` is added to the dictionary.
    """
    tensors, storages = collections.OrderedDict(), {}
    for number, (name, array) in enumerate(arrays.items()):
        order = (2, 3, 1, 0) if array.ndim == 4 else tuple(range(array.ndim))
        flat = np.ascontiguousarray(array.transpose(order))
        back = np.argsort(order)
        strides = tuple(int(flat.strides[axis]) // flat.itemsize for axis in back)
        kind = Name("torch FloatStorage" if flat.dtype == np.float32 else "torch LongStorage")
        storages[str(number)] = flat
        storage = Outside(("storage", kind, str(number), "cpu", flat.size, None))
        rebuild = Name("torch._utils _rebuild_tensor_v2")
        tensors[name] = Call((rebuild, storage, reach, array.shape, strides, False, collections.OrderedDict()))
    if extra is not None:
        tensors["extra"] = extra
    with open(path, "wb") as file:
        for thing in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}, tensors):
            Pickler(file, 2).dump(thing)
        pickle.dump(list(storages), file, 2)
        for flat in storages.values():
            file.write(flat.size.to_bytes(8, "little") + flat.tobytes())
    return path


@pytest.fixture(scope="module")
def blank():
    """EfficientNet-Lite0 with random weights."""
    return efficientnet_lite.features(weights=None)


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """The names of its layers in a file."""
    return efficientnet_lite._build("zeros")[1]


@pytest.fixture(scope="module")
def arrays(blank, keys) -> dict[str, np.ndarray]:
    """What a file for it holds, in PyTorch's shapes: the numbers of each array are its own, and differ."""
    result: dict[str, np.ndarray] = {}
    for name, key in keys.items():
        layer = blank.get_layer(name)
        if hasattr(layer, "gamma"):
            for piece in ("weight", "bias", "running_mean", "running_var"):
                result[f"{key}.{piece}"] = np.zeros(layer.gamma.shape, "float32")
            result[f"{key}.num_batches_tracked"] = np.array(7)
        else:
            height, width, before, after = layer.kernel.shape
            result[f"{key}.weight"] = np.zeros(
                (before, after, height, width) if "depthwise" in name else (after, before, height, width), "float32"
            )
    result |= {"_fc.weight": np.zeros((1000, 1280), "float32"), "_fc.bias": np.zeros(1000, "float32")}
    for number, array in enumerate(result.values()):
        if array.dtype == np.float32:
            array.flat[:] = number + np.arange(array.size) / (2 * array.size)
    return result


def test_lite_has_the_published_parameters(blank, arrays):
    assert blank.count_params() == 3_413_024
    assert sum(a.size for a in arrays.values() if a.dtype == np.float32) == 4_694_024
    assert blank.input_shape == (None, 224, 224, 3)
    assert blank.output_shape == (None, 1280)
    assert blank.trainable_variables == []


def test_lite_gives_every_variable_its_own_array(arrays, tmp_path):
    path = write_legacy(tmp_path / "state.pth", arrays)
    random.seed(3)
    before = random.getstate()
    model = efficientnet_lite.features(path)
    assert random.getstate() == before  # else judging a training in between would change it
    some = {
        "conv_stem/kernel": "_conv_stem.weight",
        "conv_stem_bn/gamma": "_bn0.weight",
        "blocks_0_project_conv_bn/beta": "_blocks.0._bn2.bias",
        "blocks_3_expand_conv/kernel": "_blocks.3._expand_conv.weight",
        "blocks_3_expand_conv_bn/moving_mean": "_blocks.3._bn0.running_mean",
        "blocks_9_depthwise_conv/kernel": "_blocks.9._depthwise_conv.weight",
        "blocks_9_depthwise_conv_bn/moving_variance": "_blocks.9._bn1.running_var",
        "conv_head_bn/gamma": "_bn1.weight",
    }
    found = {variable.path: keras.ops.convert_to_numpy(variable.value) for variable in model.variables}
    for path, key in some.items():
        wanted = arrays[key]
        if wanted.ndim == 4:
            wanted = wanted.transpose((2, 3, 0, 1) if "depthwise" in key else (2, 3, 1, 0))
        assert np.array_equal(found[path], wanted), path
    starts = {key: array.flat[0] for key, array in arrays.items() if array.dtype == np.float32 and "_fc" not in key}
    assert sorted(value.flat[0] for value in found.values()) == sorted(starts.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a.pop("_blocks.5._bn1.running_var"), r"has no _blocks\.5\._bn1\.running_var"),
        (lambda a: a.pop("_conv_head.weight"), r"has no _conv_head\.weight"),
        (lambda a: a.pop("_fc.bias"), r"no _fc\.bias"),
        (lambda a: a.update(more=np.zeros(3, "float32")), "also holds more"),
        (lambda a: a.update({"_bn0.weight": np.zeros(31, "float32")}), r"_bn0\.weight is \(31,\)"),
        (lambda a: a.update({"_conv_stem.weight": np.zeros((32, 1, 3, 3), "float32")}), r"_conv_stem\.weight is"),
        (lambda a: a.update({"_conv_stem.weight": np.zeros((32, 27), "float32")}), r"_conv_stem\.weight is"),
    ],
    ids=["no statistic", "no kernel", "no classifier", "stranger", "vector", "kernel", "flat kernel"],
)
def test_lite_refuses_another_networks_arrays(blank, keys, arrays, change, reason):
    other = dict(arrays)
    change(other)
    before = keras.ops.convert_to_numpy(blank.variables[0])
    with pytest.raises(UserError, match=reason):
        efficientnet_lite._fill(blank, keys, other, "state.pth")
    assert np.array_equal(keras.ops.convert_to_numpy(blank.variables[0]), before)


def test_lite_refuses_another_networks_file(tmp_path):
    with pytest.raises(UserError, match=r"small\.pth is not EfficientNet-Lite0: it also holds a, b, n"):
        efficientnet_lite.features(write_legacy(tmp_path / "small.pth", SMALL))


SMALL = {"a": np.arange(24, dtype="float32").reshape(1, 2, 3, 4), "n": np.array(5), "b": np.ones(3, "float32")}


def test_legacy_files_are_read_as_written(tmp_path):
    read = efficientnet_lite.read_legacy(write_legacy(tmp_path / "small.pth", SMALL))
    assert list(read) == list(SMALL)
    for name, array in SMALL.items():
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], array)


def test_a_pickle_that_names_something_else_is_refused_unrun(tmp_path):
    witness = tmp_path / "witness"
    for module in ("os", "posix", "nt"):
        evil = Call((Name(f"{module} mkdir"), str(witness)))
        path = write_legacy(tmp_path / "evil.pth", SMALL, extra=evil)
        with pytest.raises(UserError, match=f"names {module}.mkdir"):
            efficientnet_lite.read_legacy(path)
    with pytest.raises(UserError, match=r"names torch\._utils\._rebuild_parameter"):
        extra = Call((Name("torch._utils _rebuild_parameter"),))
        efficientnet_lite.read_legacy(write_legacy(tmp_path / "other.pth", SMALL, extra=extra))
    assert not witness.exists()


def test_the_writer_of_these_files_would_make_an_unguarded_reader_run_them(tmp_path):
    witness = tmp_path / "witness"
    path = write_legacy(tmp_path / "evil.pth", {}, extra=Call((Name("os mkdir"), str(witness))))
    with open(path, "rb") as file:
        for _ in range(4):
            pickle.load(file)
    assert witness.is_dir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda content: content[:-1], "cut off"),
        (lambda content: content[: len(content) // 3], "legacy format"),
        (lambda content: content + b"x", "follows after its end"),
        (lambda content: b"PK\3\4" + content, "legacy format"),
        (lambda content: b"", "legacy format"),
        (lambda content: content[:-20] + (1 << 60).to_bytes(8, "little") + content[-12:], "numbers, not 3"),
    ],
    ids=["last byte", "a third", "longer", "zip", "empty", "wild count"],
)
def test_spoilt_legacy_files_are_refused(tmp_path, spoil, reason):
    path = write_legacy(tmp_path / "small.pth", SMALL)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match=reason) as caught:
        efficientnet_lite.read_legacy(path)
    assert "\n" not in str(caught.value)


def test_tensors_stay_within_their_storage(tmp_path):
    with pytest.raises(UserError, match="beyond its storage"):
        efficientnet_lite.read_legacy(write_legacy(tmp_path / "small.pth", SMALL, reach=1))
    with pytest.raises(UserError, match="makes no sense"):
        efficientnet_lite.read_legacy(write_legacy(tmp_path / "small.pth", SMALL, reach=-1))


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        efficientnet_lite.features(tmp_path / "nothing.pth")


LITE = {25: 0.4292, 115: 2.68322, 198: 0.4044, 208: 0.31839, 240: 0.35972, 285: 3.2812, 384: 0.50198, 403: 4.16804}
LITE |= {407: 0.58928, 423: 0.92622, 458: 0.93581, 468: 0.92724, 512: 2.28118, 522: 2.17855, 548: 1.4463, 567: 0.42848}


def test_lite_sees_what_pytorch_sees():
    path = real("efficientnet-lite0")
    with engine.precision_policy("bfloat16"):  # which the features must not follow
        model = efficientnet_lite.features(path)
    seen = look(model, picture(224))
    assert seen.shape == (1, 1280) and seen.dtype == np.float32
    assert seen.min() >= 0
    np.testing.assert_allclose(seen[0, list(LITE)], list(LITE.values()), atol=1e-3)
    assert seen.mean() == pytest.approx(0.158815, abs=1e-4)
    assert seen.argmax() == 71 and seen.max() == pytest.approx(5.5873, abs=1e-3)
    training = keras.ops.convert_to_numpy(model(picture(224), training=True))
    np.testing.assert_allclose(training, seen, atol=1e-4)  # frozen: statistics of the batch play no part


# --- SqueezeNet -------------------------------------------------------------------------------------


def write_h5(path: Path, arrays: dict[str, list[np.ndarray]]) -> Path:
    """A file as Keras 1 wrote them, odd names included."""
    with h5py.File(path, "w") as file:
        for group, pair in arrays.items():
            names = [f"{group.split('/')[-1]}_{end}:0".encode() for end in "Wbxy"[: len(pair)]]
            file.create_group(group).attrs["weight_names"] = names
            for name, array in zip(names, pair, strict=True):
                file[group][name.decode()] = array
        file.create_group("pool1").attrs["weight_names"] = []
    return path


@pytest.fixture(scope="module")
def pairs() -> dict[str, list[np.ndarray]]:
    """Kernel and bias of each convolution, with the classifier's."""
    result = {}
    for number, (key, layer) in enumerate(squeezenet._build(None, "zeros")[2].items()):
        shapes = layer.kernel.shape, layer.bias.shape
        result[key] = [np.full(shape, number + 100 * i, "float32") for i, shape in enumerate(shapes)]
    return result | {"conv10": [np.zeros((1, 1, 512, 1000), "float32"), np.zeros(1000, "float32")]}


def test_squeezenet_has_the_published_parameters_and_places(pairs):
    assert len(pairs) == 26
    model = squeezenet.features(None, layers=range(13), size=224)
    assert model.count_params() == 722_496
    assert model.trainable_variables == []
    sides = [111, 111, 55, 55, 55, 27, 27, 27, 13, 13, 13, 13, 13]
    channels = [64, 64, 64, 128, 128, 128, 256, 256, 256, 384, 384, 512, 512]
    shapes = {place: tuple(output.shape) for place, output in model.output.items()}
    assert shapes == {i: (None, s, s, c) for i, (s, c) in enumerate(zip(sides, channels, strict=True))}


def test_squeezenet_gives_every_convolution_its_own_arrays(pairs, tmp_path):
    random.seed(3)
    before = random.getstate()
    for top in (True, False):
        chosen = {key: pair for key, pair in pairs.items() if top or key != "conv10"}
        model = squeezenet.features(write_h5(tmp_path / f"{top}.h5", chosen), layers=[12])
        found = {variable.path: keras.ops.convert_to_numpy(variable.value) for variable in model.variables}
        assert len(found) == 50
        for key, (kernel, bias) in pairs.items():
            if key != "conv10":
                assert np.array_equal(found[f"{key.replace('/', '_')}/kernel"], kernel)
                assert np.array_equal(found[f"{key.replace('/', '_')}/bias"], bias)
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p.pop("fire5/expand3x3"), "has no fire5/expand3x3 kernel"),
        (lambda p: p.update({"fire10/squeeze1x1": p["fire9/squeeze1x1"]}), "also holds fire10/squeeze1x1"),
        (lambda p: p.update({"conv1": [np.zeros((7, 7, 3, 64), "float32"), p["conv1"][1]]}), "conv1 kernel is"),
        (lambda p: p.update({"conv1": p["conv1"][::-1]}), "conv1 kernel is"),
        (lambda p: p.update({"conv1": p["conv1"][:1]}), "conv1 has 1 arrays"),
    ],
    ids=["missing", "stranger", "shape", "order", "no bias"],
)
def test_squeezenet_refuses_another_networks_file(pairs, tmp_path, change, reason):
    other = dict(pairs)
    change(other)
    with pytest.raises(UserError, match=reason):
        squeezenet.features(write_h5(tmp_path / "state.h5", other), layers=[0])  # also what is not asked for is checked


def test_squeezenet_refuses_what_is_no_h5(tmp_path):
    path = tmp_path / "state.h5"
    path.write_bytes(b"<html>")
    with pytest.raises(UserError, match=r"state\.h5 is not a file of Keras weights") as caught:
        squeezenet.features(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layers", [[], [13], [-1], [3, 99]])
def test_squeezenet_refuses_places_that_do_not_exist(layers):
    with pytest.raises(ValueError, match=r"0\.\.12"):
        squeezenet.features(None, layers=layers)


def test_squeezenet_refuses_pictures_that_are_too_small():
    with pytest.raises(ValueError, match="at least 31"):
        squeezenet.features(None, size=30)
    assert squeezenet.features(None, layers=[12], size=31).output[12].shape == (None, 1, 1, 512)


def test_pictures_become_bgr_around_the_means():
    orange = np.array([[[[255, 128, 0]]]], "uint8")
    seen = keras.ops.convert_to_numpy(squeezenet.preprocess(orange))
    np.testing.assert_allclose(seen[0, 0, 0], [0 - 103.939, 128 - 116.779, 255 - 123.68], atol=1e-4)


MEANS = [2.08195, 27.92713, 36.7241, 69.75266, 52.73026, 94.56114, 77.85074, 34.911, 80.25461, 47.90147, 16.87739]
MEANS += [13.49311, 1.68839]
LAST = {204: 104.9674, 482: 59.2604, 186: 53.2999, 205: 52.6559, 405: 44.4565, 477: 40.3401, 349: 37.051, 79: 27.0082}


def test_squeezenet_sees_what_pytorch_sees():
    model = squeezenet.features(real("squeezenet"), layers=range(13))
    seen = look(model, squeezenet.preprocess(picture(96)))
    assert seen[1].shape == (1, 47, 47, 64) and seen[12].shape == (1, 5, 5, 512)
    np.testing.assert_allclose([seen[i].mean() for i in range(13)], MEANS, rtol=1e-4)
    np.testing.assert_allclose(seen[12].mean(axis=(0, 1, 2))[list(LAST)], list(LAST.values()), rtol=1e-4)
    assert seen[0].min() < 0 and np.array_equal(np.maximum(seen[0], 0), seen[1])
