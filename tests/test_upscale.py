"""Enlarging: pictures of every kind, pieces without seams, files, models that cannot be had."""

import contextlib
import hashlib
import http.server
import io
import os
import shutil
import tarfile
import threading
import urllib.parse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_esrgan import rrdn_arrays, write_tfjs
from test_pretrained import HOME, picture, real

from artkeras import engine, metrics, tiles
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.pretrained import sources, upscale, weights
from artkeras.pretrained.upscale import Upscaler, check, models, open_model, upscale_files

on_tensorflow = pytest.mark.skipif(engine.BACKEND != "tensorflow", reason="a network for TensorFlow alone")


def painting(height: int, width: int) -> np.ndarray:
    """Smooth and many-coloured: (height, width, 3) uint8."""
    return picture(max(height, width))[0, :height, :width].astype("uint8")


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype="uint8")


@pytest.fixture(scope="module")
def bicubic() -> Upscaler:
    return open_model("bicubic")


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Upscaler:
    """A network of random weights that sees 16 pixels far."""
    return replace(open_model(write_tfjs(tmp_path_factory.mktemp("tfjs"), rrdn_arrays())), margin=16)


@pytest.fixture
def call(capsys):
    """Runs `upscale` of the command line in this process: exit status, standard output, standard error."""

    def run(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = main(["upscale", *map(str, arguments)])
        except SystemExit as left:  # argparse
            status = left.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def offline(monkeypatch):
    """No source of weights answers."""

    def silent(source, parts):
        raise sources.NoAnswer("no network")

    monkeypatch.setattr(weights, "READERS", dict.fromkeys(weights.READERS, silent))
    monkeypatch.setattr(models, "HANDLE", "http://127.0.0.1:9/captain-pool/esrgan-tf2/1")


# --- pieces -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 63, 64, 65, 66, 99, 128, 129, 200, 1000])
@pytest.mark.parametrize("multiple", [1, 4])
def test_pieces_cover_all_and_their_shares_add_up_to_one(length, multiple):
    upscaler = Upscaler("x", lambda batch: batch, margin=20, scale=2, multiple=multiple)
    total = np.zeros(2 * length)
    for start, share in upscaler._shares(length, 64):
        assert 0 <= start and share.min() >= 0
        assert len(share) == 2 * min(64, length)
        total[2 * start :][: len(share)] += share
        if start > 0:  # nothing of what sees too little
            assert not share[: 2 * 20].any()
        if start + 64 < length:
            assert not share[-2 * 20 :].any()
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_no_seam(small):
    # every piece's edge shows: the network is random, and what lies outside counts as black
    given = noise(150, 171)
    whole = np.clip(small.of_piece(given), 0, 255)
    assert small.pieces(150, 171, 64) == 5 * 6
    np.testing.assert_allclose(small(given, 64), whole, atol=0.51)
    edge = np.clip(small.of_piece(given[:, :64]), 0, 255)
    assert np.abs(edge - whole[:, :256]).max() > 20


def test_no_seam_of_a_real_network(monkeypatch):
    real("esrgan-slim")
    monkeypatch.setenv("ARTKERAS_HOME", str(HOME))
    slim, given = open_model("slim"), np.concatenate([painting(100, 60), noise(100, 70)], axis=1)
    apart = slim(given, 64).astype(int) - np.rint(np.clip(slim.of_piece(given), 0, 255))
    assert slim.pieces(100, 130, 64) > 4
    assert np.abs(apart).max() <= 1


def test_the_second_part_in_strips_makes_the_whole(tmp_path):
    from test_esrgan import blocks, write_ncnn

    from artkeras.networks import realesrgan

    param = write_ncnn(tmp_path / "blocks.param", blocks())
    upscaler, given = open_model(param), noise(70, 9)  # three strips
    assert (upscaler.tile, upscaler.name) == (512, str(param))
    whole = engine.inference(realesrgan.from_file(param))(given[None].astype("float32"))[0]
    np.testing.assert_allclose(upscaler.of_piece(given), whole, rtol=1e-4, atol=1e-2)


def test_sides_that_a_network_cannot_take_are_filled_up():
    asked = []

    def run(batch):
        asked.append(batch.shape)
        return batch.repeat(4, axis=1).repeat(4, axis=2)

    made = Upscaler("x", run, margin=4, multiple=4)(given := noise(7, 5))
    assert asked == [(1, 8, 8, 3)]
    np.testing.assert_array_equal(made, given.repeat(4, axis=0).repeat(4, axis=1))


def test_what_lies_beyond_black_and_white_is_clipped():
    made = Upscaler("x", lambda batch: batch * 3 - 200, margin=0, scale=1)(given := noise(70, 80), 64)
    np.testing.assert_array_equal(made, np.clip(given.astype(int) * 3 - 200, 0, 255))


def test_a_large_canvas_is_mapped_and_leaves_no_file(bicubic, monkeypatch, tmp_path):
    given = painting(80, 70)
    held = bicubic.canvas(given, 64, tmp_path)
    monkeypatch.setattr(tiles, "MAP_ABOVE", 0)
    mapped = bicubic.canvas(given, 64, tmp_path)
    assert isinstance(mapped, np.memmap) and not isinstance(held, np.memmap)
    np.testing.assert_array_equal(mapped, held)
    assert list(tmp_path.iterdir()) == []


def test_a_tile_too_small_to_be_cut_is_refused(bicubic):
    with pytest.raises(UserError, match="at least 64 pixels a side, not 63"):
        upscale.upscale(painting(70, 70), bicubic, tile=63)
    with pytest.raises(UserError, match="a tile for wide must have at least 176 pixels"):
        Upscaler("wide", lambda batch: batch, margin=80)(painting(70, 70), 175)


# --- pictures ---------------------------------------------------------------------------------------


def test_arrays_give_arrays(bicubic):
    given = painting(9, 7)
    made = upscale.upscale(given, bicubic)
    wanted = Image.fromarray(given).resize((28, 36), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(made, np.asarray(wanted))
    stacked = upscale.upscale(np.stack([given, given[::-1]]), "bicubic")
    assert stacked.shape == (2, 36, 28, 3) and stacked.dtype == np.uint8
    np.testing.assert_array_equal(stacked[0], made)
    assert upscale.upscale(np.empty((0, 8, 6, 3), "uint8"), bicubic).shape == (0, 32, 24, 3)
    mixed = upscale.upscale([given, Image.fromarray(given)], bicubic)
    np.testing.assert_array_equal(mixed[0], np.asarray(mixed[1]))


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((8, 8, 3)), np.zeros((8, 8), "uint8"), np.zeros((8, 8, 4), "uint8"), np.zeros((0, 8, 3), "uint8")],
)
def test_other_arrays_are_refused(bicubic, wrong):
    with pytest.raises(UserError, match="must be uint8"):
        upscale.upscale(wrong, bicubic)


