"""Studies 3 and 4 were written in PyTorch: from the same numbers, ours does what a plain PyTorch rendering does.

The same weights, pictures and latents; 20 steps; thin networks on small pictures, so that it takes seconds.

Each step is compared by itself, from the state that ours has come to. Let run from the first state on, the losses of
PyTorch and of PyTorch with initial weights changed by a few units in the last place lie 0.01 apart after 20 steps: some
ReLU opens a step earlier, and it is another training. Ours may not be further from PyTorch than PyTorch from itself.
"""

import importlib.util
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from artkeras.engine import keras
from artkeras.recipes import recipe

pytestmark = pytest.mark.torch

WORKER = Path(__file__).with_name("torch_studies.py")
NAMES = ["abstract/lsgan", "japanese_art/v1"]
EVERY = pytest.mark.parametrize("name", NAMES)
STEPS, BATCH, SIZE, WIDTH, DOUBLINGS = 20, 16, 32, 8, 3
MOVES = {"g": 1, "d": 3}  # of batch-norm statistics in a step: the discriminator sees real, fake, and fake again


def number(x) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(x), copy=True)


def norms(network) -> list:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]


def as_theirs(values: np.ndarray) -> np.ndarray:
    """A weight in PyTorch's layout."""
    if values.ndim == 4:  # height, width, in, out; transposed convolutions have in and out swapped in both
        return np.ascontiguousarray(values.transpose(3, 2, 0, 1))
    if values.ndim == 2:  # we flatten 4 x 4 pixels as height, width, channels, PyTorch as channels, height, width
        return values.reshape(4, 4, -1, values.shape[-1]).transpose(3, 2, 0, 1).reshape(values.shape[-1], -1)
    return values


def state(model) -> dict[str, np.ndarray]:
    """Parameters, their moments in Adam and batch-norm statistics, named and laid out as in `torch_studies.train`."""
    found = {}
    for key, (name, player) in zip("gd", model.networks.items(), strict=True):
        optimizer = model.optimizers[name]
        slots = zip(player.trainable_variables, optimizer._momentums, optimizer._velocities, strict=True)
        for i, variables in enumerate(slots):
            for suffix, variable in zip(("", " first", " second"), variables, strict=True):
                found[f"{key}/{i}{suffix}"] = as_theirs(number(variable))
        for i, layer in enumerate(norms(player)):
            found[f"{key}/norm {i} mean"] = number(layer.moving_mean)
            found[f"{key}/norm {i} variance"] = number(layer.moving_variance)
    return found


