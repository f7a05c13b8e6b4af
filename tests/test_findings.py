"""What the kit found is read as it is written: scores and histories of results."""

import json

import numpy as np
import pytest

from artkeras import recipes
from artkeras.errors import UserError
from artkeras.reporting import findings


@pytest.fixture
def folder(tmp_path):
    """A folder with one result, judged twice, its KID measured in every second epoch."""
    place = tmp_path / "results" / "colour_field" / "model_1"
    place.mkdir(parents=True)
    facts = {"recipe": {"name": "colour_field/model_1"}, "epochs": 4}
    (place / "run.json").write_text(json.dumps(facts))
    (place / "history.csv").write_text("epoch,d_loss,kid\n1,0.5,\n2,0.4,0.9\n3,0.3,\n4,0.2,0.7\n")
    scores = [("kid", 0.6, 0.02), ("blur", 0.1, None), ("kid", 0.5, 0.01)]
    lines = [json.dumps({"measure": measure, "value": value, "std": std}) + "\n" for measure, value, std in scores]
    (place / "metrics.jsonl").write_text("".join(lines))
    return tmp_path / "results"


def test_a_result_has_its_last_scores_and_what_was_measured_in_some_epochs(folder):
    (result,) = findings.results(folder).values()
    assert (result.name, result.facts["epochs"]) == ("colour_field/model_1", 4)
    assert (result.scores, result.spreads) == ({"kid": 0.5, "blur": 0.1}, {"kid": 0.01})
    assert result.folder == folder / "colour_field" / "model_1"
    epochs, values = result.over_epochs("kid")
    assert (epochs.tolist(), values.tolist()) == ([2, 4], [0.9, 0.7])
    assert [len(column) for column in result.over_epochs("diversity")] == [0, 0]


def test_a_result_that_nobody_judged_has_no_scores(folder):
    next(folder.rglob("metrics.jsonl")).unlink()
    assert findings.results(folder)["colour_field/model_1"].scores == {}


def test_a_folder_without_results_is_said(tmp_path):
    with pytest.raises(UserError, match="has no results: make some with"):
        findings.results(tmp_path)


@pytest.mark.parametrize("file", ["run.json", "metrics.jsonl", "history.csv"])
def test_a_damaged_result_is_said(folder, file):
    path = next(folder.rglob(file))
    path.write_text("epoch\nnone\n")
    with pytest.raises(UserError, match=r"the result in .*model_1 cannot be read \(.*\): report its run again"):
        findings.results(folder)


def test_the_committed_results_are_of_known_recipes_and_scored():
    found = findings.results()
    assert len(found) >= 11 and found.keys() <= recipes.RECIPES.keys()
    for name, result in found.items():
        assert np.isfinite(result.scores["kid"]), name
        assert len(result.history["epoch"]) >= result.facts["epochs"], name
