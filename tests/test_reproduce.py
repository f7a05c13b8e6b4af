"""`reproduce`: a study's whole chain, stopped and gone on with, and what is skipped."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import training_worker
from training_worker import TINY, CheapFeatures

from artkeras import reproduce as module
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.recipes import RECIPES
from artkeras.reproduce import reproduce
from artkeras.tasks import evaluation
from artkeras.training import callbacks
from artkeras.training import train as training
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")

QUICK = {"size": 16, "width": 2, "batch_size": 8, "epochs": 2, "sample_every": 1}


@pytest.fixture(autouse=True)
def tiny_study(monkeypatch):
    """Two recipes of one study, on 24 placeholders; features cost nothing."""
    training_worker.reuse_models(monkeypatch)
    for name, published in (("tiny/ours", {}), ("tiny/study", {"epochs": "2"})):
        recipe = replace(TINY, name=name, limit=None, laptop=QUICK, published=published)
        monkeypatch.setitem(RECIPES, name, recipe)
    monkeypatch.setattr(evaluation, "Features", CheapFeatures)
    monkeypatch.setattr(training, "Features", CheapFeatures)
    monkeypatch.setattr(module, "HOLDOUT", 0.25)
    monkeypatch.setattr(module, "EVALUATIONS", 1)
    monkeypatch.setattr(module, "EVALUATING", 0.1)
    monkeypatch.setattr(module, "REPORTING", 0.1)
    monkeypatch.setattr(module, "SAVING", 0.5)


def runs():
    return {path: Run(path) for path in Path("reproduced/runs").iterdir()}


def test_the_whole_chain_and_then_nothing_is_left_to_do(capsys):
    assert main(["reproduce", "tiny", "--quick"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("tiny/study, seed 0, width 2: 26 steps, about ")  # published ones come first
    assert said[2].startswith("2 trainings, 2 of them to do")
    for name in ("tiny/study", "tiny/ours"):
        folder = Path("reproduced") / name
        facts = json.loads((folder / "run.json").read_text())
        assert (facts["recipe"]["name"], facts["epochs"]) == (name, 2)
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        assert {line["weights"] for line in lines if line["position"] == "chosen"} == {"trained", "ema"}
        assert {line["n_fake"] for line in lines if line["measure"] == "kid"} == {200}
        assert "| score | as published | averaged weights |" in (folder / "card.md").read_text()
    assert Path("reproduced/tiny/comparison.png").is_file() and Path("reproduced/gallery.png").is_file()
    assert "tiny/study" in Path("reproduced/README.md").read_text()
    before = {path: path.stat().st_mtime_ns for path in Path("reproduced").rglob("*.npz")}
    assert main(["reproduce", "tiny", "--quick"]) == 0
    again = capsys.readouterr().out
    assert "0 of them to do" in again and "run: " not in again
    assert {path: path.stat().st_mtime_ns for path in Path("reproduced").rglob("*.npz")} == before


def test_a_training_that_does_not_fit_stops_in_time_and_goes_on(monkeypatch):
    whole = reproduce(["tiny/study"], quick=True, out="whole", log=training_worker.silent)
    with monkeypatch.context() as patch:
        slow = callbacks.Recorder.on_train_batch_end

        def slowly(self, batch, logs=None):
            time.sleep(0.1)
            return slow(self, batch, logs)

        patch.setattr(callbacks.Recorder, "on_train_batch_end", slowly)
        said = []
        reproduce(["tiny/study"], quick=True, within=2.5, log=said.append)
    assert any(line.startswith("time is up before the end of the training of tiny/study") for line in said)
    (run,) = runs().values()
    assert 0 < len(run.iterations()["step"]) < 26
    (job,) = reproduce(["tiny/study"], quick=True, log=said.append)
    assert any("going on from" in line for line in said)
    assert job.trained and job.run.path == run.path
    assert (run.path / "history.csv").read_text().splitlines()[0] == (
        (whole[0].run.path / "history.csv").read_text().splitlines()[0]
    )
    ours, theirs = (one.load_checkpoint(next(reversed(one.checkpoints())))[0] for one in (job.run, whole[0].run))
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in theirs)


def test_an_evaluation_that_does_not_fit_is_left_for_the_next_time(monkeypatch):
    monkeypatch.setattr(module, "EVALUATING", 1e6)
    said = []
    reproduce(["tiny/study"], quick=True, within=300, log=said.append)
    assert said[-1].startswith("time is up before the evaluation of tiny/study, seed 0")
    (run,) = runs().values()
    assert not (run.path / "metrics.jsonl").exists()
    assert len(run.history()["epoch"]) == 2


def test_the_studys_steps_bind_where_paintings_are_held_out():
    (job,) = reproduce(["tiny/study"], dry_run=True, log=training_worker.silent)
    # 24 paintings x 6 // 8 = 18 steps for 2 epochs; of 18 paintings 13 an epoch, so 3 epochs
    assert (job.recipe.epochs, job.steps) == (3, 39)
    assert not Path("reproduced").exists()


def test_seeds_are_trained_one_after_the_other_and_the_first_is_reported():
    said = []
    jobs = reproduce(["tiny"], seeds=2, width=3, dry_run=True, log=said.append)
    order = [(job.recipe.name, job.recipe.seed) for job in jobs]
    assert order == [("tiny/study", 0), ("tiny/ours", 0), ("tiny/study", 1), ("tiny/ours", 1)]
    assert {job.recipe.width for job in jobs} == {3}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tiny/studdy"], "did you mean tiny/study"),
        (["tiny", "--within", "9"], "'9' is not a time: write 90s, 9m or 2h"),
        (["tiny", "--within", "0m"], "is not a time"),
        (["tiny", "--out", "a.txt"], "a.txt is a file"),
    ],
)
def test_mistakes_are_one_line(arguments, says, capsys):
    Path("a.txt").write_text("")
    try:
        code = main(["reproduce", *arguments])
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2 and says in error and len(error.splitlines()) == 1


def test_too_few_pictures_are_said_before_anything_is_trained(monkeypatch):
    monkeypatch.setitem(RECIPES, "tiny/study", replace(RECIPES["tiny/study"], batch_size=500))
    with pytest.raises(UserError, match="a batch needs 500"):
        reproduce(["tiny/study"])
    assert not Path("reproduced").exists()