def gradients_of_light(count: int, random) -> np.ndarray:
    """(count, side, side, 3) uint8: two colours, a soft edge between them."""
    slope = np.linspace(-1, 1, SIZE)[:, None, None] * np.ones((1, SIZE, 1))
    share = np.clip(0.5 + 2 * (slope + random.uniform(-1, 1, (count, 1, 1, 1))), 0, 1)
    one, other = random.uniform(0, 255, (2, count, 1, 1, 3))
    return (one + share * (other - one)).round().astype("uint8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Recipe -> our `model`, its `losses` (steps, 2), its states by name (steps + 1, ...); `theirs` of the worker."""
    if importlib.util.find_spec("torch") is None:
        missing = "torch is not installed: pip install -e .[torch]"
        if "torch" in os.environ.get("ARTKERAS_REQUIRE", ""):
            pytest.fail(f"{missing} (ARTKERAS_REQUIRE asks for it)")
        pytest.skip(missing)
    folder, random = tmp_path_factory.mktemp("parity"), np.random.default_rng(3)
    pictures = gradients_of_light(STEPS * BATCH, random).reshape(STEPS, BATCH, SIZE, SIZE, 3)
    found, given = {}, {}
    for name in NAMES:
        model = replace(recipe(name), size=SIZE, width=WIDTH, batch_size=BATCH).build()
        latent_dim = model.generator.input_shape[-1]
        latents = random.normal(size=(STEPS, BATCH, latent_dim)).astype("float32")
        losses, states = [], [state(model)]
        for batch, drawn in zip(pictures, latents):
            model.sample_latents = lambda count, drawn=drawn: keras.ops.convert_to_tensor(drawn[:count])
            logs = model.step(batch)
            losses.append([float(logs["d_loss"]), float(logs["g_loss"])])
            states.append(state(model))
        states = {key: np.stack([state[key] for state in states]) for key in states[0]}
        numbers = {"shape": np.array([latent_dim, WIDTH, DOUBLINGS]), "pictures": pictures, "latents": latents}
        given |= {f"{name} {key}": value for key, value in (numbers | states).items()}
        found[name] = SimpleNamespace(model=model, losses=np.array(losses), states=states)
    np.savez(folder / "given.npz", **given)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # the networks are tiny
    done = subprocess.run(
        [sys.executable, WORKER, folder], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    with np.load(folder / "theirs.npz") as file:
        for name in NAMES:
            found[name].theirs = {k.partition(" ")[2]: file[k] for k in file.files if k.startswith(f"{name} ")}
    return found


@EVERY
def test_each_step_gives_the_same_losses(trained, name):
    study = trained[name]
    assert study.losses.shape == study.theirs["one by one"].shape == (STEPS, 2)
    assert (np.ptp(study.losses, axis=0) > 0.1).all()  # they do go somewhere
    np.testing.assert_allclose(study.losses, study.theirs["one by one"], atol=1e-4, rtol=0)


@EVERY
def test_steps_in_a_row_part_no_further_than_pytorch_from_itself(trained, name):
    study = trained[name]
    usual, *others = study.theirs["in a row"]
    from_itself = np.maximum.accumulate(np.abs(others - usual).max(axis=(0, 2)))
    from_ours = np.abs(study.losses - usual).max(axis=1)
    assert from_ours[:5].max() < 1e-3
    assert (from_ours < 1e-3 + 3 * from_itself).all()


def before_norm(player) -> set[int]:
    """Which trainable variables are biases that batch normalisation takes away again."""
    followed = [layer for layer, after in zip(player.layers, player.layers[1:]) if after in norms(player)]
    biases = {id(layer.bias) for layer in followed if layer.use_bias}
    return {i for i, variable in enumerate(player.trainable_variables) if id(variable) in biases}


@EVERY
def test_each_step_moves_the_weights_alike(trained, name):
    study = trained[name]
    compared = 0
    for key, player in zip("gd", study.model.networks.values(), strict=True):
        learning_rate = float(study.model.g_optimizer.learning_rate)
        for i in range(len(player.trainable_variables)):
            if i in before_norm(player):  # its gradient is nothing but rounding, which Adam makes whole steps of
                continue
            off = np.abs(study.states[f"{key}/{i}"][1:] - study.theirs[f"{key}/{i}"])
            # Where a gradient is as small as epsilon, Keras' Adam, which adds it elsewhere, takes another step.
            assert off.mean() < 1e-3 * learning_rate, f"{key}/{i}"
            assert off.max() < learning_rate, f"{key}/{i}"
            compared += 1
    assert compared == {"abstract/lsgan": 21, "japanese_art/v1": 18}[name]


@EVERY
def test_each_step_moves_the_batch_norm_statistics_alike(trained, name):
    study = trained[name]
    for key, player in zip("gd", study.model.networks.values(), strict=True):
        kept = 0.9 ** MOVES[key]
        assert norms(player)
        for i, layer in enumerate(norms(player)):
            pixels = BATCH * math.prod(layer.input.shape[1:3])
            # PyTorch averages the unbiased variance, Keras the other one.
            for kind, factor, tolerance in (("mean", 1, 5e-5), ("variance", pixels / (pixels - 1), 2e-6)):
                ours, theirs = study.states[f"{key}/norm {i} {kind}"], study.theirs[f"{key}/norm {i} {kind}"]
                added = factor * (ours[1:] - kept * ours[:-1])
                np.testing.assert_allclose(added, theirs - kept * ours[:-1], atol=tolerance, rtol=0)


@EVERY
def test_weights_start_as_pytorch_draws_them(trained, name):
    study, compared = trained[name], 0
    for key, values in study.states.items():
        if key.rpartition("/")[2].isdigit():
            draws = 3 / math.sqrt(values[0].size)  # how far the spread of so few numbers may be off
            assert values[0].std() == pytest.approx(study.theirs[f"start {key}"], rel=draws, abs=1e-6), key
            compared += 1
    assert compared == sum(len(player.trainable_variables) for player in study.model.networks.values())