def ramp(mode: str) -> Image.Image:
    """A picture of a mode, 10 x 6, its alpha from 0 on the left to 252 on the right."""
    colours = Image.fromarray(painting(6, 10))
    alpha = Image.fromarray(np.tile(np.arange(10, dtype="uint8") * 28, (6, 1)))
    if mode == "P with one colour transparent":
        image = colours.quantize(8)
        image.info["transparency"] = 0
        return image
    if mode == "I;16":
        return Image.fromarray(np.linspace(0, 65535, 60).reshape(6, 10).astype("uint16"))
    if mode in ("RGBA", "LA"):
        image = colours.convert(mode)
        image.putalpha(alpha)
        return image
    return colours.convert(mode)


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [("RGB", "RGB"), ("L", "L"), ("1", "L"), ("I;16", "L"), ("P", "RGB"), ("CMYK", "RGB"), ("YCbCr", "RGB")]
    + [("RGBA", "RGBA"), ("LA", "LA"), ("P with one colour transparent", "RGBA")],
)
def test_pictures_of_every_mode(bicubic, mode, becomes):
    given = ramp(mode)
    made = upscale.upscale(given, bicubic)
    assert (made.mode, made.size) == (becomes, (40, 24))
    if "A" in becomes:
        alpha = given.convert("RGBA").getchannel("A").resize(made.size, Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(np.asarray(made.getchannel("A")), np.asarray(alpha))
    if mode == "I;16":
        assert np.asarray(made)[0, 0] < 3 and np.asarray(made)[-1, -1] > 252
    elif becomes == "RGB":
        wanted = given.convert("RGB").resize(made.size, Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(np.asarray(made), np.asarray(wanted))


def test_a_network_does_not_tint_grey():
    tint = np.array([9, 0, 0], "float32")
    upscaler = Upscaler("x", lambda batch: np.minimum(batch + tint, 255).repeat(4, 1).repeat(4, 2), margin=1)
    made = upscale.upscale(Image.fromarray(np.full((5, 5), 100, "uint8")), upscaler)
    assert made.mode == "L" and np.unique(np.asarray(made)).tolist() == [103]


def test_pictures_are_turned_upright(bicubic, tmp_path):
    image = Image.fromarray(painting(6, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    made = upscale.upscale(tmp_path / "turned.png", bicubic)
    wanted = upscale.upscale(image.transpose(Image.Transpose.ROTATE_270), bicubic)
    assert made.size == (24, 40)
    np.testing.assert_array_equal(np.asarray(made), np.asarray(wanted))


# --- files ------------------------------------------------------------------------------------------


def put(path: str, side: int = 8) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(painting(side, side)).save(path)
    return Path(path)


def files(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def test_files_and_folders(call):
    put("in/a.png"), put("in/deep/a.jpg"), put("in/b.bmp"), put("in/b.gif"), put("c.webp")
    Path("in/text.png").write_text("not a picture")
    Path("in/notes.txt").write_text("not looked at")
    status, out, err = call("in", "c.webp", "--out", "new/big", "--model", "bicubic")
    assert (status, err) == (0, "")
    assert files("new") == ["big/a.png", "big/b.bmp.png", "big/b.gif.png", "big/c.png", "big/deep/a.png"]
    with Image.open("new/big/deep/a.png") as image:
        assert image.size == (32, 32) and image.text["Comment"].startswith("enlarged 4 times by bicubic")
    lines = out.splitlines()
    assert lines[0] == "passed over in/text.png: not a picture, or a damaged one"
    assert lines[1].startswith("in: 1 ") and ".txt" in lines[1]
    assert "wrote new/big/c.png (32 x 32)" in lines and len(lines) == 7


def test_a_file_that_is_there_is_left_as_it_is(call):
    put("a.png"), put("b.png")
    Path("big").mkdir()
    Path("big/a.png").write_bytes(b"precious")
    status, out, _ = call("a.png", "b.png", "--out", "big", "--model", "bicubic")
    assert status == 0 and Path("big/a.png").read_bytes() == b"precious"
    assert out.splitlines()[0].startswith("big/a.png is there already and was left as it is")
    assert files("big") == ["a.png", "b.png"]
    assert call("a.png", "b.png", "--out", "big", "--model", "thick")[0] == 0  # nothing to do: no network is asked for


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["text.png"], "text.png cannot be enlarged: not a picture, or a damaged one"),
        (["a.png", "nowhere.png"], "nowhere.png does not exist"),
        (["empty"], "holds no pictures"),
        (["broken"], "none of the 1 pictures can be read"),
        (["a.png", "--model", "thin"], "the model 'thin' is unknown: choose one of auto, esrgan-tf2, thick"),
        (["a.png", "--model", "empty"], "empty holds no model"),
        (["a.png", "--model", "a.png"], "a.png holds no model"),
        (["a.png", "--tile", "63"], "'63' is not a whole number of at least 64"),
        (["a.png", "--out", "text.png"], "text.png is a file: give --out a folder"),
        (["a.png", "other/a.png"], "several pictures have the same name"),
    ],
    ids="text missing empty broken unknown folder file tile out twice".split(),
)
def test_slips_are_one_line_and_change_nothing(call, arguments, reason):
    put("a.png"), put("other/a.png")
    Path("text.png").write_text("not a picture")
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/a.png").write_bytes(Path("a.png").read_bytes()[:20])
    before = files(".")
    arguments = arguments if "--out" in arguments else [*arguments, "--out", "big"]
    status, _, err = call(*arguments)
    assert status == 2 and err.count("\n") == 1 and reason in err
    assert files(".") == before


def test_a_picture_that_breaks_off_does_not_stop_the_others(call):
    put("a.png", 64), put("b.png")
    Path("a.png").write_bytes(Path("a.png").read_bytes()[:2000])
    status, out, err = call("a.png", "b.png", "--out", "big", "--model", "bicubic")
    assert status == 2 and err == "artkeras: 1 of 2 pictures could not be enlarged, the first being a.png\n"
    assert out.splitlines()[0].startswith("a.png cannot be enlarged: ")
    assert files("big") == ["b.png"]


def test_a_picture_of_a_folder_that_breaks_off_is_passed_over(call):
    put("in/a.png", 64), put("in/b.png")
    Path("in/a.png").write_bytes(Path("in/a.png").read_bytes()[:2000])
    status, out, err = call("in", "--out", "big", "--model", "bicubic")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].startswith("in/a.png cannot be enlarged: ")
    assert files("big") == ["b.png"]


def test_a_result_that_is_too_large_is_refused_before_anything_is_enlarged(call, monkeypatch):
    monkeypatch.setattr(tiles, "LARGEST", 32 * 32)
    put("a.png", 9), put("in/b.png", 8), put("in/c.png", 9)
    status, out, err = call("a.png", "--out", "big", "--model", "bicubic")
    assert status == 2 and err == "artkeras: 1 of 1 pictures could not be enlarged, the first being a.png\n"
    assert "a.png has 9 x 9 pixels: 4 times as wide and high they are more than" in out and not files("big")
    status, out, _ = call("in", "--out", "big", "--model", "bicubic")
    assert status == 0 and "in/c.png has 9 x 9 pixels" in out and files("big") == ["b.png"]
    with pytest.raises(UserError, match="the image has 9 x 9 pixels"):
        upscale.upscale(painting(9, 9), "bicubic")


def test_ctrl_c_leaves_nothing_half_written(call, monkeypatch):
    put("a.png"), put("b.png", 120)
    pieces = []

    def run(batch):
        if batch.shape[1] > 8 and len(pieces) == 2:
            raise KeyboardInterrupt
        pieces.append(1)
        return batch.repeat(4, 1).repeat(4, 2)

    monkeypatch.setitem(models.MODELS, "slim", lambda log: Upscaler("slim", run, margin=2))
    monkeypatch.setattr(tiles, "MAP_ABOVE", 0)
    status, _, err = call("a.png", "b.png", "--out", "big", "--model", "slim", "--tile", "64")
    assert status == 130 and "the same command continues" in err
    assert [path.name for path in Path("big").iterdir()] == ["a.png"]


def test_a_sample_of_the_kit_is_enlarged(call):
    assert main(["sample", "colour_field/model_2", "--count", "1", "--scale", "1", "--out", "s.png"]) == 0
    assert call("s.png", "--out", "big", "--model", "bicubic")[0] == 0
    with Image.open("s.png") as before, Image.open("big/s.png") as after:
        assert after.size == (4 * before.width, 4 * before.height)


def test_a_flipped_byte_in_the_cache_is_one_line(call, offline, monkeypatch):
    folder = real("esrgan-slim")
    home = Path(os.environ["ARTKERAS_HOME"]) / "weights" / "esrgan-slim"
    shutil.copytree(folder, home)
    shard = home / "group1-shard1of1.bin"
    content = bytearray(shard.read_bytes())
    content[1000] ^= 1
    shard.write_bytes(content)
    put("a.png")
    status, out, err = call("a.png", "--out", "big", "--model", "slim")
    assert status == 2 and err.count("\n") == 1 and f"delete the damaged {shard}" in err
    assert out.splitlines()[0] == f"{shard} is damaged (its SHA-256 is not the expected one): fetching it again"
    assert not Path("big").exists()


# --- models that cannot be had ------------------------------------------------------------------------


def test_without_a_network_auto_is_bicubic_and_says_why(offline):
    lines = []
    upscaler = open_model("auto", log=lines.append)
    assert upscaler.name == "bicubic"
    said = lines[-1]
    assert said.startswith("enlarging with bicubic, not esrgan-tf2 (")
    assert "not thick (cannot fetch esrgan-thick" in said and "not realesrgan-x4plus (" in said and "\n" not in said
    with pytest.raises(weights.Unavailable, match="cannot fetch esrgan-slim"):
        open_model("slim", log=lines.append)  # who names one gets that one


def test_a_model_may_be_called_as_its_weights_are():
    assert [check(name) for name in ("esrgan-thick", "esrgan-slim", "slim", "esrgan-tf2", "auto")] == [
        "thick", "slim", "slim", "esrgan-tf2", "auto",
    ]  # fmt: skip


def test_on_other_backends_the_hubs_network_is_passed_over(offline, monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "BACKEND", "jax")
    lines = []
    assert open_model("auto", log=lines.append).name == "bicubic"
    assert "not esrgan-tf2 (it is published for TensorFlow alone, and the backend is jax)" in lines[-1]
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(UserError, match="which TensorFlow alone reads"):
        open_model(tmp_path)


# --- TensorFlow Hub -----------------------------------------------------------------------------------


def save_network(folder: Path, scale: int = 4) -> Path:
    """A SavedModel as the hub has it: pixels repeated, and 300 added, so that it must be clipped."""
    import tensorflow as tf

    class Network(tf.Module):
        def __init__(self):
            self.more = tf.Variable(300.0)

        @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))])
        def __call__(self, x):
            return tf.repeat(tf.repeat(x, scale, 1), scale, 2) + self.more - 280.0

    tf.saved_model.save(Network(), str(folder))
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    return save_network(tmp_path_factory.mktemp("saved"))


