"""Autoencoders: the two halves, the step, what a trained one can do, and how its runs are shown and scored.

That what is resumed goes on as if it had never stopped is tested here too: dropout and noise are drawn again at each
step.
"""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_worker
from PIL import Image
from training_worker import CheapFeatures, checkpoint_often, silent

from artkeras.__main__ import main
from artkeras.engine import assign, keras
from artkeras.errors import UserError
from artkeras.models.autoencoder import VAE, Autoencoder
from artkeras.networks.autoencoder import decoder, encoder, sides
from artkeras.recipes import recipe
from artkeras.recipes.autoencoder import RECIPES
from artkeras.reporting import figures
from artkeras.reporting.page import page
from artkeras.reporting.report import gallery, report
from artkeras.tasks import TASKS, evaluation, reconstructor, task
from artkeras.tasks import results as results_module
from artkeras.tasks.reconstructor import Reconstructor
from artkeras.tasks.sampling import Trained
from artkeras.training import train as training
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

# 16 px, width 2, 4 latents, batches of 8, 18 + 6 pictures (2 steps an epoch), 2 epochs
TINY = replace(recipe("monet/vae"), size=16, width=2, batch_size=8, holdout=0.25, epochs=2, sample_every=1)
TINY = replace(TINY, eval_every=1)
TINY = replace(TINY, networks={name: builder.but(latent_dim=4) for name, builder in TINY.networks.items()})
PLAIN = replace(recipe("monet/autoencoder_8_latents"), **{n: getattr(TINY, n) for n in ("size", "width", "batch_size")})
PLAIN = replace(PLAIN, holdout=0.25, epochs=1, eval_every=0)


def pictures(count, size=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype="uint8")


@pytest.fixture(autouse=True)
def quick(light, monkeypatch):
    """Training without what only costs time, features that need no weights."""
    for module in (evaluation, training):
        monkeypatch.setattr(module, "Features", CheapFeatures)


