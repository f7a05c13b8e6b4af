"""Enlarging networks as their own files wire them, with PyTorch's functions: nothing here knows their architecture.

Both interpreters walk the graph in the file, layer by layer; they share no code with `artkeras.networks`. Pictures
are (1, 3, h, w) in the range of the file's network.
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional


def run_tfjs(folder: Path, picture: torch.Tensor) -> torch.Tensor:
    """What a TensorFlow.js "layers-model" makes of a picture."""
    model = json.loads((folder / "model.json").read_text())
    weights = {}
    for group in model["weightsManifest"]:
        content, start = b"".join((folder / path).read_bytes() for path in group["paths"]), 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"]))
            array = np.frombuffer(content, "<f4", count, start).reshape(entry["shape"])
            weights[entry["name"]] = torch.from_numpy(array.copy())
            start += 4 * count
    config = model["modelTopology"]["model_config"]["config"]
    seen = {config["input_layers"][0][0]: picture}
    for layer in config["layers"][1:]:
        name, options = layer["name"], layer["config"]
        given = [seen[source[0]] for source in layer["inbound_nodes"][0]]
        match layer["class_name"]:
            case "Conv2D":
                kernel = weights[f"{name}/kernel"].permute(3, 2, 0, 1)
                seen[name] = functional.conv2d(given[0], kernel, weights[f"{name}/bias"], padding=options["padding"])
                assert options["activation"] == "linear"
            case "Activation":
                assert options["activation"] == "relu"
                seen[name] = functional.relu(given[0])
            case "Concatenate":
                seen[name] = torch.cat(given, dim=1)
            case "MultiplyBeta":
                seen[name] = options["beta"] * given[0]
            case "Add":
                seen[name] = sum(given)
            case "UpSampling2D":
                assert options["interpolation"] == "nearest"
                seen[name] = functional.interpolate(given[0], scale_factor=options["size"][0], mode="nearest")
            case "PixelShuffle4x":  # TensorFlow's order of channels
                n, channels, height, width = given[0].shape
                x = given[0].reshape(n, 4, 4, channels // 16, height, width).permute(0, 3, 4, 1, 5, 2)
                seen[name] = x.reshape(n, channels // 16, 4 * height, 4 * width)
            case other:
                raise AssertionError(other)
    return seen[config["output_layers"][0][0]]


def run_ncnn(param: Path, picture: torch.Tensor) -> torch.Tensor:
    """What a network in ncnn's format makes of a picture."""
    content, place = param.with_suffix(".bin").read_bytes(), 0

    def numbers(count: int, kind: str) -> torch.Tensor:
        nonlocal place
        array = np.frombuffer(content, kind, count, place).astype("float32")
        place += -(-array.size * np.dtype(kind).itemsize // 4) * 4
        return torch.from_numpy(array)

    seen = {"data": picture}
    for line in param.read_text().splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        names, targets = rest[: int(inputs)], rest[int(inputs) : int(inputs) + int(outputs)]
        options = dict(word.split("=") for word in rest[int(inputs) + int(outputs) :])
        given = [seen[name] for name in names]
        match kind:
            case "Input":
                continue
            case "Split":
                made = given * len(targets)
            case "Convolution":
                assert struct.unpack_from("<I", content, place)[0] == 0x01306B47
                place += 4
                kernel = numbers(int(options["6"]), "<f2").reshape(int(options["0"]), given[0].shape[1], 3, 3)
                x = functional.conv2d(given[0], kernel, numbers(int(options["0"]), "<f4"), padding=1)
                made = [functional.leaky_relu(x, float(options["-23310"].split(",")[1])) if "9" in options else x]
            case "PReLU":
                made = [functional.prelu(given[0], numbers(int(options["0"]), "<f4"))]
            case "Concat":
                made = [torch.cat(given, dim=1)]
            case "Eltwise":
                made = [sum(float(c) * x for c, x in zip(options["-23301"].split(",")[1:], given, strict=True))]
            case "BinaryOp":
                made = [given[0] + given[1]]
            case "Interp":
                made = [functional.interpolate(given[0], scale_factor=float(options["1"]), mode="nearest")]
            case "PixelShuffle":
                made = [functional.pixel_shuffle(given[0], int(options["0"]))]
            case other:
                raise AssertionError(other)
        seen |= dict(zip(targets, made, strict=True))
    assert place == len(content)
    return seen["output"]
