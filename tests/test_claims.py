"""Claims come from one table, their numbers from stored tables, and a verdict needs runs that allow it."""

import csv
import json
import shutil
from dataclasses import replace

import pytest

from artkeras.errors import UserError
from artkeras.reporting import claims
from artkeras.reporting.claims import Evidence, Value
from artkeras.reporting.report import table
from artkeras.tasks.results import results_folder

TABLE = """
[[claim]]
id = "one"
study = "1. One"
claim = "it works"
measured = "KID 0.50, 0.25, accuracy 91 %, at first 1,234.5"
verdict = "confirmed"
note = "on both seeds"
unstored = ["1,234.5"]
runs = [{ path = "a/card.md", shown = "a", size = 64, width = [32, 128], steps = [1216, 6450], seeds = 3 }]
values = [
    { shown = "0.50, 0.25", source = "a/comparison.csv", where = { variant = "x" }, column = "kid" },
    { shown = "91", scale = 100, source = "a/h.csv", column = ["d_fake", "d_real"], epochs = [2, 3], reduce = "mean" },
]

[[claim]]
id = "two"
study = "2. Two"
claim = "it does not"
measured = "nothing"
verdict = "not decided"
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of results with two claims and the tables that they quote."""
    place = tmp_path / "a"
    place.mkdir()
    (place / "card.md").write_text("# a\n")
    (place / "comparison.csv").write_text("variant,seed,kid\nx,0,0.499\ny,0,0.7\nx,1,0.2513\n")
    (place / "h.csv").write_text("epoch,d_fake,d_real,kid\n1,0.1,0.3,\n2,0.9,0.88,0.61\n3,0.92,0.94,\n")
    lines = [("kid", 0.4, "trained"), ("kid", 0.31, "trained"), ("kid", 0.2, "ema")]
    rows = [json.dumps({"measure": measure, "value": value, "weights": weights}) for measure, value, weights in lines]
    (place / "metrics.jsonl").write_text("\n".join([json.dumps({"measure": "blur", "value": 0.125}), *rows]) + "\n")
    (tmp_path / claims.TABLE).write_text(TABLE)
    return tmp_path


# --- the table ----------------------------------------------------------------------------------------------


def test_claims_are_read_in_order_with_runs_and_values(folder):
    one, two = claims.read(folder / claims.TABLE)
    assert (one.id, one.study, one.claim) == ("one", "1. One", "it works")
    assert (one.verdict, one.note) == ("confirmed", "on both seeds")
    assert one.runs == (Evidence("a/card.md", "a", 64, (32, 128), (1216, 6450), (), 3),)
    assert one.values[1].column == ("d_fake", "d_real")
    assert (two.runs, two.values, two.unstored, two.note) == ((), (), (), "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('verdict = "confirmed"', 'verdict = "perhaps"', "the verdict on 'one' is 'perhaps': give one of confirmed"),
        ('id = "two"', 'id = "one"', "has two claims of one id: one"),
        ('note = "on both seeds"', 'remark = "on both seeds"', "the claim 'one' has a wrong or a missing key .*remark"),
        ('measured = "nothing"\n', "", "the claim 'two' has a wrong or a missing key .*measured"),
        ("[[claim]]", "[[claim]", "is not a table of claims"),
        ("[[claim]]", "[[other]]", "is not a table of claims"),
    ],
)
def test_a_table_that_is_wrong_is_said(folder, old, new, message):
    path = folder / claims.TABLE
    path.write_text(TABLE.replace(old, new))
    with pytest.raises(UserError, match=message):
        claims.read(path)


def test_a_table_that_is_absent_is_said(tmp_path):
    with pytest.raises(UserError, match="is not there"):
        claims.read(tmp_path / claims.TABLE)


def test_the_page_has_a_table_a_study_with_links_scales_and_verdicts(folder):
    text = claims.write(folder).read_text("utf-8")
    first, second = text.split("\n## ")[1:]
    scale = "[a](a/card.md): 64 px, width 32 of 128, 1,216 of 6,450 steps, 3 seeds"
    measured = "KID 0.50, 0.25, accuracy 91 %, at first 1,234.5 (no table is kept of 1,234.5)"
    assert f"| it works | {measured} | {scale} | **confirmed**: on both seeds |" in first.splitlines()
    assert "| it does not | nothing | none | **not decided** |" in second.splitlines()


def test_the_table_of_results_brings_the_page_up_to_date_and_links_to_it(folder):
    for name in ("run.json", "history.csv", "metrics.jsonl"):
        shutil.copy(results_folder() / "colour_field" / "model_1" / name, folder / name)
    assert "(CLAIMS.md)" in table(folder).read_text("utf-8")
    assert (folder / claims.PAGE).read_text("utf-8") == claims.page(claims.read(folder / claims.TABLE))
    (folder / claims.TABLE).unlink()
    assert "CLAIMS.md" not in table(folder).read_text("utf-8")