@pytest.fixture(scope="module")
def vae_once(tmp_path_factory):
    """The folder of a finished run of a tiny VAE on the placeholder, not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("vae"))
        patch.delenv("ARTKERAS_DATA", raising=False)
        training_worker.lighten(patch)
        training_worker.reuse_models(patch)
        return training.train(TINY, precision="float32", log=silent).path.resolve()


@pytest.fixture
def vae(vae_once):
    """What it has learnt, opened."""
    return Run(vae_once).sampler()


def tiny(kind=VAE, latent_dim=4, seed=0, **options):
    """A model without mirrors, so that its losses can be computed by hand."""
    keras.utils.set_random_seed(seed)
    halves = encoder(latent_dim, 16, 2, gaussian=kind is VAE), decoder(latent_dim, 16, 2)
    return kind(*halves, **{"mirror": False, "seed": seed, **options})


def snapshot(model):
    return {name: np.array(v) for name, v in model.state().items()}


def step(model, batch):
    logs = model.fit(batch, batch_size=len(batch), shuffle=False, verbose=0).history
    return {name: float(value) for name, [value] in logs.items()}


# --- networks -------------------------------------------------------------------------------------


def test_sides_are_halved_and_rounded_up_as_far_as_five():
    assert sides(64) == [64, 32, 16, 8, 4]
    assert sides(150) == [150, 75, 38, 19, 10, 5]
    assert sides(16) == [16, 8, 4]


@pytest.mark.parametrize("size", [16, 33, 64, 150])
def test_the_decoder_gives_back_the_size_that_the_encoder_took(size):
    there, back = encoder(3, size, 1), decoder(3, size, 1)
    latents = there(np.zeros((2, size, size, 3), "float32"))
    assert latents.shape == (2, 3)
    assert back(latents).shape == (2, size, size, 3)
    kernels = [[w.shape[:2] for w in half.weights if len(w.shape) == 4] for half in (there, back)]
    assert kernels == [[(4, 4)] * (len(sides(size)) - 1)] * 2


def test_plain_latents_lie_in_the_unit_cube_and_are_dropped_in_training_only():
    half = encoder(1000, 16, 2, dropout=0.4)
    shown = pictures(2) / 127.5 - 1
    still, training = (np.array(half(shown, training=mode)) for mode in (False, True))
    assert still.min() > 0 and still.max() < 1
    assert (training == 0).mean() == pytest.approx(0.4, abs=0.05)


def test_gaussian_latents_start_with_the_variance_they_are_compared_with():
    mean, log_variance = encoder(4, 16, 2, gaussian=True)(pictures(2) / 127.5 - 1)
    assert mean.shape == log_variance.shape == (2, 4)
    np.testing.assert_array_equal(log_variance, 0)


@pytest.mark.parametrize("wrong", [{"size": 15}, {"width": 0}, {"latent_dim": 0}])
@pytest.mark.parametrize("build", [encoder, decoder])
def test_sizes_that_cannot_be_built_are_refused(build, wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        build(**wrong)


# --- the step -------------------------------------------------------------------------------------


def test_reconstruction_is_the_squared_error_summed_over_a_picture():
    model, batch = tiny(Autoencoder), pictures(3)
    model.encoder.layers[-1].rate = 0.0
    shown = batch / 127.5 - 1
    expected = np.square(np.array(model.decoder(model.encoder(shown, training=True), training=True)) - shown)
    model = tiny(Autoencoder)
    model.encoder.layers[-1].rate = 0.0
    assert step(model, batch) == pytest.approx({"reconstruction_loss": expected.sum() / 3}, rel=1e-4)


def test_divergence_is_summed_over_latents_and_weighed_by_beta():
    model, batch = tiny(beta=3.0), pictures(3)
    _, bias = model.encoder.get_layer("log_variance").weights
    bias.assign([0.5, -1.0, 0.0, 2.0])
    start = snapshot(model)
    mean, log_variance = (np.array(x) for x in model.encoder(batch / 127.5 - 1, training=True))
    assign(model.state(), start)
    by_hand = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1, axis=1).mean()
    logs = step(model, batch)
    assert logs["kl_loss"] == pytest.approx(by_hand, rel=1e-4)
    assert logs["loss"] == pytest.approx(logs["reconstruction_loss"] + 3 * logs["kl_loss"], rel=1e-5)


@pytest.mark.parametrize("kind", [Autoencoder, VAE])
def test_a_step_moves_everything_and_what_is_restored_goes_on_alike(kind):
    model, batch = tiny(kind, mirror=True), pictures(8)
    start = snapshot(model)
    step(model, batch)
    between = snapshot(model)
    still = [name for name, value in start.items() if np.array_equal(value, between[name])]
    assert all(name.startswith("autoencoder_optimizer") for name in still)  # the learning rate
    assert len(still) == 1
    first, end = step(model, batch), snapshot(model)
    assign(model.state(), between)
    assert step(model, batch) == first
    assert [name for name, value in snapshot(model).items() if value.tobytes() != end[name].tobytes()] == []


def test_half_of_the_pictures_are_mirrored_and_none_without():
    model, batch = tiny(mirror=True), pictures(200)
    shown, plain = np.array(model.scale(batch)), batch / 127.5 - 1
    as_they_are = np.isclose(shown, plain, atol=1e-5).all((1, 2, 3))
    turned = np.isclose(shown, plain[:, :, ::-1], atol=1e-5).all((1, 2, 3))
    assert (as_they_are ^ turned).all()
    assert 60 < turned.sum() < 140
    np.testing.assert_allclose(tiny().scale(batch), plain, atol=1e-5)


# --- a trained one --------------------------------------------------------------------------------


def test_a_run_opens_as_a_codec_that_gives_back_and_makes(vae, vae_once):
    assert isinstance(vae, Reconstructor) and vae.gaussian
    assert vae.encode(pictures(3)).shape == (3, 4)
    assert vae.reconstruct(pictures(3)).shape == vae.sample(3).shape == (3, 16, 16, 3)
    np.testing.assert_array_equal(vae.sample(3, seed=1), Run(vae_once).sample(3, seed=1))
    assert (vae.sample(3, seed=1) != vae.sample(3, seed=2)).any()
    assert abs(vae.latents(2000).mean()) < 0.05 and vae.latents(2000).std() == pytest.approx(1, abs=0.05)
    path = vae.between(*pictures(2), frames=5)
    np.testing.assert_array_equal(path[[0, -1]], vae.reconstruct(pictures(2)))
    middle = vae.pictures(vae.encode(pictures(2)).mean(0, keepdims=True))
    np.testing.assert_array_equal(path[2:3], middle)
    assert vae.walk(10, stops=2).shape == (10, 16, 16, 3)


def test_a_slice_runs_through_the_mean_along_the_widest_directions(vae, monkeypatch):
    spread = np.diag([3.0, 0.1, 2.0, 0.1]).astype("float32")
    latents = np.concatenate([spread, -spread]) + 5
    monkeypatch.setattr(vae, "encode", lambda pictures: latents)
    monkeypatch.setattr(vae, "pictures", lambda places: places)
    places = vae.slice(range(8), side=3, reach=1.0)
    np.testing.assert_allclose(places[4], 5, atol=1e-5)
    moved = np.abs(places - 5)
    np.testing.assert_allclose(moved[:, [1, 3]], 0, atol=1e-5)
    np.testing.assert_allclose(moved[5], [3 / 2, 0, 0, 0], atol=1e-5)  # rms of 3, -3 and six zeros
    np.testing.assert_allclose(moved[7], [0, 0, 1, 0], atol=1e-5)
    with pytest.raises(UserError, match="at least 3"):
        vae.slice(pictures(2))


def test_plain_latents_are_drawn_from_the_cube_and_joined_by_straight_lines():
    plain = task("reconstruction").open(PLAIN, {name: PLAIN.network(name) for name in PLAIN.networks}, "plain")
    latents = plain.latents(500, seed=1)
    assert latents.shape == (500, 8) and 0 <= latents.min() < 0.01 and 0.99 < latents.max() <= 1
    np.testing.assert_allclose(plain.way(latents[0], latents[1], 0.5), latents[:2].mean(0), atol=1e-6)
    assert np.array_equal(plain.encode(pictures(1)), plain.encode(pictures(1)))  # no dropout
    with pytest.raises(UserError, match="at least 1"):
        plain.latents(0)


@pytest.mark.parametrize("wrong", [pictures(2, 32), pictures(2) / 255, pictures(2)[0], pictures(2)[:0]])
def test_other_pictures_are_refused_in_a_line(vae, wrong):
    with pytest.raises(UserError, match=r"\(n, 16, 16, 3\) in uint8") as error:
        vae.encode(wrong)
    assert len(str(error.value).splitlines()) == 1


def test_pictures_stand_over_their_reconstructions(vae):
    shown = np.asarray(vae.beside(pictures(3), 2))
    back = vae.reconstruct(pictures(3))
    blank = np.full((1, 16, 16, 3), 255, "uint8")
    rows = [pictures(3)[:2], back[:2], pictures(3)[2:], blank, back[2:], blank]
    np.testing.assert_array_equal(shown, np.asarray(figures.grid(np.concatenate(rows), 2)))


# --- runs -----------------------------------------------------------------------------------------


def shows(image, picture, scale):
    """Whether an image holds a picture, enlarged, at any of a grid's places."""
    large, image = picture.repeat(scale, 0).repeat(scale, 1), np.asarray(image)
    side = len(large)
    return any(
        np.array_equal(image[top : top + side, left : left + side], large)
        for top in range(image.shape[0] - side + 1)
        for left in range(2, image.shape[1] - side + 1, side + 2)
    )


