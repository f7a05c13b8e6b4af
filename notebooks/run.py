"""Run the notebooks from top to bottom and keep what they show.

    python notebooks/run.py            every notebook, in order
    python notebooks/run.py 1 04       only those with these numbers, or whose names start like this
    python notebooks/run.py --stamp    make the notebooks ready to commit: the set-up cell, no outputs
    python notebooks/run.py --check    fail if --stamp would change one of them

Executed copies go to runs/notebooks/<name>.ipynb, their pictures to runs/notebooks/<name>/figure-01.png and
on, and what the notebooks train to runs/notebooks/runs/. A notebook that fails is named with its cell and
its error, the others still run, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import signal
import sys
import time
import tomllib
from pathlib import Path

try:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
except ImportError as error:
    sys.exit(f"{error.name} is missing: pip install -r requirements.txt")

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 60  # seconds a notebook should take with its quick recipe, on two cores
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}

# The first cell of every notebook. {install} is filled in by --stamp.
SETUP = """\
# Set-up: in Colab this cell installs the kit; elsewhere it goes to the project folder, where data/ and runs/ are.
import os
import sys

if "google.colab" in sys.modules:
    drive = "/content/drive/MyDrive"
    if os.path.isdir(drive):  # a mounted drive outlives the machine: keep the runs there
        os.environ["ARTKERAS_RUNS"] = f"{drive}/artkeras_runs"
{install}
elif os.path.basename(os.getcwd()) == "notebooks" and os.path.isfile("../pyproject.toml"):  # Jupyter starts here
    os.chdir("..")
"""

# Without a public address the kit can only come from a copy of the project folder.
INSTALL_COPY = """\
    copies = [p for p in ["/content/artkeras", f"{drive}/artkeras"] if os.path.isfile(f"{p}/pyproject.toml")]
    if copies:
        %pip install -q {copies[0]}
    else:
        print("Copy the project folder to /content/artkeras (or to your drive), then run this cell again.")"""
INSTALL_ADDRESS = """\
    %pip install -q "artkeras @ git+{address}\""""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def project_address(pyproject: Path = ROOT / "pyproject.toml") -> str:
    """The project's public address, or "" while there is none."""
    urls = tomllib.loads(pyproject.read_text("utf-8"))["project"].get("urls", {})
    return urls.get("Repository", "").rstrip("/").removesuffix(".git")


def first_cells(file_name: str, address: str) -> list:
    """The stamped cells: a Colab badge when the address is on GitHub, and the set-up cell."""
    cells = []
    if github := re.fullmatch(r"https://github\.com/([^/]+/[^/]+)", address):
        link = f"https://colab.research.google.com/github/{github[1]}/blob/main/notebooks/{file_name}"
        badge = "https://colab.research.google.com/assets/colab-badge.svg"
        cells.append(nbformat.v4.new_markdown_cell(f"[![Open in Colab]({badge})]({link})", id="badge"))
    install = INSTALL_ADDRESS.replace("{address}", address) if address else INSTALL_COPY
    source = SETUP.replace("{install}", install).rstrip("\n")
    return [*cells, nbformat.v4.new_code_cell(source, id="set-up")]


def stamped(notebook, file_name: str, address: str):
    """The notebook as it should be committed: stamped first cells, no outputs, plain metadata."""
    new = nbformat.v4.new_notebook(metadata=METADATA)
    new.nbformat_minor = 5
    new.cells = first_cells(file_name, address)
    for number, cell in enumerate(notebook.cells):
        if cell.get("id") in ("badge", "set-up"):
            continue
        cell = nbformat.from_dict(cell)
        cell.setdefault("id", f"cell-{number}")
        cell.metadata = nbformat.NotebookNode()
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        new.cells.append(cell)
    return new


def stamp(paths: list[Path], address: str, check: bool = False) -> list[Path]:
    """Write every notebook in its committed form; returns those that differed (only that with check)."""
    changed = []
    for path in paths:
        text = path.read_text("utf-8")
        new = stamped(nbformat.reads(text, as_version=4), path.name, address)
        new_text = nbformat.writes(new) + "\n"
        if new_text != text:
            changed.append(path)
            if not check:
                write(path, new_text.encode())
    return changed


