"""Commands at a console: names that its encoding lacks, SIGTERM, and what a killed process left behind."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from training_worker import TINY

from artkeras import files, synthetic
from artkeras.__main__ import main
from artkeras.cli import console
from artkeras.recipes import RECIPES
from artkeras.tasks import evaluation

NAME = "日本"


def run(*words: str, encoding: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "artkeras", *words]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run(command, capture_output=True, env=environment, timeout=120)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_name_that_the_console_cannot_show_is_written_in_numbers(encoding, monkeypatch):
    (Path(NAME) / "colour_field").mkdir(parents=True)
    monkeypatch.setenv("ARTKERAS_DATA", NAME)
    done = run("list", encoding=encoding)
    assert done.returncode == 0, done.stderr
    assert rb"\u65e5\u672c" in done.stdout
    done = run("resume", NAME, encoding=encoding)
    assert done.returncode == 2
    assert done.stderr.startswith(rb"artkeras: \u65e5\u672c is not a run") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("words", [("--help",), ("train", "--help"), ("weights", "list")])
def test_help_and_tables_can_be_shown_by_any_console(words, monkeypatch):
    monkeypatch.setenv("ARTKERAS_HOME", NAME)
    done = run(*words, encoding="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    done.stdout.decode("ascii")


def terminated(out: Path):
    """In place of a command: it has half a file written when SIGTERM comes."""

    def command(arguments) -> None:
        with files.atomic(out) as part:
            part.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
            pytest.fail("it went on")

    return command


def test_sigterm_ends_every_command_as_ctrl_c_does(monkeypatch, capsys, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "page.html").write_text("before")
    monkeypatch.setattr("artkeras.cli.list_recipes.run", terminated(tmp_path / "out" / "page.html"))
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "\nartkeras: stopped\n"
    assert [(path.name, path.read_text()) for path in (tmp_path / "out").iterdir()] == [("page.html", "before")]
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_to_a_real_process_ends_it_with_status_130(tmp_path):
    code = (
        "import sys, time, artkeras.__main__ as m, artkeras.cli.list_recipes as c\n"
        "c.run = lambda arguments: (print('ready', flush=True), time.sleep(60))\n"
        "sys.exit(m.main(['list']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.communicate(timeout=30)[1] == "\nartkeras: stopped\n"
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "room"),
    [
        (("sample", "RUN", "--count", "4", "--out", "out/grid.png"), 0),
        (("walk", "RUN", "--frames", "5", "--out", "out/walk.gif"), 0),
        *((("report", "RUN", "--out", "out"), room) for room in (0, 1, 4, 6)),
        (("report", "RUN", "--html", "out/page.html"), 0),
    ],
)
def test_a_full_disk_ends_a_command_in_one_line_and_leaves_whole_files(
    words, room, trained, light, monkeypatch, capsys
):
    """The disk takes `room` files; every later one does not fit."""
    words = [str(trained) if word == "RUN" else word for word in words]
    assert main(words) == 0
    whole = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    run = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    Path("out").rename("before")
    flush, left = files._flush, iter(range(room))

    def full(path: Path) -> None:
        if next(left, None) is None:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])  # what still fitted
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        flush(path)

    monkeypatch.setattr(files, "_flush", full)
    capsys.readouterr()
    assert main(words) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("artkeras: ")]
    assert len(lines) == 1 and "No space left on device" in lines[0]
    written = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert len(written) == room
    assert all(whole[path] == content for path, content in written.items())
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == run


def test_outside_the_main_thread_signals_stay_as_they_are():
    before, found = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with console.stopped_by_sigterm():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_there(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_swept", set())
    old, young = (tmp_path / f".grid.png.{digit * 16}.part" for digit in "ab")
    others = [tmp_path / name for name in (".mine.part", "notes.part", f"grid.png.{'a' * 16}.part", ".hidden")]
    for path in (old, young, *others):
        path.write_text("half")
    for path in (old, *others):
        os.utime(path, (0, time.time() - files.ABANDONED - 10))
    with files.atomic(tmp_path / "walk.gif") as part:
        part.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"walk.gif", young.name, *(path.name for path in others)}


@pytest.mark.parametrize(
    ("holdout", "said"), [(0.2, "60 paintings (48 trained on, 12 held out)"), (0.0, "60 paintings")]
)
def test_evaluate_counts_all_paintings_it_compares_with(holdout, said, monkeypatch):
    from dataclasses import replace

    from PIL import Image

    Path("paintings").mkdir()
    for number, picture in enumerate(synthetic.colour_field(60, 16, seed=1)):
        Image.fromarray(picture).save(Path("paintings", f"{number}.png"))
    recipe = replace(TINY, limit=None, holdout=holdout)

    class Known:
        caption = "known"

        def __init__(self):
            self.recipe = recipe

    monkeypatch.setattr(evaluation, "load", lambda what, weights: Known())
    monkeypatch.setattr(type(recipe.of_task), "evaluate", lambda *given, **more: [])
    lines = []
    evaluation.evaluate(next(iter(RECIPES)), data="paintings", count=100, log=lines.append)
    assert lines == [f"known: 100 samples against {said} from paintings"]
