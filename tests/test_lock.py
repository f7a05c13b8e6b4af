"""A run is trained by one process at a time, and a process that is gone blocks nobody."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from training_worker import silent

from artkeras.errors import UserError
from artkeras.training import train as training
from artkeras.training.lock import locked
from artkeras.training.run import Run

HOLD = """
import time
from artkeras.training.lock import locked
with locked(".", "in use"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held():
    """Another process that holds the lock of the current folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_another_process_is_refused_until_it_ends_by_whatever(held):
    with pytest.raises(UserError, match="in use"), locked(".", "in use"):
        pytest.fail("it was taken twice")
    held.kill()
    held.wait()
    assert Path(".lock").exists()  # what a kill leaves behind
    with locked(".", "in use"):
        pass
    assert not Path(".lock").exists()


def test_the_same_process_is_refused_too_and_the_lock_ends_with_an_error():
    with pytest.raises(KeyboardInterrupt), locked(".", "in use"):
        with pytest.raises(UserError, match="in use"), locked(".", "in use"):
            pytest.fail("it was taken twice")
        raise KeyboardInterrupt
    with locked(".", "in use"):
        pass


def test_two_never_hold_it_at_once_though_the_file_comes_and_goes():
    inside, most, refused, taken = [], [], [], []

    def work() -> None:
        for _ in range(200):
            try:
                with locked(".", "in use"):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(1e-5)
                    inside.pop()
                    taken.append(1)
            except UserError:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert taken and refused


def test_a_folder_that_cannot_be_written_or_locked_is_worked_in_without(monkeypatch):
    with locked("missing", "in use"):
        assert not Path("missing").exists()

    def unable(file):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("artkeras.training.lock._take", unable)
    with locked(".", "in use"), locked(".", "in use"):
        pass


def test_a_run_that_is_being_trained_cannot_be_resumed(trained, light):
    run = Run(trained)
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file() and path.name != ".lock"}
    with run.lock(), pytest.raises(UserError, match="is being trained by another process") as caught:
        training.resume(trained, epochs=3, log=silent)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before
    training.resume(trained, epochs=3, log=silent)
    assert not (trained / ".lock").exists()


def test_a_training_holds_its_run_while_it_trains(tiny, light, monkeypatch):
    refusals = []

    def resume(recorder) -> None:
        with pytest.raises(UserError) as caught:
            training.resume(recorder.run.path, log=silent)
        refusals.append(str(caught.value))

    from training_worker import at_step

    at_step(monkeypatch, 1, 4, resume)
    run = training.train(tiny, precision="float32", log=silent)
    assert [text.partition(":")[0] for text in refusals] == [f"{run.path} is being trained by another process"]
