"""Recipes: values that say what the studies did, and that survive being written down."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from artkeras import recipes
from artkeras.errors import UserError
from artkeras.losses import BCE, LEAST_SQUARES, SMOOTHED_BCE, AdversarialLoss
from artkeras.recipes import RECIPES, Builder, Recipe, ablations, model_3, recipe
from artkeras.recipes.colour_field import MODEL_1

PUBLISHED_NAMES = [f"colour_field/model_{end}" for end in ("1", "2", "3", "4", "1_as_published")]
NAMES = [*PUBLISHED_NAMES, "colour_field/model_2_upsampling", "colour_field/model_3_spectral_norm"]
EVERY = pytest.mark.parametrize("one", RECIPES.values(), ids=RECIPES)
GANS = [r.name for r in RECIPES.values() if r.task == "generation" and r.study != "colour_field" and r.published]
PUBLISHED = pytest.mark.parametrize("one", [RECIPES[name] for name in PUBLISHED_NAMES], ids=PUBLISHED_NAMES)


def flat(plain, prefix: str = "") -> dict:
    """A nest of dicts as one dict with dotted keys."""
    if not isinstance(plain, dict):
        return {prefix: plain}
    return {key: value for name in plain for key, value in flat(plain[name], f"{prefix}.{name}".strip(".")).items()}


def difference(one: Recipe, other: Recipe) -> dict:
    """What decides the result and is not equal: key -> (one's, other's)."""
    a, b = flat(one.to_json()), flat(other.to_json())
    return {key: (a.get(key), b.get(key)) for key in a | b if a.get(key) != b.get(key) and key != "name"}


def test_all_recipes_of_the_colour_field_are_there_under_their_names():
    assert sorted(name for name in RECIPES if name.startswith("colour_field/")) == sorted(NAMES)


def test_no_two_recipes_have_one_name():
    assert len(RECIPES) == sum(len(study.RECIPES) for study in recipes._STUDIES)


@pytest.mark.parametrize(
    "wrong, near",
    [
        ("colour_field/model2", "colour_field/model_2"),
        ("color_field/model_3", "colour_field/model_3"),
        ("model_4", "colour_field/model_4"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(wrong, near):
    with pytest.raises(UserError) as caught:
        recipe(wrong)
    assert repr(wrong) in str(caught.value)
    assert near in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, wanted",
    [("model_2", "colour_field/model_2"), ("vae", "monet/vae or abstract/vae"), ("published", "model_3/published")],
)
def test_a_name_without_its_study_is_answered_with_the_whole_ones(name, wanted):
    with pytest.raises(UserError) as caught:
        recipe(name)
    assert str(caught.value).endswith(f"did you mean {wanted}?")


def test_a_name_like_no_other_is_answered_with_the_command_that_lists_them():
    with pytest.raises(UserError, match="'zzz': python -m artkeras list names them all"):
        recipe("zzz")


# --- the experiment on model 3 ------------------------------------------------------------------------

CHANGED = {
    "published": {},
    "mixed_batch": {"model.mixed": (None, True)},
    "batch_statistics": {"model.moving_statistics": (None, False)},
    "group_norm": {"networks.discriminator.norm": (True, "group")},
    "instance_norm": {"networks.discriminator.norm": (True, "instance")},
    "spectral_norm": {"networks.discriminator.norm": (True, "spectral")},
    "no_norm": {"networks.discriminator.norm": (True, False)},
    "momentum": {"networks.discriminator.momentum": (None, 0.5)},
    "small_batch": {"batch_size": (64, 32), "epochs": (4, 2), "eval_every": (2, 1)},
    "large_batch": {"batch_size": (64, 128), "epochs": (4, 8), "eval_every": (2, 4), "sample_every": (2, 4)},
}


def test_the_variants_of_model_3_differ_in_one_value_and_take_as_many_steps():
    variants = {r.name.removeprefix("model_3/"): r for r in model_3.RECIPES}
    assert {name: difference(variants["published"], r) for name, r in variants.items()} == CHANGED
    pictures = 830 * 6  # nine tenths of the 922 paintings
    steps = [r.epochs * (pictures // r.batch_size) for r in variants.values()]
    assert max(steps) < 1.02 * min(steps)
    thin = difference(recipe("colour_field/model_3"), variants["published"])
    assert set(thin) == {"size", "width", "batch_size", "epochs", "holdout", "eval_every", "sample_every"}


# --- the study's advice -------------------------------------------------------------------------------

BROKEN = {
    "baseline": {},
    "uncleaned": {"subset": ("kept", "all")},
    "uniform_latents": {"networks.generator.uniform": (None, True)},
    "relu": {"networks.generator.slope": (None, 0.0), "networks.discriminator.slope": (None, 0.0)},
    "pooling": {"networks.discriminator.pooling": (None, True)},
    "upsampling": {"networks.generator.upsampling": (None, True)},
    "mixed_batch": {"model.mixed": (None, True)},
}


def test_the_ablations_differ_from_a_narrow_model_2_in_one_piece_of_advice():
    variants = {r.name.removeprefix("ablations/"): r for r in ablations.RECIPES}
    found = {name: difference(variants["baseline"], r) for name, r in variants.items()}
    optimizers = {name: found.pop(name) for name in ("sgd", "rmsprop")}
    assert found == BROKEN
    for name, changed in optimizers.items():
        assert all(key.startswith("optimizer") for key in changed), changed
        assert type(variants[name].optimizer()).__name__.lower() == name
    thin = difference(recipe("colour_field/model_2"), variants["baseline"])
    assert set(thin) == {"size", "width", "batch_size", "epochs", "holdout", "eval_every", "sample_every"}


@pytest.mark.parametrize(
    "one, other, published",
    [
        ("model_1", "model_2", {"networks.generator.norm": (False, True)}),
        ("model_2", "model_2_upsampling", {"networks.generator.upsampling": (None, True)}),
        ("model_2", "model_3", {"networks.discriminator.norm": (False, True)}),
        ("model_3", "model_3_spectral_norm", {"networks.discriminator.norm": (True, "spectral")}),
        ("model_2", "model_4", {"subset": ("kept", "curated"), "epochs": (150, 300)}),
        (
            "model_1",
            "model_1_as_published",
            {"pixel_range": ([-1.0, 1.0], [0.0, 1.0]), "channels": ("rgb", "bgr")},
        ),
    ],
)
def test_variants_differ_in_what_was_published_and_in_nothing_else(one, other, published):
    assert difference(recipe(f"colour_field/{one}"), recipe(f"colour_field/{other}")) == published


@PUBLISHED
def test_size_batch_optimizer_and_loss_are_as_published(one):
    assert (one.size, one.width, one.batch_size, one.expand) == (64, 128, 128, True)
    assert one.epochs == (300 if one.name.endswith("model_4") else 150)
    assert one.scale == "full"
    assert (one.holdout, one.limit) == (0, None)
    assert one.loss == AdversarialLoss("cross_entropy", (1.0, 1.0), (0.0, 0.0))
    assert one.networks["generator"].options["latent_dim"] == 100
    optimizer = one.optimizer()
    assert type(optimizer).__name__ == "Adam"
    assert float(optimizer.learning_rate) == pytest.approx(2e-4)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)


@PUBLISHED
def test_a_recipe_says_whose_work_it_is_what_was_reported_and_where_it_departs(one):
    assert one.change
    assert "ART-GAN" in one.source
    assert set(one.published) - {"cell"} == {"epochs", "time", "reported"}  # cell: pixels, where a grid was published
    assert isinstance(one.departures, tuple)
    assert one.departures


# --- studies 2 to 4 and 5c ------------------------------------------------------------------------------

# epochs, learning rate, loss, latent_dim
OTHERS = {
    "abstract/dcgan": (100, 2e-4, BCE, 100),
    "abstract/linear_bce": (300, 2e-4, BCE, 128),
    "abstract/infogan_bce": (500, 2e-4, BCE, 128),
    "abstract/lsgan": (500, 2e-4, LEAST_SQUARES, 128),
    "japanese_art/v1": (300, 5e-4, BCE, 100),
    "japanese_art/v2": (100, 5e-4, SMOOTHED_BCE, 100),
    "japanese_art/v3": (400, 5e-4, SMOOTHED_BCE, 100),
    "artworks/vanilla_gan": (200, 2e-4, BCE, 100),  # of this one only the collapse is published
}


def test_the_other_gan_studies_are_there():
    assert list(OTHERS) == GANS


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_gan_studies_have_their_published_values(name):
    one, (epochs, learning_rate, loss, latent_dim) = recipe(name), OTHERS[name]
    shown = 64 if name.startswith("abstract/") and name != "abstract/dcgan" else 128  # by the author of study 3
    assert (one.size, one.width, one.batch_size, one.epochs) == (64, 64, shown, epochs)
    assert (one.subset, one.expand, one.holdout, one.limit, one.scale) == ("all", False, 0, None, "full")
    assert one.loss == loss
    assert one.network("generator").input_shape == (None, latent_dim)
    optimizer = one.optimizer()
    assert type(optimizer).__name__ == "Adam"
    assert float(optimizer.learning_rate) == pytest.approx(learning_rate)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)
    # the two that were written in PyTorch have its epsilon
    assert optimizer.epsilon == (1e-7 if name in ("abstract/dcgan", "artworks/vanilla_gan") else 1e-8)
    assert one.model.path == "artkeras.models.gan:GAN"
    assert one.change and one.source and one.departures
    assert set(one.published) - {"cell"} == {"epochs", "time", "reported"}  # cell: pixels, where a grid was published


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ("abstract/lsgan", "abstract/infogan_bce", {"loss.compare": ("least_squares", "cross_entropy")}),
        (
            "abstract/infogan_bce",
            "abstract/linear_bce",
            {
                "networks.generator.dense": (None, 2),
                "networks.discriminator.dense": (None, 2),
                "epochs": (500, 300),
            },
        ),
        (
            "japanese_art/v1",
            "japanese_art/v2",
            {
                "networks.generator.activation": ("relu", "leaky_relu"),
                "loss.real": ([1.0, 1.0], [0.7, 1.0]),
                "loss.fake": ([0.0, 0.0], [0.0, 0.3]),
                "epochs": (300, 100),
            },
        ),
        (
            "japanese_art/v2",
            "japanese_art/v3",
            {"networks.generator.activation": ("leaky_relu", "relu"), "epochs": (100, 400)},
        ),
    ],
)
def test_steps_of_a_study_differ_in_what_was_published_and_in_nothing_else(one, other, published):
    assert difference(recipe(one), recipe(other)) == published


def test_the_iterations_of_study_4_are_its_epochs_of_seventeen_steps():
    steps = 2_235 // recipe("japanese_art/v1").batch_size
    assert steps == 17
    assert [recipe(f"japanese_art/v{n}").epochs * steps for n in (1, 2, 3)] == [5_100, 1_700, 6_800]


@EVERY
def test_json_gives_the_same_recipe_back(one):
    for version in (one, one.quick()):
        back = Recipe.from_json(json.loads(json.dumps(version.to_json())))
        described = replace(back, **{name: getattr(version, name) for name in Recipe.DESCRIPTIONS})
        assert described == version
        assert type(back.pixel_range) is tuple


def test_json_keeps_values_that_no_recipe_has_yet():
    unusual = replace(
        MODEL_1,
        loss=AdversarialLoss("least_squares", (0.7, 1.2), (0.0, 0.3)),
        optimizer=Builder("artkeras.models.gan:adam", learning_rate=5e-4),
        networks={
            "generator": Builder("artkeras.networks.a:b"),
            "discriminator": Builder("artkeras.networks.c:d", widths=[1, 2]),
        },
        holdout=0.1,
        limit=3,
        fit="crop",
    )
    back = Recipe.from_json(json.loads(json.dumps(unusual.to_json())))
    assert back.to_json() == unusual.to_json()
    assert (back.loss, back.optimizer, back.networks) == (unusual.loss, unusual.optimizer, unusual.networks)


@PUBLISHED
def test_quick_is_the_same_study_only_small(one):
    quick = one.quick()
    assert quick.scale == "quick"
    assert set(difference(one, quick)) == {"scale", "size", "width", "batch_size", "limit", "epochs", "sample_every"}
    assert quick.size <= 32
    assert quick.width <= 32
    copies = 6
    assert 100 <= quick.epochs * (quick.limit * copies // quick.batch_size) <= 1000
    assert quick.quick() == quick


@pytest.mark.parametrize("name", GANS)
def test_quick_is_the_same_study_only_small_in_the_other_studies_too(name):
    one, quick = recipe(name), recipe(name).quick()
    assert quick.scale == "quick"
    allowed = {"scale", "size", "width", "batch_size", "limit", "epochs", "sample_every"}
    assert set(difference(one, quick)) <= allowed
    assert (quick.size, quick.width) <= (32, 16)
    # as many steps whether it finds paintings or the 300 placeholders
    assert quick.limit == 300
    assert 300 <= quick.epochs * (quick.limit // quick.batch_size) <= 2500


def test_a_builder_is_compared_by_value_and_changed_by_copy():
    builder = Builder("artkeras.models.gan:adam", learning_rate=1e-3)
    other = builder.but(beta_1=0.9)
    assert builder == Builder("artkeras.models.gan:adam", learning_rate=1e-3)
    assert builder != other
    assert builder.options == {"learning_rate": 1e-3}
    assert float(other().learning_rate) == pytest.approx(1e-3)
    assert other().beta_1 == 0.9


def test_a_builder_whose_module_is_not_here_says_where_to_call_from():
    for path, missing in (("seascapes:generator", "seascapes"), ("mine.networks:generator", "mine")):
        with pytest.raises(UserError, match=f"the module {missing} is missing.*PYTHONPATH") as caught:
            Builder(path)()
        assert "\n" not in str(caught.value)


def test_a_module_that_lacks_another_is_not_said_to_be_missing(monkeypatch, tmp_path):
    (tmp_path / "lacking.py").write_text("import lack")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="'lack'"):
        Builder("lacking:generator")()


def test_reading_recipes_loads_no_keras():
    found = "[m for m in ('keras', 'tensorflow') if m in sys.modules]"
    code = f"import sys, artkeras.recipes, artkeras.training.run; print({found})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
