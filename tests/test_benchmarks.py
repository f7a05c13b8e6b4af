"""The benchmarks compare like with like, and say what they measured. No test looks at a clock."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import benchmarks.__main__ as command
from artkeras import engine, metrics
from artkeras.networks import esrgan
from artkeras.networks.esrgan import rrdn as tiny_rrdn
from artkeras.pretrained import weights
from artkeras.pretrained.upscale import Upscaler
from benchmarks import augment, fidelity, pictures, start, step, style, table, upscaling
from benchmarks.variant import Size, check
from benchmarks.variants import VARIANTS, Kit, StudyLoop

on_tensorflow = pytest.mark.skipif(engine.BACKEND != "tensorflow", reason=step.NO_STUDY)
ROOT = Path(__file__).resolve().parent.parent
TINY = Size(16, 2, 4)
TINY_WORK, FULL_WORK = 807_552, 516e9  # multiply-adds of a step, at that size and at full size


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    """The processes that are started must find the folder `benchmarks`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


# --- the variants ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [pytest.param("study", marks=on_tensorflow), "kit", "kit_bfloat16"])
def test_variants_of_keras_move_what_they_should(name):
    _, make, precision = VARIANTS[name]
    variant = make(TINY, precision)
    check(variant)
    assert all(np.isfinite(w).all() for weights in variant.weights().values() for w in weights)
    assert variant.work == TINY_WORK


class FrozenTooSoon(StudyLoop):
    """The study's order: D is frozen before Keras 3 traces its step."""

    def _trace(self):
        self._freeze()


class NeverFrozen(StudyLoop):
    """Somebody forgot."""

    def _freeze(self):
        pass


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize(
    "broken, complaint",
    [
        (FrozenTooSoon, "the discriminator's own step does not move the discriminator"),
        (NeverFrozen, "the stacked model's step moves the discriminator"),
    ],
)
@on_tensorflow
def test_the_check_finds_a_discriminator_that_moves_at_the_wrong_time(broken, complaint):
    with pytest.raises(RuntimeError, match=complaint):
        check(broken(TINY))


# --- PyTorch --------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    return importlib.import_module("torch")


@pytest.mark.torch
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_port_moves_what_it_should(torch, precision):
    variant = VARIANTS["pytorch"][1](TINY, precision)
    check(variant)
    assert variant.work == TINY_WORK


@pytest.mark.torch
def test_the_port_is_the_same_network(torch):
    from benchmarks.pytorch import Discriminator, Generator, macs

    totals = [sum(p.numel() for p in network(64, 128).parameters()) for network in (Generator, Discriminator)]
    assert totals == [1_728_387, 2_101_761]  # as published
    g = macs(Generator(64, 128), torch.zeros(1, 100))
    d = macs(Discriminator(64, 128), torch.zeros(1, 3, 64, 64))
    assert 128 * (3.5 * g + 5 * d) == pytest.approx(FULL_WORK, rel=0.002)


