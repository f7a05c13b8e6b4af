"""Sampling and reports: the same pictures for the same seed, and cards that say what was done."""

import json
import shlex
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from training_worker import TINY

import artkeras
from artkeras.__main__ import parser
from artkeras.errors import UserError
from artkeras.recipes import RECIPES
from artkeras.reporting.report import command, duration, gallery, report, table
from artkeras.reporting.run_view import findings_of
from artkeras.tasks import results as results_module
from artkeras.tasks import sampling
from artkeras.training import callbacks
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")


def message(call, *arguments, **options) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def sampler(trained_once):
    """The generator of a finished run; nothing changes it."""
    return Run(trained_once).sampler()


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder in place of the results that come with the kit."""
    folder = tmp_path / "results"
    monkeypatch.setattr(results_module, "results_folder", lambda: folder)
    return folder


# ----------------------------------------------------------------------------------------- pictures


def test_the_same_seed_draws_the_same_pictures_and_another_draws_others(sampler):
    first = sampler.sample(5, seed=3)
    assert first.shape == (5, 16, 16, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(sampler.sample(5, seed=3), first)
    assert (sampler.sample(5, seed=4) != first).any()
    assert all((first[i] != first[j]).any() for i in range(5) for j in range(i))


def test_asking_for_more_keeps_the_first_ones(sampler):
    many = sampler.sample(70, seed=3)  # more than go through the network at once
    assert many.shape == (70, 16, 16, 3)
    assert np.abs(many[:5].astype(int) - sampler.sample(5, seed=3)).max() <= 1
    np.testing.assert_array_equal(sampler.latents(70, 3)[:5], sampler.latents(5, 3))


def test_a_run_draws_what_its_last_checkpoint_draws(sampler, trained):
    np.testing.assert_array_equal(Run(trained).sample(4, seed=2), sampler.sample(4, seed=2))
    np.testing.assert_array_equal(artkeras.load(trained).sample(4, seed=2), sampler.sample(4, seed=2))
    assert Run(trained).sample().shape == (49, 16, 16, 3)


def test_latents_are_normal(sampler):
    latents = sampling.fixed_latents(1000, 100, seed=1)
    assert latents.shape == (1000, 100)
    assert latents.dtype == np.float32
    assert abs(latents.mean()) < 0.02
    assert abs(latents.std() - 1) < 0.02


@pytest.mark.parametrize("count", [0, -1])
def test_no_pictures_are_refused(sampler, count):
    assert "at least 1" in message(sampler.sample, count)


def constant(latents, training):
    """A generator of one colour, at inference only."""
    assert training is False
    return np.ones((len(latents), 2, 2, 3), "float32") * np.array([1.0, 0.0, -1.0], "float32")


@pytest.mark.parametrize(
    "changes, colour",
    [
        ({}, (255, 128, 0)),
        ({"channels": "bgr"}, (0, 128, 255)),
        ({"pixel_range": (0.0, 1.0)}, (255, 0, 0)),
        ({"pixel_range": (0.0, 1.0), "channels": "bgr"}, (0, 0, 255)),
    ],
)
def test_pixel_range_and_channels_of_the_recipe_are_undone(changes, colour):
    pictures = sampling.render(replace(TINY, **changes), constant, np.zeros((3, 100), "float32"))
    assert pictures.dtype == np.uint8
    assert (pictures == colour).all()


# -------------------------------------------------------------------------------------------- walks


def test_the_walk_is_closed_and_smooth(sampler):
    frames = sampler.walk(30, stops=3, seed=1).astype(int)
    assert frames.shape == (30, 16, 16, 3)
    steps = np.abs(frames - np.roll(frames, -1, axis=0)).mean((1, 2, 3))  # the last one leads back to the first
    apart = np.abs(frames - np.roll(frames, 10, axis=0)).mean()  # from stop to stop
    assert steps.min() > 0
    assert steps.max() < apart / 2
    assert steps[-1] < 2 * np.median(steps)


def test_the_walk_passes_through_its_stops(sampler):
    walk, stops = sampler.walk(30, stops=3, seed=1), sampler.pictures(sampler.latents(3, 1))
    assert np.abs(walk[::10].astype(int) - stops).max() <= 1


@pytest.mark.parametrize("frames, stops", [(4, 5), (10, 1), (0, 0)])
def test_a_walk_too_short_is_refused(sampler, frames, stops):
    assert "at least 2 stops" in message(sampler.walk, frames, stops)


def test_slerp_follows_the_great_circle():
    east, north = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    for share in np.linspace(0, 1, 7):
        angle = share * np.pi / 2
        np.testing.assert_allclose(sampling.slerp(east, north, share), [np.cos(angle), np.sin(angle), 0], atol=1e-12)
    random = np.random.default_rng(0)
    start, end = random.normal(size=(2, 100))
    np.testing.assert_allclose(sampling.slerp(start, end, 0.0), start)
    np.testing.assert_allclose(sampling.slerp(start, end, 1.0), end)
    middle = np.linalg.norm(sampling.slerp(start, end, 0.5))
    straight = np.linalg.norm((start + end) / 2)
    assert middle > 0.9 * min(np.linalg.norm(start), np.linalg.norm(end)) > 1.1 * straight


def test_slerp_between_parallel_latents_is_a_line():
    start = np.array([1.0, 2.0])
    np.testing.assert_allclose(sampling.slerp(start, start, 0.3), start)
    np.testing.assert_allclose(sampling.slerp(start, 2 * start, 0.5), 1.5 * start)


# ------------------------------------------------------------------------------------------ loading


def test_the_last_sound_checkpoint_is_taken(trained):
    newest = Run(trained).checkpoints()[Position(2)]
    older = newest.with_name("epoch-0001.npz")
    older.write_bytes(newest.read_bytes())
    newest.write_bytes(newest.read_bytes()[:1000])
    assert artkeras.load(trained).caption.endswith("epoch 1, synthetic placeholder")
    older.write_bytes(b"")
    assert "is damaged" in message(artkeras.load, trained)


def test_a_run_without_a_checkpoint_says_how_to_go_on(trained):
    Run(trained).checkpoints()[Position(2)].unlink()
    assert f"resume {trained}" in message(artkeras.load, trained)


def test_the_whole_model_can_be_had_for_a_closer_look(trained):
    run = Run(trained)
    model = run.model()
    state, _ = run.load_checkpoint(Position(2))
    for name, variable in model.state().items():
        np.testing.assert_array_equal(np.array(variable), state[name])


def test_a_result_of_the_kit_draws_nearly_the_pictures_of_its_run(sampler, trained, results):
    folder = report(trained, results)
    loaded = artkeras.load("colour_field/model_2")
    assert loaded.caption == sampler.caption
    assert loaded.recipe.to_json() == TINY.to_json()
    difference = np.abs(loaded.sample(20, seed=5).astype(int) - sampler.sample(20, seed=5))
    assert 0 <= difference.mean() < 1
    with np.load(folder / "generator.npz") as file:
        kinds = {file[name].dtype for name in file.files if name != "facts"}
    assert kinds == {np.dtype("float16")}


def test_what_is_neither_a_run_nor_a_result_is_said_to_be_so(tmp_path, results):
    (tmp_path / "folder").mkdir()
    assert "is not a run" in message(artkeras.load, tmp_path / "folder")
    assert "colour_field/model_2" in message(artkeras.load, "colour_field/model2")
    text = message(artkeras.load, "colour_field/model_3")
    assert "no trained generator for colour_field/model_3 (it has: none)" in text
    assert "train colour_field/model_3" in text


def test_the_results_there_are_get_named(trained, results):
    report(trained, results)
    assert "(it has: colour_field/model_2)" in message(artkeras.load, "colour_field/model_3")


def test_a_generator_whose_packed_numbers_are_spoilt_is_one_line(trained, results):
    path = report(trained, results) / "generator.npz"
    with zipfile.ZipFile(path) as file:
        start = file.infolist()[0].header_offset + 30 + len("facts.npy")
    content = bytearray(path.read_bytes())
    content[start : start + 40] = b"\xff" * 40  # no beginning of what zlib packs
    path.write_bytes(content)
    assert f"{path} is damaged" in message(artkeras.load, "colour_field/model_2")


def test_a_stored_network_of_another_shape_is_refused_before_anything_is_assigned(trained):
    state, _ = Run(trained).load_checkpoint(Position(2))
    assert "the network's" in message(sampling.network_from_state, replace(TINY, width=3), "generator", state)
    del state["generator/001"]
    assert "has no generator/001" in message(sampling.network_from_state, TINY, "generator", state)


def test_a_result_can_be_looked_at_by_name(trained, results):
    assert "no result of colour_field/model_2 yet" in message(artkeras.result, "colour_field/model_2")
    folder = report(trained, results)
    with Image.open(folder / "grid.png") as grid:
        np.testing.assert_array_equal(np.asarray(artkeras.result("colour_field/model_2")), np.asarray(grid))


@pytest.mark.parametrize("damage", ["not a run", "torn", "other", "list", "epochs", "networks", "name"])
def test_a_run_that_cannot_be_read_is_one_line(trained, damage):
    recipe = trained / "recipe.json"
    if damage == "not a run":
        recipe.unlink()
    elif damage in ("epochs", "networks", "name"):
        recipe.write_text(json.dumps(json.loads(recipe.read_text()) | {damage: ["two"]}))
    else:
        recipe.write_text({"torn": recipe.read_text()[:100], "other": '{"name": "x"}', "list": "[1]"}[damage])
    assert str(trained) in message(Run, trained)


# ------------------------------------------------------------------------------------------ reports


def test_the_report_is_a_card_two_figures_a_table_and_a_generator(trained, results):
    folder = report(trained, results)
    assert folder == results / "colour_field" / "model_2"
    assert {path.name for path in folder.iterdir()} == {
        "card.md",
        "grid.png",
        "samples.gif",
        "curves.png",
        "history.csv",
        "run.json",
        "generator.npz",
        "generator_ema.npz",
        "grid_ema.png",
    }
    assert (folder / "history.csv").read_bytes() == (trained / "history.csv").read_bytes()
    with Image.open(folder / "grid.png") as grid:
        assert grid.width == 7 * (16 + 2) + 2


def test_a_run_that_was_stopped_gets_its_animation_from_the_report(trained, results, monkeypatch):
    (trained / "samples.gif").unlink()
    monkeypatch.setattr(callbacks, "FRAMES", 2)
    with Image.open(report(trained, results) / "samples.gif") as animation:
        assert animation.n_frames == 2  # of 3 grids the first and the last
        animation.seek(1)
        shown = np.asarray(animation.convert("RGB"), "int64")
    last = np.asarray(list(Run(trained).grids().values())[-1], "int64")
    first = np.asarray(next(iter(Run(trained).grids().values())), "int64")
    assert np.abs(shown - last).mean() < np.abs(shown - first).mean() / 2


def test_what_was_measured_in_some_epochs_only_is_averaged_over_those(trained, results):
    path = trained / "history.csv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header + ",kid", rows[0] + ",0.5", rows[1] + ","]) + "\n")
    assert "kid 0.50" in (report(trained, results) / "card.md").read_text()


def test_the_card_has_reported_beside_ours_epochs_device_command_and_departures(trained, results):
    run = Run(trained)
    card = (report(trained, results) / "card.md").read_text()
    lines = card.splitlines()
    assert lines[0] == "# colour_field/model_2"
    assert "| | reported | ours |" in lines
    assert "| epochs | 150, 200 files saved | 2 |" in lines
    assert any(line.startswith("| time | about 1.5 days on a CPU | ") for line in lines)
    (row,) = [line for line in lines if line.startswith("| results | stabler than model 1, better pictures | ")]
    last = {name: values[-1] for name, values in run.history().items()}
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        assert f"{name} {last[name]:.2f}" in row
    assert f"- device: {run.environment['device']}, float32" in card
    assert f"- command: `{command(run)}`" in card
    assert "72 of 12 paintings (synthetic placeholder, none held out)" in card
    assert all(f"- {departure}" in lines for departure in RECIPES["colour_field/model_2"].departures)
    assert "## Findings" in lines
    assert "None written yet." in lines


def test_the_command_of_the_card_is_one_that_the_command_line_takes(trained):
    run = Run(trained)
    run.recipe = replace(run.recipe, seed=3, holdout=0.1, scale="quick")
    words = shlex.split(command(run))
    assert words[:3] == ["python", "-m", "artkeras"]
    arguments = parser().parse_args(words[3:])
    assert (arguments.command, arguments.recipe, arguments.quick) == ("train", "colour_field/model_2", True)
    assert (arguments.epochs, arguments.seed, arguments.holdout, arguments.precision) == (2, 3, 0.1, "float32")


def test_the_command_of_the_card_holds_nothing_out_where_its_run_did_not(trained):
    run = Run(trained)
    run.recipe = replace(RECIPES["facades/pix2pix"], holdout=0.0)  # an eighth, if nobody says otherwise
    assert parser().parse_args(shlex.split(command(run))[3:]).holdout == 0


def test_a_run_stopped_early_is_reported_with_the_epochs_it_has(trained, results):
    run = Run(trained)
    run.update(recipe=replace(run.recipe, epochs=150))
    card = (report(trained, results) / "card.md").read_text()
    assert "| epochs | 150, 200 files saved | 2 |" in card
    assert "--epochs 2 " in card


def test_a_card_counts_the_epochs_of_the_generator_it_shows(trained, results):
    """A run killed after its last checkpoint has rows of epochs that nothing is left of."""
    newest = Run(trained).checkpoints()[Position(2)]
    newest.rename(newest.with_name("epoch-0001.npz"))
    card = (report(trained, results) / "card.md").read_text()
    assert "| epochs | 150, 200 files saved | 1 |" in card


def test_findings_written_by_hand_survive_the_next_report(trained, results):
    card = report(trained, results) / "card.md"
    findings = "Blocks by epoch 1.\n\n- soft edges | everywhere\n\n### Later\n\nMore.\n"
    card.write_text(card.read_text().replace("None written yet.\n", findings).replace("# colour", "# OLD colour"))
    report(trained, results)
    text = card.read_text()
    assert text.endswith("## Findings\n\n" + findings)
    assert text.startswith("# colour_field/model_2\n")
    assert "None written yet" not in text
    report(trained, results)
    assert card.read_text() == text


def test_cards_and_table_are_utf_8_where_the_system_has_another_encoding(trained, results, monkeypatch):
    read, write = Path.read_text, Path.write_text

    def read_text(path, encoding=None, errors=None):
        return read(path, encoding or "cp1252", errors)

    def write_text(path, text, encoding=None, errors=None, newline=None):
        return write(path, text, encoding or "cp1252", errors, newline)

    card = report(trained, results) / "card.md"
    card.write_text(card.read_text().replace("None written yet.", "Blocks of 4 × 4, after 北斎."), "utf-8")
    (results / "comparison.png").touch()
    (results / "comparison.md").write_text("## 4 × 4\n", "utf-8")
    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(Path, "write_text", write_text)
    report(trained, results)
    assert "Blocks of 4 × 4, after 北斎." in card.read_text("utf-8")
    assert findings_of(Run(trained), 2, results) == "Blocks of 4 × 4, after 北斎."
    assert "## 4 × 4" in table(results).read_text("utf-8")


@pytest.mark.parametrize(
    "change", [{"scale": "quick"}, {"seed": 7}, {"pictures": "others"}], ids=lambda c: next(iter(c))
)
def test_another_run_replaces_a_result_only_when_asked_to_and_gets_none_of_its_findings(trained, results, change):
    card = report(trained, results) / "card.md"
    card.write_text(card.read_text().replace("None written yet.", "Blocks by epoch 1."))
    before = {path.name: path.read_bytes() for path in card.parent.iterdir()}
    run = Run(trained)
    if "pictures" in change:
        run.update(environment=run.environment | {"pictures": run.environment["pictures"] | {"fingerprint": "others"}})
    else:
        run.update(recipe=replace(run.recipe, **change))
    refused = message(report, trained, results)
    assert "holds the result of another run: give another --out, or --replace" in refused
    assert {path.name: path.read_bytes() for path in card.parent.iterdir()} == before
    report(trained, results, replace=True)
    assert card.read_text().endswith("## Findings\n\nNone written yet.\n")


def test_a_quick_run_may_be_reported_and_says_so(trained, results):
    run = Run(trained)
    run.update(recipe=replace(run.recipe, scale="quick"))
    card = (report(trained, results) / "card.md").read_text()
    assert "- quick scale: size 32, width 32" in card
    assert "--quick" in card


def test_a_run_without_a_finished_epoch_cannot_be_reported_and_nothing_is_written(trained, results):
    run = Run.create("runs", TINY, Run(trained).environment)
    assert "has not finished an epoch" in message(report, run, results)
    assert not results.exists()


def test_a_run_whose_only_checkpoint_is_from_its_first_epoch_cannot_be_reported_either(trained, results):
    newest = Run(trained).checkpoints()[Position(2)]
    newest.rename(newest.with_name(Position(0, 5).file_name))
    assert "has not finished an epoch" in message(report, trained, results)
    assert not results.exists()


def test_weights_that_float16_cannot_hold_are_refused(tmp_path):
    generator = SimpleNamespace(variables=[np.array([1e30], "float32")])
    diverged = SimpleNamespace(networks={"generator": generator}, caption="")
    text = message(results_module.save_generator, tmp_path / "generator.npz", SimpleNamespace(path="a/run"), diverged)
    assert "a/run" in text
    assert list(tmp_path.iterdir()) == []


def test_a_report_of_such_weights_leaves_the_result_that_is_there_alone(trained, results, monkeypatch):
    def refuse(*arguments):
        raise UserError("its training has diverged")

    folder = report(trained, results)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    run = Run(trained)
    run.update(recipe=replace(run.recipe, seed=7))
    monkeypatch.setattr("artkeras.reporting.report.save_generator", refuse)
    assert "diverged" in message(report, trained, results, replace=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_damaged_result_is_somebody_elses(trained, results):
    facts = report(trained, results) / "run.json"
    facts.write_text(facts.read_text()[:100])
    assert "holds the result of another run" in message(report, trained, results)


def test_the_gallery_has_a_row_of_samples_of_each_generator(trained, results):
    assert "has no generators" in message(gallery, results)
    folder = report(trained, results)
    other = results / "colour_field" / "model_3"
    other.mkdir()
    (other / "generator.npz").write_bytes((folder / "generator.npz").read_bytes())
    with Image.open(gallery(results)) as image:
        pixels = np.asarray(image)
    tile, rows = 128 + 2, pixels.shape[0] // 2
    assert pixels.shape[1] == 10 * tile + 2
    np.testing.assert_array_equal(pixels[:rows], pixels[rows:])
    first = artkeras.load("colour_field/model_2").sample(10)[0].repeat(8, 0).repeat(8, 1)
    np.testing.assert_array_equal(pixels[2 : 2 + 128, 2 : 2 + 128], first)


@pytest.mark.parametrize(
    "seconds, words", [(0, "1 s"), (40, "40 s"), (89, "89 s"), (720, "12 min"), (12000, "3 h 20 min")]
)
def test_times_are_for_people(seconds, words):
    assert duration(seconds) == words


def test_the_table_has_a_row_with_the_true_numbers_of_each_result(trained, results):
    assert "has no results" in message(table, results)
    folder = report(trained, results)
    row = table(results).read_text().splitlines()[-1]
    assert "(colour_field/model_2/card.md)" in row
    assert "stabler than model 1" in row
    assert "| 16 px, width 2 |" in row and row.count(" not measured ") == 5
    assert "| 72 placeholders | 2; reported: 150, 200 files saved |" in row
    score = {"measure": "kid", "value": 0.25, "std": 0.01}
    (folder / "metrics.jsonl").write_text(json.dumps(score | {"value": 9.0}) + "\n" + json.dumps(score) + "\n")
    assert "| 0.250 |" in table(results).read_text()  # the last one counts
    lines = [
        {"measure": "composition", "value": value, "network": network, "weights": weights, "n_real": 12}
        for value, network, weights in (
            (0.5, "lite0", "trained"),
            (0.75, "squeezenet", "trained"),
            (0.125, "lite0", "ema"),
        )
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "| 0.500, 0.750 / 0.125 |" in table(results).read_text()


def test_comparisons_stand_below_the_table_with_what_was_found(trained, results):
    report(trained, results)
    folder = results / "experiment"
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "comparison.png")
    shown = "![runs of experiment side by side](experiment/comparison.png)"
    assert f"## experiment\n\n{shown}" in table(results).read_text()
    (folder / "comparison.md").write_text("## Why it failed\n\nIt was cold.\n")
    text = table(results).read_text()
    assert f"## Why it failed\n\nIt was cold.\n\n{shown}" in text and "## experiment" not in text
    assert text.endswith("The numbers: [comparison.csv](experiment/comparison.csv)\n")
    (folder / "card.md").write_text("# experiment\n")
    assert table(results).read_text().endswith("More: [its card](experiment/card.md)\n")
    assert artkeras.result("experiment").size == (4, 4)


def test_the_generator_of_a_report_is_the_best_one_where_there_is_one(trained, results):
    run = Run(trained)
    state, seconds = run.load_checkpoint(Position(2))
    first = {name: values + 0.1 if name.startswith("generator/") else values for name, values in state.items()}
    run.save_checkpoint(Position(1), first, seconds, kid=0.3)
    folder = report(trained, results)
    assert "The generator is that of epoch 1" in (folder / "card.md").read_text()
    assert json.loads((folder / "run.json").read_text())["best"] == 1
    assert "2, best at 1; reported" in table(results).read_text()
    with np.load(folder / "generator.npz") as stored:
        np.testing.assert_allclose(stored["generator/000"], first["generator/000"], atol=1e-3)


def test_scores_of_an_earlier_run_do_not_stay_with_a_new_report(trained, results):
    folder = report(trained, results)
    (folder / "metrics.jsonl").write_text("{}\n")
    report(trained, results)
    assert not (folder / "metrics.jsonl").exists()


def test_a_report_names_no_place_of_the_machine_it_was_made_on(trained, results):
    folder = report(trained, results)
    for name in ("card.md", "run.json", "history.csv"):
        assert str(trained.parent) not in (folder / name).read_text()
    assert "source" not in json.loads((folder / "run.json").read_text())["pictures"]