def write(path: Path, content: bytes) -> None:
    """Write all of a file or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)


def kernel_environment(out: Path) -> dict[str, str]:
    """What the kernels see: trained runs kept under out, figures inline."""
    environment = dict(os.environ)
    environment["ARTKERAS_RUNS"] = str(out / "runs")
    environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    return environment


def execute(path: Path, out: Path, timeout: int) -> tuple[str, int]:
    """Run one notebook, printing a dot per cell; keep its executed copy and figures.

    Returns what went wrong ("" when nothing did) and the number of figures.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat has a dozen ways to say it
        return f"not a notebook: {first_line(error)}", 0
    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=120,
        kernel_name="python3",
        shutdown_kernel="immediate",
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # it warns about its own local connection
    )
    problem = ""
    number, cell = 0, None
    try:
        with client.setup_kernel(env=kernel_environment(out), cwd=str(ROOT)):
            for number, cell in enumerate(notebook.cells, start=1):
                client.execute_cell(cell, number - 1)
                if cell.cell_type == "code":
                    print(".", end="", flush=True)
            client.set_widgets_metadata()
    except CellTimeoutError:
        problem = f"took more than {timeout} s"
    except CellExecutionError as error:
        problem = f"{error.ename}: {first_line(error.evalue)}"
    except DeadKernelError:
        problem = "the kernel died (out of memory?)"
    except Exception as error:  # the kernel did not start, or its channel broke
        problem = f"{type(error).__name__}: {first_line(error)}"
    finally:  # also after Ctrl-C: what was made until then can be looked at
        figures = keep(notebook, path.stem, out)
    if problem and cell is not None:
        problem = f"cell {number} ({first_line(cell.source)}): {problem}"
    return problem, figures


def keep(notebook, name: str, out: Path) -> int:
    """Write the executed copy and its pictures; returns how many pictures."""
    folder = out / name
    for old in folder.glob("figure-*"):
        old.unlink()
    count = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            kind = next((kind for kind in PICTURES if kind in output.get("data", {})), None)
            if kind:
                count += 1
                picture = base64.b64decode(output["data"][kind])
                write(folder / f"figure-{count:02d}.{PICTURES[kind]}", picture)
    write(out / f"{name}.ipynb", (nbformat.writes(notebook) + "\n").encode())
    return count


def first_line(text: object) -> str:
    """The first line that says something, kept short."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    line = lines[0] if lines else ""
    return line if len(line) <= 160 else line[:157] + "..."


def shown(path: Path) -> str:
    """A path as the reader would type it."""
    path = Path(os.path.relpath(path))
    return str(path.resolve()) if ".." in path.parts else path.as_posix()


def run_all(paths: list[Path], out: Path, timeout: int) -> int:
    """Run the notebooks one after another; returns the exit code."""
    problems, figures, start = [], 0, time.monotonic()
    for number, path in enumerate(paths, start=1):
        print(f"[{number}/{len(paths)}] {path.stem} ", end="", flush=True)
        begun = time.monotonic()
        problem, count = execute(path, out, timeout)
        seconds = time.monotonic() - begun
        figures += count
        late = f", over the budget of {BUDGET} s" if seconds > BUDGET else ""
        print(f" {'FAILED, ' if problem else ''}{seconds:.0f} s{late}", flush=True)
        if problem:
            problems.append(f"{shown(path)}, {problem}")
            print(f"      {problem}", flush=True)
    print(
        f"Notebooks: {len(paths)}, figures: {figures}, {time.monotonic() - start:.0f} s. "
        f"Executed copies and figures are in {shown(out)}/"
    )
    for problem in problems:
        print(f"FAILED {problem}")
    return 1 if problems else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the notebooks and keep what they show.")
    parser.add_argument("names", nargs="*", help="only notebooks whose names start like this, such as 04")
    parser.add_argument("--timeout", type=int, default=600, help="seconds one cell may take (600)")
    parser.add_argument("--folder", type=Path, default=ROOT / "notebooks", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "notebooks", help="where copies go")
    parser.add_argument("--stamp", action="store_true", help="write the set-up cell, clear outputs")
    parser.add_argument("--check", action="store_true", help="fail if --stamp would change something")
    options = parser.parse_args(arguments)
    out = options.out.resolve()

    paths = sorted(options.folder.glob("[0-9][0-9]_*.ipynb"))
    names = [name.zfill(2) for name in options.names]  # 1 is 01, and not 10 to 19
    for name in names:
        if not any(path.name.startswith(name) for path in paths):
            parser.error(f"no notebook starts with {name!r}; there are {', '.join(p.stem for p in paths)}")
    if names:
        paths = [path for path in paths if path.name.startswith(tuple(names))]
    if not paths:
        parser.error(f"no notebooks in {options.folder}")

    if options.stamp or options.check:
        changed = stamp(paths, project_address(), check=options.check)
        for path in changed:
            print(f"{shown(path)}: {'differs from its stamped form' if options.check else 'stamped'}")
        return 1 if changed and options.check else 0

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, not the user's
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped from outside: as by Ctrl-C
    try:
        return run_all(paths, out, options.timeout)
    except KeyboardInterrupt:
        print(f"\nStopped; what was finished is in {shown(out)}/")
        return 130


if __name__ == "__main__":
    sys.exit(main())