@pytest.mark.torch
def test_the_port_computes_the_same(torch):
    from benchmarks.pytorch import Discriminator, Generator

    kit = Kit(TINY, "float32").model

    def fill(port, network, mirror: bool):
        given = iter([np.array(w) for w in network.weights])
        with torch.no_grad():
            for p in port.parameters():
                w = next(given)
                if w.ndim == 4:  # (height, width, ...) here, (..., height, width) there
                    w = w.transpose(3, 2, 0, 1)[..., :: -1 if mirror else 1, :: -1 if mirror else 1]
                elif w.ndim == 2:
                    w = w.T
                p.copy_(torch.from_numpy(w.copy()))
        return port.eval()

    random = np.random.default_rng(0)
    latents = random.normal(size=(3, 100)).astype("float32")
    port = fill(Generator(TINY.size, TINY.width), kit.generator, mirror=False)
    with torch.no_grad():
        painted = port(torch.from_numpy(latents)).permute(0, 2, 3, 1).numpy()
    expected = np.array(kit.generator(latents))
    np.testing.assert_allclose(painted, expected, atol=1e-5)

    # strided convolutions pad the other side there: the port is the mirrored network
    shown = random.uniform(-1, 1, size=(3, TINY.size, TINY.size, 3)).astype("float32")
    port = fill(Discriminator(TINY.size, TINY.width), kit.discriminator, mirror=True)
    side = TINY.size // 8
    with torch.no_grad():
        last = port.score[1].weight.view(1, side, side, -1)
        last.copy_(last.flip(1, 2))
        scores = port(torch.from_numpy(shown[:, ::-1, ::-1].copy()).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(scores, np.array(kit.discriminator(shown)), atol=1e-5)


# --- measuring ------------------------------------------------------------------------------------------------


def silent(line: str) -> None:
    """A log that nobody reads."""


def test_a_variant_is_measured_in_a_process_of_its_own():
    found = step.measure(["kit"], TINY, rounds=2, side=16, log=silent)
    entry = found["variants"]["kit"]
    assert len(entry["seconds"]) == len(entry["cpu_seconds"]) == 2
    assert entry["precision"] == "float32" and entry["work"] > 0 and entry["memory"] > 1e6
    assert list(found["products"]) == ["float32"] and len(found["products"]["float32"]["keras"]) == 2
    assert set(step.judge(found)["variants"]["kit"]) == {"seconds", "rate", "share"}


def test_a_process_that_fails_says_why():
    with step.Process("none", TINY) as process, pytest.raises(RuntimeError, match=r"none stopped: (.|\n)*KeyError"):
        process.ask("step")


def test_variants_are_chosen_by_what_the_machine_can_do():
    able = {"auto": "bfloat16", "backend": "tensorflow", "versions": {"torch": "2"}}
    assert step.choose(able) == (list(VARIANTS), [])
    names, remarks = step.choose(able | {"auto": "float32", "versions": {}})
    assert names == ["study", "kit"] and remarks == [step.NO_BFLOAT16, step.NO_TORCH]
    assert step.choose(able | {"backend": "jax"}) == (list(VARIANTS)[1:], [step.NO_STUDY])


def test_pictures_are_measured_twice_a_count(monkeypatch):
    monkeypatch.setattr(pictures, "PAINTINGS", 2)
    asked = []

    def ask(folder, home, *more):
        asked.append((len(list(folder.iterdir())), *more))
        (home / "pictures").mkdir(parents=True, exist_ok=True)
        return {"memory": 7} if more else {"load": 1.0, "drawn": 2.0, "memory": 9, "mapped": False}

    monkeypatch.setattr(pictures, "_ask", ask)
    found = pictures.measure([8, 4], log=silent)
    assert asked == [(0, "bare"), (4,), (4,), (8,), (8,)]
    entry = {"load": 1.0, "drawn": 2.0, "memory": 2, "mapped": False}
    assert found == [{"files": count, "first": entry, "again": entry} for count in (4, 8)]


def test_a_folder_is_measured_in_a_process_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(pictures, "PAINTINGS", 2)
    (tmp_path / "pictures").mkdir()
    for number, content in enumerate(pictures.encoded_squares()):
        (tmp_path / "pictures" / f"{number}.jpg").write_bytes(content)
    found = pictures._ask(tmp_path / "pictures", tmp_path / "home")
    assert set(found) == {"load", "drawn", "memory", "mapped"} and not found["mapped"]
    assert found["load"] > 0 and found["drawn"] > 0 and found["memory"] > 0
    with pytest.raises(RuntimeError, match="reading pictures failed"):
        pictures._ask(tmp_path / "nothing", tmp_path / "home")


def test_augmenting_is_measured(monkeypatch):
    monkeypatch.setattr(pictures, "PAINTINGS", 2)
    found = augment.measure(5, rounds=1, log=silent)
    assert found["files"] == 5 and len(found["seconds"]) == 1 and found["again"] > 0
    results = {"augment": found, "quick": False}
    first, second = table.rows(results)
    assert (first[0], second[0]) == ("5 pictures, six copies of each written", "5 pictures, found done")
    assert table.goals(results)[0][0] == "met"


def unavailable(name, log):
    raise weights.Unavailable("no network")


def test_enlarging_is_measured(monkeypatch):
    monkeypatch.setattr(upscaling.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no memory"))
    monkeypatch.setattr(weights, "fetch", lambda name, log: None)
    with pytest.raises(RuntimeError, match="enlarging failed: no memory"):
        upscaling.measure(1, log=silent)
    results = {"upscale": {"seconds": [0.5, 0.6, 0.4], "predict": [1.0], "memory": 8e8}, "quick": False}
    held, predict = table.rows(results)
    assert held == ("a picture of 64 x 64 enlarged by thick, a held call", "0.50 s", "", "", "", "800 MB")
    assert predict[1] == "1.00 s" and table.goals(results) == []
    monkeypatch.setattr(weights, "fetch", unavailable)
    assert upscaling.measure(1, log=silent) is None
    assert table.rows({"upscale": None}) == []


def test_enlarging_in_this_process(monkeypatch):
    monkeypatch.setattr(upscaling, "SIDE", 8)
    monkeypatch.setattr(esrgan, "rrdn", lambda: tiny_rrdn(None, blocks=1, units=1, depth=1, growth=2, width=2))
    found = upscaling.measure_here(2)
    assert len(found["seconds"]) == len(found["predict"]) == 2
    assert min(found["seconds"] + found["predict"]) > 0 and found["memory"] > 0


def test_fidelity_is_measured(monkeypatch, capsys, tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (300, 70, 3), dtype="uint8")
    Image.fromarray(picture).save(tmp_path / "noise.png")
    monkeypatch.setattr(weights, "fetch", unavailable)
    fidelity.main([str(tmp_path), str(tmp_path / "noise.png"), "--models", "bicubic", "slim"])
    table_lines = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert table_lines[0] == f"| PSNR, dB | {tmp_path.stem} (1) | noise (1) |"
    crop = picture[22:278, 1:69]
    small = Image.fromarray(crop).resize((17, 64), Image.Resampling.BICUBIC)
    wanted = metrics.psnr(np.asarray(small.resize((68, 256), Image.Resampling.BICUBIC)), crop)
    assert table_lines[2] == f"| bicubic | {wanted:.2f} | {wanted:.2f} |"
    assert table_lines[3] == "| slim | - | - |"


def test_the_margin_of_a_network_is_how_far_it_sees():
    def run(batch):  # each pixel the mean of itself and the one 5 to its right
        return (batch + np.pad(batch, [(0, 0), (0, 0), (0, 5), (0, 0)])[:, :, 5:]) / 2

    picture = np.random.default_rng(0).integers(100, 256, (16, 80, 3), dtype="uint8")
    assert fidelity.margin(Upscaler("x", run, margin=0, scale=1), picture) == 5
    assert fidelity.margin(Upscaler("x", lambda batch: batch, margin=0, scale=1), picture) == 0


def test_style_transfer_is_measured():
    found = style.measure(["published"], size=32, steps=2, rounds=1, log=silent)
    assert found["variants"]["published"][0].keys() == {"first", "again", "memory"}
    with pytest.raises(RuntimeError, match="style transfer, none, failed"):
        style.measure(["none"], size=32, steps=2, rounds=1, log=silent)
    (row,) = table.rows({"style": found})
    assert row[0] == "style transfer, 32 pixels, 2 steps: artkeras, as published" and row[2].endswith("ms a step")


def test_style_transfer_is_judged_beside_pytorch():
    rounds = [{"first": 4.0 * slow, "again": 3.0 * slow, "memory": 1e9} for slow in (1, 1, 2)]
    theirs = [entry | {"again": 2 * entry["again"]} for entry in rounds]
    found = {"size": 192, "steps": 150, "variants": {"published": rounds, "pytorch": theirs}}
    assert style.judge(found)["published"] == {"first": 4.0, "memory": 1e9, "step": 0.02, "faster": 2.0}
    assert [verdict for verdict, _ in table.goals({"style": found, "quick": False})] == ["met", "met"]


PORT = """
import json, sys
import numpy as np, torch
from benchmarks import pytorch_style
with np.load(sys.argv[1]) as arrays:
    judge = pytorch_style.network()
    with torch.no_grad():
        for w, p in zip(arrays.values(), judge.parameters(), strict=False):
            p.copy_(torch.from_numpy(w.transpose(3, 2, 0, 1).copy() if w.ndim == 4 else w))
    port = pytorch_style.Transfer(judge, arrays["content"], arrays["painting"])
steps = []
for _ in range(2):
    steps.append({name: float(value) for name, value in port.terms().items()})
    port.step()
print(json.dumps(steps))
"""


@pytest.mark.torch
def test_the_port_of_style_transfer_computes_the_same(torch, tmp_path):
    from artkeras.models.style import StyleTransfer
    from artkeras.networks import squeezenet
    from artkeras.pretrained.style import NETWORKS, PUBLISHED

    net = NETWORKS["squeezenet"]
    features = squeezenet.features(None, (net.content, *net.style))
    ours = StyleTransfer(features, (64, 64), net.content, net.style, moving=False)
    content, painting = style.pictures(64)
    arrays = {str(i): np.array(w) for i, w in enumerate(features.weights)}
    np.savez(tmp_path / "arrays.npz", **arrays, content=content, painting=painting)
    # in a process of its own: the two libraries' convolutions do not get on with each other
    done = subprocess.run([sys.executable, "-c", PORT, tmp_path / "arrays.npz"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    ours.aim(content, [(painting, 1.0)])
    ours.start(content)
    ours.set_rate(PUBLISHED.rates[0])
    weights = np.array([PUBLISHED.content_weight, PUBLISHED.tv_weight, *PUBLISHED.style_weights, 0, 0], "float32")
    for theirs in json.loads(done.stdout):
        logs = {name: float(value) for name, value in ours.train_on_batch(weights, return_dict=True).items()}
        assert logs.pop("loss") == pytest.approx(sum(theirs.values()), rel=1e-3)
        assert logs == pytest.approx(theirs, rel=1e-3, abs=1e-4)


def test_start_up_is_measured(monkeypatch):
    monkeypatch.setattr(start, "_first_step", lambda: 2.0)
    found = start.measure(1, 2, log=silent)
    assert {name: len(times) for name, times in found.items()} == dict.fromkeys(start.COMMANDS, 1) | {"first_step": 2}
    with pytest.raises(RuntimeError, match="ended with 0"):
        start._time(["-c", "pass"], 2)


# --- telling --------------------------------------------------------------------------------------------------

SECONDS = {"study": 6.0, "kit": 5.0, "kit_bfloat16": 3.0, "pytorch": 9.0, "pytorch_bfloat16": 4.2}


def made_up(auto: str = "bfloat16", quick: bool = False) -> dict:
    """Results as `command.measure` gives them; the third round had the machine at half its speed."""
    slow = [1, 1, 2]
    variants = {
        name: {
            "precision": VARIANTS[name][2], "work": 516e9, "memory": 3e9,
            "seconds": [seconds * s for s in slow], "cpu_seconds": [2 * seconds] * 3,
        }
        for name, seconds in SECONDS.items()
        if auto == "bfloat16" or VARIANTS[name][2] == "float32"
    }  # fmt: skip
    products = {
        "float32": {"keras": [100e9 / s for s in slow], "torch": [120e9 / s for s in slow]},
        "bfloat16": {"keras": [215e9 / s for s in slow], "torch": [150e9 / s for s in slow]},
    }
    entry = {"load": 2.0, "drawn": 30_000.0, "memory": 50e6, "mapped": False}
    again = entry | {"load": 0.5}
    more = {"first": entry | {"load": 32.0, "mapped": True}, "again": again | {"load": 16.0}}
    return {
        "date": "2030-01-02",
        "quick": quick,
        "remarks": [step.NO_TORCH],
        "facts": {
            "device": "Some Processor, 2 cores", "system": "Linux x86_64", "memory": 8e9, "auto": auto,
            "backend": "tensorflow", "versions": {"artkeras": "0.1.0", "keras": "3.15.1"},
        },
        "step": {"size": vars(TINY), "side": 4096, "rounds": 3, "variants": variants, "products": products},
        "start": {name: [0.02, 0.03, 0.04] for name in (*start.COMMANDS, "first_step")} | {"import": [0.03, 0.04, 0.2]},
        "pictures": [
            {"files": 5_000, "first": entry, "again": again},
            {"files": 20_000, "first": entry | {"load": 8.0}, "again": again | {"load": 2.0}},
            {"files": 80_000, **more},
        ],
    }  # fmt: skip


def test_ratios_are_those_of_neighbours():
    judged = step.judge(made_up()["step"])
    ours = judged["variants"]["kit_bfloat16"]
    assert ours["seconds"] == 3.0 and ours["speed_up"] == pytest.approx(2)
    assert ours["share"] == pytest.approx(516 / 3 / 215)  # of the faster library's product
    assert judged["products"] == pytest.approx({"float32": 120e9, "bfloat16": 215e9})
    assert start.judge(made_up()["start"])["import"] == pytest.approx(0.01)


def test_the_table_has_a_row_for_everything_and_no_ragged_ones():
    lines = table.table(made_up()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert {line.count("|") for line in lines} == {len(table.HEAD) + 1}
    rows = {row[0]: row[1:] for row in table.rows(made_up())}
    assert len(rows) == len(lines) - 2 == 5 + 2 + 5 + 9
    assert rows["step: artkeras, bfloat16 (auto)"] == ("3.00 s", "344 GFLOP/s", "2.00", "80 %", "3.0 GB")
    assert rows["matrix product, bfloat16"][1] == "430 GFLOP/s"  # a multiply-add is two
    assert rows["80,000 pictures, read for the first time"][1:] == ("2,500 pictures/s", "", "", "50 MB, mapped")
    assert "step: artkeras, float32 (auto)" in {row[0] for row in table.rows(made_up("float32"))}


def test_goals_are_met_missed_or_not_judged():
    verdicts = [verdict for verdict, _ in table.goals(made_up())]
    assert verdicts == ["met"] * 6 + ["missed", "met"]  # 80,000 take twice as long each from the cache
    for other in (made_up("float32"), made_up(quick=True)):
        assert [verdict for verdict, _ in table.goals(other)][:3] == ["not judged here"] * 3


def test_a_whole_measurement_is_written_and_a_part_only_printed(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "measure", lambda arguments: made_up())
    monkeypatch.setattr(command, "__file__", str(tmp_path / "beside" / "__main__.py"))
    for part in (["--only", "start"], ["--quick"], ["--variants", "kit"]):
        command.main(part)
    assert not list(tmp_path.iterdir())
    command.main([])
    written = json.loads((tmp_path / "beside" / "results.json").read_text())
    assert command._rounded(made_up()) == command._rounded(written)
    page = (tmp_path / "beside" / "README.md").read_text()
    assert table.table(made_up()) in page and "Some Processor, 2 cores" in page and "{" not in page
    assert "wrote" in capsys.readouterr().out


def test_parts_can_be_told_alone():
    whole = made_up()
    for piece in command.PIECES:
        alone = {key: value for key, value in whole.items() if key == piece or key not in command.PIECES}
        assert table.page(alone)


def test_what_is_committed_is_what_the_code_writes_and_names_no_place():
    folder = ROOT / "benchmarks"
    if not (folder / "results.json").exists():
        pytest.skip("nothing is committed yet")
    text = (folder / "results.json").read_text()
    results = json.loads(text)
    assert not results["quick"] and table.page(results) == (folder / "README.md").read_text()
    assert str(ROOT) not in text and "/home" not in text
