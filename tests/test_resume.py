"""Resume: a training that was stopped, killed or lengthened ends as if nothing had happened."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_worker
from PIL import Image
from training_worker import STEPS, TINY, at_step, checkpoint_often, silent

from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.training import callbacks
from artkeras.training import train as training
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")

THREE = replace(TINY, epochs=3)


def train(recipe=THREE, **options):
    return training.train(recipe, precision="float32", out="runs", log=silent, **options)


def message(call, *arguments, **options) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    options.setdefault("log", silent)
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder: its bytes, and when it was last written."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def cut(path: Path) -> None:
    """Leave half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def same(one: Run, other: Run, epochs: int = 3) -> None:
    """Two finished runs are equal bit for bit, but for the time they took; each epoch and step is there once."""
    for run in (one, other):
        iterations = run.iterations()
        assert run.history()["epoch"].tolist() == list(range(1, epochs + 1))
        expected = [(epoch, step) for epoch in range(1, epochs + 1) for step in range(1, STEPS + 1)]
        assert list(zip(iterations["epoch"], iterations["step"])) == expected
    assert (one.path / "iterations.csv").read_bytes() == (other.path / "iterations.csv").read_bytes()
    ours, theirs = one.history(), other.history()
    assert ours.keys() == theirs.keys()
    for name in ours.keys() - {"seconds"}:
        assert ours[name].tobytes() == theirs[name].tobytes(), name
    (a, _), (b, _) = one.load_checkpoint(Position(epochs)), other.load_checkpoint(Position(epochs))
    assert a.keys() == b.keys()
    assert [name for name in a if a[name].tobytes() != b[name].tobytes()] == []
    assert np.array_equal(one.grids()[epochs], other.grids()[epochs])
    assert not list(one.path.rglob("*.part")) + list(other.path.rglob("*.part"))


@pytest.fixture(scope="module")
def uninterrupted_once(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ARTKERAS_DATA", raising=False)
        patch.setenv("ARTKERAS_HOME", str(out / "home"))
        patch.chdir(out)
        training_worker.lighten(patch)
        training_worker.reuse_models(patch)
        checkpoint_often(patch)
        return train().path.resolve()


@pytest.fixture
def uninterrupted(uninterrupted_once) -> Run:
    """A run of 3 epochs that nothing happened to; not to be changed."""
    return Run(uninterrupted_once)


@pytest.fixture
def finished(uninterrupted, tmp_path) -> Run:
    """A copy of it, with the checkpoints of epochs 2 and 3, for the test to spoil."""
    return Run(shutil.copytree(uninterrupted.path, tmp_path / "copied" / uninterrupted.path.name))


@pytest.fixture
def stopped(finished) -> Run:
    """It as if killed in epoch 3: two epochs and their checkpoint, and rows of 4 steps more."""
    finished.checkpoints()[Position(3)].unlink()
    for name, rows in (("iterations.csv", 2 * STEPS + 4), ("history.csv", 2)):
        path = finished.path / name
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[: rows + 1]))
    return finished


