"""The panel of scores orders planted damage by its harm: what people see costs more than what they do not."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from training_worker import CheapFeatures

from artkeras import metrics, synthetic
from artkeras.errors import UserError
from artkeras.metrics import registry
from artkeras.metrics.features import Features
from benchmarks import panel as benchmark
from benchmarks.panel import DAMAGE, SIDE, noisy, scores

COUNT = 48  # paintings, and as many samples


@pytest.fixture(scope="module")
def panel():
    """Kind of damage -> measure -> scores; composition and texture by both extractors, in that order."""
    paintings = synthetic.colour_field(2 * COUNT, SIDE, seed=1)
    features = [Features("lite0"), Features("squeezenet")]
    found: dict[str, dict[str, list[float]]] = {}
    for name, damage in DAMAGE.items():
        found[name] = {}
        for (measure, _), value in scores(damage(paintings[COUNT:]), paintings[:COUNT], features).items():
            found[name].setdefault(measure, []).append(value)
    return found


def both(panel, measure, name):
    return np.array(panel[name][measure])


def test_an_invisible_pattern_costs_nothing_but_texture(panel):
    for measure, much in (("composition", 0.02), ("palette", 0.02), ("recall", 0.03)):
        assert np.abs(both(panel, measure, "invisible pattern") - both(panel, measure, "nothing")).max() < much, measure
    assert both(panel, "texture", "invisible pattern")[0] > 0.3 + both(panel, "texture", "nothing")[0]


def test_composition_and_coverage_hold_the_order_of_harm(panel):
    order = ["nothing", "blur", "half of the modes", "six modes", "one image"]
    harm = {name: both(panel, "composition", name) + panel[name]["palette"][0] for name in order}
    for better, worse in pairwise(order):
        assert harm[better].mean() < harm[worse].mean(), (better, worse)
    palettes = [panel[name]["palette"][0] for name in order]
    assert palettes == sorted(palettes)
    recalls = [panel[name]["recall"][0] for name in order]
    assert recalls == sorted(recalls, reverse=True) and recalls[0] > 0.8 and recalls[-1] == 0


def test_both_extractors_see_a_collapse_in_composition(panel):
    assert (both(panel, "composition", "six modes") > both(panel, "composition", "blur") + 0.5).all()
    assert (both(panel, "composition", "one image") > 5 * both(panel, "composition", "six modes")).all()


def test_noise_and_blur_cost_more_in_texture_than_in_composition(panel):
    for name in ("noise", "blur"):
        assert (both(panel, "texture", name) > both(panel, "composition", name)).all(), name
    assert both(panel, "texture", "noise").mean() > both(panel, "texture", "half of the modes").mean() + 0.5


def test_a_collapse_shows_as_near_duplicates(panel):
    assert panel["nothing"]["near_duplicates"][0] < 0.1 < 0.9 < panel["six modes"]["near_duplicates"][0]


# --- palettes ---------------------------------------------------------------------------------------


def test_lab_of_known_colours():
    from artkeras.metrics.palette import lab

    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255], [119, 119, 119]], np.uint8)
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86], [50.03, 0, 0]]
    np.testing.assert_allclose(lab(colours), expected, atol=0.06)


def test_a_palette_is_mean_and_spread_of_the_pixels():
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, 0] = 255  # half white, half black
    np.testing.assert_allclose(metrics.palettes(image), [[50, 0, 0, 50, 0, 0]], atol=0.01)


def test_the_average_palette_every_time_is_at_distance_one():
    rng = np.random.default_rng(0)
    shades = rng.integers(0, 256, 400)
    real = np.repeat(shades, 16 * 3).reshape(400, 4, 4, 3).astype("uint8")
    lightness = metrics.palettes(real)[:, 0]
    average = real[[int(np.abs(lightness - lightness.mean()).argmin())] * 50]
    assert metrics.palette_distance(real, average) == pytest.approx(1, abs=0.02)
    assert metrics.palette_distance(real, real) == 0
    assert metrics.palette_distance(real[:200], real[200:]) < 0.15
    assert metrics.palette_distance(real, np.where(average > 99, 0, 0).astype("uint8")) > 1.5  # all black


def test_palettes_that_tell_nothing_are_refused():
    grey = np.full((5, 4, 4, 3), 90, np.uint8)
    with pytest.raises(UserError, match="at least 2"):
        metrics.palette_distance(grey, grey[:1])
    with pytest.raises(UserError, match="all the same palette"):
        metrics.palette_distance(grey, grey)


# --- what neighbours are measured against -----------------------------------------------------------


def test_paintings_photographed_twice_do_not_set_the_threshold_of_near_duplicates():
    paintings = synthetic.colour_field(120, 32, seed=5)
    twice = np.concatenate([paintings, noisy(paintings[:5], 1)])  # saved again
    assert metrics.without_duplicates(twice).tolist() == list(range(120))
    mirrored = np.concatenate([paintings, paintings[:5, :, ::-1]])
    assert metrics.without_duplicates(mirrored).tolist() == list(range(120))
    collapsed = noisy(np.repeat(paintings[:1], 100, 0), 2)

    def near_duplicates(real):
        flat = [images.reshape(len(images), -1) / 255 for images in (collapsed, real)]
        return metrics.diversity(*flat).near_share

    assert near_duplicates(twice) < near_duplicates(twice[metrics.without_duplicates(twice)]) == 1


def test_scaled_features_have_a_root_mean_square_of_one_over_the_real_set():
    rng = np.random.default_rng(0)
    real, fake = 40 * rng.standard_normal((30, 5)), rng.standard_normal((20, 5))
    of_real, of_fake = metrics.scaled(real, fake)
    assert np.sqrt(np.square(of_real).mean()) == pytest.approx(1)
    np.testing.assert_allclose(of_fake * 40, fake, rtol=0.15)
    with pytest.raises(UserError, match="all features of real are 0"):
        metrics.scaled(np.zeros((3, 2)), fake[:, :2])


# --- the registry -----------------------------------------------------------------------------------


def test_the_table_in_the_docs_is_that_of_the_registry():
    text = (Path(__file__).parents[1] / "docs" / "numbers.md").read_text("utf-8")
    made = text.split("<!-- made by artkeras.metrics.registry.table() -->\n")[1].split("<!-- end -->")[0]
    assert made == registry.table()


def test_a_number_is_shown_in_its_own_style():
    assert registry.shown("recall", 0.125) == "12.5 %"
    assert registry.shown("checkerboard", -0.071) == "−0.07"
    assert registry.shown("of a study's own", 1.23456) == "1.235"
    assert registry.title("composition", "squeezenet") == "composition, SqueezeNet"


def test_the_benchmark_prints_a_line_for_each_kind_of_damage(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "Features", CheapFeatures)
    monkeypatch.setattr(benchmark, "COLUMNS", (("composition", "colours"), ("palette", "pixels")))
    benchmark.main(["--synthetic", "8"])
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "| set | composition, colours | palette distance |"
    assert [line.split(" | ")[0] for line in rows] == [f"| {name}" for name in DAMAGE]
