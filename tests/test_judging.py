"""`evaluate`: what is scored against what, and what is written where. The maths is tested in test_metrics."""

import json
from dataclasses import replace

import numpy as np
import pytest
import training_worker

from artkeras import judging, synthetic, training
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.run import Run

TINY = training_worker.TINY


@pytest.fixture(autouse=True)
def cheap_features(monkeypatch, light):
    """Mean colours of a 4 x 4 division instead of a network: what is judged here is the plumbing."""
    seen = []

    def features(pictures):
        seen.append(pictures)
        side = pictures.shape[1] // 4
        return pictures.reshape(len(pictures), 4, side, 4, side, 3).mean((2, 4)).reshape(len(pictures), -1)

    monkeypatch.setattr(judging, "features", features)
    return seen


def names(records):
    return {line["measure"]: line for line in records}


def test_a_run_is_scored_against_its_own_paintings_without_their_copies(trained, cheap_features):
    lines = []
    records = judging.evaluate(trained, count=100, log=lines.append)
    real, fake = cheap_features
    assert real.shape == (12, 16, 16, 3) and fake.shape == (100, 16, 16, 3)  # 12 paintings, not 72 pictures
    np.testing.assert_array_equal(fake, Run(trained).sample(100, seed=1))
    assert names(records)["kid"]["n_real"] == 12 and names(records)["kid"]["n_fake"] == 100
    assert names(records)["kid"]["pictures"] == "procedural stand-in"
    assert any("procedural stand-in" in line for line in lines)


def test_scores_are_appended_to_the_run_a_line_each(trained):
    first = judging.evaluate(trained, count=100, log=training_worker.silent)
    judging.evaluate(trained, count=100, log=training_worker.silent)
    written = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert written == first + first


def test_without_held_out_paintings_no_memorisation_is_claimed(trained):
    lines = []
    records = judging.evaluate(trained, count=100, log=lines.append)
    assert not any("unseen" in name for name in names(records))
    assert any("no memorisation score" in line for line in lines)


def test_held_out_paintings_give_a_memorisation_score(tmp_path):
    recipe = replace(TINY, limit=None, holdout=0.25, epochs=1)
    run = training.train(recipe, out=tmp_path / "runs", log=training_worker.silent)
    found = names(judging.evaluate(run, count=100, log=training_worker.silent))
    assert found["kid"]["n_real"] == 24
    assert found["nearer_than_half_the_unseen"]["n_real"] == 18
    assert found["nearer_than_half_the_unseen"]["held_out"] == 6


def test_copies_of_the_training_paintings_are_called_out():
    pictures = synthetic.colour_field(160, 16, seed=3)
    train, unseen, fresh = pictures[:60], pictures[60:110], pictures[110:]
    score = "nearer_than_half_the_unseen"
    copied = names(judging.judge(np.repeat(train, 2, 0), train, unseen, facts={}))[score]["value"]
    honest = names(judging.judge(np.repeat(fresh, 2, 0), train, unseen, facts={}))[score]["value"]
    assert copied == 1.0
    assert 0.25 < honest < 0.75


def test_worse_pictures_score_worse():
    pictures = synthetic.colour_field(240, 16, seed=4)
    real, same = pictures[:120], pictures[120:]
    noise = np.random.default_rng(0).integers(0, 256, same.shape).astype("uint8")
    good, bad = (names(judging.judge(fake, real, None, facts={})) for fake in (same, noise))
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
        judging.evaluate(trained, data=folder, count=100, log=training_worker.silent)
    assert not (trained / "metrics.jsonl").exists()


def test_a_result_of_the_kit_is_not_scored_against_a_stand_in(trained, tmp_path, monkeypatch, capsys):
    from artkeras.report import report

    report(trained, tmp_path / "results")
    monkeypatch.setattr("artkeras.sampling.results_folder", lambda: tmp_path / "results")
    assert main(["evaluate", "colour_field/model_2", "--count", "100"]) == 2
    assert "no pictures of colour_field" in capsys.readouterr().err


def test_too_few_samples_are_refused(trained, capsys):
    with pytest.raises(UserError, match="at least 100"):
        judging.evaluate(trained, count=99)
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(trained), "--count", "99"])
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
