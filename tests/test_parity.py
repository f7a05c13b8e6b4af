"""Studies 3 and 4 were written in PyTorch: from the same numbers, ours does what a plain PyTorch rendering does.

The same initial weights, pictures and latents; 20 steps; thin networks on small pictures, so that it takes seconds.

One difference is bridged for the comparison, see `PyTorchAdam`, since it grows: a change of a millionth makes some ReLU
open a step earlier, and from there on the two trainings are two trainings. What remains is what the first steps show of
the recipe as it is, and that nothing but Adam's rounding differs in any of the twenty.
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
NAMES = ["abstract/lsgan", "abstract/infogan_bce", "japanese_art/v1"]
EVERY = pytest.mark.parametrize("name", NAMES)
STEPS, FIRST, BATCH, SIZE, WIDTH, DOUBLINGS = 20, 5, 16, 32, 8, 3
MOVES = {"g": STEPS, "d": 3 * STEPS}  # of batch-norm statistics: the discriminator sees real, fake, and fake again


class PyTorchAdam(keras.optimizers.Adam):
    """Adam in PyTorch's order of sums: epsilon joins the root of the *corrected* second moment.

    Keras adds it before correcting, which makes it 32 times as large at the first step, and takes 1 - 0.999^t in float32,
    where six of its digits are lost.
    """

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        first, second = self._momentums[index], self._velocities[index]
        step = keras.ops.cast(self.iterations + 1, "float32")
        corrections = [-keras.ops.expm1(step * math.log(beta)) for beta in (self.beta_1, self.beta_2)]
        self.assign_add(first, (gradient - first) * (1 - self.beta_1))
        self.assign_add(second, (keras.ops.square(gradient) - second) * (1 - self.beta_2))
        root = keras.ops.sqrt(second / corrections[1]) + self.epsilon
        self.assign_sub(variable, learning_rate / corrections[0] * first / root)


def number(x) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(x), copy=True)


def weighted(network) -> list:
    """The layers that have weights, in order."""
    return [layer for layer in network.layers if layer.weights]


def theirs_of(layer) -> list[np.ndarray]:
    """A layer's trainable weights as PyTorch has them: its order, its layout."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [number(layer.gamma), number(layer.beta)]
    kernel = number(layer.kernel)
    if isinstance(layer, keras.layers.Dense):
        # we flatten 4 x 4 pixels as height, width, channels, PyTorch as channels, height, width
        kernel = kernel.reshape(4, 4, -1, kernel.shape[-1]).transpose(3, 2, 0, 1).reshape(kernel.shape[-1], -1)
    else:  # from height, width, in, out to out, in, height, width; transposed ones have in and out swapped in both
        kernel = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
    return [kernel, number(layer.bias)] if layer.use_bias else [kernel]


def parameters(network) -> list[np.ndarray]:
    return [values for layer in weighted(network) for values in theirs_of(layer)]


def gradients_of_light(count: int, random) -> np.ndarray:
    """(count, side, side, 3) uint8: two colours, a soft edge between them."""
    slope = np.linspace(-1, 1, SIZE)[:, None, None] * np.ones((1, SIZE, 1))
    share = np.clip(0.5 + 2 * (slope + random.uniform(-1, 1, (count, 1, 1, 1))), 0, 1)
    one, other = random.uniform(0, 255, (2, count, 1, 1, 3))
    return (one + share * (other - one)).round().astype("uint8")


