"""`evaluate`: what is scored against what, and what is written where. The maths is tested in test_metrics."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_worker
from training_worker import CheapFeatures, checkpoint_often, silent

from artkeras import synthetic
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.tasks import evaluation
from artkeras.training import callbacks
from artkeras.training import train as training
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

TINY = training_worker.TINY
PLAIN = {"features": [CheapFeatures()], "facts": {}}


@pytest.fixture(autouse=True)
def cheap_features(monkeypatch, light):
    """The features of every `evaluate` of a test, oldest first."""
    made = []

    def features(name="lite0"):
        made.append(CheapFeatures(name))
        return made[-1]

    monkeypatch.setattr(evaluation, "Features", features)
    monkeypatch.setattr(training, "Features", features)
    return made


def names(records):
    return {line["measure"]: line for line in records}


def test_a_run_is_scored_against_its_own_paintings_without_their_copies(trained, cheap_features):
    lines = []
    records = evaluation.evaluate(trained, count=100, log=lines.append)
    real, fake = cheap_features[0].seen[:2]
    assert [features.asked for features in cheap_features] == ["lite0", "squeezenet"]
    assert real.shape == (12, 16, 16, 3) and fake.shape == (100, 16, 16, 3)  # 12 paintings, not 72 pictures
    np.testing.assert_array_equal(fake, Run(trained).sample(100, seed=1))
    assert names(records)["kid"]["n_real"] == 12 and names(records)["kid"]["n_fake"] == 100
    assert names(records)["kid"]["pictures"] == "synthetic placeholder"
    assert any("synthetic placeholder" in line for line in lines)


def test_scores_are_appended_to_the_run_a_line_each(trained):
    first = evaluation.evaluate(trained, count=100, log=training_worker.silent)
    evaluation.evaluate(trained, count=100, log=training_worker.silent)
    written = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert written == first + first


def test_without_held_out_paintings_no_memorisation_is_claimed(trained):
    lines = []
    records = evaluation.evaluate(trained, count=100, log=lines.append)
    assert not any("memorization" in name or "held_out" in name for name in names(records))
    assert any("no memorization score" in line for line in lines)


def test_held_out_paintings_give_a_memorisation_score(tmp_path):
    recipe = replace(TINY, limit=None, holdout=0.25, epochs=1)
    run = training.train(recipe, out=tmp_path / "runs", log=training_worker.silent)
    found = names(evaluation.evaluate(run, count=100, log=training_worker.silent))
    assert found["kid"]["n_real"] == 24
    assert found["memorization_p50"]["n_real"] == 18
    assert found["memorization_p50"]["held_out"] == 6


def test_copies_of_the_training_paintings_are_called_out():
    pictures = synthetic.colour_field(160, 16, seed=3)
    train, unseen, fresh = pictures[:60], pictures[60:110], pictures[110:]
    score = "memorization_p50"
    copied, honest = (
        names(evaluation.score_images(np.repeat(fake, 2, 0), train, unseen, **PLAIN))[score]["value"]
        for fake in (train, fresh)
    )
    assert copied == 1.0
    assert 0.25 < honest < 0.75


def test_worse_pictures_score_worse():
    pictures = synthetic.colour_field(240, 16, seed=4)
    real, same = pictures[:120], pictures[120:]
    noise = np.random.default_rng(0).integers(0, 256, same.shape).astype("uint8")
    good, bad = (names(evaluation.score_images(fake, real, None, **PLAIN)) for fake in (same, noise))
    assert abs(good["kid"]["value"]) < 0.1 * bad["kid"]["value"]
    assert good["recall"]["value"] > bad["recall"]["value"] + 0.3
    assert good["spectrum"]["value"] < bad["spectrum"]["value"]


def test_other_pictures_than_the_runs_are_refused(trained, tmp_path):
    from PIL import Image

    folder = tmp_path / "others"
    folder.mkdir()
    for number, picture in enumerate(synthetic.colour_field(14, 16, seed=9)):
        Image.fromarray(picture).save(folder / f"{number}.png")
    with pytest.raises(UserError, match="does not hold the pictures"):
        evaluation.evaluate(trained, data=folder, count=100, log=training_worker.silent)
    assert not (trained / "metrics.jsonl").exists()


def test_a_run_on_placeholders_is_not_judged_by_pictures_that_came_later(trained, tmp_path):
    from PIL import Image

    folder = tmp_path / "data" / "colour_field"
    folder.mkdir(parents=True)
    for number, picture in enumerate(synthetic.colour_field(14, 16, seed=9)):
        Image.fromarray(picture).save(folder / f"{number}.png")
    with pytest.raises(
        UserError, match=r"was trained on synthetic placeholders, and pictures lie in .*colour_field by now"
    ):
        evaluation.evaluate(trained, count=100, log=training_worker.silent)


def test_a_result_of_the_kit_is_not_scored_against_a_placeholder(trained, tmp_path, monkeypatch, capsys):
    from artkeras.reporting.report import report

    report(trained, tmp_path / "results")
    monkeypatch.setattr("artkeras.tasks.results.results_folder", lambda: tmp_path / "results")
    assert main(["evaluate", "colour_field/model_2", "--count", "100"]) == 2
    assert "no pictures of colour_field" in capsys.readouterr().err


def test_too_few_samples_are_refused(trained, capsys):
    with pytest.raises(UserError, match="at least 100"):
        evaluation.evaluate(trained, count=99)
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(trained), "--count", "99"])
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_other_features_are_asked_for_by_name(trained, cheap_features, capsys):
    assert main(["evaluate", str(trained), "--count", "100", "--features", "squeezenet"]) == 0
    assert [features.asked for features in cheap_features] == ["squeezenet", "lite0"]
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(trained), "--features", "vgg"])
    assert stop.value.code == 2
    assert "lite0" in capsys.readouterr().err


# --- during training ------------------------------------------------------------------------------

WATCHED = replace(TINY, limit=None, holdout=0.25, epochs=5, eval_every=2)
COLUMNS = [
    *("composition", "palette", "composition_ema", "palette_ema", "kid", "diversity"),
    *("train_eval_gap_real", "train_eval_gap_fake", "g_gradient"),
]


def train(recipe=WATCHED):
    return training.train(recipe, out="runs", log=silent, precision="float32")


def judged(run):
    return {name: run.history()[name] for name in COLUMNS}


def test_a_watched_training_writes_its_scores_every_few_epochs_and_after_the_last(cheap_features):
    history = train().history()
    assert [*history][-1 - len(COLUMNS) :] == [*COLUMNS, "seconds"]
    for name in COLUMNS:
        assert np.isfinite(history[name]).tolist() == [False, True, False, True, True], name
    held_out, same, *samples = cheap_features[0].seen
    assert held_out.shape == same.shape == (6, 16, 16, 3)  # 6 of 24 paintings
    assert [len(x) for x in samples] == [evaluation.DURING_TRAINING] * 9  # small, averaged and small, large


def test_a_validator_of_a_recipe_without_averages_has_no_columns_of_them():
    history = train(replace(WATCHED, ema=0)).history()
    assert np.isfinite(history["composition"]).tolist() == [False, True, False, True, True]
    assert not [name for name in history if name.endswith("_ema")]


def test_averaged_weights_are_scored_and_the_trained_ones_put_back_bit_for_bit():
    from artkeras.tasks.sampling import open_state

    run = train()
    _, held_out = run.pictures()
    real = held_out.take(range(len(held_out)))
    _, state, _ = run.latest()
    for weights, column in (("trained", "palette"), ("ema", "palette_ema")):
        samples = open_state(run.recipe, state, "", weights).sample(evaluation.DURING_TRAINING, evaluation.SAMPLE_SEED)
        expected = evaluation.metrics.palette_distance(real, samples)
        assert run.history()[column][-1] == pytest.approx(expected, rel=0.02), weights


def test_watching_does_not_change_what_is_trained():
    watched, plain = train(), train(replace(WATCHED, eval_every=0))
    assert (watched.path / "iterations.csv").read_bytes() == (plain.path / "iterations.csv").read_bytes()
    a, b = (run.load_checkpoint(Position(5))[0] for run in (watched, plain))
    assert [name for name in a if a[name].tobytes() != b[name].tobytes()] == []
    assert not {"kid", "g_gradient"} & plain.history().keys()
    assert plain.best() is None


def test_the_best_checkpoint_is_kept_and_sampled(monkeypatch):
    scores = iter(np.repeat([50.0, 20.0, 30.0], 3))  # far above what palettes add; three a validation
    monkeypatch.setattr(evaluation.metrics, "kid", lambda real, fake: SimpleNamespace(mean=next(scores)))
    monkeypatch.setattr(callbacks, "GRID", 4)
    checkpoint_often(monkeypatch)
    run = train()
    position, state = run.best()
    assert position == Position(4)
    assert run.sampler().caption.startswith("colour_field/model_2, epoch 4,")
    assert run.sampler(Position(5)).caption.startswith("colour_field/model_2, epoch 5,")
    there, _ = run.load_checkpoint(Position(4))
    assert all(np.array_equal(state[name], there[name]) for name in there)
    cut = run.path / "checkpoints" / "best.npz"
    cut.write_bytes(cut.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"best\.npz is damaged .* remove it"):
        run.sampler()


def test_a_watched_run_that_was_stopped_ends_like_one_that_never_was(monkeypatch):
    checkpoint_often(monkeypatch)
    whole = train()
    with monkeypatch.context() as patch:
        training_worker.at_step(patch, 3, 4, lambda recorder: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train()
    (path,) = set(Path("runs").iterdir()) - {whole.path}
    assert Run(path).checkpoints().keys() & {Position(3, 4)}
    resumed = training.resume(path, log=silent)
    for name in COLUMNS:
        assert judged(whole)[name].tobytes() == judged(resumed)[name].tobytes(), name
    (here, a), (there, b) = whole.best(), resumed.best()
    assert here == there
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


def test_held_out_paintings_that_cannot_be_judged_by_are_refused_before_training(cheap_features):
    with pytest.raises(UserError, match="one picture held out is too few to evaluate on"):
        train(replace(WATCHED, limit=None, holdout=0.01))
    with pytest.raises(UserError, match="repeat another row"):
        evaluation.check_held_out(np.ones((5, 4)))
    assert not Path("runs").exists()


def test_judging_during_training_needs_held_out_paintings(capsys):
    assert main(["train", "colour_field/model_2", "--quick", "--eval-every", "2"]) == 2
    error = capsys.readouterr().err
    assert "must be held out" in error and len(error.splitlines()) == 1
    assert not Path("runs").exists()
