"""Runs side by side: rows are what differs, lines are seeds, and numbers are those of the runs."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training_worker import STEPS, TINY, silent

from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.reporting import comparison
from artkeras.training import train as training
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")

MIXED = replace(TINY, name="colour_field/mixed", model=TINY.model.but(mixed=True))


def train(recipe):
    return training.train(recipe, out="runs", precision="float32", log=silent)


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def seeds(trained):
    """The tiny run, and it again with another seed."""
    other = Run(shutil.copytree(trained, "runs/again"))
    other.update(recipe=replace(other.recipe, seed=1))
    return Run(trained), other


def test_the_table_has_the_last_value_that_was_measured(seeds):
    for run in seeds:
        (run.path / "history.csv").write_text("epoch,d_loss,kid,seconds\n1,0.5,0.9,1\n2,0.4,,2\n")
    comparison.compare(seeds, "side.png", log=silent)
    assert [(row["epoch"], row["d_loss"], row["kid"]) for row in rows(Path("side.csv"))] == [("2", "0.4", "0.9")] * 2


def test_seeds_share_a_row_and_variants_have_their_own(seeds):
    mixed = train(MIXED)
    lines = []
    out = comparison.compare([*seeds, mixed], "side.png", log=lines.append)
    assert lines == [
        "colour_field/model_2: the first, as it is",
        "colour_field/mixed: model.mixed True (not None)",
    ]
    table = rows(Path("side.csv"))
    assert [(row["variant"], row["seed"]) for row in table] == [
        ("colour_field/model_2", "0"),
        ("colour_field/model_2", "1"),
        ("colour_field/mixed", "0"),
    ]
    assert [row["changed"] for row in table] == ["", "", "model.mixed True (not None)"]
    history = mixed.history()
    assert float(table[2]["d_loss"]) == pytest.approx(history["d_loss"][-1], rel=1e-5)
    assert table[2]["epoch"] == "2"
    assert Image.open(out).width > 600


def test_lines_are_the_numbers_of_the_run(trained):
    lines = comparison._lines(Run(trained))
    steps, values = lines["d_loss"]
    assert steps.tolist() == list(range(1, 2 * STEPS + 1))
    assert values[0] == Run(trained).iterations()["d_loss"][0]  # a running mean of one


def test_what_is_measured_now_and_then_stands_at_its_step(trained):
    path = trained / "history.csv"
    header, one, two = path.read_text().splitlines()
    path.write_text(f"{header},kid\n{one},\n{two},0.25\n")
    steps, values = comparison._lines(Run(trained))["kid"]
    assert (steps.tolist(), values.tolist()) == ([2 * STEPS], [0.25])


def test_a_run_stopped_within_an_epoch_has_its_measures_at_the_ends_of_the_others(trained):
    history, iterations = trained / "history.csv", trained / "iterations.csv"
    header, one, _ = history.read_text().splitlines()
    history.write_text(f"{header},kid\n{one},0.25\n")
    iterations.write_text("".join(iterations.read_text().splitlines(keepends=True)[: 1 + STEPS + 3]))
    steps, _ = comparison._lines(Run(trained))["kid"]
    assert steps.tolist() == [STEPS]


def test_runs_stopped_before_they_were_judged_are_compared_by_the_rest(seeds):
    for run in seeds:
        path = run.path / "history.csv"
        header, *lines = path.read_text().splitlines()
        path.write_text("\n".join([f"{header},kid", *(f"{line}," for line in lines), ""]))
    assert "kid" not in comparison._lines(seeds[0])
    assert comparison.compare(seeds, log=silent).exists()


def test_precision_tells_runs_of_one_recipe_apart(seeds):
    other = seeds[1]
    other.update(environment=other.environment | {"precision": "bfloat16"})
    lines = []
    comparison.compare(seeds, log=lines.append)
    assert lines == [
        "colour_field/model_2 precision float32: the first, as it is",
        "colour_field/model_2 precision bfloat16: precision bfloat16 (not float32)",
    ]


def test_the_second_comparison_replaces_the_first(seeds):
    for _ in range(2):
        comparison.compare(seeds, "side.png", log=silent)
    assert len(rows(Path("side.csv"))) == 2


def test_a_column_of_losses_that_reach_zero_exactly_is_still_drawn(trained):
    run = Run(trained)
    path = trained / "iterations.csv"
    table = rows(path)
    for row in table:
        row["g_loss"] = "0.0"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    figure = comparison._figure({"one": [run], "two": [run]})
    axis = figure.axes[0]
    assert axis.get_yscale() == "linear" and axis.get_ylim()[0] <= 0
    assert np.isfinite(axis.get_ylim()).all()


def test_what_cannot_be_compared_is_one_line(trained, tmp_path, capsys):
    with pytest.raises(UserError, match="at least two"):
        comparison.compare([trained])
    unfinished = Path(shutil.copytree(trained, tmp_path / "unfinished"))
    (unfinished / "history.csv").unlink()
    assert main(["compare", str(trained), str(unfinished)]) == 2
    error = capsys.readouterr().err
    assert "has not finished an epoch" in error and len(error.splitlines()) == 1
    assert main(["compare", str(trained), "nowhere"]) == 2
    assert not Path("compare.png").exists()


def test_two_recipes_on_the_same_folder_of_own_pictures_can_be_compared(seeds):
    def on(run, folder, study):
        facts = {"fingerprint": study, "synthetic": False, "source": folder}
        run.update(
            recipe=replace(run.recipe, study=study),
            environment=run.environment | {"pictures": run.environment["pictures"] | facts},
        )

    on(seeds[0], "mine", "colour_field")
    on(seeds[1], "mine", "abstract")  # which cuts them otherwise
    assert comparison.compare(seeds[:2], log=silent).exists()
    on(seeds[1], "others", "abstract")
    with pytest.raises(
        UserError, match=r"different pictures \(\d+ of mine at \d+ pixels; \d+ of others at \d+ pixels\)"
    ):
        comparison.compare(seeds[:2], log=silent)


def test_runs_of_other_pictures_are_refused(seeds):
    other = seeds[1]
    pictures = other.environment["pictures"] | {"fingerprint": "other", "synthetic": False}
    other.update(environment=other.environment | {"pictures": pictures})
    with pytest.raises(UserError, match="different pictures"):
        comparison.compare(seeds)


def test_compare_on_the_command_line_says_what_it_wrote(seeds, capsys):
    assert main(["compare", *(str(run.path) for run in seeds), "--out", "two.png"]) == 0
    assert "wrote two.png and two.csv" in capsys.readouterr().out
    assert Path("two.png").is_file() and Path("two.csv").is_file()


@pytest.mark.parametrize(
    ("g_loss", "step"),
    [
        ([1] * 20 + [9] * 20, 22),  # the mean of five steps is 2.6 at step 21, 4.2 at step 22
        ([1] * 40, None),
        ([9] * 40, 1),
        ([9] * 30 + [1] * 10, None),
    ],
)
def test_losses_part_where_they_stay_apart(trained, g_loss, step, monkeypatch):
    columns = {"d_loss": np.ones(40), "g_loss": np.array(g_loss, float)}
    monkeypatch.setattr(Run, "iterations", lambda self: columns)
    assert comparison.parting(Run(trained)) == step