def turns(model, pictures, latents) -> list[dict[str, float]]:
    """Take steps on given pictures and latents, and give the logs of each."""
    logs = []
    for batch, drawn in zip(pictures, latents):
        model.draw = lambda count, drawn=drawn: keras.ops.convert_to_tensor(drawn[:count])
        logs.append({name: float(value) for name, value in model.step(batch).items()})
    return logs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Recipe -> `losses` of each of our steps, `as_it_is` those of the first ones with Keras' own Adam, `players` after
    the last step, `before` their parameters at the start; `theirs` is what `torch_studies.train` gives."""
    if importlib.util.find_spec("torch") is None:
        missing = "torch is not installed: pip install -e .[torch]"
        if "torch" in os.environ.get("ARTKERAS_REQUIRE", ""):
            pytest.fail(f"{missing} (ARTKERAS_REQUIRE asks for it)")
        pytest.skip(missing)
    folder, random = tmp_path_factory.mktemp("parity"), np.random.default_rng(3)
    pictures = gradients_of_light(STEPS * BATCH, random).reshape(STEPS, BATCH, SIZE, SIZE, 3)
    found, given = {}, {}
    for name in NAMES:
        small = replace(recipe(name), size=SIZE, width=WIDTH, batch_size=BATCH)
        latent_dim = 100 if name.startswith("japanese") else 128
        latents = random.normal(size=(STEPS, BATCH, latent_dim)).astype("float32")
        as_it_is = turns(small.build(), pictures[:FIRST], latents)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.optimizers, "Adam", PyTorchAdam)
            model = small.build()
        players = {"g": model.generator, "d": model.discriminator}
        before = {f"{key}/{i}": v for key in players for i, v in enumerate(parameters(players[key]))}
        shape = np.array([latent_dim, WIDTH, DOUBLINGS])
        numbers = {"shape": shape, "pictures": pictures, "latents": latents, **before}
        given |= {f"{name} {key}": value for key, value in numbers.items()}
        losses = turns(model, pictures, latents)
        found[name] = SimpleNamespace(losses=losses, as_it_is=as_it_is, before=before, players=players)
        found[name].optimizers={'g':model.g_optimizer,'d':model.d_optimizer}
    np.savez(folder / "given.npz", **given)
    done = subprocess.run([sys.executable, WORKER, folder], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    with np.load(folder / "theirs.npz") as file:
        for name in NAMES:
            found[name].theirs = {k.partition(" ")[2]: file[k] for k in file.files if k.startswith(f"{name} ")}
    return found


@EVERY
@pytest.mark.parametrize("loss", ["d_loss", "g_loss"])
def test_twenty_steps_give_the_same_losses(trained, name, loss):
    study = trained[name]
    theirs = study.theirs[loss]
    assert len(theirs) == STEPS
    assert np.ptp(theirs) > 0.1  # they go somewhere
    print(name, loss, np.abs(np.array([s[loss] for s in study.losses])-theirs).max(), np.abs(np.array([s[loss] for s in study.as_it_is])-theirs[:FIRST]))
    np.testing.assert_allclose([step[loss] for step in study.losses], theirs, atol=1e-3, rtol=0)
    np.testing.assert_allclose([step[loss] for step in study.as_it_is], theirs[:FIRST], atol=1e-3, rtol=0)


@EVERY
@pytest.mark.parametrize("player", MOVES)
def test_weights_and_batch_norm_statistics_after_them_are_the_same(trained, name, player):
    study = trained[name]
    theirs = {key: value for key, value in study.theirs.items() if key.startswith(f"{player}/")}
    modules = dict.fromkeys(key.rpartition(".")[0] for key in theirs)  # in order
    learning_rate = float(study.optimizers[player].learning_rate)
    biased = False
    for layer, module in zip(weighted(study.players[player]), modules, strict=True):
        if not isinstance(layer, keras.layers.BatchNormalization):
            ours = theirs_of(layer)[0]
            print(name, player, module, np.abs(ours- theirs[f"{module}.weight"]).max())
            biased = layer.use_bias
            continue
        # PyTorch keeps the unbiased variance, Keras the other one. Both start at 1.
        pixels, kept = BATCH * math.prod(layer.input.shape[1:3]), 0.9 ** MOVES[player]
        variance = kept + (number(layer.moving_variance) - kept) * pixels / (pixels - 1)
        print(name, player, module, np.abs(variance/theirs[f"{module}.running_var"]-1).max(), np.abs(number(layer.moving_mean)-theirs[f"{module}.running_mean"]).max(), biased)


@EVERY
def test_weights_start_as_theirs_do(trained, name):
    study = trained[name]
    for key, values in study.before.items():
        print(name, key, values.shape, values.std(), study.theirs[f"start/{key}"])
