"""Traps of Keras 3 that this kit is built around, each shown to be real beside the proof that it is avoided."""

import ast
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import watching

import artkeras
from artkeras.engine import BACKEND, assign, keras
from artkeras.networks.colour_field import discriminator

PACKAGE = Path(artkeras.__file__).parent


def weights_of(network):
    return [watching.number(v.value) for v in network.trainable_variables]


def furthest(before, after):
    """The largest change of any weight."""
    return max(np.abs(a - b).max() for a, b in zip(after, before, strict=True))


# --- the classic recipe -------------------------------------------------------------------------------


def classic(generator, discriminator):
    """How GANs were written in Keras 1 and 2, the authors' way: freeze, then stack and compile.

    There, `trainable` took effect at compilation, so the discriminator, compiled before it was frozen, went on
    learning. Keras 3 reads it at each step.
    """
    discriminator.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), optimizer=keras.optimizers.Adam(2e-4))
    discriminator.trainable = False
    stacked = keras.Sequential([generator, discriminator])
    stacked.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True), optimizer=keras.optimizers.Adam(2e-4))
    return stacked


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch at least refuses: there is nothing to differentiate")
@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
def test_classic_stacked_recipe_leaves_the_discriminator_untrained_without_an_error():
    model = watching.model(norm=(True, False))
    g, d = model.generator, model.discriminator
    trained = d.trainable_variables
    before_d, before_g = [watching.number(v.value) for v in trained], weights_of(g)
    stacked = classic(g, d)
    real = np.random.default_rng(0).uniform(-1, 1, size=(8, 16, 16, 3)).astype("float32")
    for _ in range(3):
        loss = d.train_on_batch(real, np.ones((8, 1)))
        stacked.train_on_batch(np.random.default_rng(1).normal(size=(8, watching.LATENT_DIM)), np.ones((8, 1)))
    assert np.isfinite(loss)  # it even reports a loss
    assert furthest(before_d, [watching.number(v.value) for v in trained]) == 0.0
    assert furthest(before_g, weights_of(g)) > 1e-4  # while the generator learns to please it


def test_our_published_step_trains_the_same_discriminator():
    model = watching.model(norm=(True, False))
    before = weights_of(model.discriminator)
    watching.watch(model, watching.pictures(8))
    assert furthest(before, weights_of(model.discriminator)) > 1e-4


# --- what weight files forget -------------------------------------------------------------------------


def test_weight_files_forget_random_states_and_our_state_does_not(tmp_path):
    network, restored = discriminator(size=16, width=1), discriminator(size=16, width=1)
    dropout = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dropout))
    twin = next(layer for layer in restored.layers if isinstance(layer, keras.layers.Dropout))
    dropout.seed_generator.state.assign(np.array([11, 22]))
    network.save_weights(tmp_path / "network.weights.h5")
    stored = []
    with h5py.File(tmp_path / "network.weights.h5") as file:
        file.visititems(lambda name, item: stored.append(item) if isinstance(item, h5py.Dataset) else None)
    assert len(stored) == len(network.weights) < len(network.variables)
    restored.load_weights(tmp_path / "network.weights.h5")
    assert watching.number(twin.seed_generator.state.value).tolist() != [11, 22]

    one, other = watching.model(seed=1), watching.model(seed=2)
    dropout, twin = (
        next(layer for layer in m.discriminator.layers if isinstance(layer, keras.layers.Dropout)) for m in (one, other)
    )
    dropout.seed_generator.state.assign(np.array([11, 22]))
    one.sample_latents(1)  # moves the latents' state
    assert not np.array_equal(watching.number(one.random.state.value), watching.number(other.random.state.value))
    assign(other.state(), watching.snapshot(one))
    assert watching.number(twin.seed_generator.state.value).tolist() == [11, 22]
    np.testing.assert_array_equal(watching.number(one.random.state.value), watching.number(other.random.state.value))


# --- an optimizer nobody asked for --------------------------------------------------------------------


def test_keras_compiles_an_optimizer_of_its_own_and_ours_has_none():
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    plain.compile()
    assert isinstance(plain.optimizer, keras.optimizers.RMSprop)

    model = watching.model()
    watching.watch(model, watching.pictures(4))
    assert not isinstance(model.optimizer, keras.optimizers.Optimizer)
    owned = [v for o in (model.g_optimizer, model.d_optimizer) for v in o.variables]
    assert {id(v) for v in model.optimizer.variables} == {id(v) for v in owned}
    assert not [v.path for v in model.all_variables() if "rmsprop" in v.path.lower()]


# --- who knows a backend ------------------------------------------------------------------------------

BACKENDS = {"tensorflow", "jax", "torch", "jaxlib", "tf_keras"}
MAY = {"engine.py", "hub.py"}  # the enlarging of pictures runs a network that is only published for TensorFlow


def imported(path):
    """Top-level names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def test_only_the_engine_imports_a_backend():
    modules = sorted(PACKAGE.rglob("*.py"))
    assert len(modules) > 10
    guilty = {
        str(path.relative_to(PACKAGE)): sorted(found)
        for path in modules
        if (found := BACKENDS & set(imported(path))) and path.name not in MAY
    }
    assert guilty == {}
    assert {"tensorflow", "jax", "torch"} <= set(imported(PACKAGE / "engine.py"))


@pytest.mark.parametrize(
    ("what", "heavy"),
    [
        ("import artkeras", {"keras", "numpy", "matplotlib", "PIL"}),
        ("import artkeras, artkeras.__main__; dir(artkeras); artkeras.__main__.parser()", {"keras", "numpy"}),
        ("import artkeras; artkeras.recipe('colour_field/model_2').quick()", {"keras", "matplotlib"}),
    ],
    ids=["package", "command line", "recipe"],
)
def test_importing_is_instant(what, heavy):
    code = f"import sys; {what}; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) & (heavy | BACKENDS)
