"""The command line: files where they were asked for, and one line for what the user can put right."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training_worker import TINY

import artkeras
from artkeras.__main__ import main, parser
from artkeras.recipes import RECIPES
from artkeras.tasks import results as results_module
from artkeras.training.run import Run

NAMES = list(RECIPES)


@pytest.fixture(autouse=True)
def with_a_tiny_recipe(light, monkeypatch):
    monkeypatch.setitem(RECIPES, "colour_field/tiny", replace(TINY, name="colour_field/tiny", epochs=1))


@pytest.fixture
def call(capsys):
    """Runs a command in this process: exit status, standard output, standard error."""

    def run(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as left:  # argparse
            status = left.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def everything() -> dict[str, bytes | None]:
    """All files and folders in the current folder but the cache, with their content."""
    paths = [path for path in Path().rglob("*") if path.parts[0] != "home"]
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


@pytest.fixture
def refused(call):
    """Runs a command that must be refused: one line, exit status 2, nothing written. Gives the line."""

    def run(*arguments) -> str:
        before = everything()
        status, _, err = call(*arguments)
        assert status == 2
        assert err.count("\n") == 1, err
        assert err.startswith("artkeras: ")
        assert "Traceback" not in err
        assert everything() == before
        return err

    return run


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for i in range(count):
        picture = np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype="uint8")
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


# ---------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("command", [["train"], ["train", "--quick"], ["train", "--dry-run"], ["sample"], ["walk"]])
def test_an_unknown_recipe_is_answered_with_the_nearest_names(refused, command):
    assert "colour_field/model_2" in refused(*command, "colour_field/model2")


def test_a_folder_of_pictures_that_does_not_exist(refused):
    assert "nowhere does not exist" in refused("train", "colour_field/tiny", "--data", "nowhere")


def test_a_folder_of_pictures_without_any(refused):
    Path("empty").mkdir()
    Path("empty", "notes.txt").write_text("none here")
    assert "holds no pictures" in refused("train", "colour_field/tiny", "--data", "empty")


def test_a_file_in_place_of_a_folder_of_pictures(refused):
    Path("picture.png").write_bytes(b"")
    assert "is not a folder" in refused("train", "colour_field/tiny", "--data", "picture.png")


def test_fewer_pictures_than_a_batch(refused):
    pictures(Path("few"), 1)
    line = refused("train", "colour_field/tiny", "--data", "few")
    assert "6 pictures" in line
    assert "a batch needs 8" in line
    assert "or train --quick" in line
    line = refused("train", "colour_field/tiny", "--quick", "--data", "few")
    assert "a batch needs 32" in line
    assert "--quick" not in line


def test_pictures_none_of_which_can_be_read(refused):
    Path("broken").mkdir()
    for i in range(3):
        Path("broken", f"{i}.jpg").write_bytes(b"no picture")
    assert "broken" in refused("train", "colour_field/tiny", "--data", "broken")


def test_unreadable_pictures_among_others_are_skipped_counted_and_listed(call):
    pictures(Path("mixed"), 3)
    Path("mixed", "bad.jpg").write_bytes(b"no picture")
    status, out, _ = call("train", "colour_field/tiny", "--data", "mixed", "--dry-run")
    assert status == 0
    assert "skipped" in out
    assert "bad.jpg" in out
    assert "18 pictures, 2 steps" in out


@pytest.mark.parametrize(
    "option, value",
    [
        ("--epochs", "0"),
        ("--epochs", "many"),
        ("--epochs", "1.5"),
        ("--seed", "-1"),
        ("--seed", str(2**32)),
        ("--holdout", "1.5"),
        ("--holdout", "1"),
        ("--holdout", "-0.1"),
        ("--holdout", "nan"),
        ("--precision", "float64"),
    ],
)
def test_values_out_of_range(refused, option, value):
    line = refused("train", "colour_field/tiny", option, value)
    assert option.strip("-") in line
    assert value in line


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["sample", "RUN", "--count", "0"], "count"),
        (["sample", "RUN", "--count", "10001"], "from 1 to 10,000"),
        (["stylize", "a.png", "b.png", "--size", "4097"], "from 1 to 4,096"),
        (["sample", "RUN", "--scale", "0"], "scale"),
        (["sample", "RUN", "--scale", "65"], "from 1 to 64"),
        (["walk", "RUN", "--frames", "10001"], "from 5 to 10,000"),
        (["evaluate", "RUN", "--count", "100001"], "from 100 to 100,000"),
        (["stylize", "a.png", "b.png", "--style-weights", "1", "2"], "join them by commas, such as 1,2,3,4"),
        (["sample", "RUN", "--seed", "-1"], "seed"),
        (["sample", "RUN", "--out", "grid.jpg"], ".png"),
        (["sample", "RUN", "--out", "grid"], ".png"),
        (["walk", "RUN", "--frames", "4"], "frames"),
        (["walk", "RUN", "--out", "walk.png"], ".gif"),
        (["sample"], "RUN_OR_RECIPE"),
        (["dance"], "dance"),
        ([], "COMMAND"),
        (["train", "colour_field/tiny", "--fast"], "--fast"),
    ],
)
def test_a_slip_of_the_fingers(refused, trained, arguments, word):
    assert word in refused(*[str(trained) if word == "RUN" else word for word in arguments])


def test_a_folder_in_place_of_a_picture_to_write(refused, trained):
    Path("folder.png").mkdir()
    assert "is a folder" in refused("sample", trained, "--out", "folder.png")


def test_out_being_a_file(refused):
    Path("taken").write_text("mine")
    assert "taken is a file" in refused("train", "colour_field/tiny", "--out", "taken")


def test_out_below_a_file(refused):
    Path("taken").write_text("mine")
    assert "taken" in refused("train", "colour_field/tiny", "--out", "taken/runs")


def test_out_being_a_run(refused, trained):
    assert "is a run already" in refused("train", "colour_field/tiny", "--out", trained)


@pytest.mark.parametrize("command", ["resume", "report", "sample", "walk"])
def test_a_folder_that_is_no_run(refused, command):
    Path("folder").mkdir()
    assert "folder is not a run" in refused(command, "folder")


@pytest.mark.parametrize("command", ["resume", "report"])
def test_a_run_that_does_not_exist(refused, command):
    assert "nowhere does not exist" in refused(command, "nowhere")


@pytest.mark.parametrize("command", ["sample", "walk", "evaluate"])
def test_a_misspelt_run_is_not_taken_for_a_recipe(refused, trained, command):
    misspelt = ("runs/colour_field-model_2-quick-2026", trained.with_name("typo"), "../typo", "some/where/else")
    for place in map(Path, misspelt):
        assert f"{place} does not exist: give the folder of a run" in refused(command, place)


def test_resuming_with_other_values(refused, trained):
    line = refused("resume", trained, "--seed", "5", "--holdout", "0.2", "--precision", "bfloat16", "--epochs", "3")
    assert all(words in line for words in ("seed was 0, now 5", "holdout was 0.0, now 0.2", "precision was float32"))


def test_resuming_with_fewer_epochs(refused, trained):
    assert "has done epoch 2 already" in refused("resume", trained, "--epochs", "1")


@pytest.mark.parametrize(
    "name, size",
    [
        ("monet/vae", 5),
        ("monet/vae", 12),
        ("abstract/dcgan", 48),
        ("colour_field/model_1", 24),
        ("facades/pix2pix", 20),
    ],
)
def test_a_size_that_networks_cannot_have_is_one_line(refused, name, size):
    assert "size must be" in refused("train", name, "--quick", "--size", str(size))


def test_resuming_from_damaged_checkpoints(refused, trained):
    (path,) = Run(trained).checkpoints().values()
    path.write_bytes(path.read_bytes()[:1000])
    assert "is damaged" in refused("resume", trained, "--epochs", "3")


def test_sampling_from_a_recipe_without_a_result(refused, monkeypatch, tmp_path):
    monkeypatch.setattr(results_module, "results_folder", lambda: tmp_path / "results")
    assert "no trained generator for colour_field/model_1" in refused("sample", "colour_field/model_1")


def test_a_result_of_the_kit_that_is_damaged(refused, call, trained, monkeypatch, tmp_path):
    monkeypatch.setattr(results_module, "results_folder", lambda: tmp_path / "results")
    assert call("report", trained)[0] == 0
    path = tmp_path / "results" / "colour_field" / "model_2" / "generator.npz"
    path.write_bytes(path.read_bytes()[:1000])
    assert "generator.npz" in refused("sample", "colour_field/model_2")


@pytest.mark.parametrize(
    "error, words",
    [
        (
            PermissionError(13, "Permission denied", "full/.grid.png.10cd.part"),
            "no permission to write in {full}: give",
        ),
        (PermissionError(13, "Permission denied", "full/new"), "no permission to write in {full}: give another --out"),
        (PermissionError(13, "Permission denied", "full"), "Permission denied ({full})"),
        (OSError(28, "No space left on device", "full/.grid.png.10cd.part"), "No space left on device ({full})"),
        (OSError(28, "No space left on device"), "No space left on device: "),
    ],
)
def test_what_the_system_refuses_is_one_line_that_names_the_folder(refused, trained, monkeypatch, error, words):
    def denied(*_, **__):
        raise error

    full = Path("full")
    full.mkdir()
    monkeypatch.setattr("artkeras.reporting.figures.save", denied)
    line = refused("sample", trained)
    assert words.format(full=full.absolute()) in line
    assert ".part" not in line


# ---------------------------------------------------------------------------------- what is written


def test_list_shows_every_recipe_its_pictures_epochs_and_whether_it_was_trained(call, trained, monkeypatch, tmp_path):
    monkeypatch.setattr(results_module, "results_folder", lambda: tmp_path / "results")
    assert call("report", trained)[0] == 0
    status, out, err = call("list")
    assert (status, err) == (0, "")
    rows = {line.split()[0]: line for line in out.split("\n\n")[0].splitlines()}
    assert list(rows) == ["RECIPE", *NAMES, "colour_field/tiny"]
    for name in NAMES:
        assert "synthetic placeholder" in rows[name]
        assert f" {RECIPES[name].epochs} " in rows[name]
        assert rows[name].endswith(RECIPES[name].change)
        assert (" yes " if name == "colour_field/model_2" else " no ") in rows[name]


def test_list_says_where_pictures_were_found(call, monkeypatch):
    Path("all").mkdir()
    pictures(Path("all", "colour_field"), 1)
    monkeypatch.setenv("ARTKERAS_DATA", "all")
    out = call("list")[1]
    assert str(Path("all", "colour_field")) in out
    assert "no pictures found" not in out


def test_list_says_where_it_looked_if_it_found_none(call, monkeypatch):
    assert call("list")[1].endswith(f"in {Path('data').absolute()}, and $ARTKERAS_DATA is not set\n")
    monkeypatch.setenv("ARTKERAS_DATA", "elsewhere")
    assert call("list")[1].endswith(f"in {Path('data').absolute()}, nor in {Path('elsewhere').absolute()}\n")


def test_train_says_the_cost_trains_and_says_where(call):
    status, out, err = call("train", "colour_field/tiny", "--precision", "float32", "--seed", "3", "--out", "mine")
    assert status == 0, err
    (path,) = Path("mine").iterdir()
    lines = out.splitlines()
    assert "synthetic placeholder" in lines[0]
    assert "72 pictures, 9 steps, about " in lines[1]
    assert lines[2] == f"run: {path}"
    assert lines[-1] == f"done: {path}"
    run = Run(path)
    assert (run.recipe.seed, run.recipe.epochs) == (3, 1)
    assert run.history()["epoch"].tolist() == [1]


def test_train_quick_takes_the_small_version_and_given_values_win(call, monkeypatch):
    asked = {}
    target = "artkeras.training.train.train"
    monkeypatch.setattr(target, lambda recipe, **options: asked.update(recipe=recipe, **options))
    arguments = ["colour_field/model_4", "--quick", "--epochs", "3", "--holdout", "0.1", "--precision", "bfloat16"]
    assert call("train", *arguments)[0] == 0
    quick = RECIPES["colour_field/model_4"].quick()
    assert asked["recipe"] == replace(quick, epochs=3, holdout=0.1)
    assert asked["precision"] == "bfloat16"
    assert (asked["dry_run"], asked["jit"], asked["data"]) == (False, None, None)


def test_a_dry_run_says_the_cost_and_writes_nothing(call):
    status, out, _ = call("train", "colour_field/tiny", "--dry-run", "--epochs", "4")
    assert status == 0
    assert "72 pictures, 36 steps, about " in out
    assert everything() == {}


def test_resume_trains_on(call, trained):
    status, out, err = call("resume", trained, "--epochs", "3")
    assert status == 0, err
    assert Run(trained).history()["epoch"].tolist() == [1, 2, 3]
    assert "going on from epoch 2" in out


def test_sample_writes_a_grid_of_so_many_pictures(call, trained):
    status, out, err = call("sample", trained, "--count", "6", "--seed", "4", "--scale", "2", "--out", "new/grid.png")
    assert (status, err) == (0, "")
    assert out == f"wrote {Path('new/grid.png')}\n"
    first = artkeras.load(trained).sample(6, 4)[0].repeat(2, 0).repeat(2, 1)
    with Image.open("new/grid.png") as grid:
        assert grid.width == 3 * (32 + 2) + 2
        np.testing.assert_array_equal(np.asarray(grid)[2:34, 2:34], first)


def test_sample_draws_49_by_itself(call, trained):
    assert call("sample", trained)[0] == 0
    with Image.open("grid.png") as grid:
        assert grid.width == 7 * (32 + 2) + 2


def test_walk_writes_an_animation_of_so_many_frames(call, trained):
    status, out, err = call("walk", trained, "--frames", "12", "--out", "walk.gif", "--scale", "3")
    assert (status, err) == (0, "")
    assert out == "wrote walk.gif\n"
    with Image.open("walk.gif") as animation:
        assert animation.n_frames == 12
        assert animation.size == (48, 48)


def test_report_writes_results_and_a_gallery_of_all_of_them(call, trained):
    status, out, err = call("report", trained, "--out", "made")
    assert (status, err) == (0, "")
    made = Path("made")
    assert out.splitlines() == [f"wrote {made / name}" for name in ("colour_field/model_2", "gallery.png", "README.md")]
    assert Path("made/colour_field/model_2/card.md").exists()
    assert Path("made/gallery.png").exists()


@pytest.mark.parametrize("command", ["list", "train", "resume", "sample", "walk", "report", "rate"])
def test_every_command_explains_itself(call, command):
    status, out, _ = call(command, "--help")
    assert status == 0
    assert out.startswith(f"usage: python -m artkeras {command}")


def test_the_version_is_that_of_the_package(call):
    assert call("--version")[1] == f"artkeras {artkeras.__version__}\n"


def test_options_are_as_documented():
    arguments = parser().parse_args(["train", "colour_field/model_2"])
    assert (arguments.quick, arguments.dry_run, arguments.precision, arguments.data) == (False, False, "auto", None)
    arguments = parser().parse_args(["sample", "colour_field/model_2"])
    assert (arguments.count, arguments.seed, str(arguments.out)) == (49, 0, "grid.png")


def test_slips_help_and_the_list_are_answered_without_loading_keras():
    """In a process of its own, where nothing else has loaded it."""
    slips = [
        ["--help"],
        ["train", "--help"],
        ["list"],
        ["dance"],
        ["train", "colour_field/model2"],
        ["train", "colour_field/model_2", "--data", "nowhere"],
        ["train", "colour_field/model_2", "--epochs", "0"],
        ["resume", "nowhere"],
        ["sample", "colour_field/model2"],
        ["sample", "colour_field/model_2", "--out", "grid.jpg"],
        ["rate", "colour_field/model2"],
        ["rate", "colour_field/model_2", "--data", "nowhere"],
        ["rate", "--read", "nowhere.csv"],
        ["upscale", "nowhere.png", "--out", "large"],
        ["upscale", "nowhere.png", "--out", "large", "--model", "thin"],
    ]
    code = f"""