# ------------------------------------------------------------------------ as if nothing had happened


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_a_run_killed_three_times_ends_like_one_that_never_was(uninterrupted, tmp_path):
    """`kill -9` between two checkpoints, while one is written, and right after one; a process each."""

    def killed(folder, where: str) -> None:
        command = [sys.executable, training_worker.__file__, str(folder), where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == -signal.SIGKILL, done.stderr

    killed(tmp_path / "runs", "between")
    (path,) = (tmp_path / "runs").iterdir()
    run = Run(path)
    assert list(run.checkpoints()) == [Position(1)]
    assert (path / "iterations.csv").read_text().endswith("2,6,0.6931")
    assert len(run.iterations()["step"]) == STEPS + 5

    killed(path, "writing")
    assert list(run.checkpoints()) == [Position(1)]
    (part,) = path.rglob("*.part")
    assert part.stat().st_size > 10_000
    assert run.history()["epoch"].tolist() == [1, 2]

    killed(path, "after")
    assert list(run.checkpoints()) == [Position(2, 2), Position(2, 3), Position(2, 4)]

    lines = []
    resumed = training.resume(path, log=lines.append)
    assert any("going on from epoch 2 and 4 steps" in line for line in lines)
    same(uninterrupted, resumed)
    assert [entry[0] for entry in resumed.environment["resumed"]] == ["epoch 1", "epoch 1", "epoch 2 and 4 steps"]
    assert list(resumed.checkpoints()) == [Position(2, 4), Position(3)]
    assert (path / "samples.gif").exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_a_run_killed_at_random_moments_ends_like_one_that_never_was(uninterrupted, tmp_path):
    """A real `kill -9` each, while a checkpoint is written after every step; ARTKERAS_KILLS says how many."""
    kills, folder = int(os.environ.get("ARTKERAS_KILLS", 3)), tmp_path / "runs"
    moments = iter(np.random.default_rng(0).uniform(0.0, 3.0, 10 * kills))
    done = 0
    while done < kills:
        runs = list(folder.iterdir()) if folder.exists() else []
        goal = runs[-1] if runs and Run.is_run(runs[-1]) else folder
        command = [sys.executable, training_worker.__file__, str(goal), str(next(moments))]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if ended.returncode == -signal.SIGKILL:
            done += 1
            (path,) = folder.iterdir()
            if Run(path).checkpoints():
                assert Run(path).latest()[0] == next(reversed(Run(path).checkpoints()))  # the newest is whole
        else:  # it was faster than its end: another one is begun
            assert "it was to die before this" in ended.stderr, ended.stderr
            same(uninterrupted, Run(goal if goal != folder else next(folder.iterdir())))
            shutil.rmtree(folder)
    if folder.exists():
        same(uninterrupted, training.resume(next(folder.iterdir()), log=silent))


def test_a_run_stopped_by_ctrl_c_in_mid_epoch_ends_like_one_that_never_was(uninterrupted, monkeypatch):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        at_step(patch, 1, 4, lambda recorder: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt) as caught:
            train()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    (path,) = Path("runs").iterdir()
    run = Run(path)
    assert str(caught.value) == f"stopped at epoch 1 and 4 steps; go on with: python -m artkeras resume {path}"
    assert list(run.checkpoints()) == [Position(1, 4)]
    assert len(run.iterations()["step"]) == STEPS + 4
    same(uninterrupted, training.resume(path, log=silent))


def test_a_run_of_two_epochs_made_three_ends_like_one_of_three(uninterrupted, trained):
    resumed = training.resume(trained, epochs=3, log=silent)
    assert resumed.recipe.epochs == Run(trained).recipe.epochs == 3
    same(uninterrupted, resumed)
    with Image.open(trained / "samples.gif") as animation:
        assert animation.n_frames == 4


def test_a_run_killed_before_its_first_checkpoint_starts_again_from_the_beginning(stopped, uninterrupted):
    shutil.rmtree(stopped.path / "checkpoints")
    same(uninterrupted, training.resume(stopped.path, log=silent))


def test_torn_lines_and_files_left_half_written_do_no_harm(stopped, uninterrupted):
    for name in ("iterations.csv", "history.csv"):
        with open(stopped.path / name, "a") as file:
            file.write("3,5,0.12")
    part = stopped.path / "checkpoints" / ".epoch-0003.npz.0123456789abcdef.part"
    part.write_bytes(b"half")
    same(uninterrupted, training.resume(stopped.path, log=silent))
    assert not part.exists()


def test_tables_are_read_without_the_line_that_is_still_being_written(stopped):
    whole = stopped.history(), stopped.iterations()
    for name in ("iterations.csv", "history.csv"):
        with open(stopped.path / name, "a") as file:
            file.write("3,5")
    for before, now in zip(whole, (stopped.history(), stopped.iterations())):
        assert before.keys() == now.keys()
        assert all(np.array_equal(before[name], now[name]) for name in before)


@pytest.mark.parametrize("name", ["iterations.csv", "history.csv"])
def test_a_table_that_a_spreadsheet_has_saved_is_one_line_and_stays_as_it_is(finished, name):
    path = finished.path / name
    path.write_text(spoilt := path.read_text().replace(",", ";"))
    assert f"{path} is not as it was written" in message(training.resume, finished.path, epochs=9)
    with pytest.raises(UserError, match="is not as it was written"):
        getattr(finished, name.removesuffix(".csv"))()
    assert path.read_text() == spoilt


def test_a_table_torn_in_its_header_does_no_harm(stopped, uninterrupted):
    shutil.rmtree(stopped.path / "checkpoints")
    (stopped.path / "history.csv").write_text("epoch,d_lo")
    (stopped.path / "iterations.csv").write_text("")
    same(uninterrupted, training.resume(stopped.path, log=silent))


def test_a_run_killed_before_its_animation_gets_it_when_resumed(finished):
    (finished.path / "samples.gif").unlink()
    training.resume(finished.path, log=silent)
    assert (finished.path / "samples.gif").exists()


# ----------------------------------------------------------------------------------- being stopped


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_asks_and_the_second_interrupts_at_once(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), callbacks.stop_signals() as asked:
        assert not asked.is_set()
        os.kill(os.getpid(), number)
        assert asked.is_set()
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_does_not_wait_for_a_checkpoint_and_the_last_one_still_serves(uninterrupted, monkeypatch):
    with monkeypatch.context() as patch:
        checkpoint_often(patch)

        def twice(recorder) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

        at_step(patch, 1, 4, twice)
        with pytest.raises(KeyboardInterrupt) as caught:
            train()
    (path,) = Path("runs").iterdir()
    assert list(Run(path).checkpoints()) == [Position(1)]
    assert "last checkpoint" in str(caught.value)
    assert f"python -m artkeras resume {path}" in str(caught.value)
    same(uninterrupted, training.resume(path, log=silent))


def test_how_to_go_on_can_be_pasted_where_the_folder_has_a_space(stopped, monkeypatch):
    path = stopped.path.rename(Path("my run"))
    at_step(monkeypatch, 2, 1, lambda recorder: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt) as caught:
        training.resume(path, log=silent)
    assert str(caught.value).endswith("python -m artkeras resume 'my run'")
    with pytest.raises(UserError, match="go on with: python -m artkeras resume 'my run'"):
        Run.check_place(path)


def test_at_an_epochs_end_a_stop_waits_for_grid_and_history_and_after_the_last_there_is_none(monkeypatch):
    saved = []
    recorder = SimpleNamespace(position=Position(0, 3))
    run = SimpleNamespace(recipe=TINY)
    checkpoint = SimpleNamespace(recorder=recorder, run=run, save=lambda: saved.append(recorder.position))
    calm = callbacks.CalmStop(checkpoint, SimpleNamespace(is_set=lambda: True))
    with pytest.raises(KeyboardInterrupt):
        calm.on_train_batch_end(2)
    recorder.position = Position(1)
    calm.on_train_batch_end(8)  # the epoch's last step: its end follows
    with pytest.raises(KeyboardInterrupt):
        calm.on_epoch_end(0)
    recorder.position = Position(2)
    calm.on_epoch_end(1)
    assert saved == [Position(0, 3), Position(1)]


def test_the_command_line_says_how_to_go_on_and_ends_with_status_130(stopped, capsys, monkeypatch):
    at_step(monkeypatch, 2, 1, lambda recorder: os.kill(os.getpid(), signal.SIGINT))
    assert main(["resume", str(stopped.path)]) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("artkeras: stopped at epoch 2 and 1 step; go on with: ")
    assert last.endswith(f"resume {stopped.path}")
    assert Position(2, 1) in stopped.checkpoints()


# --------------------------------------------------------------------------------- other values


def test_all_differences_are_listed_and_nothing_is_touched(stopped, monkeypatch):
    before = content(stopped.path)
    monkeypatch.setattr("artkeras.data.loading.PLACEHOLDER_COUNT", 23)  # other pictures
    text = message(training.resume, stopped.path, seed=7, holdout=0.25, precision="bfloat16", epochs=9)
    for words in ("seed was 0, now 7", "holdout was 0.0, now 0.25", "precision was float32, now bfloat16"):
        assert words in text
    assert "pictures was" in text
    assert content(stopped.path) == before


def test_another_backend_is_a_difference(stopped):
    facts = stopped.environment
    stopped.update(environment=facts | {"versions": facts["versions"] | {"backend": "abacus"}})
    assert "backend was abacus, now" in message(training.resume, stopped.path)


def test_another_version_is_only_noted(finished):
    facts = finished.environment
    finished.update(environment=facts | {"versions": facts["versions"] | {"numpy": "1.0"}})
    lines = []
    training.resume(finished.path, log=lines.append)
    assert any(line.startswith("note: numpy was 1.0, now ") for line in lines)


def test_values_that_are_the_old_ones_are_no_difference(finished):
    training.resume(finished.path, seed=0, holdout=0.0, precision="float32", log=silent)


def test_fewer_epochs_than_are_done_are_refused_and_nothing_is_touched(finished):
    before = content(finished.path)
    text = message(training.resume, finished.path, epochs=2)
    assert "has done epoch 3 already" in text
    assert content(finished.path) == before


def test_a_finished_run_says_so_and_how_to_train_on(finished):
    lines = []
    run = training.resume(finished.path, log=lines.append)
    assert "has done its 3 epochs: give --epochs to train on" in lines[-1]
    assert run.history()["epoch"].tolist() == [1, 2, 3]


# ----------------------------------------------------------------------------------- its pictures


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "paintings"
    folder.mkdir()
    for i in range(4):
        picture = np.random.default_rng(i).integers(0, 256, (20, 20, 3), dtype="uint8")
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


def test_pictures_may_move_but_not_change(pictures):
    run = train(replace(TINY, epochs=1), data=pictures)
    moved = pictures.rename(pictures.with_name("elsewhere"))
    before = content(run.path)
    assert f"{pictures} with the pictures of" in message(training.resume, run.path, epochs=2)
    with pytest.raises(UserError, match="is gone: give --data FOLDER"):
        run.pictures()

    Image.new("RGB", (20, 20), "red").save(moved / "3.png")
    assert "pictures was 24 of" in message(training.resume, run.path, epochs=2, data=moved)
    assert content(run.path) == before

    picture = np.random.default_rng(3).integers(0, 256, (20, 20, 3), dtype="uint8")
    Image.fromarray(picture).save(moved / "3.png")
    training.resume(run.path, epochs=2, data=moved, log=silent)
    assert run.history()["epoch"].tolist() == [1, 2]
    training.resume(run.path, epochs=3, log=silent)  # it knows now where they are
    assert run.history()["epoch"].tolist() == [1, 2, 3]


def test_a_run_on_the_placeholder_does_not_go_on_with_paintings(stopped, pictures, monkeypatch):
    before = content(stopped.path)
    text = message(training.resume, stopped.path, data=pictures)
    assert "synthetic placeholder" in text
    assert "24 of" in text
    assert content(stopped.path) == before


# ------------------------------------------------------------------------------ damaged checkpoints


def test_a_checkpoint_cut_in_half_costs_one_and_is_named(finished, uninterrupted):
    cut(finished.checkpoints()[Position(3)])
    lines = []
    resumed = training.resume(finished.path, log=lines.append)
    assert any(line.startswith("note: ") and "epoch-0003.npz is damaged" in line for line in lines)
    assert any("going on from epoch 2" in line for line in lines)
    same(uninterrupted, resumed)


def test_when_all_checkpoints_are_damaged_it_says_so_and_touches_nothing(finished):
    for path in finished.checkpoints().values():
        cut(path)
    before = content(finished.path)
    assert "is damaged" in message(training.resume, finished.path)
    assert content(finished.path) == before


def flipped(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda whole: b"", lambda whole: whole[:10], lambda whole: b"\0" * len(whole), flipped, lambda whole: whole[:-1]],
    ids=["empty", "ten bytes", "zeros", "one byte flipped", "one byte short"],
)
def test_any_damage_to_a_checkpoint_is_noticed(finished, damage):
    path = finished.checkpoints()[Position(3)]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="is damaged"):
        finished.load_checkpoint(Position(3))
    assert finished.latest()[0] == Position(2)