def test_on_a_placeholder_the_grid_shows_pictures_over_reconstructions(vae_once):
    run = Run(vae_once)
    assert sorted(run.grids()) == [0, 1, 2]
    assert not list((vae_once / "samples").glob("beside-*"))
    examples = run.examples()
    assert len(examples) == 6  # all that was held out
    assert shows(run.grids()[2], examples[0], 4)
    assert shows(run.grids()[2], run.sampler(Position(2)).reconstruct(examples)[0], 4)


@pytest.fixture
def real(tmp_path):
    """A finished run on files: real pictures, as far as the kit can tell."""
    folder = tmp_path / "paintings"
    folder.mkdir()
    for i, picture in enumerate(pictures(12)):
        Image.fromarray(picture).save(folder / f"{i}.png")
    return training.train(replace(PLAIN, batch_size=4, fit="stretch"), data=folder, precision="float32", log=silent)


def test_no_real_picture_leaves_a_run(real, tmp_path):
    examples = real.examples()
    assert len(examples) == 3
    beside = Image.open(real.path / "samples" / "beside-0001.png")
    assert all(shows(beside, picture, 4) for picture in examples)
    report(real, tmp_path / "results")
    page([real], tmp_path / "page.html")
    grid = Image.open(tmp_path / "results" / "monet" / "autoencoder_8_latents" / "grid.png")
    back = real.sampler().reconstruct(examples)
    for image, scale in [(grid, 1), *((image, 4) for image in real.grids().values())]:
        assert not any(shows(image, picture, scale) for picture in [*examples, *back])
    assert sorted(path.name for path in (tmp_path / "results").rglob("*")) == sorted(
        "monet autoencoder_8_latents card.md curves.png generator.npz grid.png history.csv run.json samples.gif".split()
    )