def test_a_wrong_table_leaves_the_page_as_it_was(folder):
    before = claims.write(folder).read_text("utf-8")
    (folder / claims.TABLE).write_text("[[claim]]\n")
    with pytest.raises(UserError):
        claims.write(folder)
    assert (folder / claims.PAGE).read_text("utf-8") == before


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Value("0.3", "a/metrics.jsonl", measure="kid"), "0.3"),  # the last one of the trained weights
        (Value("0.30", "a/metrics.jsonl", measure="kid"), "0.31"),
        (Value("0.20", "a/metrics.jsonl", measure="kid", weights="ema"), "0.20"),
        (Value("12", "a/metrics.jsonl", measure="blur", scale=100), "12"),
        (Value("0.50, 0.3", "a/comparison.csv", column="kid", where={"variant": "x"}), "0.50, 0.3"),
        (Value("20, 89, 93", "a/h.csv", column=("d_fake", "d_real"), scale=100), "20, 89, 93"),
        (Value("0.61", "a/h.csv", column="kid"), "0.61"),  # measured in one epoch
        (Value("0.1", "a/h.csv", column="d_fake", reduce="first"), "0.1"),
        (Value("0.92", "a/h.csv", column="d_fake", reduce="last"), "0.92"),
        (Value("0.90", "a/h.csv", column="d_fake", epochs=(1, 2), reduce="max"), "0.90"),
        (Value("0.90", "a/h.csv", column="d_fake", epochs=(2, 3), reduce="min"), "0.90"),
        (Value("0.64", "a/h.csv", column="d_fake", reduce="mean"), "0.64"),
        (Value("1,000", "a/h.csv", column="d_fake", reduce="first", scale=10_000), "1,000"),
    ],
)
def test_a_number_is_read_again_from_its_table(folder, value, stored):
    assert value.stored(folder) == stored


@pytest.mark.parametrize(
    "value",
    [
        Value("0.3", "b/metrics.jsonl", measure="kid"),
        Value("0.3", "a/metrics.jsonl", measure="recall"),
        Value("0.3", "a/h.csv", column="recall"),
        Value("0.3", "a/h.csv", column="kid", epochs=(7, 9), reduce="max"),
        Value("0.3", "a/h.csv", column="kid", epochs=(7, 9), reduce="last"),
        Value("0.3", "a/comparison.csv", column="kid"),  # three rows
    ],
)
def test_a_number_that_no_table_has_is_said(folder, value):
    with pytest.raises(UserError, match=value.source):
        value.stored(folder)


def test_numbers_that_nobody_stands_for_are_found(folder):
    claim = claims.read(folder / claims.TABLE)[0]
    assert claim.unchecked == []
    assert replace(claim, unstored=()).unchecked == ["1,234.5"]
    assert replace(claim, values=claim.values[:1]).unchecked == ["91"]
    assert replace(claim, measured="width 16, step 200, v1, 0.7.1").unchecked == []


@pytest.mark.parametrize(
    ("shown", "said"),
    [("0.50, 0.25", True), ("0.25", True), ("91", True), ("0.5", False), ("25", False), ("234.5", False)],
)
def test_a_number_is_said_as_a_whole(folder, shown, said):
    claim = claims.read(folder / claims.TABLE)[0]
    assert claim.says(shown) is said


# --- the committed claims -----------------------------------------------------------------------------------

COMMITTED = claims.read()
EACH = pytest.mark.parametrize("claim", COMMITTED, ids=[claim.id for claim in COMMITTED])


def test_the_committed_page_is_what_its_table_gives():
    assert (results_folder() / claims.PAGE).read_text("utf-8") == claims.page(COMMITTED)
    assert len({claim.study for claim in COMMITTED}) == 5


@EACH
def test_the_numbers_of_a_claim_are_those_of_the_stored_tables(claim):
    folder = results_folder()
    assert [value.stored(folder) for value in claim.values] == [value.shown for value in claim.values]
    assert [value.shown for value in claim.values if not claim.says(value.shown)] == []
    assert claim.unchecked == []


@EACH
def test_a_verdict_rests_on_runs_that_allow_it(claim):
    full = [run for run in claim.runs if run.long_enough]
    if claim.verdict == "refuted":
        assert any(run.wide_enough and run.seeds >= 3 for run in full)
    if claim.verdict == "not reproduced":
        assert full
        assert claim.note
    if claim.verdict == "confirmed":
        assert claim.runs and (full or claim.note)
    if not claim.runs:
        assert claim.verdict == "not decided"


@EACH
def test_the_scale_of_runs_is_that_of_their_own_files(claim):
    for run in claim.runs:
        card = results_folder() / run.path
        assert card.is_file()
        facts, table = card.with_name("run.json"), card.with_name("comparison.csv")
        if facts.is_file():
            found = json.loads(facts.read_text("utf-8"))
            recipe, steps = found["recipe"], found["pictures"]["pictures"] // found["recipe"]["batch_size"]
            assert (run.size, run.width[0], run.seeds) == (recipe["size"], recipe["width"], 1)
            assert run.steps or run.epochs
            assert run.epochs[:1] in ((), (found["epochs"],))
            assert run.steps[:1] in ((), (found["epochs"] * steps,))
        elif table.is_file():
            with table.open(encoding="utf-8", newline="") as file:
                assert run.seeds == len({row.get("seed") for row in csv.DictReader(file)})
