"""Averaged weights: what they are, that they change nothing, and that they are kept, resumed and opened again."""

from dataclasses import replace

import numpy as np
import pytest
from training_worker import TINY, silent

import artkeras
from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.reporting.report import report
from artkeras.tasks import evaluation
from artkeras.training import train as training
from artkeras.training.checkpoints import Position

PLAIN, AVERAGED = replace(TINY, ema=0), replace(TINY, ema=100)
pytestmark = pytest.mark.usefixtures("light")


def train(recipe, out="runs"):
    return training.train(recipe, precision="float32", out=out, log=silent)


def test_an_average_moves_by_the_half_life():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.layers[0].kernel.assign([[0.0]])
    average = engine.Average({"g": network}, 10)
    average.seen.assign(10_000)  # the ramp is over
    network.layers[0].kernel.assign([[8.0]])
    for expected in (4.0, 6.0, 7.0):  # each 10 images halve the distance
        average.update(10)
        np.testing.assert_allclose(average.state()["ema/g/000"], [[expected]], rtol=1e-6)


def test_the_first_weights_are_soon_forgotten():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.layers[0].kernel.assign([[0.0]])
    average = engine.Average({"g": network}, 10_000)
    network.layers[0].kernel.assign([[1.0]])
    average.update(64)  # the half-life is a twentieth of 64 images: 64 images are 20 of them
    np.testing.assert_allclose(average.state()["ema/g/000"], [[1 - 0.5**20]], rtol=1e-6)


def test_moving_statistics_are_averaged_too():
    model = AVERAGED.build()
    kept = [name for name in model.state() if name.startswith("ema/generator/")]
    assert len(kept) == len(model.networks["generator"].variables)


def test_training_with_averages_is_the_training_without():
    with_them, without = train(AVERAGED), train(PLAIN)
    assert (with_them.path / "iterations.csv").read_bytes() == (without.path / "iterations.csv").read_bytes()
    ours, theirs = (run.load_checkpoint(Position(2))[0] for run in (with_them, without))
    assert [name for name in theirs if ours[name].tobytes() != theirs[name].tobytes()] == []
    assert any(name.startswith("ema/") for name in ours) and not any(name.startswith("ema/") for name in theirs)
    assert ours["ema/images_seen"] == 2 * 9 * 8


def test_averages_go_on_as_if_never_stopped():
    one = train(AVERAGED)
    other = train(replace(AVERAGED, epochs=1), out="others")
    training.resume(other, epochs=2, log=silent)
    ours, theirs = (run.load_checkpoint(Position(2))[0] for run in (one, other))
    averages = [name for name in ours if name.startswith("ema/")]
    assert averages and all(ours[name].tobytes() == theirs[name].tobytes() for name in averages)


def test_both_weights_can_be_opened_from_a_run_and_from_its_report(monkeypatch, tmp_path):
    run = train(AVERAGED)
    folder = report(run, tmp_path / "results")
    monkeypatch.setattr("artkeras.tasks.results.results_folder", lambda: tmp_path / "results")
    for what in (run.path, TINY.name):
        trained, averaged = artkeras.load(what), artkeras.load(what, "ema")
        assert not np.array_equal(trained.sample(4), averaged.sample(4))
        assert averaged.caption == f"{trained.caption}, averaged weights"
    state, _ = run.load_checkpoint(Position(2))
    found = artkeras.load(run.path, "ema").networks["generator"].variables
    assert all(np.array_equal(v, state[f"ema/generator/{i:03d}"]) for i, v in enumerate(found))
    card = (folder / "card.md").read_text()
    assert card.index("](grid.png)") < card.index("](grid_ema.png)")
    assert "half-life 100 images" in card
    assert (folder / "grid_ema.png").read_bytes() != (folder / "grid.png").read_bytes()


def test_a_card_has_both_rows_of_scores(monkeypatch, tmp_path):
    from training_worker import CheapFeatures

    monkeypatch.setattr(evaluation, "Features", CheapFeatures)
    run = train(AVERAGED)
    for weights in ("trained", "ema"):
        records = evaluation.evaluate(run, count=100, weights=weights, log=silent)
        assert {record["weights"] for record in records} == {weights}
    card = (report(run, tmp_path / "results") / "card.md").read_text()
    assert "| score | as published | averaged weights |" in card
    assert "| recall, colours | " in card


def test_no_averages_where_none_were_kept():
    run = train(PLAIN)
    with pytest.raises(UserError, match="trained without averaged weights"):
        run.sampler(weights="ema")
    with pytest.raises(UserError, match="choose one of trained, ema"):
        run.sampler(weights="mean")


def test_a_half_life_is_not_negative():
    with pytest.raises(UserError, match="ema must be a half-life"):
        replace(TINY, ema=-1).check()
