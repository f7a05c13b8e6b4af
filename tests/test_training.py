"""Training: what a run folder holds, what decides a history, and what happens when something goes wrong."""

import contextlib
import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from training_worker import STEPS, TINY, at_step, checkpoint_often, forget_models, silent

from artkeras import data, engine
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.recipes import RECIPES, Builder, Recipe
from artkeras.reporting import figures
from artkeras.tasks import sampling
from artkeras.training import callbacks
from artkeras.training import train as training
from artkeras.training.checkpoints import Position
from artkeras.training.plan import Plan, few_steps
from artkeras.training.run import Run
from artkeras.training.tables import Table

pytestmark = pytest.mark.usefixtures("light")


def train(recipe, **options):
    options.setdefault("log", silent)
    return training.train(recipe, precision="float32", out="runs", **options)


def files(folder: Path | str = ".") -> set[str]:
    """Every file and folder below, the cache left out."""
    return {str(path) for path in Path(folder).rglob("*") if "home" not in path.parts}


def message(call, *arguments, **options) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def only_run() -> Run:
    (path,) = Path("runs").iterdir()
    return Run(path)


def paintings(count: int) -> Path:
    folder = Path("paintings")
    folder.mkdir()
    for i in range(count):
        picture = np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype="uint8")
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


@contextlib.contextmanager
def file_size_limit(size: int):
    """No file can grow beyond this, as on a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# ------------------------------------------------------------------------------------- the run folder


def test_a_run_folder_holds_recipe_environment_tables_grids_animation_and_checkpoint(trained):
    found = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    assert found == {
        "recipe.json",
        "environment.json",
        "history.csv",
        "iterations.csv",
        *(f"samples/epoch-000{epoch}.{ending}" for epoch in range(3) for ending in ("png", "npz")),
        "samples.gif",
        "checkpoints/epoch-0002.npz",
    }
    assert trained.name.startswith("colour_field-model_2-20")


def test_recipe_json_is_the_recipe_that_was_trained(trained):
    assert Recipe.from_json(json.loads((trained / "recipe.json").read_text())).to_json() == TINY.to_json()
    assert Run(trained).recipe == TINY


def test_environment_json_says_where_how_and_on_what(trained):
    facts = json.loads((trained / "environment.json").read_text())
    assert facts["device"] == engine.device()
    assert facts["precision"] == "float32"
    assert facts["versions"]["keras"] == engine.keras.__version__
    assert facts["versions"]["backend"] == engine.BACKEND
    assert facts["resumed"] == []
    pictures = facts["pictures"]
    assert (pictures["source"], pictures["synthetic"]) == ("synthetic placeholder", True)
    assert (pictures["paintings"], pictures["pictures"], pictures["holdout"]) == (12, 72, 0.0)
    assert len(pictures["fingerprint"]) >= 8


def test_a_command_is_recorded_only_when_there_was_one(tmp_path, monkeypatch):
    pictures, _ = TINY.pictures()
    kernel = "/home/somebody/artkeras/.venv/lib/python3.12/site-packages/ipykernel_launcher.py"
    monkeypatch.setattr("sys.argv", [kernel, "-f", "kernel.json"])
    assert training._environment(TINY, pictures, "float32", None)["command"] == ""
    monkeypatch.setattr("sys.argv", ["/somewhere/artkeras/__main__.py", "train", "colour_field/model_2", "--seed", "3"])
    recorded = training._environment(TINY, pictures, "float32", None)["command"]
    assert recorded == "python -m artkeras train colour_field/model_2 --seed 3"
    monkeypatch.setattr("sys.argv", ["/somewhere/artkeras/__main__.py", "train", "name", "--data", "my paintings"])
    recorded = training._environment(TINY, pictures, "float32", None)["command"]
    assert recorded == "python -m artkeras train name --data 'my paintings'"


def test_one_row_an_epoch_and_one_row_a_step(trained):
    run = Run(trained)
    history, iterations = run.history(), run.iterations()
    assert history["epoch"].tolist() == [1, 2]
    assert list(zip(iterations["epoch"], iterations["step"])) == [(e, s) for e in (1, 2) for s in range(1, STEPS + 1)]
    assert {"d_loss", "g_loss", "d_real", "d_fake"} == set(iterations) - {"epoch", "step"}
    assert set(history) == set(iterations) - {"step"} | {"seconds"}
    assert all(np.isfinite(values).all() for values in iterations.values())
    assert 0 < history["seconds"][0] <= history["seconds"][1]


def test_history_is_the_mean_of_iterations(trained):
    history, iterations = Run(trained).history(), Run(trained).iterations()
    for name in ("d_loss", "g_loss", "d_real", "d_fake"):
        np.testing.assert_allclose(history[name], iterations[name].reshape(2, STEPS).mean(1), rtol=1e-12)


def test_the_animation_joins_the_grids(trained):
    run = Run(trained)
    assert sorted(run.grids()) == [0, 1, 2]
    with Image.open(trained / "samples.gif") as animation:
        assert animation.n_frames == 3
        assert animation.size == run.grids()[0].size


@pytest.mark.parametrize("every, epochs, expected", [(2, 5, [0, 2, 4, 5]), (10, 3, [0, 3]), (1, 3, [0, 1, 2, 3])])
def test_grids_before_training_every_few_epochs_and_after_the_last(tmp_path, every, epochs, expected):
    recorder = SimpleNamespace(position=Position())
    run = SimpleNamespace(path=tmp_path, recipe=replace(TINY, epochs=epochs, sample_every=every))
    grid = callbacks.SampleGrid(run, recorder)
    saved = []
    grid.save = lambda: saved.append(recorder.position.epoch)
    for epoch in range(epochs):  # `fit` is called once an epoch
        grid.on_train_begin()
        recorder.position = Position(epoch + 1)
        grid.on_epoch_end(epoch)
    assert saved == expected


def test_copies_of_grids_and_more_than_9999_epochs_leave_the_grids_in_order(trained):
    grid = trained / "samples" / "epoch-0002.png"
    for name in ("epoch-0002 (1).png", "epoch-9999.png", "epoch-10000.png"):
        shutil.copyfile(grid, grid.with_name(name))
    assert list(Run(trained).grids()) == [0, 1, 2, 9999, 10000]


def test_the_last_grid_shows_the_fixed_latents_as_the_checkpoint_paints_them(trained):
    run = Run(trained)
    sampler = run.sampler(Position(2))
    pictures = sampler.pictures(sampling.fixed_latents(49, 100, TINY.seed))
    again = figures.grid(pictures, scale=4, caption=run.caption(Position(2)))
    np.testing.assert_array_equal(np.asarray(again), np.asarray(run.grids()[2]))
    assert {epoch: list(panels) for epoch, panels in run.panels().items()} == {key: ["samples"] for key in range(3)}
    np.testing.assert_array_equal(run.panels()[2]["samples"], pictures)
    assert (np.asarray(run.grids()[0]) != np.asarray(run.grids()[2])).any()


def test_log_environment_and_captions_all_say_procedural_placeholder(trained_once, trained, monkeypatch):
    log = (trained_once.parent / "log.txt").read_text()
    assert "synthetic placeholder" in log.splitlines()[0]
    run = Run(trained)
    assert run.synthetic
    assert run.caption(Position(2)) == "colour_field/model_2, epoch 2, synthetic placeholder"
    assert run.sampler().caption == run.caption(Position(2))

    captions = []
    monkeypatch.setattr(figures, "grid", lambda *_, caption, **__: captions.append(caption) or Image.new("RGB", (8, 8)))
    quick = replace(TINY, epochs=1, scale="quick")
    train(quick)
    assert captions == [f"colour_field/model_2 quick, epoch {epoch}, synthetic placeholder" for epoch in (0, 1)]


def test_real_pictures_are_not_called_a_placeholder():
    folder = paintings(4)
    lines = []
    run = train(replace(TINY, epochs=1), data=folder, log=lines.append)
    assert not run.synthetic
    assert run.environment["pictures"]["source"] == str(folder)
    assert run.environment["pictures"]["pictures"] == 24
    assert len(run.iterations()["step"]) == 24 // 8
    assert "placeholder" not in " ".join([*lines, run.caption(Position(1))])


def test_the_folder_for_runs_is_the_given_one_else_that_of_the_environment_else_runs(tmp_path, monkeypatch):
    chosen = []

    def remember(out, recipe, environment):
        chosen.append(str(out))
        raise UserError("far enough")

    monkeypatch.setattr(Run, "create", remember)
    for out in (None, "given"):
        message(training.train, TINY, precision="float32", out=out, log=silent)
    monkeypatch.setenv("ARTKERAS_RUNS", "from-environment")
    for out in (None, "given"):
        message(training.train, TINY, precision="float32", out=out, log=silent)
    assert chosen == ["runs", "given", "from-environment", "given"]


def test_two_runs_in_one_second_get_two_folders(trained):
    environment = Run(trained).environment
    paths = {Run.create("runs", TINY, environment).path for _ in range(3)}
    assert len(paths) == 3


def test_a_run_folder_that_cannot_be_completed_is_not_left_behind(trained, monkeypatch):
    facts = Run(trained).environment
    before = files("runs")
    write = Path.write_text

    def full(self, *arguments, **options):
        if "recipe.json" in self.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises((OSError, UserError)):
        Run.create("runs", TINY, facts)
    assert files("runs") == before


# ---------------------------------------------------------------------------------- what decides it


def test_an_epoch_is_as_many_steps_as_whole_batches():
    pictures, _ = replace(TINY, limit=11).pictures()
    assert len(pictures) == 66
    assert len(training.Batches(pictures, TINY, 0)) == 8
    assert len(training.Batches(pictures, replace(TINY, batch_size=66), 0)) == 1


def test_the_pictures_of_a_step_depend_on_seed_epoch_and_step_alone():
    pictures, _ = TINY.pictures()
    whole = training.Batches(pictures, TINY, 3)
    steps = [whole[i] for i in range(STEPS)]
    assert steps[0].shape == (8, 16, 16, 3)
    assert steps[0].dtype == np.uint8
    for i in reversed(range(STEPS)):  # in any order, asked for again
        np.testing.assert_array_equal(training.Batches(pictures, TINY, 3)[i], steps[i])
    rest = training.Batches(pictures, TINY, 3, first_step=4)  # an epoch that goes on
    assert len(rest) == STEPS - 4
    for i in range(len(rest)):
        np.testing.assert_array_equal(rest[i], steps[4 + i])
    others = [steps[1], training.Batches(pictures, TINY, 4)[0], training.Batches(pictures, replace(TINY, seed=1), 3)[0]]
    assert not any(np.array_equal(steps[0], other) for other in others)


def test_pictures_are_drawn_with_replacement_from_all_of_them():
    drawn = []

    class Twenty(data.Pictures):
        def __init__(self):
            pass

        def __len__(self):
            return 20

        def take(self, rows):
            drawn.append(rows)
            return np.zeros((len(rows), 2, 2, 3), "uint8")

    pictures = Twenty()
    recipe = replace(TINY, batch_size=10)
    for epoch in range(50):
        batches = training.Batches(pictures, recipe, epoch)
        [batches[i] for i in range(len(batches))]
    assert {len(rows) for rows in drawn} == {10}
    assert len(drawn) == 100
    assert any(len(set(rows)) < 10 for rows in drawn)  # one picture twice in a batch
    counts = np.bincount(np.concatenate(drawn), minlength=20)
    assert counts.min() > 20  # of 50 expected
    assert counts.max() < 90


def test_a_bgr_recipe_trains_on_swapped_channels_and_shows_them_swapped_back():
    pictures, _ = TINY.pictures()
    swapped = replace(TINY, channels="bgr")
    rgb, bgr = training.Batches(pictures, TINY, 0)[0], training.Batches(pictures, swapped, 0)[0]
    np.testing.assert_array_equal(bgr, rgb[..., ::-1])
    assert (rgb != bgr).any()


def test_the_same_seed_gives_the_same_history_bit_for_bit_and_another_does_not(trained, monkeypatch):
    forget_models(monkeypatch)
    first, second = Run(trained), train(TINY)
    assert (first.path / "iterations.csv").read_bytes() == (second.path / "iterations.csv").read_bytes()
    for name, values in first.history().items():
        if name != "seconds":
            np.testing.assert_array_equal(values, second.history()[name])
    (one, _), (two, _) = first.load_checkpoint(Position(2)), second.load_checkpoint(Position(2))
    assert one.keys() == two.keys()
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)

    other = train(replace(TINY, seed=1, epochs=1))
    assert not np.any(other.iterations()["d_loss"] == first.iterations()["d_loss"][:STEPS])


# ------------------------------------------------------------------------------------------- holdout


def test_held_out_paintings_are_not_trained_on_and_log_and_environment_say_how_many():
    recipe = replace(TINY, limit=None, holdout=0.25, epochs=1)
    lines = []
    run = train(recipe, log=lines.append)
    assert any("held out for evaluation: 6 paintings" in line for line in lines)
    assert run.environment["pictures"]["holdout"] == 0.25
    assert run.environment["pictures"]["paintings"] == 18
    assert len(run.iterations()["step"]) == 18 * 6 // 8
    assert Run(run.path).recipe.holdout == 0.25


# ------------------------------------------------------------------------------------------- the plan


def test_a_dry_run_says_what_it_would_cost_and_writes_nothing():
    lines = []
    cost = train(TINY, dry_run=True, log=lines.append)
    assert isinstance(cost, Plan)
    assert (cost.pictures, cost.steps) == (72, 18)
    assert cost.seconds > 0
    assert cost.memory > 0
    assert cost.disk > 0
    assert str(cost) in lines[-1]
    assert "72 pictures, 18 steps" in lines[-1]
    assert files() == set()


def test_a_gan_that_will_paint_noise_for_want_of_steps_is_told_how_many_epochs_it_needs():
    recipe, folder = RECIPES["abstract/lsgan"].quick(), paintings(37)  # two steps an epoch instead of 18
    lines = []
    train(recipe, data=folder, dry_run=True, log=lines.append)
    assert lines[0].startswith("note: only 160 steps in all, expect noise: --epochs 720 makes")
    for enough in ({"epochs": 720}, {"epochs": 360}):
        train(replace(recipe, **enough), data=folder, dry_run=True, log=(lines := []).append)
        assert "noise" not in " ".join(lines)


@pytest.mark.parametrize("name", ["monet/vae", "facades/pix2pix"])
def test_other_models_than_gans_are_told_nothing_of_steps(name):
    pictures = SimpleNamespace(synthetic=False)
    assert few_steps(RECIPES[name].quick(), pictures) == ""


def test_placeholders_and_studies_of_ones_own_are_told_nothing_of_steps():
    for recipe, synthetic in ((TINY, True), (replace(TINY, name="mine/plain"), False)):
        assert few_steps(recipe, SimpleNamespace(synthetic=synthetic)) == ""


def test_what_is_left_of_a_training_costs_less():
    from artkeras.training.plan import plan

    pictures, _ = TINY.pictures()
    model, precision = training._model(TINY, "float32", None)
    costs = [plan(TINY, pictures, model, precision, done) for done in (Position(), Position(1), Position(1, 5))]
    assert [cost.steps for cost in costs] == [18, 9, 4]
    assert costs[0].seconds > costs[1].seconds > costs[2].seconds


# ---------------------------------------------------------------------------------- what may go wrong


def test_fewer_pictures_than_a_batch_stop_it_before_there_is_a_run_folder():
    text = message(train, replace(TINY, limit=1))
    assert "6 pictures" in text
    assert "8" in text
    assert files() == set()


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"seed": -1}, {"seed": 2**32}, {"holdout": 1.5}])
def test_values_that_make_no_sense_stop_it_before_there_is_a_run_folder(wrong):
    text = message(train, replace(TINY, **wrong))
    assert next(iter(wrong)) in text
    assert files() == set()


def test_an_unknown_precision_stops_it_before_there_is_a_run_folder():
    assert "float64" in message(training.train, TINY, precision="float64", log=silent)
    assert files() == set()


def test_an_unknown_name_is_answered_with_the_nearest():
    assert "colour_field/model_2" in message(train, "colour_field/modell_2")


def test_out_being_a_file_or_a_run_is_refused_and_neither_is_touched(trained):
    Path("runs.txt").write_text("mine")
    before = files()
    assert "is a file" in message(Run.create, "runs.txt", TINY, {})
    assert "is a run already" in message(Run.create, trained, TINY, {})
    assert files() == before
    assert Path("runs.txt").read_text() == "mine"


def test_out_being_a_link_to_a_drive_that_went_away_is_an_error_and_no_endless_loop(monkeypatch):
    Path("drive").symlink_to("unplugged")
    tries = []
    mkdir = Path.mkdir

    def counted(self, *arguments, **options):
        tries.append(self)
        if len(tries) > 50:
            pytest.fail("it tries again and again")
        return mkdir(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", counted)
    with pytest.raises((OSError, UserError)):
        Run.create("drive", TINY, {"pictures": {"synthetic": True}})


def not_a_number(recorder) -> None:
    epoch, step, logs = recorder._pending[-1]
    recorder._pending[-1] = epoch, step, {**logs, "g_loss": float("nan")}


def test_losses_that_are_not_numbers_stop_it_and_the_earlier_checkpoint_is_kept(monkeypatch):
    checkpoint_often(monkeypatch)
    monkeypatch.setattr("time.perf_counter", lambda: 0.0)  # nothing is flushed before the epoch's end
    at_step(monkeypatch, 1, 4, not_a_number)
    text = message(train, replace(TINY, epochs=3))
    assert text.startswith("g_loss stopped being")
    assert "epoch 2" in text
    run = only_run()
    assert list(run.checkpoints()) == [Position(1)]
    run.load_checkpoint(Position(1))
    assert run.history()["epoch"].tolist() == [1]


def test_a_training_that_diverges_leaves_no_checkpoint_full_of_nan(monkeypatch):
    checkpoint_often(monkeypatch, minutes=0)  # one at each step
    wild = replace(TINY, optimizer=Builder("artkeras.models.gan:adam", learning_rate=1e30), epochs=1)
    assert "stopped being numbers" in message(train, wild)
    run = only_run()
    for position in run.checkpoints():
        state, _ = run.load_checkpoint(position)
        assert all(np.isfinite(values).all() for values in state.values()), position


def full_disk(*arguments):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", ["checkpoint", "table"])
def test_a_full_disk_stops_it_in_one_line_that_says_how_to_go_on(monkeypatch, what):
    checkpoint_often(monkeypatch)
    if what == "checkpoint":
        save = Run.save_checkpoint

        def save_checkpoint(self, position, state, seconds):
            if position.epoch == 2:
                full_disk()
            return save(self, position, state, seconds)

        monkeypatch.setattr(Run, "save_checkpoint", save_checkpoint)
    else:
        at_step(monkeypatch, 1, 4, lambda recorder: monkeypatch.setattr(Table, "append", full_disk))
    text = message(train, TINY)
    run = only_run()
    assert "No space left on device" in text
    assert f"resume {run.path}" in text
    assert list(run.checkpoints()) == [Position(1)]
    run.load_checkpoint(Position(1))
    assert not list(run.path.rglob(".*.part"))


def test_a_disk_that_takes_no_more_rows_stops_it_in_one_line_too(monkeypatch):
    """With real files: what could not be written is still in their buffers, and closing them fails again."""
    with contextlib.ExitStack() as stack, monkeypatch.context() as patch:

        def limit(recorder) -> None:
            size = (recorder.run.path / "iterations.csv").stat().st_size
            stack.enter_context(file_size_limit(size + 10))

        checkpoint_often(patch)
        at_step(patch, 1, 4, limit)
        text = message(train, TINY)
    run = only_run()
    assert f"resume {run.path}" in text
    assert list(run.checkpoints()) == [Position(1)]
    training.resume(run.path, log=silent)  # with room again
    assert run.history()["epoch"].tolist() == [1, 2]
    assert len(run.iterations()["step"]) == 2 * STEPS


def test_a_checkpoint_that_finds_no_room_is_one_line_and_exit_status_2(monkeypatch, capsys):
    """Through the command line, with a real limit: grids and tables fit under it, checkpoints do not."""
    monkeypatch.setitem(RECIPES, "colour_field/tiny", replace(TINY, name="colour_field/tiny", sample_every=10))
    with file_size_limit(90_000):
        status = main(["train", "colour_field/tiny", "--precision", "float32", "--out", "runs"])
    captured = capsys.readouterr()
    run = only_run()
    assert status == 2
    assert len([line for line in captured.err.splitlines() if line.startswith("artkeras: ")]) == 1
    assert captured.err.splitlines()[-1].startswith("artkeras: training stopped, the run cannot be written")
    assert "Traceback" not in captured.err + captured.out
    assert run.checkpoints() == {}
    assert not list(run.path.rglob(".*.part"))
    assert len(run.iterations()["step"]) == 2 * STEPS  # all that was learned about it
