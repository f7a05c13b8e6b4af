"""Files of a run that are damaged: noticed by any bit, said in one line, and the checkpoint before is used."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from training_worker import TINY, at_step, checkpoint_often, silent

from artkeras.errors import UserError
from artkeras.training import callbacks
from artkeras.training import train as training
from artkeras.training.checkpoints import BEST, Position
from artkeras.training.run import Run
from artkeras.training.states import Damaged, read_state
from artkeras.training.tables import read_scores

FACTS = {"epoch": 3, "step": 0, "seconds": 1.5}


@pytest.fixture
def state() -> dict[str, np.ndarray]:
    return {
        "g/000": np.arange(6, dtype="float32").reshape(2, 3),
        "g/001": np.array([7, 8], "uint32"),
        "step": np.array(5, "int64"),
    }


def bare(tmp_path) -> Run:
    """A run without recipe, for its checkpoints alone."""
    run = object.__new__(Run)
    run.path, run.recipe = tmp_path, TINY
    return run


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(a[n].dtype == b[n].dtype and np.array_equal(a[n], b[n]) for n in a)


def test_one_flipped_bit_anywhere_in_a_checkpoint_changes_nothing_or_is_noticed(tmp_path, state):
    """Every bit of the file, the archive's own fields and the arrays' headers included."""
    path = bare(tmp_path).save_checkpoint(Position(3), state, 1.5)
    whole = path.read_bytes()
    noticed = 0
    for bit in range(8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        try:
            found, facts = read_state(io.BytesIO(spoilt))
        except Damaged as error:
            noticed += 1
            assert str(error)
            continue
        assert same(found, state) and facts == FACTS, f"byte {bit // 8} of {len(whole)}"
    assert noticed > 8 * len(whole) / 2  # most bits count


def test_a_checkpoint_cut_anywhere_is_damaged(tmp_path, state):
    whole = bare(tmp_path).save_checkpoint(Position(3), state, 1.5).read_bytes()
    for length in range(len(whole)):
        with pytest.raises(Damaged):
            read_state(io.BytesIO(whole[:length]))


def test_a_checkpoint_of_before_the_list_of_arrays_is_read(tmp_path, state):
    found, facts = read_state(stored(tmp_path / "old.npz", FACTS, **state))
    assert same(found, state) and facts == FACTS


def stored(path: Path, facts, **arrays) -> Path:
    """An archive with these facts, sound as an archive."""
    np.savez(path, facts=np.array(facts if isinstance(facts, str) else json.dumps(facts)), **arrays)
    return path


@pytest.mark.parametrize(
    "facts",
    [
        "{", "", "[]", "7", "null", [1, 2], {}, {"epoch": 3, "step": 0}, {"epoch": "three", "step": 0, "seconds": 1},
        {"epoch": 3, "step": 0, "seconds": None}, {"epoch": [3], "step": 0, "seconds": 1}, "[" * 100_000,
    ],
    ids=repr,
)  # fmt: skip
def test_facts_that_are_none_are_damage_and_the_checkpoint_before_is_used(facts, tmp_path, state):
    run = bare(tmp_path)
    run.save_checkpoint(Position(2), state, 1.0)
    stored(tmp_path / "checkpoints" / "epoch-0003.npz", facts, **state)
    lines = []
    position, found, seconds = run.latest(lines.append)
    assert (position, seconds) == (Position(2), 1.0) and same(found, state)
    assert len(lines) == 1 and "epoch-0003.npz is damaged" in lines[0]


def test_a_checkpoint_that_holds_a_pickle_is_damage_and_is_not_opened(tmp_path, state):
    class Evil:
        def __reduce__(self):
            return open, ("pwned", "w")

    run = bare(tmp_path)
    run.save_checkpoint(Position(2), state, 1.0)
    stored(tmp_path / "checkpoints" / "epoch-0003.npz", FACTS, evil=np.array([Evil()], dtype=object))
    assert run.latest()[0] == Position(2)
    assert not Path("pwned").exists()


def test_a_folder_and_a_file_of_text_in_place_of_a_checkpoint_are_damage(tmp_path, state):
    run = bare(tmp_path)
    run.save_checkpoint(Position(2), state, 1.0)
    (tmp_path / "checkpoints" / "epoch-0003.npz").mkdir()
    (tmp_path / "checkpoints" / "epoch-0004.npz").write_text("hello")
    assert run.latest()[0] == Position(2)


# --------------------------------------------------------------------- recipe.json and environment.json


@pytest.mark.parametrize("name", ["recipe.json", "environment.json"])
@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"{}", b"[]", b"7", b"null", b'"text"', b"\xff\xfe", b"\0" * 50, b"[" * 100_000,
        b'{"pictures": {}}', b'{"pictures": []}', b'{"pictures": {"synthetic": "no"}}', b'{"a": NaN}',
    ],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_a_file_of_values_that_is_damaged_is_one_line_that_names_it(name, content, trained):
    (trained / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"cannot be read as a run \({name}: ") as caught:
        Run(trained)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lacking", ["pictures", "versions", "precision", "resumed", "device"])
def test_an_environment_that_lacks_something_says_what(lacking, trained):
    path = trained / "environment.json"
    values = json.loads(path.read_text())
    del values[lacking]
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match=rf"environment\.json: it lacks '{lacking}'"):
        Run(trained)


def test_a_file_in_place_of_a_run_is_said_to_be_one():
    Path("text.txt").write_text("hello")
    with pytest.raises(UserError, match=r"^text\.txt is a file, not a run: give the folder of a run"):
        training.resume("text.txt", log=silent)
    with pytest.raises(UserError, match=r"^missing does not exist"):
        Run("missing")


def test_files_that_an_editor_gave_a_byte_order_mark_are_read_as_before(trained, light):
    whole = Run(trained)
    history, iterations, recipe = whole.history(), whole.iterations(), whole.recipe
    for name in ("recipe.json", "environment.json", "history.csv", "iterations.csv"):
        path = trained / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    marked = Run(trained)
    assert marked.recipe == recipe
    for before, now in ((history, marked.history()), (iterations, marked.iterations())):
        assert before.keys() == now.keys()
        assert all(np.array_equal(before[name], now[name]) for name in before)
    resumed = training.resume(trained, epochs=3, log=silent)
    assert resumed.history()["epoch"].tolist() == [1, 2, 3]
    (trained / "metrics.jsonl").write_bytes(b'\xef\xbb\xbf{"value": 1}\n')
    assert read_scores(trained / "metrics.jsonl") == [{"value": 1}]


@pytest.mark.parametrize("content", [b"\xff\xfe\0", b'epoch,"loss\n1,2\n', b"epoch,loss\n1,2,3\n"])
def test_a_table_that_is_none_is_one_line(content, trained):
    (trained / "history.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"history\.csv is not as it was written"):
        Run(trained).history()


# -------------------------------------------------------------------------------------- the best one


class Falling:
    """A validator whose numbers are given; the smallest is the best."""

    columns, selection = ("kid",), ("kid",)

    def __init__(self, *values: float):
        self.values = iter(values)

    def __call__(self, model) -> dict[str, float]:
        return {"kid": next(self.values)}


WATCHED = {"eval_every": 1, "holdout": 0.25, "limit": 12, "epochs": 4}


@pytest.fixture
def watched(monkeypatch, light, tiny):
    """Trains 4 epochs, validated after each with these numbers."""
    from dataclasses import replace

    def run(*values, resumed=None):
        monkeypatch.setattr(training, "_validator", lambda *given: Falling(*values))
        if resumed:
            return training.resume(resumed, log=silent)
        return training.train(replace(tiny, **WATCHED), precision="float32", log=silent)

    return run


def kill(*given):
    raise SystemExit("killed")


def test_a_training_killed_between_a_checkpoint_and_best_makes_up_for_it(watched, monkeypatch):
    with monkeypatch.context() as patch:
        copy = callbacks.Run.save_checkpoint.__globals__["copy"]
        patch.setattr("artkeras.training.run.copy", lambda a, b: kill() if a.name == "epoch-0003.npz" else copy(a, b))
        with pytest.raises(SystemExit):
            watched(0.5, 0.6, 0.2, 0.3)
    (path,) = Path("runs").iterdir()
    run = Run(path)
    assert run.best()[0] == Position(1)
    assert next(reversed(run.checkpoints())) == Position(3)
    watched(0.3, resumed=path)
    assert run.best()[0] == Position(3)
    assert run.history()["kid"].tolist() == [0.5, 0.6, 0.2, 0.3]


def test_best_is_never_from_a_later_epoch_than_what_a_resumed_training_begins_with(watched, monkeypatch):
    with monkeypatch.context() as patch:
        at_step(patch, 3, 2, kill)
        with pytest.raises(SystemExit):
            watched(0.5, 0.6, 0.2)
    (path,) = Path("runs").iterdir()
    run = Run(path)
    assert run.best()[0] == Position(3)
    newest = run.checkpoints()[Position(3)]
    newest.write_bytes(newest.read_bytes()[:-1])
    with monkeypatch.context() as patch:
        patch.setattr(training, "_fit", kill)  # it is killed again before it has trained on
        with pytest.raises(SystemExit):
            watched(resumed=path)
    assert run.history()["epoch"].tolist() == [1]
    assert run.best()[0] == Position(1)
    watched(0.6, 0.2, 0.3, resumed=path)
    assert run.best()[0] == Position(3)


def test_without_an_earlier_best_the_later_one_goes_and_the_next_takes_its_place(watched, monkeypatch):
    checkpoint_often(monkeypatch)
    with monkeypatch.context() as patch:
        at_step(patch, 3, 2, kill)
        with pytest.raises(SystemExit):
            watched(0.1, 0.6, 0.05)
    (path,) = Path("runs").iterdir()
    run = Run(path)
    run.checkpoints()[Position(3)].unlink()
    assert list(run.checkpoints()) == [Position(2)]  # which was not the best
    watched(0.4, 0.3, resumed=path)
    assert run.best()[0] == Position(4)  # of what is left
    assert (path / "checkpoints" / BEST).exists()
