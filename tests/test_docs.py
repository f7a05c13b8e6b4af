"""The worked example of the documentation: a study in one file, trained by the kit."""

import re
import runpy
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import artkeras
from artkeras import synthetic
from artkeras.__main__ import parser
from artkeras.reporting import figures

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def example(monkeypatch, tmp_path):
    """The example as a module, and a folder of pictures to train it on."""
    monkeypatch.syspath_prepend(str(DOCS))
    folder = tmp_path / "pictures"
    for number, picture in enumerate(synthetic.colour_field(20, 32, seed=1)):
        figures.save(figures.grid(picture[None], gap=0), folder / f"{number}.png")
    yield __import__("seascapes"), folder
    sys.modules.pop("seascapes")


def test_the_example_of_a_study_in_one_file_trains_and_is_opened_again(example, light):
    seascapes, folder = example
    tiny = replace(seascapes.NOISY.quick(), size=16, width=2, batch_size=8, epochs=1)
    run = artkeras.train(tiny, data=folder, precision="float32", log=lambda line: None)
    assert len(run.iterations()["g_loss"]) == 20 * 6 // 8
    again = artkeras.Run(run.path)
    assert again.recipe.networks["generator"].options == {"latent_dim": 32, "noise": 0.1}
    assert again.sample(3).shape == (3, 16, 16, 3)
    assert again.environment["pictures"]["paintings"] == len(list(folder.iterdir())) == 20


def test_its_variant_differs_in_one_keyword(example):
    seascapes, _ = example
    plain, noisy = seascapes.PLAIN.to_json(), seascapes.NOISY.to_json()
    assert plain["networks"]["generator"] | {"noise": 0.1} == noisy["networks"]["generator"]
    assert {key for key in plain if plain[key] != noisy[key]} == {"name", "networks"}


def test_the_example_ends_in_commands_that_can_be_pasted(monkeypatch, capsys):
    run = SimpleNamespace(path=Path("my runs", "RUN"))
    monkeypatch.setattr("artkeras.training.train.train", lambda recipe, data: run)
    monkeypatch.setattr("sys.argv", ["seascapes.py", "FOLDER"])
    runpy.run_path(str(DOCS / "seascapes.py"), run_name="__main__")
    for line, name in zip(capsys.readouterr().out.splitlines(), ("plain", "noisy"), strict=True):
        place, *words = shlex.split(line)
        assert Path(place.removeprefix("PYTHONPATH=")).resolve() == DOCS.resolve()
        page = ["--html", f"{name}.html", "--trust", "seascapes"]
        assert words == ["python", "-m", "artkeras", "report", str(Path("my runs", "RUN")), *page]


def test_every_file_that_the_documentation_links_to_is_there():
    pages = [DOCS.parent / "README.md", *DOCS.glob("*.md"), *(DOCS.parent / "results").glob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text("utf-8"))]
    here = [(page, link) for page, link in links if "://" not in link]
    assert len(here) >= 5
    assert [(page.name, link) for page, link in here if not (page.parent / link.split("#")[0]).exists()] == []


def test_the_page_of_commands_has_each_one_and_only_options_that_it_has():
    (commands,) = (action for action in parser()._actions if action.dest == "command")
    rows = re.findall(r"^\| `([a-z]+)[^`]*` \| (.*) \|$", (DOCS / "commands.md").read_text("utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == list(commands.choices)
    for name, text in rows:
        known = {option for action in commands.choices[name]._actions for option in action.option_strings}
        assert set(re.findall(r"`(--[a-z-]+)", text)) <= known, name


def test_every_test_that_the_promises_name_is_there():
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (DOCS / "robustness.md").read_text("utf-8"))
    assert len(named) > 30
    texts = {file: (Path(__file__).parent / file).read_text("utf-8") for file, _ in named}
    assert [f"{file}::{name}" for file, name in named if f"def {name}(" not in texts[file]] == []