@contextlib.contextmanager
def hub(folder: Path):
    """A server that speaks the hub's protocol: yields the handle and what it was asked."""
    asked = []
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for path in sorted(folder.iterdir()):
            file.add(path, path.name)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            right = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query) == {"tf-hub-format": ["compressed"]}
            self.send_response(200 if right else 404)
            self.end_headers()
            self.wfile.write(packed.getvalue() if right else b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/captain-pool/esrgan-tf2/1", asked
        finally:
            server.shutdown()
            thread.join()


def brighter(given: np.ndarray) -> np.ndarray:
    return np.minimum(given.astype(int) + 20, 255).repeat(4, 0).repeat(4, 1)


@on_tensorflow
def test_the_hub_is_asked_once_then_the_cache(saved, monkeypatch):
    given, lines = noise(7, 9), []
    with hub(saved) as (handle, asked):
        monkeypatch.setattr(models, "HANDLE", handle)
        np.testing.assert_array_equal(upscale.upscale(given, "esrgan-tf2"), brighter(given))
        assert asked == ["/captain-pool/esrgan-tf2/1?tf-hub-format=compressed"]
    made = upscale.upscale(given, log=lines.append)  # the server is gone
    assert lines == ["enlarging with esrgan-tf2"]
    np.testing.assert_array_equal(made, brighter(given))
    assert "TFHUB_CACHE_DIR" not in os.environ
    cached = Path(os.environ["ARTKERAS_HOME"]) / "hub" / hashlib.sha1(handle.encode()).hexdigest()
    (cached / "saved_model.pb").write_bytes((cached / "saved_model.pb").read_bytes()[:100])
    with pytest.raises(UserError, match=f"{cached.name} holds no network .*: delete it") as caught:
        open_model("esrgan-tf2")
    assert "\n" not in str(caught.value)


@on_tensorflow
@pytest.mark.live
def test_the_studys_own_network_is_fetched_and_no_worse_than_bicubic_by_much(bicubic):
    given = painting(128, 128)
    reduced = np.asarray(Image.fromarray(given).resize((32, 32), Image.Resampling.BICUBIC))
    made = open_model("esrgan-tf2")(reduced)
    assert metrics.psnr(made, given) > metrics.psnr(bicubic(reduced), given) - 1


@on_tensorflow
def test_a_folder_put_into_the_hubs_cache_is_found(saved, monkeypatch, tmp_path):
    place = tmp_path / "cache" / hashlib.sha1(models.HANDLE.encode()).hexdigest()
    shutil.copytree(saved, place)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    given = noise(70, 90)
    np.testing.assert_array_equal(open_model("esrgan-tf2")(given, 100), brighter(given))  # in pieces
    assert os.environ["TFHUB_CACHE_DIR"] == str(tmp_path / "cache")


@on_tensorflow
def test_the_path_of_a_saved_network_will_do(saved):
    given = noise(5, 4)
    np.testing.assert_array_equal(upscale.upscale(given, saved), brighter(given))


@on_tensorflow
def test_a_network_of_another_contract_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"makes \(1, 16, 16, 3\) of \(1, 8, 8, 3\), not \(1, 32, 32, 3\)"):
        open_model(save_network(tmp_path, scale=2))


def test_the_package_alone_writes_files(bicubic):
    put("a.png")
    assert upscale_files(["a.png"], "big", "bicubic", log=lambda line: None) == [Path("big/a.png")]