def test_a_report_keeps_both_halves_and_its_card_says_what_is_shown(vae_once, tmp_path, monkeypatch):
    run = Run(vae_once)
    folder = report(run, tmp_path / "results")
    monkeypatch.setattr(results_module, "results_folder", lambda: tmp_path / "results")
    kept = results_module.load("monet/vae")
    close = kept.reconstruct(pictures(4)).astype(int) - run.sampler().reconstruct(pictures(4))
    assert np.abs(close).max() <= 2  # of float16
    card = (folder / "card.md").read_text()
    assert "Under each part stands what it shows" in card and "fixed latents" not in card
    assert f"encoder and decoder are those of epoch {run.best()[0].epoch}, when unseen paintings came back" in card
    assert gallery(tmp_path / "results").exists()
    text = page([run], tmp_path / "page.html", tmp_path / "results").read_text(encoding="utf-8")
    assert "Error of reconstructions" in text and "divergence" in text and "fools nobody" not in text


def test_a_stopped_run_ends_like_one_that_never_was(vae_once, monkeypatch):
    checkpoint_often(monkeypatch)
    with monkeypatch.context() as patch:
        training_worker.at_step(patch, 1, 1, lambda recorder: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            training.train(TINY, precision="float32", out="stopped", log=silent)
    (path,) = Path("stopped").iterdir()
    resumed, whole = training.resume(path, log=silent), Run(vae_once)
    for name in ("loss", "kl_loss", "validation_error", "training_error"):
        assert resumed.history()[name].tobytes() == whole.history()[name].tobytes(), name
    a, b = (run.load_checkpoint(Position(2))[0] for run in (resumed, whole))
    assert [name for name in a if a[name].tobytes() != b[name].tobytes()] == []


def test_the_best_epoch_is_the_one_with_the_smallest_error_on_unseen_pictures(vae_once):
    run = Run(vae_once)
    history = run.history()
    assert run.best()[0].epoch == 1 + np.argmin(history["validation_error"])
    trained, unseen = run.sampler(), run.examples()
    errors = np.sqrt(np.square((trained.reconstruct(unseen) - unseen.astype(float)) / 255).mean((1, 2, 3)))
    assert errors.mean() == pytest.approx(history["validation_error"].min(), abs=1e-4)


def test_scores_are_of_samples_of_what_comes_back_and_of_what_lies_between(vae_once, tmp_path):
    run = Run(vae_once)
    lines = evaluation.evaluate(run, count=100, log=silent)
    (vae_once / "metrics.jsonl").unlink()
    found = {line["measure"]: line for line in lines}
    assert {"kid", "blur", "memorization_p50", "kid_of_reconstructions", "kid_halfway"} < set(found)
    trained, (train, unseen) = run.sampler(), run.pictures()
    unseen, seen = unseen.take(range(6)), train.take(range(18))
    for name, paintings, instead in (
        ("reconstruction_error", unseen, trained.reconstruct(unseen)),
        ("training_reconstruction_error", seen, trained.reconstruct(seen)),
        ("error_of_average_painting", unseen, np.rint(seen.mean(0, keepdims=True))),
    ):
        errors = np.sqrt(np.square((paintings.astype(float) - instead) / 255).mean((1, 2, 3)))
        assert found[name]["value"] == pytest.approx(errors.mean()), name
        assert found[name]["std"] == pytest.approx(errors.std()), name
    assert found["reconstruction_error"]["metric"] == "reconstruction_error-pixels-none-held_out6-samples6"
    assert found["largest_step"]["value"] >= 1
    json.dumps(lines)


def test_without_held_out_pictures_nothing_is_said_about_unseen_ones():
    halves = {name: PLAIN.network(name) for name in PLAIN.networks}
    plain = task("reconstruction").open(PLAIN, halves, "plain")
    train, _ = replace(PLAIN, holdout=0.0).pictures()
    said = []
    options = {"count": 20, "seed": 1, "features": [CheapFeatures()], "thumbnail": 24, "facts": {}, "log": said.append}
    records = task("reconstruction").evaluate(plain, train, None, **options)
    names = {line["measure"] for line in records}
    assert "training_reconstruction_error" in names
    assert not {"reconstruction_error", "blur_of_reconstructions", "error_of_average_painting"} & names
    assert "held out" in said[0]


def test_errors_are_drawn_against_latents_a_line_a_kind(vae_once):
    other = Path(shutil.copytree(vae_once, "other"))
    values = json.loads((other / "recipe.json").read_text())
    for builder in values["networks"].values():
        builder["latent_dim"] = 2
    (other / "recipe.json").write_text(json.dumps(values))
    (axis,) = reconstructor.against_latents([vae_once, other]).axes
    line, average = axis.lines
    smallest = Run(vae_once).history()["validation_error"].min()
    assert (line.get_label(), line.get_xydata().tolist()) == ("VAE", [[2, smallest], [4, smallest]])
    train, unseen = (pictures.take(range(len(pictures))).astype(float) for pictures in Run(vae_once).pictures())
    errors = np.sqrt(np.square((unseen - np.rint(train.mean(0))) / 255).mean((1, 2, 3)))
    assert average.get_ydata()[0] == pytest.approx(errors.mean())
    assert "synthetic placeholder" in axis.get_title(loc="left")


def test_errors_that_cannot_be_compared_are_refused(vae_once, trained_once):
    for runs, wrong in (([], "at least one"), ([vae_once, trained_once], "no error on unseen")):
        with pytest.raises(UserError, match=wrong):
            reconstructor.against_latents(runs)


def test_the_command_line_draws_samples_and_walks_of_a_codec(vae_once):
    assert main(["sample", str(vae_once), "--count", "4"]) == 0
    assert main(["walk", str(vae_once), "--frames", "5"]) == 0
    assert Image.open("grid.png").width and Image.open("walk.gif").n_frames == 5


# --- kinds and recipes ----------------------------------------------------------------------------


def test_kinds_say_what_they_cannot_do_in_a_line():
    with pytest.raises(UserError, match="no task is called 'gam'"):
        replace(TINY, task="gam").check()
    base = type(task("generation")).__mro__[1]()
    with pytest.raises(UserError, match="cannot be evaluated during training"):
        base.validator(TINY, None, None, None)
    with pytest.raises(UserError, match="cannot be scored"):
        options = {"count": 1, "seed": 0, "features": [], "thumbnail": 24, "facts": {}, "log": silent}
        base.evaluate(SimpleNamespace(recipe=TINY), None, None, **options)
    with pytest.raises(UserError, match="no latent space"):
        Trained(TINY, {}, "").walk()


def test_recipes_are_small_when_quick_and_build_both_halves():
    for one in RECIPES:
        for version in (one, one.quick()):
            version.check()
            assert version.task in TASKS and version.loss is None
            dims = {builder.options["latent_dim"] for builder in version.networks.values()}
            assert len(dims) == 1, "both halves agree"
        assert one.quick().size <= 32 and one.quick().epochs * (one.quick().limit // one.quick().batch_size) <= 500
    for one in (recipe("monet/autoencoder_no_dropout"), recipe("abstract/vae")):
        model = one.quick().build()
        assert sorted(model.networks) == sorted(task(one.task).kept)
        assert model.decoder.output_shape == (None, 32, 32, 3)
    full, quick = recipe("monet/vae"), recipe("monet/vae").quick()
    balance = {one.size**2 / one.model.options["beta"] for one in (full, quick)}
    assert len(balance) == 1, "error a pixel and divergence weigh alike at both sizes"
