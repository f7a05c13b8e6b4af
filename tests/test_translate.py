"""Translators: trained, stopped and resumed, opened, looked at, scored, and let loose on anybody's pictures."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import training_worker
from PIL import Image
from training_worker import CheapFeatures, checkpoint_often, silent
from translating import SIZE, TINY_CYCLEGAN, TINY_PIX2PIX

import artkeras
from artkeras.__main__ import main
from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.metrics import kid
from artkeras.reporting.report import report
from artkeras.tasks import evaluation, translate, translation
from artkeras.training import train as training
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of each kind, never to be changed: kind -> folder."""
    out = tmp_path_factory.mktemp("translators")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(out / "home"))
        patch.delenv("ARTKERAS_DATA", raising=False)
        patch.chdir(out)
        training_worker.lighten(patch)
        training_worker.reuse_models(patch)
        checkpoint_often(patch)
        return {
            recipe.name.split("/")[1]: training.train(recipe, precision="float32", out=out / "runs", log=silent).path
            for recipe in (TINY_CYCLEGAN, TINY_PIX2PIX)
        }


@pytest.fixture(scope="module")
def translators(runs):
    return {kind: artkeras.load(path) for kind, path in runs.items()}


def picture(height, width, seed=0):
    """A smooth picture, (1, height, width, 3)."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))[None]


# --- training -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cyclegan", "pix2pix"])
def test_a_stopped_training_ends_as_if_it_never_was(runs, kind, tmp_path, monkeypatch):
    """The pool, the dropout, the learning rate and the draws go on where they were."""
    checkpoint_often(monkeypatch)
    whole = Run(runs[kind])
    stopped = Run(shutil.copytree(whole.path, tmp_path / "runs" / whole.path.name))
    stopped.checkpoints()[Position(2)].unlink()
    stopped.rewind(Position(1))
    resumed = training.resume(stopped, log=silent)
    (ours, _), (theirs, _) = (run.load_checkpoint(Position(2)) for run in (resumed, whole))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name].tobytes() != theirs[name].tobytes()] == []
    assert (resumed.path / "iterations.csv").read_bytes() == (whole.path / "iterations.csv").read_bytes()


def test_pairs_are_watched_by_their_error_and_nothing_changes_by_it(runs):
    watched = training.train(replace(TINY_PIX2PIX, eval_every=1), precision="float32", out="runs", log=silent)
    plain = Run(runs["pix2pix"])
    assert (watched.path / "iterations.csv").read_bytes() == (plain.path / "iterations.csv").read_bytes()
    history = watched.history()
    assert [*history][-3:] == ["validation_error", "training_error", "seconds"]
    assert watched.best()[0].epoch == history["validation_error"].argmin() + 1
    train, unseen = watched.pictures()
    a, b = unseen.whole("a"), unseen.whole("b")
    off = np.abs(artkeras.load(watched.path).translate(a).astype(float) - b).mean() / 255
    assert history["validation_error"].min() == pytest.approx(off, rel=1e-5)
    a, b = train.whole("a"), train.whole("b")
    assert len(a) == len(b) == 8
    errors = np.abs(watched.sampler(Position(2)).translate(a).astype(float) - b).mean(axis=(1, 2, 3)) / 255
    assert errors.min() <= history["training_error"][-1] <= errors.max()


def test_unpaired_sets_are_watched_by_kernel_distance_and_the_way_back(monkeypatch):
    monkeypatch.setattr(training, "Features", CheapFeatures)
    recipe = replace(TINY_CYCLEGAN, eval_every=2, limit=16)
    run = training.train(recipe, precision="float32", out="runs", log=silent)
    history = run.history()
    assert [*history][-3:] == ["kid", "cycle_error", "seconds"]
    assert np.isfinite(history["kid"]).tolist() == np.isfinite(history["cycle_error"]).tolist() == [False, True]
    translator, (_, unseen), describe = run.sampler(), run.pictures(), CheapFeatures()
    a, b = unseen.whole("a"), unseen.whole("b")
    to_b = translator.translate(a)
    back = translator.translate(to_b, reverse=True)
    assert history["kid"][-1] == pytest.approx(kid(describe(b), describe(to_b)).mean, rel=1e-5)
    assert history["cycle_error"][-1] == pytest.approx(np.abs(back.astype(float) - a).mean() / 255, rel=1e-5)


def test_the_pool_is_in_the_checkpoints(runs):
    state, _ = Run(runs["cyclegan"]).load_checkpoint(Position(2))
    pools = [v for name, v in state.items() if name.startswith("model/") and v.shape == (4, SIZE, SIZE, 3)]
    assert len(pools) == 2 and all(np.abs(pool).min(axis=(1, 2, 3)).max() > 0 for pool in pools)


def test_a_run_can_be_opened_as_a_model_without_knowing_its_length(runs):
    model = Run(runs["cyclegan"]).model()
    assert int(keras.ops.convert_to_numpy(model.g_optimizer.iterations)) == 8


# --- figures and reports --------------------------------------------------------------------------------


def shown_of(figure, columns, rows):
    """The tiles of a figure of headed columns: (rows, columns, side, side, 3)."""
    pixels = np.asarray(figure)[16:]
    side = 96
    return np.array(
        [
            [pixels[2 + r * (side + 2) :][:side, 2 + c * (side + 2) :][:, :side] for c in range(columns)]
            for r in range(rows)
        ]
    )


def enlarged(pictures):
    return pictures.repeat(96 // SIZE, axis=1).repeat(96 // SIZE, axis=2)


def test_figures_show_real_fake_and_back_both_ways(translators):
    translator = translators["cyclegan"]
    examples = np.concatenate([picture(SIZE, SIZE, seed) for seed in range(4)]).reshape(2, 2, SIZE, SIZE, 3)
    examples = np.concatenate([examples[0], examples[1]], axis=-1)
    a, b = examples[..., :3], examples[..., 3:]
    tiles = shown_of(translator.figure(examples=examples, real=True), 6, 2)
    to_b, to_a = translator.translate(a), translator.translate(b, reverse=True)
    expected = [a, to_b, translator.translate(to_b, reverse=True), b, to_a, translator.translate(to_a)]
    for column, pictures in enumerate(expected):
        np.testing.assert_array_equal(tiles[:, column], enlarged(pictures))
    tiles = shown_of(translator.figure(examples=examples), 2, 2)  # to be passed on: no real picture in it
    np.testing.assert_array_equal(tiles[:, 0], enlarged(to_b))
    np.testing.assert_array_equal(tiles[:, 1], enlarged(to_a))


def test_pix2pix_figures_show_the_truth_beside_the_fake(translators):
    examples = np.concatenate([picture(SIZE, SIZE, 1), picture(SIZE, SIZE, 2)], axis=-1)
    tiles = shown_of(translators["pix2pix"].figure(examples=examples, real=True), 3, 1)
    for column, one in enumerate(
        (examples[..., :3], translators["pix2pix"].translate(examples[..., :3]), examples[..., 3:])
    ):
        np.testing.assert_array_equal(tiles[:, column], enlarged(one))


@pytest.mark.parametrize("kind", ["cyclegan", "pix2pix"])
def test_grids_through_training_and_a_report(runs, kind, tmp_path):
    run = Run(runs[kind])
    assert list(run.grids()) == [0, 1, 2]
    folder = report(run, tmp_path / "results")
    with np.load(folder / "generator.npz") as stored:
        kept = {name.split("/")[0] for name in stored.files} - {"facts"}
    assert kept == ({"a_to_b", "b_to_a"} if kind == "cyclegan" else {"a_to_b"})
    again = artkeras.tasks.results.open_generator(folder / "generator.npz")
    one, other = (t.translate(picture(SIZE, SIZE)).astype(int) for t in (again, artkeras.load(run.path)))
    assert np.abs(one - other).max() <= 2  # float16
    assert "Translations: " in (folder / "card.md").read_text()


def test_a_strip_shows_the_same_pictures_through_training(runs):
    for kind, reverse in (("cyclegan", False), ("cyclegan", True), ("pix2pix", False)):
        run = Run(runs[kind])
        examples, translator = run.examples(), run.sampler()
        of_a, of_b = examples[..., :3], examples[..., 3:]
        tiles = shown_of(translate.strip(run, reverse=reverse), 4, 6)  # real, epochs 0, 1, 2
        np.testing.assert_array_equal(tiles[:, 0], enlarged(of_b if reverse else of_a))
        last = translator.translate(of_b if reverse else of_a, reverse)
        np.testing.assert_array_equal(tiles[:, 3], enlarged(last))
        assert not np.array_equal(tiles[:, 1], tiles[:, 3])
    with pytest.raises(UserError, match="one way"):
        translate.strip(Run(runs["pix2pix"]), reverse=True)


@pytest.mark.parametrize("content", [b"", b"torn", "half"])
def test_images_through_training_that_are_missing_or_damaged_are_one_line(runs, tmp_path, content):
    run = Run(shutil.copytree(runs["pix2pix"], tmp_path / "run"))
    last = run.path / "samples" / "epoch-0002.npz"
    last.write_bytes(last.read_bytes()[:-200] if content == "half" else content)
    with pytest.raises(UserError, match=r"epoch-0002\.npz is damaged"):
        translate.strip(run)
    for path in run.path.glob("samples/*.npz"):
        path.unlink()
    with pytest.raises(UserError, match="has no saved images yet"):
        translate.strip(run)


# --- scores ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cyclegan", "pix2pix"])
def test_evaluate_scores_unseen_pictures(runs, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "Features", CheapFeatures)
    run = Run(shutil.copytree(runs[kind], tmp_path / "runs" / "copy"))
    records = {line["measure"]: line for line in evaluation.evaluate(run, log=silent)}
    assert [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()] == [*records.values()]
    assert all(line["reference"] == "held_out" for line in records.values())
    translator, (train, unseen) = run.sampler(), run.pictures()
    a, b = unseen.whole("a"), unseen.whole("b")
    fake = translator.translate(a)
    if kind == "pix2pix":
        average = train.whole("b").astype(float).mean(axis=0)
        assert records["l1"]["value"] == pytest.approx(np.abs(fake.astype(float) - b).mean() / 255)
        assert records["l1_of_average"]["value"] == pytest.approx(np.abs(average - b).mean() / 255, abs=2e-3)
        assert records["ssim"]["n_real"] == len(unseen) == 6
    else:
        back = translator.translate(fake, reverse=True)
        assert records["cycle_error"]["value"] == pytest.approx(np.abs(back.astype(float) - a).mean() / 255)
        same = evaluation.metrics.kid(CheapFeatures()(b), CheapFeatures()(a)).mean
        assert records["kid_untranslated"]["value"] == pytest.approx(same)
        assert records["saturation"]["value"] == evaluation.metrics.saturation(fake).mean()


def test_a_perfect_translator_scores_perfectly():
    class Perfect:
        def translate(self, pictures):
            return 255 - pictures

    class Unseen:
        def __len__(self):
            return 2

        def whole(self, domain, indices):
            a = np.concatenate([picture(SIZE, SIZE, seed) for seed in indices])
            return a if domain == "a" else 255 - a

    lines = translation.score_paired(
        Perfect(), np.zeros((SIZE, SIZE, 3), np.uint8), Unseen(), count=9, features=CheapFeatures(), facts={}
    )
    found = {line["measure"]: line["value"] for line in lines}
    assert (found["l1"], found["ssim"]) == (0, pytest.approx(1))
    assert found["l1_of_average"] > 0.2 and found["ssim_of_average"] < 0.5


# --- any picture ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cyclegan", "pix2pix"])
@pytest.mark.parametrize(("height", "width"), [(SIZE, SIZE), (8, 8), (30, 45), (33, 16)])
def test_pictures_of_any_size_keep_it(translators, kind, height, width):
    translated = translators[kind].translate(picture(height, width))
    assert translated.shape == (1, height, width, 3) and translated.dtype == np.uint8
    assert translated.std() > 0


@pytest.mark.parametrize(("kind", "most"), [("cyclegan", 4), ("pix2pix", 40)])
def test_a_large_picture_is_translated_in_pieces_of_one_look(translators, kind, most, monkeypatch):
    """Like the whole, without seams; a network of pix2pix sees all of what it is given, so its pieces differ more."""
    given = picture(400, 500, seed=3)
    whole = translators[kind].translate(given).astype(float)
    monkeypatch.setattr(translate, "WHOLE", 150_000)  # of 200,000
    monkeypatch.setattr(translate, "TILE", 256)
    made = translators[kind].translate(given).astype(float)
    assert made.shape == whole.shape
    apart = np.abs(made - whole)
    assert 0 < apart.mean() < most / 4 and np.quantile(apart, 0.999) <= most
    steps = np.abs(np.diff(made, axis=2)).mean(axis=(0, 1, 3))
    assert steps.max() < 3 * np.abs(np.diff(whole, axis=2)).mean(axis=(0, 1, 3)).max()  # no column where it jumps


def test_a_batch_is_translated_like_each_picture_alone_and_always_the_same(translators):
    pictures = np.concatenate([picture(SIZE, SIZE, seed) for seed in range(20)])
    for translator in translators.values():
        together = translator.translate(pictures)
        alone = np.concatenate([translator.translate(one[None]) for one in pictures[:2]])
        assert np.abs(together[:2].astype(int) - alone).max() <= 1
        np.testing.assert_array_equal(translator.translate(pictures), together)  # no dropout


def test_padding_is_cut_off_where_it_was_put():
    pictures = picture(9, 14)
    padded, (top, left) = translate.pad(pictures, 8)
    assert padded.shape == (1, 16, 16, 3)
    np.testing.assert_array_equal(padded[:, top : top + 9, left : left + 14], pictures)
    np.testing.assert_array_equal(padded[:, top - 1, left : left + 14], pictures[:, 1])  # mirrored at the edge
    assert translate.pad(picture(16, 24), 8)[0].shape == (1, 16, 24, 3)


@pytest.fixture
def album(tmp_path):
    """A folder of pictures of several kinds, and a text file that calls itself one."""
    folder = tmp_path / "album"
    (folder / "deep").mkdir(parents=True)
    Image.fromarray(picture(20, 30)[0]).save(folder / "a.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6  # lying on its side
    Image.fromarray(picture(20, 30)[0]).save(folder / "deep" / "b.jpg", exif=turned)
    Image.new("RGBA", (18, 12), (10, 200, 30, 0)).save(folder / "a.png")  # wholly transparent, nothing below it
    (folder / "text.png").write_text("no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_the_command_translates_files_and_folders(runs, album, capsys):
    assert main(["translate", str(runs["cyclegan"]), str(album), "--reverse", "--out", "out"]) == 0
    sizes = {
        path.relative_to("out").as_posix(): Image.open(path).size for path in sorted(translate.Path("out").rglob("*.*"))
    }
    assert sizes == {"a.png": (30, 20), "a-2.png": (18, 12), "deep/b.png": (20, 30)}
    printed = capsys.readouterr().out
    assert "photo to monet" in printed and "wrote 3 pictures to out" in printed
    assert f"passed over {album / 'text.png'}: cannot read the picture" in printed
    assert f"{album}: 1 file passed over, no images that can be read here: 1 .txt" in printed
    assert all(Image.open(path).info["srgb"] == 0 for path in translate.Path("out").rglob("*.png"))
    white = artkeras.load(runs["cyclegan"]).translate(np.full((1, 12, 18, 3), 255, np.uint8), reverse=True)[0]
    np.testing.assert_array_equal(np.asarray(Image.open("out/a-2.png")), white)  # transparency is white


def test_a_file_that_is_there_is_left_as_it_is(runs, album, capsys):
    translate.Path("out").mkdir()
    translate.Path("out/a.png").write_bytes(b"precious")
    call = ["translate", str(runs["cyclegan"]), str(album / "a.jpg"), str(album / "deep" / "b.jpg"), "--out", "out"]
    assert main(call) == 0
    assert translate.Path("out/a.png").read_bytes() == b"precious" and translate.Path("out/b.png").exists()
    assert "out/a.png is there already and was left as it is" in capsys.readouterr().out
    before = translate.Path("out/b.png").stat().st_mtime_ns
    assert main(call) == 0 and translate.Path("out/b.png").stat().st_mtime_ns == before


def test_longest_shrinks_first(runs, album):
    assert main(["translate", str(runs["cyclegan"]), str(album / "a.jpg"), "--longest", "15", "--out", "out"]) == 0
    assert Image.open("out/a.png").size == (15, 10)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{cyclegan}", "{album}/text.png"], "cannot read the picture"),
        (["{cyclegan}", "{album}/dot.png"], "too small"),
        (["{cyclegan}", "{album}/none.png"], "none.png does not exist"),
        (["{cyclegan}", "{album}/empty"], "holds no pictures"),
        (["{cyclegan}", "{album}/a.jpg", "--out", "{album}/a.png"], "is a file"),
        (["{cyclegan}", "{album}/a.png", "--out", "{album}"], "take its place"),
        (["{cyclegan}", "{album}", "--out", "{album}"], "a.jpg would take the place of"),
        (["{cyclegan}", "{album}/text.png", "--longest", "0"], "whole number"),
        (["{pix2pix}", "{album}/a.jpg", "--reverse"], "one way only, from labels to photo"),
        (["runs/nothing", "{album}/a.jpg"], "no recipe is called"),
        (["{album}", "{album}/a.jpg"], "is not a run"),
        (["colour_field/model_2", "{album}/a.jpg"], "does not translate pictures"),
        (["facades/pix2pix", "{album}/a.jpg"], "no trained generator"),
    ],
)
def test_what_cannot_be_translated_is_one_line(runs, album, arguments, words, capsys):
    Image.new("RGB", (1, 1)).save(album / "dot.png")
    (album / "empty").mkdir()
    filled = [argument.format(album=album, **runs) for argument in arguments]
    before = sorted(album.rglob("*"))
    try:
        status = main(["translate", *filled])
    except SystemExit as left:  # argparse
        status = left.code
    said = capsys.readouterr().err
    assert status == 2
    assert said.count("\n") == 1 and words in said, said
    assert sorted(album.rglob("*")) == before and not translate.Path("translated").exists()


def test_a_picture_of_a_named_file_is_read_before_any_is_written(runs, album):
    with pytest.raises(UserError, match="cannot read"):
        translate.translate(runs["cyclegan"], [album / "a.jpg", album / "text.png"], "out", log=silent)
    assert not translate.Path("out").exists()