import contextlib, io, sys
from artkeras.__main__ import main
for arguments in {slips}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with contextlib.suppress(SystemExit):
            main(arguments)
    loaded = [name for name in ("keras", "tensorflow", "jax", "torch") if name in sys.modules]
    assert not loaded, (arguments, loaded)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_is_said(call, monkeypatch):
    def stopped(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("artkeras.cli.list_recipes.run", stopped)
    assert call("list") == (130, "", "\nartkeras: stopped\n")


def test_the_module_is_a_program_with_an_exit_status():
    command = [sys.executable, "-m", "artkeras", "train", "colour_field/model2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("artkeras: no recipe is called 'colour_field/model2': did you mean ")
    assert done.stderr.count("\n") == 1


def test_names_that_the_terminal_has_no_letters_for_are_told_all_the_same(tmp_path):
    (tmp_path / "日本" / "colour_field").mkdir(parents=True)
    Image.new("RGB", (1, 1)).save(tmp_path / "日本" / "colour_field" / "1.png")
    environment = os.environ | {"ARTKERAS_DATA": str(tmp_path / "日本"), "PYTHONIOENCODING": "ascii:strict"}
    command = [sys.executable, "-m", "artkeras", "list"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert str(Path("\\u65e5\\u672c", "colour_field")) in done.stdout


def test_too_little_memory_is_one_line(call, monkeypatch):
    def greedy(arguments):
        raise MemoryError

    monkeypatch.setattr("artkeras.cli.list_recipes.run", greedy)
    status, out, err = call("list")
    assert (status, out, err.count("\n")) == (2, "", 1) and "not enough memory" in err


class Closed:
    """Where nobody reads any more."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self):
        pass


@pytest.mark.parametrize("command", [["list"], ["weights", "list"]])
def test_a_list_that_nobody_reads_to_its_end_is_no_mistake(monkeypatch, capsys, command):
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(command) == 0
    assert capsys.readouterr().err == ""


def test_what_nobody_reads_to_its_end_is_done_all_the_same(call, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["train", "colour_field/tiny", "--precision", "float32"]) == 0  # ... | head -1
    (folder,) = Path("runs").iterdir()
    assert len(Run(folder).history()["epoch"]) == 1
