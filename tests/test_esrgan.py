"""Enlarging networks and the files their weights come in: made-up ones of the right and of the wrong kind, then real.

Reference numbers come from `upscaling_torch.py`, which walks the graph in a network's own file with PyTorch's
functions; pictures from the npm packages of the weights, each with what TensorFlow.js made of it.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from test_pretrained import HOME, picture, real

from artkeras import engine
from artkeras.errors import UserError
from artkeras.networks import esrgan, realesrgan
from artkeras.pretrained import table, weights


def torch():
    return pytest.importorskip("torch")


def seen(network, pictures) -> np.ndarray:
    return engine.inference(network)(pictures)


def variables(network) -> dict[str, np.ndarray]:
    return {v.path: keras.ops.convert_to_numpy(v.value) for v in network.variables}


# --- TensorFlow.js ----------------------------------------------------------------------------------


def write_tfjs(folder: Path, arrays: dict[str, np.ndarray], files: int = 2, layers: list | None = None) -> Path:
    """A model of TensorFlow.js: its list, its numbers cut into so many files, its graph if one is given."""
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(array.astype("<f4").tobytes() for array in arrays.values())
    names = [f"group1-shard{i + 1}of{files}.bin" for i in range(files)]
    cuts = [len(content) * i // files for i in range(files + 1)]
    for name, start, end in zip(names, cuts, cuts[1:], strict=False):
        (folder / name).write_bytes(content[start:end])
    listed = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in arrays.items()]
    model = {"format": "layers-model", "weightsManifest": [{"paths": names, "weights": listed}]}
    if layers:
        config = {"layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["SR", 0, 0]]}
        model["modelTopology"] = {"model_config": {"config": config}}
    (folder / "model.json").write_text(json.dumps(model))
    return folder


def rrdn_arrays(scale: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """What a file for the smallest RRDN with two of everything holds; random, growth 2 and width 3."""
    shapes = {"Pre_blocks_conv": (3, 3), "post_blocks_conv": (3, 3), "PreShuffle": (3, 3 * scale**2), "SR": (3, 3)}
    for block in (1, 2):
        for unit in (1, 2):
            shapes |= {f"F_{block}_{unit}_{i}": (3 + 2 * (i - 1), 2) for i in (1, 2)}
            shapes[f"LFF_{block}_{unit}"] = (7, 3)
    random, arrays = np.random.default_rng(seed), {}
    for name, (before, after) in sorted(shapes.items()):
        arrays[f"{name}/kernel"] = random.normal(0, 0.2, (3, 3, before, after)).astype("float32")
        arrays[f"{name}/bias"] = random.normal(0, 0.1, after).astype("float32")
    return arrays


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    return write_tfjs(tmp_path_factory.mktemp("tfjs"), rrdn_arrays())


def test_every_convolution_gets_its_own_arrays_and_the_file_decides_the_sizes(small):
    network = esrgan.from_folder(small)
    assert network.name == "rrdn" and network.trainable_variables == []
    assert variables(network) == {name: pytest.approx(array) for name, array in rrdn_arrays().items()}
    assert network.compute_output_shape((1, 5, 7, 3)) == (1, 20, 28, 3)
    assert seen(network, picture(8)[:, :5]).shape == (1, 20, 32, 3)


def test_another_scale(tmp_path):
    network = esrgan.from_folder(write_tfjs(tmp_path, rrdn_arrays(scale=2)))
    assert seen(network, picture(6)).shape == (1, 12, 12, 3)


def test_depth_to_space_puts_channels_where_tensorflow_does():
    x = np.arange(2 * 3 * 12, dtype="float32").reshape(1, 2, 3, 12)
    made = keras.ops.convert_to_numpy(esrgan.DepthToSpace(2)(x))
    assert made.shape == (1, 4, 6, 3)
    for row, column, colour in np.ndindex(4, 6, 3):
        channel = (row % 2 * 2 + column % 2) * 3 + colour
        assert made[0, row, column, colour] == x[0, row // 2, column // 2, channel]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a.pop("LFF_2_1/bias"), r"has no LFF_2_1/bias"),
        (lambda a: a.pop("F_2_2_2/kernel"), "not an RRDN"),
        (lambda a: a.update({"more/kernel": np.zeros(3)}), "also holds more/kernel"),
        (lambda a: a.update({"SR/kernel": np.zeros((3, 3, 3, 4))}), r"SR/kernel is \(3, 3, 3, 4\)"),
        (lambda a: a.update({"F_99999_1_1/kernel": np.zeros((3, 3, 3, 2))}), "not an RRDN"),
        (lambda a: [a.pop(name) for name in list(a) if name.startswith("F_")], "not an RRDN"),
    ],
    ids=["no bias", "no kernel", "stranger", "shape", "wild number", "no units"],
)
def test_another_networks_arrays_are_refused(tmp_path, change, reason):
    arrays = rrdn_arrays()
    change(arrays)
    with pytest.raises(UserError, match=reason):
        esrgan.from_folder(write_tfjs(tmp_path, arrays))


def _listed(folder: Path, change) -> None:
    model = json.loads((folder / "model.json").read_text())
    change(model["weightsManifest"][0])
    (folder / "model.json").write_text(json.dumps(model))


def _append(folder: Path, content: bytes) -> None:
    with open(folder / "group1-shard2of2.bin", "ab") as file:
        file.write(content)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda f: (f / "group1-shard2of2.bin").unlink(), "cannot read .*shard2of2"),
        (lambda f: (f / "model.json").write_text("not JSON"), "does not hold"),
        (lambda f: (f / "model.json").write_text("[]"), "does not hold"),
        (lambda f: _append(f, b"1234"), "4 bytes follow"),
        (lambda f: (f / "group1-shard1of2.bin").write_bytes(b""), "cut off"),
        (lambda f: _listed(f, lambda g: g["weights"][3].update(dtype="uint8")), "not stored as float32"),
        (lambda f: _listed(f, lambda g: g["weights"][3].update(quantization={})), "not stored as float32"),
        (lambda f: _listed(f, lambda g: g["weights"].append(g["weights"][0])), "twice"),
        *(
            (lambda f, path=path: _listed(f, lambda g: g["paths"].append(path)), reason)
            for path, reason in (
                ("../elsewhere.bin", "elsewhere"),
                ("/etc/hostname", "elsewhere"),
                ("below/it.bin", "elsewhere"),
                ("..", "elsewhere|cannot read"),
                (".", "elsewhere|cannot read"),
                ("", "elsewhere|cannot read"),
                ("a\0b", "does not hold"),
                (7, "does not hold"),
                (["x"], "does not hold"),
            )
        ),
        (lambda f: (f / "model.json").write_text("[" * 100_000), "does not hold"),
    ],
)
def test_spoilt_tfjs_folders_are_refused_in_one_line(tmp_path, spoil, reason):
    folder = write_tfjs(tmp_path, rrdn_arrays())
    spoil(folder)
    with pytest.raises(UserError, match=reason) as caught:
        esrgan.read_tfjs(folder)
    assert "\n" not in str(caught.value)


# --- ncnn -------------------------------------------------------------------------------------------


def write_ncnn(param: Path, layers: list[str], seed: int = 0, half: bool = True) -> Path:
    """A network of ncnn, with random numbers for its layers."""
    random, content = np.random.default_rng(seed), b""
    for line in layers:
        kind, options = line.split()[0], dict(word.split("=") for word in line.split() if "=" in word)
        if kind == "Convolution":
            numbers = random.normal(0, 0.3, int(options["6"])).astype("<f2" if half else "<f4").tobytes()
            numbers += bytes(-len(numbers) % 4)
            content += (0x01306B47 if half else 0).to_bytes(4, "little") + numbers
        if kind in ("Convolution", "PReLU"):
            content += random.normal(0, 0.3, int(options["0"])).astype("<f4").tobytes()
    param.write_text("\n".join(["7767517", f"{len(layers)} 99", *layers, ""]))
    param.with_suffix(".bin").write_bytes(content)
    return param


LEAKY = "9=2 -23310=1,2.000000e-01"


def _conv(name: str, source: str, before: int, after: int, leaky: bool = False) -> str:
    line = f"Convolution {name} 1 1 {source} {name} 0={after} 1=3 4=1 5=1 6={9 * before * after}"
    return f"{line} {LEAKY}" if leaky else line


def chain() -> list[str]:
    """Of an SRVGG with one convolution between the first and the last, width 2."""
    return [
        "Input in 0 1 data",
        "Split s 1 2 data s0 s1",
        _conv("c0", "s1", 3, 2),
        "PReLU p0 1 1 c0 p0 0=2",
        _conv("c1", "p0", 2, 2),
        "PReLU p1 1 1 c1 p1 0=2",
        _conv("c2", "p1", 2, 48),
        "PixelShuffle up 1 1 c2 up 0=4",
        "Interp near 1 1 s0 near 0=1 1=4.000000e+00 2=4.000000e+00",
        "BinaryOp sum 2 1 up near output",
    ]


def blocks() -> list[str]:
    """Of an RRDBNet with one block, width 2, growth 3."""
    lines, x = ["Input in 0 1 data", _conv("first", "data", 3, 2)], "first"
    added = "0=1 -23301=2,2.000000e-01,1.000000e+00"
    for unit in range(3):
        parts = [x]
        for i in range(4):
            source = f"cat{unit}{i}" if i else x
            if i:
                lines.append(f"Concat {source} {len(parts)} 1 {' '.join(parts)} {source}")
            lines.append(_conv(f"c{unit}{i}", source, 2 + 3 * i, 3, leaky=True))
            parts.append(f"c{unit}{i}")
        lines.append(f"Concat all{unit} 5 1 {' '.join(parts)} all{unit}")
        lines.append(_conv(f"c{unit}4", f"all{unit}", 14, 2))
        lines.append(f"Eltwise unit{unit} 2 1 c{unit}4 {x} unit{unit} {added}")
        x = f"unit{unit}"
    lines += [f"Eltwise block 2 1 {x} first block {added}", _conv("last", "block", 2, 2)]
    lines += ["BinaryOp trunk 2 1 first last trunk", "Interp i1 1 1 trunk i1 0=1 1=2.0 2=2.0"]
    lines += [_conv("u1", "i1", 2, 2, leaky=True), "Interp i2 1 1 u1 i2 0=1 1=2.0 2=2.0"]
    return [*lines, _conv("u2", "i2", 2, 2, leaky=True), _conv("h", "u2", 2, 2, leaky=True), _conv("output", "h", 2, 3)]


@pytest.fixture(scope="module")
def ncnn(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("ncnn")
    return {
        "srvgg": write_ncnn(folder / "chain.param", chain()),
        "rrdbnet": write_ncnn(folder / "blocks.param", blocks()),
    }


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["srvgg", "rrdbnet"])
def test_small_ncnn_networks_make_what_their_graphs_say(ncnn, kind):
    torch()
    from upscaling_torch import run_ncnn

    network = realesrgan.from_file(ncnn[kind])
    assert network.name == kind and network.trainable_variables == []
    pictures = picture(12)[:, :9]
    wanted = _rendered(lambda x: run_ncnn(ncnn[kind], x), pictures, 1)
    np.testing.assert_allclose(seen(network, pictures), wanted, atol=2e-3, rtol=1e-5)


@pytest.mark.torch
def test_a_small_tfjs_network_makes_what_its_graph_says(tmp_path):
    torch()
    from upscaling_torch import run_tfjs

    layers, x = [{"name": "in", "class_name": "InputLayer"}], "Pre_blocks_conv"

    def add(kind: str, name: str, *sources: str, **options) -> str:
        nodes = [[[source, 0, 0, {}] for source in sources]]
        layers.append({"name": name, "class_name": kind, "config": options, "inbound_nodes": nodes})
        return name

    linear = {"padding": "same", "activation": "linear"}
    add("Conv2D", x, "in", **linear)
    for block in (1, 2):
        before = x
        for unit in (1, 2):
            dense = x
            for i in (1, 2):
                name = add("Conv2D", f"F_{block}_{unit}_{i}", dense, **linear)
                dense = add(
                    "Concatenate", f"{name}_cat", dense, add("Activation", f"{name}_r", name, activation="relu")
                )
            share = add("MultiplyBeta", f"{dense}_b", add("Conv2D", f"LFF_{block}_{unit}", dense, **linear), beta=0.2)
            x = add("Add", f"unit_{block}_{unit}", x, share)
        x = add("Add", f"block_{block}", before, add("MultiplyBeta", f"{x}_b", x, beta=0.2))
    x = add("Add", "global", add("Conv2D", "post_blocks_conv", x, **linear), "Pre_blocks_conv")
    x = add("PixelShuffle4x", "shuffled", add("Conv2D", "PreShuffle", x, **linear))
    add("Conv2D", "SR", x, **linear)
    folder = write_tfjs(tmp_path, rrdn_arrays(), layers=layers)
    pictures = picture(12)[:, :9]
    wanted = _rendered(lambda x: run_tfjs(folder, x), pictures, 1)
    np.testing.assert_allclose(seen(esrgan.from_folder(folder), pictures), wanted, atol=2e-3, rtol=1e-5)


def _rendered(run, pictures: np.ndarray, top: float) -> np.ndarray:
    t = torch()
    with t.no_grad():
        made = run(t.from_numpy(pictures * (top / 255)).permute(0, 3, 1, 2))
    return made.permute(0, 2, 3, 1).numpy() * (255 / top)


def test_both_parts_of_an_rrdbnet_make_the_whole(ncnn):
    network = realesrgan.from_file(ncnn["rrdbnet"])
    trunk, head = realesrgan.halves(network)
    np.testing.assert_array_equal(seen(head, seen(trunk, picture(9))), seen(network, picture(9)))


def test_numbers_may_be_stored_as_float32(tmp_path):
    layers = realesrgan.read_ncnn(write_ncnn(tmp_path / "c.param", chain(), half=False))
    kernel, bias = layers[2][1]
    assert kernel.shape == (3, 3, 3, 2) and bias.shape == (2,) and kernel.dtype == np.float32
    first = np.random.default_rng(0).normal(0, 0.3, 54).astype("float32")
    np.testing.assert_array_equal(kernel.transpose(3, 2, 0, 1).ravel(), first)


def _lines(change):
    """Changes the lines of the `.param`."""

    def spoil(param: Path) -> None:
        head, count, *lines = param.read_text().splitlines()
        lines = change(lines)
        param.write_text("\n".join([head, count.replace(count.split()[0], str(len(lines)), 1), *lines]))

    return spoil


def _swap(old: str, new: str):
    return _lines(lambda lines: [line.replace(old, new) for line in lines])


def _bin(change):
    def spoil(param: Path) -> None:
        path = param.with_suffix(".bin")
        path.write_bytes(change(path.read_bytes()))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_bin(lambda content: content[:-1]), "cut off"),
        (_bin(lambda content: content + b"more"), "4 bytes follow"),
        (_bin(lambda content: b"XXXX" + content[4:]), "stored in a way"),
        (lambda param: param.with_suffix(".bin").unlink(), "cannot read"),
        (lambda param: param.write_text("7767517\n"), "begins otherwise"),
        (lambda param: param.write_bytes(b"\xff\xfe" * 9), "not a network"),
        (lambda param: param.write_text(param.read_text() + "Input more 0 1 more\n"), "lists 11 layers, not 10"),
        (_swap("PReLU", "Sigmoid"), "of the kind 'Sigmoid'"),
        (_swap("up 0=4", "up 0=2"), "up has the option 0=2"),
        (_swap("6=54", "6=53"), "c0 has 53 numbers"),
        (_swap("4=1", "4=0"), "c0 has the option 4=0"),
        (_swap("5=1", "5=1 3=2"), "c0 has the option 3=2"),
        (_lines(lambda lines: [*lines[:8], *lines[9:]]), "layer sum is BinaryOp, not Interp"),
        (_swap("c2 0=48 1=3 4=1 5=1 6=864", "c2 0=24 1=3 4=1 5=1 6=432"), "bytes follow"),
    ],
    ids="short long flag bin brief binary count kind shuffle size padding stride order narrow".split(),
)
def test_spoilt_ncnn_files_are_refused_in_one_line(tmp_path, spoil, reason):
    param = write_ncnn(tmp_path / "c.param", chain())
    spoil(param)
    with pytest.raises(UserError, match=reason) as caught:
        realesrgan.from_file(param)
    assert "\n" not in str(caught.value)


def test_other_weights_of_the_residual_are_refused(tmp_path):
    other = [line.replace("=2,2.0", "=2,3.0") for line in blocks()]
    with pytest.raises(UserError, match="unit0 has the option -23301=2,3"):
        realesrgan.from_file(write_ncnn(tmp_path / "b.param", other))


def test_a_network_that_is_too_short_is_refused(tmp_path):
    with pytest.raises(UserError, match="too few convolutions"):
        realesrgan.from_file(write_ncnn(tmp_path / "b.param", blocks()[:2]))


# --- the real ones ----------------------------------------------------------------------------------

# The picture in the packages' `assets`, and what they show to have been made of it by TensorFlow.js.
SAMPLES = {
    "thick": (
        esrgan.rrdn,
        7_260_740,
        (41529, "9c42004f3493b1520d7fcaa908f63bf1e34eb1206ff49ee71724c67fc5ce8294"),
        (459790, "1b92a6874ce10c56314d0d6ba76e83b83dc8398382eadce319c7bc9a932d1022"),
    ),
    "slim": (
        esrgan.rdn,
        233_451,
        (41529, "9c42004f3493b1520d7fcaa908f63bf1e34eb1206ff49ee71724c67fc5ce8294"),
        (328173, "1394bfb1b9f1c007f99cee8797425dd3076dbbe09981feed0af2029345c888ac"),
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_packages_own_sample(name, monkeypatch):
    build, parameters, before, after = SAMPLES[name]
    parts = table.Part("fixture.png", *before), table.Part("samples/4x/result.png", *after)
    source = table.Source("npm", "package/assets/", f"@upscalerjs/esrgan-{name}@1.0.0")
    sample = table.Entry("sample", "MIT", "tests", parts, (source,))
    monkeypatch.setitem(weights.WEIGHTS, f"{name}-sample", sample)
    folder = real(f"{name}-sample")
    real(f"esrgan-{name}")
    monkeypatch.setenv("ARTKERAS_HOME", str(HOME))
    network = build()
    assert network.count_params() == parameters
    given, wanted = (np.asarray(Image.open(folder / part.file).convert("RGB")).astype("float32") for part in parts)
    assert given.shape == (128, 128, 3) and wanted.shape == (512, 512, 3)
    made = np.rint(np.clip(seen(network, given[None, :80, :80]), 0, 255))[0]  # a corner: it sees little of the rest
    apart = np.abs(made - wanted[:320, :320])[: 4 * 64, : 4 * 64]
    assert apart.max() <= 1 and apart.mean() < 1e-3


# name: builder, parameters, means of the colours, four pixels
RENDERED = {
    "realesrgan-animevideov3": (
        realesrgan.srvgg,
        621_424,
        [122.7932, 130.4746, 204.741],
        [154.034, 228.246, 35.156, 215.153],
    ),
    "realesrgan-x4plus": (
        realesrgan.rrdbnet,
        16_697_987,
        [124.1294, 129.0159, 198.581],
        [163.749, 249.339, 42.776, 227.493],
    ),
}


@pytest.mark.parametrize("name", ["realesrgan-animevideov3", pytest.param("realesrgan-x4plus", marks=pytest.mark.slow)])
def test_real_esrgan_makes_what_pytorch_makes_of_its_graph(name, monkeypatch):
    real(name)
    monkeypatch.setenv("ARTKERAS_HOME", str(HOME))
    build, parameters, means, pixels = RENDERED[name]
    network = build()
    assert network.count_params() == parameters
    made = seen(network, picture(24)[:, :, :20])
    assert made.shape == (1, 96, 80, 3)
    np.testing.assert_allclose(made.mean(axis=(0, 1, 2)), means, atol=0.01)
    places = ((0, 0, 0), (40, 33, 1), (95, 79, 2), (50, 10, 0))
    np.testing.assert_allclose([made[0][place] for place in places], pixels, atol=0.01)