# -------------------------------------------------------------------------- which ones there are


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A `Checkpoint` without a training: `at(position)` brings it there."""
    (tmp_path / "recipe.json").write_text("{}")
    run = object.__new__(Run)
    run.path, run.recipe = tmp_path, replace(TINY, epochs=200)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock.now)
    recorder = SimpleNamespace(position=Position(), seconds=0.0, best=None, flush=lambda: None)
    made = callbacks.Checkpoint(run, recorder)
    made.set_model(SimpleNamespace(sync=lambda: None, state=dict))
    made.clock = clock

    def at(epoch: int, step: int = 0) -> None:
        recorder.position = Position(epoch, step)
        made.on_train_batch_end(step)
        if not step:
            made.on_epoch_end(epoch - 1)

    made.at = at
    return made


def test_the_last_two_and_every_fiftieth_epochs_checkpoints_are_kept(checkpoint):
    for epoch in range(1, 121):
        checkpoint.at(epoch)
    assert [position.epoch for position in checkpoint.run.checkpoints()] == [50, 100, 110, 120]
    checkpoint.run.recipe = replace(TINY, epochs=123)
    for epoch in range(121, 124):
        checkpoint.at(epoch)
    assert [position.epoch for position in checkpoint.run.checkpoints()] == [50, 100, 120, 123]  # and after the last


def test_ten_minutes_after_the_last_checkpoint_there_is_one_in_mid_epoch(checkpoint):
    for minute in range(36):
        checkpoint.clock.now = 60.0 * minute
        checkpoint.at(0, minute + 1)
    assert list(checkpoint.run.checkpoints()) == [Position(0, 23), Position(0, 34)]  # minutes 11, 22 and 33


def test_an_epochs_end_after_ten_minutes_is_saved_as_such(checkpoint):
    checkpoint.clock.now = 700.0
    checkpoint.at(3)
    assert list(checkpoint.run.checkpoints()) == [Position(3)]
    checkpoint.clock.now = 1000.0
    checkpoint.at(4)
    assert list(checkpoint.run.checkpoints()) == [Position(3)]


def test_checkpoints_in_mid_epoch_do_not_stay(checkpoint):
    checkpoint.keep_every = 1
    for minute, position in ((11, (0, 5)), (22, (1,)), (33, (1, 5)), (44, (2,)), (55, (3,))):
        checkpoint.clock.now = 60.0 * minute
        checkpoint.at(*position)
    assert list(checkpoint.run.checkpoints()) == [Position(1), Position(2), Position(3)]
