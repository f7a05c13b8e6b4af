"""JAX and PyTorch do what TensorFlow does, and do not need it.

Each runs once, in a process of its own, see `backend_worker.py`.

A backend that is not installed is skipped, unless the environment variable ARTKERAS_REQUIRE names it.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import modern_worker
import numpy as np
import pytest
import style_worker
import translating
import watching

from artkeras.engine import keras

WORKER = Path(__file__).with_name("backend_worker.py")
KINDS = ["CombinedGAN", "GAN"]


def work(folder, environment):
    return subprocess.run(
        [sys.executable, WORKER, folder], env=environment, cwd=folder, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(
    scope="module", params=[pytest.param("jax", marks=pytest.mark.jax), pytest.param("torch", marks=pytest.mark.torch)]
)
def worker(request, tmp_path_factory):
    """Facts and folder of the worker's run on one backend."""
    backend = request.param
    if importlib.util.find_spec(backend) is None:
        missing = f"{backend} is not installed: pip install -e .[{backend}]"
        if backend in os.environ.get("ARTKERAS_REQUIRE", ""):
            pytest.fail(f"{missing} (ARTKERAS_REQUIRE asks for it)")
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp(backend)
    (folder / "absent").mkdir()
    # neither backend needs TensorFlow, and its start-up would take longest of all
    (folder / "absent" / "tensorflow.py").write_text("raise ModuleNotFoundError(\"No module named 'tensorflow'\")\n")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "ARTKERAS_HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(folder / "absent"), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
        # the nets are tiny and compiling takes nearly all the time: these make it four times as fast
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
    }
    environment.pop("ARTKERAS_DATA", None)
    done = work(folder, environment)
    if done.returncode and "Unknown flag" in done.stderr:  # another JAX
        done = work(folder, {**environment, "XLA_FLAGS": ""})
    assert done.returncode == 0, done.stderr[-4000:]
    facts = json.loads((folder / "facts.json").read_text())
    assert facts["backend"] == backend
    return SimpleNamespace(folder=folder, **facts)


@pytest.fixture(scope="module")
def here():
    """The two steps without chance on the backend of this process: kind -> (logs of each step, state after)."""
    results = {}
    for kind in KINDS:
        model = watching.model_without_chance(kind)
        batches = np.split(watching.pictures(16), 2)
        logs = [watching.watch(model, batch).logs for batch in batches]
        results[kind] = (logs, watching.snapshot(model))
    assert keras.backend.floatx() == "float32"
    return results


def test_published_step_moves_discriminator_twice_then_generator_alone(worker):
    assert worker.who_moved == watching.published_turns((True, True), 8)


@pytest.mark.parametrize("kind", KINDS)
def test_two_steps_from_the_same_numbers_agree(worker, here, kind):
    logs, state = here[kind]
    assert len(worker.logs[kind]) == 2
    for theirs, ours in zip(worker.logs[kind], logs, strict=True):
        assert theirs == pytest.approx(ours, rel=1e-4, abs=1e-4)
    with np.load(worker.folder / f"state-{kind}.npz") as stored:
        assert set(stored.files) == set(state)
        for name, value in state.items():
            if value.shape and not np.issubdtype(value.dtype, np.integer):  # all but counters and random states
                np.testing.assert_allclose(stored[name], value, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.fixture(scope="module")
def translators_here():
    """Two steps of tiny translators on the backend of this process: kind -> (logs, sums of weights after)."""
    return {recipe.name.split("/")[1]: translating.two_steps(recipe) for recipe in translating.TINY}


@pytest.mark.parametrize("kind", ["cyclegan", "pix2pix"])
def test_two_steps_of_a_translator_from_the_same_numbers_agree(worker, translators_here, kind):
    logs, after = translators_here[kind]
    their_logs, their_after = worker.translators[kind]
    for theirs, ours in zip(their_logs, logs, strict=True):
        assert theirs == pytest.approx(ours, rel=1e-4, abs=1e-4)
    for name, sums in after.items():
        assert their_after[name] == pytest.approx(sums, rel=1e-4, abs=1e-4), name


def test_a_step_from_a_restored_state_is_repeated_exactly(worker):
    first, again = worker.trained["repeated"]
    assert first == again  # dropout included


def test_style_transfer_paints_the_same_picture(worker):
    losses, styled = style_worker.steps()
    assert len(losses) == 3
    for theirs, ours in zip(worker.style["losses"], losses, strict=True):
        assert theirs == pytest.approx(ours, rel=1e-3)
    assert np.abs(np.array(worker.style["picture"]) - styled.astype(int)).max() <= 1


def test_noise_and_mirrors_of_a_vae_are_repeated_from_a_restored_state(worker):
    first, again = worker.coded
    assert first == again
    assert first["loss"] == pytest.approx(first["reconstruction_loss"] + first["kl_loss"], rel=1e-5)


def test_cross_entropy_of_a_sure_discriminator_is_not_clipped(worker):
    expected = [np.logaddexp(0, score) - label * score for score in (-80.0, -20.0, 20.0, 80.0) for label in (1, 0)]
    assert worker.sure_losses == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_training_moves_everything_and_writes_a_checkpoint(worker):
    trained = worker.trained
    assert trained["moved"] == [
        "averaged weights",
        "discriminator dropout seed",
        "discriminator optimizer",
        "discriminator weights",
        "generator optimizer",
        "generator statistics",
        "generator weights",
        "latents seed",
    ]
    assert [len(losses) for losses in trained["losses"]] == [9, 9]
    assert np.isfinite(trained["losses"]).all()
    assert trained["checkpoints"] == ["epoch-0001.npz"]
    assert trained["backend"] in ("jax", "torch")
    assert trained["pictures"] == [4, 16, 16, 3]


def test_averaged_weights_change_no_bit_of_the_training(worker):
    assert worker.trained["changed_by_averaging"] == []


def test_penalties_and_flow_agree(worker):
    """Losses, R1, R2 and all gradients, those of second order among them, from the same numbers."""
    here = modern_worker.measured()
    for name, value in worker.modern.items():
        np.testing.assert_allclose(value, here[name], rtol=2e-3, atol=1e-5, err_msg=name)
    assert here["r1"] > 1e-3


def test_the_modern_gan_takes_its_step(worker):
    study = worker.other_studies["modern/gan"]
    assert np.isfinite(study["losses"]).all()
    moved = {kind.removeprefix("some ") for kind in study["moved"]}
    assert {"averaged weights", "discriminator weights", "generator weights", "latents seed"} <= moved


@pytest.mark.parametrize("name", ["abstract/lsgan", "japanese_art/v2"])
def test_other_studies_take_their_step(worker, name):
    study = worker.other_studies[name]
    assert np.isfinite(study["losses"]).all()
    # some: a weight behind a ReLU that nothing opens, in networks so thin
    assert {kind.removeprefix("some ") for kind in study["moved"]} == {
        "averaged weights",
        "discriminator optimizer",
        "discriminator statistics",
        "discriminator weights",
        "generator optimizer",
        "generator statistics",
        "generator weights",
        "latents seed",
    }
