"""The notebooks are fit to be committed, and the runner behind `make notebooks` tells good from broken."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from artkeras.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT / "notebooks" / "run.py"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

spec = importlib.util.spec_from_file_location("notebooks_run", RUNNER)
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)


def python(source: str) -> str:
    """A cell's source as plain Python, magics turned into calls."""
    return TransformerManager().transform_cell(source)


# --- the notebooks of this project --------------------------------------------------------------------------


def test_there_are_notebooks_in_order():
    names = [path.name for path in NOTEBOOKS]
    assert "01_start_here.ipynb" in names
    assert [name for name in names if not re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", name)] == []
    numbers = [name[:2] for name in names]
    assert len(set(numbers)) == len(numbers)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_is_valid_and_without_outputs(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_teaches_without_defining(notebook):
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.get("id") != "set-up"]
    assert 1 <= len(cells) <= 14
    for cell in cells:
        defined = [
            node.name
            for node in ast.walk(ast.parse(python(cell.source)))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        assert defined == [], "definitions belong in artkeras/"


def test_starts_with_the_stamped_cells(notebook):
    ids = [cell.get("id") for cell in notebook.cells]
    assert ids[:2] == ["badge", "set-up"] if runner.project_address() else ids[0] == "set-up"
    title = notebook.cells[ids.index("set-up") + 1]
    assert title.cell_type == "markdown" and title.source.startswith("# ")


def test_stamping_changes_nothing():
    assert runner.stamp(NOTEBOOKS, runner.project_address(), check=True) == []


def code(number: str) -> list[str]:
    """The code of a notebook's cells after the set-up."""
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return [python(cell.source) for cell in cells if cell.cell_type == "code" and cell.get("id") != "set-up"]


def test_a_misspelt_folder_of_ones_own_paintings_is_said_and_not_filled():
    values: dict = {}
    first, fill, *_ = code("19")
    exec(first, values)
    with pytest.raises(UserError, match="the folder misspelt does not exist"):
        exec(fill, values | {"folder": Path("misspelt")})
    assert not Path("misspelt").exists()
    exec(fill, values)  # the example's
    assert len(list(values["folder"].iterdir())) == 60


def test_every_grid_of_ones_own_paintings_has_a_caption():
    calls = [node for node in ast.walk(ast.parse("\n".join(code("19")))) if isinstance(node, ast.Call)]
    grids = [call for call in calls if getattr(call.func, "attr", "") == "grid"]
    assert len(grids) == 3
    assert all("caption" in {keyword.arg for keyword in call.keywords} for call in grids)


def test_every_panel_of_scores_says_what_is_good(monkeypatch):
    panels: dict = {}
    monkeypatch.setattr("artkeras.reporting.figures.dots", lambda named, log: panels.update(named, log=log))
    values: dict = {}
    for cell in code("20")[:2]:
        exec(cell, values)
    (log,) = panels.pop("log")
    assert log in panels
    assert all(title.endswith("is good") and scores for title, scores in panels.items())
    assert len(panels) == 5


# --- stamping -----------------------------------------------------------------------------------------------

GITHUB = "https://github.com/someone/some-kit"


def save(path: Path, *cells) -> Path:
    nbformat.write(new_notebook(cells=list(cells), metadata=runner.METADATA), path)
    return path


def test_stamp_puts_the_cells_first_once_and_clears_outputs(tmp_path):
    ran = new_code_cell("1 + 1", execution_count=3, outputs=[nbformat.v4.new_output("stream", text="2")])
    path = save(tmp_path / "01_a.ipynb", new_markdown_cell("# Title"), ran)

    assert runner.stamp([path], "", check=True) == [path]
    assert runner.stamp([path], "") == [path]
    new = nbformat.read(path, as_version=4)
    assert [cell.id for cell in new.cells[:1]] == ["set-up"]
    assert [cell.source for cell in new.cells[1:]] == ["# Title", "1 + 1"]
    assert new.cells[2].outputs == [] and new.cells[2].execution_count is None
    assert runner.stamp([path], "", check=True) == []

    # An address that becomes known replaces the cells instead of adding to them.
    assert runner.stamp([path], GITHUB) == [path]
    new = nbformat.read(path, as_version=4)
    assert [cell.id for cell in new.cells[:2]] == ["badge", "set-up"] and len(new.cells) == 4
    assert "/github/someone/some-kit/blob/main/notebooks/01_a.ipynb" in new.cells[0].source
    assert runner.stamp([path], "") == [path]
    assert len(nbformat.read(path, as_version=4).cells) == 3


def test_no_badge_outside_github():
    assert [cell.id for cell in runner.first_cells("01_a.ipynb", "https://example.org/kit")] == ["set-up"]


def test_the_address_is_read_from_one_place(tmp_path):
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project]\n[project.urls]\nRepository = "https://github.com/a/b.git/"\n')
    assert runner.project_address(pyproject) == "https://github.com/a/b"
    pyproject.write_text("[project]\n")
    assert runner.project_address(pyproject) == ""


class Shell:
    """Stands in for IPython: remembers the magics it is asked for, with {names} filled in as IPython does."""

    def __init__(self):
        self.asked = []

    def run_line_magic(self, name, line):
        frame = sys._getframe(1)
        self.asked.append((name, line.replace("{copies[0]}", frame.f_globals.get("copies", [""])[0])))


def run_set_up(monkeypatch, address="", colab="", modules=("google.colab",)):
    """Run the set-up cell as in Colab, its /content moved to the folder colab."""
    for name in modules:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setenv("ARTKERAS_RUNS", "as before")
    shell = Shell()
    source = runner.first_cells("01_a.ipynb", address)[-1].source.replace("/content", str(colab))
    exec(compile(python(source), "set-up", "exec"), {"get_ipython": lambda: shell})
    return shell.asked, os.environ["ARTKERAS_RUNS"]


def test_set_up_installs_nothing_at_home(monkeypatch):
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    assert run_set_up(monkeypatch, modules=()) == ([], "as before")
    assert run_set_up(monkeypatch, GITHUB, modules=()) == ([], "as before")


@pytest.mark.parametrize(
    ("folder", "lands"), [("kit/notebooks", "kit"), ("kit/other", "kit/other"), ("notebooks", "notebooks")]
)
def test_set_up_goes_from_the_notebooks_to_the_project_folder(monkeypatch, tmp_path, folder, lands):
    for place in (tmp_path / "kit" / "notebooks", tmp_path / "kit" / "other", tmp_path / "notebooks"):
        place.mkdir(parents=True)
    (tmp_path / "kit" / "pyproject.toml").touch()
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    monkeypatch.chdir(tmp_path / folder)
    for _ in range(2):  # run again, the cell stays there
        run_set_up(monkeypatch, modules=())
        assert Path.cwd() == tmp_path / lands


def test_set_up_installs_from_the_address(monkeypatch, tmp_path):
    asked, runs = run_set_up(monkeypatch, GITHUB, tmp_path)
    assert asked == [("pip", f'install -q "artkeras @ git+{GITHUB}"')]
    assert runs == "as before"


@pytest.mark.parametrize("place", ["artkeras", "drive/MyDrive/artkeras"])
def test_set_up_installs_from_a_copy(monkeypatch, tmp_path, place):
    copy = tmp_path / place
    copy.mkdir(parents=True)
    (copy / "pyproject.toml").touch()
    asked, runs = run_set_up(monkeypatch, "", tmp_path)
    assert asked == [("pip", f"install -q {copy}")]
    assert runs == (f"{tmp_path}/drive/MyDrive/artkeras_runs" if "drive" in place else "as before")


def test_set_up_says_what_to_do_without_either(monkeypatch, tmp_path, capsys):
    asked, _ = run_set_up(monkeypatch, "", tmp_path)
    assert asked == []
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "Copy the project folder to" in said


# --- running ------------------------------------------------------------------------------------------------

DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, RUNNER, "--folder", folder, "--out", folder / "out", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def test_good_and_broken_notebooks(tmp_path):
    save(
        tmp_path / "01_good.ipynb",
        new_markdown_cell("# Good"),
        new_code_cell(DRAW),
        new_code_cell("import os\nprint(os.environ['ARTKERAS_RUNS'], os.getcwd())"),
    )
    save(
        tmp_path / "02_broken.ipynb",
        new_markdown_cell("# Broken"),
        new_code_cell("x = 1"),
        new_code_cell("# halve it\nx / 0"),
        new_code_cell("print('never reached')"),
    )
    (tmp_path / "03_torn.ipynb").write_text('{"cells": [')
    save(tmp_path / "04_later.ipynb", new_code_cell("print('later')"))
    out = tmp_path / "out"
    (out / "01_good").mkdir(parents=True)
    (out / "01_good" / "figure-07.png").write_bytes(b"of an earlier run")

    result = run(tmp_path)

    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    progress = [line for line in result.stdout.splitlines() if line.startswith("[")]
    assert [re.sub(r" \.* ", " ", line).split()[:2] for line in progress] == [
        ["[1/4]", "01_good"],
        ["[2/4]", "02_broken"],
        ["[3/4]", "03_torn"],
        ["[4/4]", "04_later"],
    ]
    failed = [line for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 2
    assert "02_broken.ipynb, cell 3 (# halve it): ZeroDivisionError: division by zero" in failed[0]
    assert "03_torn.ipynb, not a notebook" in failed[1]
    assert "Executed copies and figures are in out/" in result.stdout  # as seen from here, the test's own folder

    good = nbformat.read(out / "01_good.ipynb", as_version=4)
    assert good.cells[2].outputs[0].text.split() == [str(out / "runs"), str(ROOT)]
    figures = sorted(path.name for path in (out / "01_good").iterdir())
    assert figures == ["figure-01.png"]
    assert (out / "01_good" / "figure-01.png").read_bytes().startswith(b"\x89PNG")
    broken = nbformat.read(out / "02_broken.ipynb", as_version=4)
    assert broken.cells[2].outputs[0].ename == "ZeroDivisionError" and not broken.cells[3].outputs
    later = nbformat.read(out / "04_later.ipynb", as_version=4)
    assert later.cells[0].outputs[0].text == "later\n"
    # The notebooks themselves stay as they were.
    assert nbformat.read(tmp_path / "01_good.ipynb", as_version=4).cells[1].outputs == []


def test_only_some_and_a_slow_cell(tmp_path):
    save(tmp_path / "01_slow.ipynb", new_code_cell("import time\ntime.sleep(200)"))
    save(tmp_path / "02_good.ipynb", new_code_cell("1"))
    save(tmp_path / "03_not_asked_for.ipynb", new_code_cell("1"))

    result = run(tmp_path, "01", "02_good", "--timeout", "2")
    assert result.returncode == 1
    assert "cell 1 (import time): took more than 2 s" in result.stdout
    assert "[2/2] 02_good" in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["01_slow.ipynb", "02_good.ipynb"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [(["1"], [0]), (["01", "10"], [0, 1]), (["11_b", "1"], [0, 2]), (["01_a.ipynb"], [0]), ([], [0, 1, 2])],
)
def test_a_number_is_that_notebook_and_no_other(tmp_path, monkeypatch, names, chosen):
    paths = [save(tmp_path / f"{name}.ipynb", new_code_cell("1")) for name in ("01_a", "10_a", "11_b")]
    monkeypatch.setattr(runner, "run_all", lambda paths, *_: paths)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert runner.main([*names, "--folder", str(tmp_path)]) == [paths[i] for i in chosen]
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_an_unknown_name_is_one_line(tmp_path, capsys):
    save(tmp_path / "01_good.ipynb", new_code_cell("1"))
    with pytest.raises(SystemExit) as stop:
        runner.main(["07", "--folder", str(tmp_path)])
    assert stop.value.code == 2
    assert "no notebook starts with '07'; there are 01_good" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_stopping_ends_the_kernel_too(tmp_path, stop):
    note = tmp_path / "kernel"
    source = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(200)"
    save(tmp_path / "01_slow.ipynb", new_code_cell(source))
    command = [sys.executable, RUNNER, "--folder", tmp_path, "--out", tmp_path / "out"]
    # the background jobs of a shell ignore Ctrl-C, and so would what is started from one
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed)
    try:
        wait_for(lambda: note.exists() and note.read_text())
        process.send_signal(stop)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in out + err and err == ""
    assert out.splitlines()[-1].startswith("Stopped")
    wait_for(lambda: not alive(int(note.read_text())))


def wait_for(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
