"""What a stored recipe may name: the kit's builders, and what the user trusts; nothing else is imported or called."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_worker import TINY, silent

import artkeras
from artkeras import trusted
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.recipes import RECIPES, Builder, Recipe, limits
from artkeras.tasks import results as results_module
from artkeras.training.run import Run

OWN = """
from artkeras.networks import colour_field
open("imported", "w")
def generator(**options):
    return colour_field.generator(**options)
"""


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch):
    monkeypatch.setattr(trusted, "_trusted", set())


@pytest.fixture
def foreign(trained, tmp_path, monkeypatch):
    """A run whose recipe names a module of its own folder; `named(role, build, **options)` changes what it names."""
    (tmp_path / "ownstudy").mkdir()
    (tmp_path / "ownstudy" / "nets.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))

    def named(role: str, build, **options) -> Path:
        path = trained / "recipe.json"
        values = json.loads(path.read_text())
        if role == "networks":
            values[role]["generator"] = values[role]["generator"] | {"build": build} | options
        else:
            values[role] = {"build": build, **options}
        path.write_text(json.dumps(values))
        return trained

    named("networks", "ownstudy.nets:generator")
    yield named
    for name in ("ownstudy.nets", "ownstudy"):
        sys.modules.pop(name, None)


COMMANDS = {
    "resume": ("resume", "RUN", "--epochs", "9"),
    "sample": ("sample", "RUN"),
    "walk": ("walk", "RUN"),
    "translate": ("translate", "RUN", "picture.png"),
    "evaluate": ("evaluate", "RUN"),
    "report": ("report", "RUN"),
    "page": ("report", "RUN", "--html", "page.html"),
    "compare": ("compare", "RUN", "RUN"),
    "rate": ("rate", "RUN"),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_no_command_runs_code_that_a_foreign_run_names(words, foreign, trained, capsys):
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert main([str(trained) if word == "RUN" else word for word in words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"artkeras: {trained} cannot be opened: its recipe names ownstudy.nets:generator")
    assert error.count("\n") == 1
    assert "--trust ownstudy.nets" in error
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
    assert "ownstudy.nets" not in sys.modules


@pytest.mark.parametrize(
    ("role", "build", "options"),
    [
        ("optimizer", "subprocess:check_output", {"args": ["touch", "imported"]}),
        ("optimizer", "os:system", {"command": "touch imported"}),
        ("optimizer", "keras.saving:load_model", {"filepath": "evil.keras"}),
        ("optimizer", "keras.optimizers:deserialize", {"config": "evil"}),
        ("optimizer", "keras.optimizers.schedules:deserialize", {}),
        ("optimizer", "builtins:exec", {"source": "open('imported', 'w')"}),
        ("model", "artkeras.files:atomic", {"path": "recipe.json"}),
        ("model", "artkeras.networks.dcgan:generator", {}),
        ("model", "artkeras.models:gan", {}),
        ("networks", "artkeras.reporting.report:report", {"out": "."}),
        ("networks", "artkeras.networks_of_somebody:generator", {}),
        ("networks", "artkeras.networks.efficientnet_lite:_Unpickler", {}),
        ("networks", "artkeras_more.networks.dcgan:generator", {}),
    ],
)
def test_other_code_than_the_kits_builders_is_refused(role, build, options, foreign):
    foreign("networks", "artkeras.networks.colour_field:generator")
    run = foreign(role, build, **options)
    with pytest.raises(trusted.NotTrusted, match=f"its recipe names {build}"):
        Run(run)
    assert not Path("imported").exists()


@pytest.mark.parametrize(
    ("build", "options"),
    [
        ("keras.optimizers:Adam", {"learning_rate": {"class_name": "Lambda", "config": {}}}),
        ("artkeras.models.gan:adam", {"learning_rate": [{"module": "os"}]}),
        ("artkeras.models.gan:adam.__globals__", {}),
        ("artkeras.models.gan", {}),
        ("../gan:adam", {}),
        (7, {}),
        (None, {}),
        (["artkeras.models.gan:adam"], {}),
    ],
)
def test_what_is_no_builder_of_plain_values_is_damage(build, options, foreign):
    foreign("networks", "artkeras.networks.colour_field:generator")
    run = foreign("optimizer", build, **options)
    with pytest.raises(UserError, match=r"cannot be read as a run \(recipe.json: "):
        Run(run)


@pytest.mark.parametrize("build", ["artkeras.networks.colour_field:keras", "artkeras.networks.dcgan:lacking"])
def test_a_name_that_a_module_of_the_kit_does_not_define_is_not_called(build):
    with pytest.raises(UserError, match="defines no"):
        Builder(build)(size=16, width=2)


def test_keywords_that_a_builder_does_not_take_are_one_line():
    with pytest.raises(UserError, match=r"colour_field:generator cannot be called with") as caught:
        Builder("artkeras.networks.colour_field:generator", depth=3)(size=16, width=2)
    assert "\n" not in str(caught.value)


def test_a_generator_from_somebody_else_runs_no_code_either(trained, foreign, tmp_path, monkeypatch, light):
    foreign("networks", "artkeras.networks.colour_field:generator")
    run = Run(trained)
    file = tmp_path / "results" / run.recipe.name / "generator.npz"
    results_module.save_generator(file, run, run.sampler())
    monkeypatch.setattr(results_module, "results_folder", lambda: tmp_path / "results")
    assert artkeras.load(run.recipe.name).sample(2).shape == (2, 16, 16, 3)
    with np.load(file) as stored:
        arrays = dict(stored)
    facts = json.loads(str(arrays["facts"]))
    facts["recipe"]["networks"]["generator"]["build"] = "ownstudy.nets:generator"
    arrays["facts"] = np.array(json.dumps(facts))
    np.savez(file, **arrays)
    with pytest.raises(trusted.NotTrusted, match=r"generator\.npz cannot be opened: its recipe names ownstudy\.nets"):
        artkeras.load(run.recipe.name)
    assert not Path("imported").exists()


def test_a_trusted_module_is_used(foreign, trained, capsys):
    assert main(["sample", str(trained), "--count", "4", "--out", "own.png", "--trust", "ownstudy.nets"]) == 0
    assert Path("own.png").exists() and Path("imported").exists()


def test_trust_of_a_package_covers_its_modules_and_of_a_name_only_that_name(foreign, trained):
    artkeras.trust("own", "ownstudy.net")
    with pytest.raises(trusted.NotTrusted):
        Run(trained)
    artkeras.trust("ownstudy")
    assert Run(trained).recipe.networks["generator"].path == "ownstudy.nets:generator"


@pytest.mark.parametrize("name", ["", "own study", "../own", "own.", "own:generator"])
def test_trust_wants_the_name_of_a_module(name, trained, capsys):
    assert main(["sample", str(trained), "--trust", name]) == 2
    assert "is not the name of a module" in capsys.readouterr().err


def test_who_trains_by_a_recipe_of_his_own_can_open_its_run_in_the_same_process(foreign, light):
    own = replace(
        TINY, name="own/plain", epochs=1,
        networks=TINY.networks | {"generator": TINY.networks["generator"].but()},
    )  # fmt: skip
    own.networks["generator"].path = "ownstudy.nets:generator"
    run = artkeras.train(own, precision="float32", log=silent)
    assert Run(run.path).sample(2).shape == (2, 16, 16, 3)
    trusted._trusted.clear()  # as in another process
    with pytest.raises(trusted.NotTrusted):
        Run(run.path)


def test_a_recipe_with_options_that_json_cannot_hold_is_refused_before_a_run_is_made():
    odd = replace(TINY, optimizer=Builder("artkeras.models.gan:adam", learning_rate={"class_name": "Own"}))
    with pytest.raises(ValueError, match=r"learning_rate of artkeras\.models\.gan:adam must be a number"):
        odd.to_json()


def test_every_recipe_of_the_kit_may_be_stored_and_read():
    for recipe in RECIPES.values():
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))).networks == recipe.networks


# ------------------------------------------------------------------- values that no recipe can have


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../elsewhere"), ("name", "/etc/cron.d"), ("name", "a/../../b"), ("name", "C:\\x"), ("name", "a/.."),
        ("name", "./a"), ("name", "a//b"), ("name", "a/"), ("name", "a\nb"), ("name", ""), ("name", 7),
        ("study", "../pictures"),
        ("size", "64"), ("size", 64.5), ("size", True), ("size", 4), ("width", 0), ("width", -8), ("width", None),
        ("batch_size", 0), ("epochs", 0), ("sample_every", 0), ("seed", -1), ("seed", 2**32), ("eval_every", -1),
        ("ema", 0.5), ("pixel_range", [1.0, -1.0]), ("pixel_range", ["a", "b"]), ("pixel_range", [0.0, float("inf")]),
    ],
)  # fmt: skip
def test_a_stored_value_that_no_recipe_can_have_is_named(field, value, trained):
    path = trained / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(UserError, match=f"cannot be read as a run .*{field}") as caught:
        Run(trained)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--size", "1000000"], "size 1000000"),
        (["--size", "60000", "--batch-size", "128"], "size 60000 and width 128"),
        (["--width", "100000000"], "width 100000000"),
        (["--batch-size", "1000000000"], "batch_size 1000000000"),
        (["--size", "9" * 400], "size 999"),
    ],
)
def test_sizes_that_no_memory_holds_are_refused_before_keras_is_loaded(words, named, monkeypatch, capsys):
    refused = "it was to be refused before"
    monkeypatch.setattr("artkeras.training.train.train", lambda *args, **more: pytest.fail(refused))
    assert main(["train", "colour_field/model_2", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error and "of memory" in error and "give smaller values" in error


def test_refusing_a_size_loads_no_keras():
    code = "import sys; from artkeras.__main__ import main; main(sys.argv[1:]); print('keras' in sys.modules)"
    command = [sys.executable, "-c", code, "train", "colour_field/model_2", "--width", "100000000"]
    assert subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip() == "False"


def test_memory_is_compared_with_what_a_batch_needs_at_least(monkeypatch):
    least = 3 * 128 * 1024**2 * 4  # bytes of 128 images of 1024 x 1024 in float32
    recipe = replace(RECIPES["colour_field/model_2"], size=1024, width=4, batch_size=128)
    monkeypatch.setattr(limits, "_memory", lambda: least)
    recipe.check_training()
    monkeypatch.setattr(limits, "_memory", lambda: least - 1)
    with pytest.raises(UserError, match="size 1024 and batch_size 128 need at least 1 GB"):
        recipe.check_training()
    recipe.check()  # one image fits: a run from a larger computer can be opened here


def test_a_run_that_no_memory_holds_is_not_opened(trained, capsys):
    path = trained / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"width": 10**9}))
    assert main(["sample", str(trained)]) == 2
    assert "width 1000000000 need at least" in capsys.readouterr().err
