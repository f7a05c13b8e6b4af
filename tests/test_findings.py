"""What the kit found is read as it is written: scores and histories of results, claims with verdicts and runs."""

import json
import re

import numpy as np
import pytest

from artkeras import findings, recipes
from artkeras.errors import UserError


@pytest.fixture
def folder(tmp_path):
    """A folder with one result, judged twice, its KID measured in every second epoch."""
    place = tmp_path / "results" / "colour_field" / "model_1"
    place.mkdir(parents=True)
    facts = {"recipe": {"name": "colour_field/model_1"}, "epochs": 4}
    (place / "run.json").write_text(json.dumps(facts))
    (place / "history.csv").write_text("epoch,d_loss,kid\n1,0.5,\n2,0.4,0.9\n3,0.3,\n4,0.2,0.7\n")
    scores = [("kid", 0.6, 0.02), ("fog", 0.1, None), ("kid", 0.5, 0.01)]
    lines = [json.dumps({"measure": measure, "value": value, "std": std}) + "\n" for measure, value, std in scores]
    (place / "metrics.jsonl").write_text("".join(lines))
    return tmp_path / "results"


def test_a_result_has_its_last_scores_and_what_was_measured_in_some_epochs(folder):
    (result,) = findings.results(folder).values()
    assert (result.name, result.facts["epochs"]) == ("colour_field/model_1", 4)
    assert (result.scores, result.spreads) == ({"kid": 0.5, "fog": 0.1}, {"kid": 0.01})
    assert result.folder == folder / "colour_field" / "model_1"
    epochs, values = result.over_epochs("kid")
    assert (epochs.tolist(), values.tolist()) == ([2, 4], [0.9, 0.7])
    assert [len(column) for column in result.over_epochs("distance_of_samples")] == [0, 0]


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


def test_claims_are_read_with_their_study_and_verdict(tmp_path):
    page = tmp_path / "CLAIMS.md"
    page.write_text(
        "# Claims\n\n## 1. One\n\n| claim | what we measured | runs | verdict |\n|---|---|---|---|\n"
        "| it works | twice | [a](b.md) | **confirmed**, on both |\n\n## 2. Two\n\n"
        "| it does not | nothing | none | not decided: too short |\n"
    )
    one, two = findings.claims(page)
    assert (one.study, one.text, one.measured, one.runs) == ("1. One", "it works", "twice", "[a](b.md)")
    assert (one.verdict, one.why) == ("confirmed", "confirmed, on both")
    assert (two.study, two.verdict) == ("2. Two", "not decided")


def test_a_row_without_a_verdict_is_said(tmp_path):
    page = tmp_path / "CLAIMS.md"
    page.write_text("| it works | twice | none | perhaps |\n")
    with pytest.raises(UserError, match="'it works' is 'perhaps': begin with one of confirmed"):
        findings.claims(page)
    with pytest.raises(UserError, match="is not there"):
        findings.claims(tmp_path / "none.md")


def test_every_claim_of_the_kit_has_what_was_measured_and_points_at_its_runs():
    claims = findings.claims()
    assert len({claim.study for claim in claims}) == 5
    linked = False
    for claim in claims:
        assert claim.measured and claim.runs, claim.text
        linked = bool(re.search(r"\]\([\w/]+\.md\)", claim.runs)) or (linked and claim.runs.startswith("the same"))
        assert linked or claim.verdict == "not decided", claim.text
