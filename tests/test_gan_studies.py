"""Studies 2 to 4 and 5c through the front door: each trains, and goes on where it was stopped.

Tiny networks, step by step without compiling, which would take most of the time.
"""

from dataclasses import replace

import numpy as np
import pytest
import training_worker
import watching

from artkeras.engine import BACKEND
from artkeras.losses import SMOOTHED_BCE
from artkeras.recipes import RECIPES, recipe
from artkeras.training import train as training
from artkeras.training.checkpoints import Position

STUDIES = ("abstract", "japanese_art", "artworks")
NAMES = [name for name, one in RECIPES.items() if one.study in STUDIES and one.task == "generation" and one.published]
STEPS = 2


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Nothing that only costs time: 24 placeholders, each model built once, its step not compiled."""
    training_worker.lighten(monkeypatch)
    build = training._model

    def model(*arguments):
        made, precision = build(*arguments)
        made.run_eagerly = BACKEND != "jax"
        return made, precision

    monkeypatch.setattr(training, "_model", model)
    training_worker.reuse_models(monkeypatch)


def tiny(name: str, epochs: int):
    """The laptop's version, smaller yet: two steps an epoch."""
    return replace(recipe(name).quick(), size=16, width=1, batch_size=4, limit=4 * STEPS, epochs=epochs, sample_every=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_quick_run_trains_and_goes_on(name, tmp_path):
    lines = []
    run = training.train(tiny(name, 1), precision="float32", out=tmp_path, log=lines.append)
    assert any("synthetic placeholder" in line for line in lines)
    assert run.synthetic
    run = training.resume(run.path, epochs=2, log=training_worker.silent)
    steps = run.iterations()
    assert list(steps["epoch"]) == [1] * STEPS + [2] * STEPS
    assert np.isfinite([steps["d_loss"], steps["g_loss"]]).all()
    assert list(run.checkpoints())[-1] == Position(2)
    assert run.sample(3).shape == (3, 16, 16, 3)
    # everything has moved but, maybe, a weight that a dead ReLU hides
    (one, _), (two, _) = (run.load_checkpoint(Position(epoch)) for epoch in (1, 2))
    moved = {key.split("/")[0] for key in one if not np.array_equal(one[key], two[key])}
    assert moved == {"generator", "discriminator", "generator_optimizer", "discriminator_optimizer", "model", "ema"}


def test_labels_go_on_being_drawn_where_they_stopped(tmp_path):
    straight = training.train(tiny("japanese_art/v2", 2), precision="float32", out=tmp_path, log=training_worker.silent)
    stopped = training.train(tiny("japanese_art/v2", 1), precision="float32", out=tmp_path, log=training_worker.silent)
    resumed = training.resume(stopped.path, epochs=2, log=training_worker.silent)
    for name in ("d_loss", "g_loss"):
        np.testing.assert_array_equal(straight.iterations()[name], resumed.iterations()[name])


def test_each_picture_gets_a_label_of_its_own_and_the_generator_aims_at_one_of_a_real_picture(monkeypatch):
    model = tiny("japanese_art/v2", 1).build()
    assert model.loss_value == SMOOTHED_BCE
    import keras

    drawn, uniform = [], keras.random.uniform

    def remember(shape, low, high, seed):
        labels = uniform(shape, low, high, seed=seed)
        drawn.append((low, high, watching.number(labels).ravel()))
        return labels

    monkeypatch.setattr(keras.random, "uniform", remember)
    model.step(np.zeros((4, 16, 16, 3), "uint8"))
    assert [(low, high) for low, high, _ in drawn] == [(0.7, 1.0), (0.0, 0.3), (0.7, 1.0)]  # real, fake, fooled
    for low, high, labels in drawn:
        assert len(set(labels.tolist())) == 4
        assert (labels >= low).all() and (labels <= high).all()
