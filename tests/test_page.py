"""The page of runs to look at: what stands in it, and that it works in a real headless Chromium.

The tests in a browser are skipped where there is none, with the reason, unless the environment variable
ARTKERAS_REQUIRE names browser.
"""

import base64
import itertools
import json
import os
import re
import shutil
from dataclasses import replace
from html import unescape
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from looking import NAMELESS, asked, contrast, embedded, find, key, policy, screen, strict, wait
from PIL import Image
from training_worker import TINY, CheapFeatures

from artkeras import synthetic
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.metrics import record, registry
from artkeras.metrics.registry import METRICS, QUESTIONS, Metric
from artkeras.reporting import charts, images, run_view
from artkeras.reporting.page import page
from artkeras.reporting.report import report
from artkeras.tasks import evaluation
from artkeras.training.checkpoints import Position
from artkeras.training.run import Run

pytestmark = pytest.mark.usefixtures("light")

EVIL = "colour_field/<script>document.title='run'</script>\"'{{data}}&amp;"
PROTOCOL = {"network": "lite0", "resize": "bicubic224", "n_real": 12, "n_fake": 100}


def message(call, *arguments, **options) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def text_of(path: Path) -> str:
    """The words of a page as they are read, without its pictures, style and script."""
    html = re.sub(r"(?s)<(style|script)\b.*?</\1>", "", path.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def score(run: Path, *lines: dict) -> None:
    """Write scores into a run, as `evaluate` does."""
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def change(run: Path, **values) -> Run:
    """Give a run's recipe other values."""
    opened = Run(run)
    opened.update(recipe=replace(opened.recipe, **values))
    return opened


@pytest.fixture(scope="module")
def plain(trained_once, tmp_path_factory) -> Path:
    """A page of the tiny run, to be read only."""
    return page([trained_once], tmp_path_factory.mktemp("page") / "report.html")


# ---------------------------------------------------------------------------------------- what is in it


def test_the_command_writes_the_page_and_nothing_else(trained, capsys):
    before = {path for path in Path().rglob("*") if path.parts[0] != "home"}
    assert main(["report", str(trained), "--html", "page.html"]) == 0
    assert {path for path in Path().rglob("*") if path.parts[0] != "home"} - before == {Path("page.html")}
    assert capsys.readouterr().out == "wrote page.html\n"


def test_everything_is_in_the_page_and_nothing_of_the_machine(plain, trained_once):
    html = plain.read_text(encoding="utf-8")
    addresses = re.findall(r"""\b(?:src|href|action|data|poster|srcset)=["']?([^"'\s>]+)""", html)
    assert {address.split(",")[0] for address in addresses} == {"data:image/webp;base64", "data:", "#content"}
    assert "url(" not in html
    assert "@import" not in html
    assert policy(plain) == strict(plain)
    for place in (trained_once, trained_once.parent, Path.cwd(), Path.home()):
        assert str(place) not in html
    assert "/tmp" not in text_of(plain)


def test_the_facts_and_what_was_reported_are_there(plain, trained_once):
    run, text = Run(trained_once), text_of(plain)
    for words in (
        "Pictures by colour_field/model_2",
        "Batch normalisation in the generator. After ART-GAN, 2021",
        "recipe colour_field/model_2 trained 2 epochs, ",
        "72 made of 12 pictures drawn by a program (synthetic placeholder)",
        "16 × 16 pixels",
        run.environment["device"],
        "python -m artkeras train colour_field/model_2 --epochs 2 --seed 0 --precision float32",
        "epochs 150, 200 files saved 2",
        "about 1.5 days on a CPU",
        "stabler than model 1, better pictures",
        "This run has not been scored.",
        *(departure.split(";")[0] for departure in run.recipe.departures),
    ):
        assert words in text
    assert "Findings" not in text


def test_the_samples_are_those_of_the_run_pixel_by_pixel(plain, trained_once):
    html = plain.read_text(encoding="utf-8")
    found = re.findall(r'<img src="data:image/webp;base64,([^"]+)" alt="sample (\d+) of 49"', html)
    assert [number for _, number in found] == [str(i) for i in range(1, 50)]
    (plain.parent / "sample.webp").write_bytes(base64.b64decode(found[4][0]))
    with Image.open(plain.parent / "sample.webp") as sample:
        np.testing.assert_array_equal(np.asarray(sample), Run(trained_once).sample()[4])


def test_the_placeholder_is_named_at_every_figure_and_only_where_it_applies(plain, trained):
    html = plain.read_text(encoding="utf-8")
    captions = re.findall(r"(?s)<figcaption>(?!<strong>).*?</figcaption>", html)
    assert len(captions) == 2
    assert all("synthetic placeholder" in caption for caption in captions)
    assert "never saw a painting" in html
    run = Run(trained)
    pictures = run.environment["pictures"] | {"synthetic": False}
    run.update(environment=run.environment | {"pictures": pictures})
    assert "placeholder" not in text_of(page([run], "real.html"))


def test_what_comes_from_a_run_is_text(trained):
    change(trained, name=EVIL)
    score(trained, record("kid", 0.5, **PROTOCOL) | {"checkpoint": "<img src=x onerror=alert(1)>"})
    html = page([trained, trained], "evil.html").read_text(encoding="utf-8")
    assert html.count("<script") == 2
    assert "<img src=x" not in html
    assert "&lt;script&gt;document.title=&#39;run&#39;" in html
    assert "{{data}}" in html  # as text: what is put in is not filled in itself


def test_scores_say_what_they_mean_and_the_latest_counts(trained):
    score(
        trained,
        record("kid", 9.0, 0.1, **PROTOCOL),
        record("kid", 0.25, 0.0125, **PROTOCOL),
        record("recall", 0.125, **PROTOCOL),
        record("checkerboard", -0.07, n_real=12, n_fake=100),
        record("novelty", 7.0, **PROTOCOL),
    )
    text = text_of(page([trained], "page.html"))
    kid = METRICS["kid"]
    words = f"KID, unscaled features, EfficientNet-Lite0 0.250 ± 0.013 {kid.meaning} {kid.good}"
    assert words in text.replace("  ", " ")
    assert "recall, EfficientNet-Lite0 12.5 %" in text
    assert "checkerboard artifacts −0.07" in text
    assert "novelty, EfficientNet-Lite0 7.000 Its protocol: novelty-lite0-bicubic224-paintings12-samples100" in text
    assert text.count("(100 samples, 12 placeholders)") == 4
    asked = [QUESTIONS[name] for name in ("texture", "coverage", "artifacts")]
    places = [text.index(words) for words in [*asked, "Other scores"]]
    assert places == sorted(places)
    assert "9.000" not in text


def test_every_score_that_evaluate_gives_is_explained():
    """Scores of samples are those that `judge` gives; the others are named where the kinds of models make them."""
    paintings = synthetic.colour_field(40, 16, seed=0)
    records = evaluation.score_images(paintings, paintings[:20], paintings[20:], features=[CheapFeatures()], facts={})
    named = {line["measure"] for line in records}
    for path in resources.files("artkeras").joinpath("tasks").iterdir():
        named |= set(re.findall(r'record\(\s*"(\w+)"', path.read_text())) if path.is_file() else set()
    assert named == set(METRICS)
    assert all(re.search("better|right|good", known.good) for known in METRICS.values())
    assert {known.question for known in METRICS.values()} == set(QUESTIONS)


def test_a_new_metric_is_one_entry_and_shows_on_page_and_card(trained, monkeypatch):
    entry = Metric("novelty", "newness", "How new it all is.", "Higher is better.", "coverage", ".1f")
    monkeypatch.setitem(METRICS, "novelty", entry)
    score(trained, record("novelty", 7.0, **PROTOCOL))
    text = text_of(page([trained], "page.html")).replace("  ", " ")
    assert "newness, EfficientNet-Lite0 7.0 How new it all is. Higher is better." in text
    assert "| newness, EfficientNet-Lite0 | 7.0 |" in (report(trained, "cards") / "card.md").read_text("utf-8")
    assert entry.meaning in registry.table()


def test_scores_of_another_checkpoint_say_so(trained):
    score(trained, record("kid", 0.5, **PROTOCOL) | {"checkpoint": "colour_field/model_2, epoch 1"})
    assert "Measured earlier, on: colour_field/model_2, epoch 1" in text_of(page([trained], "page.html"))


def test_scores_that_cannot_be_read_are_one_line(trained):
    (trained / "metrics.jsonl").write_text('{"metric": \n')
    assert "metrics.jsonl cannot be read" in message(page, [trained], "page.html")
    assert not Path("page.html").exists()


def test_findings_are_those_of_the_runs_own_card(trained):
    card = report(trained, "cards") / "card.md"
    findings = "- one *lattice*,\n  everywhere `<b>`\n- [two](https://example.org/a_b)\n\nMore.\n\n### Later\n\nEnd."
    card.write_text(card.read_text().replace("None written yet.", findings))
    html = page([trained], "page.html", "cards").read_text(encoding="utf-8")
    html = re.sub(r"(?<=>)\s+(?=<)", "", html).replace("\n", " ")
    assert (
        "<h3>Findings</h3><ul><li>one <em>lattice</em>, everywhere <code>&lt;b&gt;</code></li>"
        '<li><a href="https://example.org/a_b" rel="noreferrer">two</a></li></ul><p>More.</p><h4>Later</h4><p>End.</p>'
    ) in html
    change(trained, seed=1)
    assert "Findings" not in text_of(page([trained], "page.html", "cards"))


def test_several_runs_have_names_of_their_own_and_stand_side_by_side(trained, trained_once):
    change(trained, seed=1)
    text = text_of(page([trained_once, trained, trained], "page.html"))
    assert "Pictures by 3 networks" in text
    for name in ("model_2, seed 0", "model_2, seed 1 (1)", "model_2, seed 1 (2)"):
        assert text.count(f"colour_field/{name} synthetic placeholder") == 1  # its section
        assert text.count(f"colour_field/{name} ") == 3  # and link and card
    assert "Side by side" in text


def test_the_best_checkpoint_is_the_one_shown(trained):
    run = Run(trained)
    state, seconds = run.load_checkpoint(Position(2))
    run.save_checkpoint(Position(1), state, seconds, kid=0.3)
    table = (trained / "history.csv").read_text().splitlines()
    table = [f"{line},{value}" for line, value in zip(table, ("kid", "0.3", ""), strict=True)]
    (trained / "history.csv").write_text("\n".join(table) + "\n")
    html = page([run], "page.html").read_text(encoding="utf-8")
    assert "the samples are those of epoch 1" in html
    assert "nearest to the held-out paintings" in html
    assert "KID" in html
    assert 'aria-label="KID over 2 epochs: KID from 0.300 to 0.300"' in html


def test_a_killed_run_shows_what_its_checkpoint_has(trained):
    newest = Run(trained).checkpoints()[Position(2)]
    newest.rename(newest.with_name("epoch-0001.npz"))
    html = page([trained], "page.html").read_text(encoding="utf-8")
    assert "trained</th><td>1 epoch of 2 planned" in html
    assert [frame["epoch"] for frame in embedded(Path("page.html"))["run-1"]] == [0, 1]


def test_a_run_without_grids_has_no_slider(trained):
    shutil.rmtree(trained / "samples")
    html = page([trained], "page.html").read_text(encoding="utf-8")
    assert 'type="range"' not in html
    assert 'class="chart"' in html


# ------------------------------------------------------------------------------------ what it measures


def test_the_slider_keeps_to_its_size_and_to_so_many_grids(trained, monkeypatch):
    random = np.random.default_rng(0)
    for epoch in range(3, 9):
        noise = Image.fromarray(random.integers(0, 256, (144, 126, 3), dtype="uint8"))
        noise.save(trained / "samples" / f"epoch-{epoch:04d}.png")
    grids = list(Run(trained).grids().values())
    for budget in (1 << 30, 60_000, 20_000):
        frames = images.film(grids, budget)
        assert len(frames) == 9
        assert sum(map(len, frames)) < 1.5 * budget
    monkeypatch.setattr(run_view, "FRAMES", 2)
    html = page([trained], "page.html").read_text(encoding="utf-8")
    assert [frame["epoch"] for frame in embedded(Path("page.html"))["run-1"]] == [0, 2]  # the run has two epochs
    assert "2 of the 3 grids saved" in html


@pytest.mark.parametrize(
    "low, high, whole, ticks",
    [
        (0, 1, True, [0, 1]),
        (0, 150, True, [0, 50, 100, 150]),
        (0, 3.3, False, [0, 1, 2, 3]),
        (-0.03, 1.03, False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-5.5, 1, False, [-4, -2, 0]),
        (0, 0.012, False, [0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.012]),
    ],
)
def test_ticks_are_round_numbers(low, high, whole, ticks):
    assert list(charts.ticks(low, high, whole)) == ticks


@pytest.mark.parametrize("values", [[0.0] * 30, [-5.0, -6.0] * 20, [90.0] + [1.0] * 500, [1.0]])
def test_curves_of_any_kind_can_be_drawn(values):
    view = charts.Chart("Losses", "", [charts.Line.of_steps("g_loss", np.array(values))]).view(2)
    assert "nan" not in json.dumps(view) and "inf" not in json.dumps(view)
    assert ("cut off" in view["note"]) == (max(values) == 90)


def test_text_and_curves_can_be_told_from_the_ground_in_light_and_dark():
    template = resources.files("artkeras.reporting").joinpath("templates", "page.css").read_text(encoding="utf-8")
    schemes = [
        dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\n *\}", template, re.S)
    ]
    assert len(schemes) == 3  # light, dark, paper
    for colours in schemes:
        assert all(contrast(colours[name], colours["paper"]) >= 4.5 for name in ("ink", "soft", "link"))
        assert contrast(colours["mark-ink"], colours["mark"]) >= 4.5
        assert all(contrast(colours[f"c{i}"], colours["paper"]) >= 3 for i in range(6))


# ----------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "place, words", [("page.htm", ".html"), ("page", ".html"), ("folder.html", "folder"), ("file/page.html", "file")]
)
def test_a_place_that_cannot_be_written_is_one_line(trained, capsys, place, words):
    Path("folder.html").mkdir()
    Path("file").write_text("")
    try:
        status = main(["report", str(trained), "--html", place])
    except SystemExit as left:  # argparse
        status = left.code
    err = capsys.readouterr().err
    assert status == 2
    assert err.count("\n") == 1
    assert err.startswith("artkeras: ")
    assert words in err
    assert Path("file").read_text() == ""


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(trained):
    Path("closed").mkdir(mode=0o500)
    assert "no permission" in message(page, [trained], "closed/page.html")


def test_a_run_without_a_finished_epoch_is_refused_and_nothing_is_written(trained):
    run = Run.create("runs", TINY, Run(trained).environment)
    assert "has not finished an epoch" in message(page, [trained, run], "page.html")
    assert not Path("page.html").exists()


def test_a_grid_that_cannot_be_read_is_one_line(trained):
    (trained / "samples" / "epoch-0001.png").write_bytes(b"torn")
    assert "sample grid" in message(page, [trained], "page.html")


# ------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def two(trained_once, tmp_path_factory) -> Path:
    """A page of two runs, one of them with a name and scores that would like to be a script."""
    folder = tmp_path_factory.mktemp("two")
    other = Path(shutil.copytree(trained_once, folder / "runs" / "other"))
    change(other, name=EVIL)
    score(other, record("kid", 0.5, **PROTOCOL) | {"checkpoint": "<script>document.title='score'</script>"})
    return page([trained_once, other], folder / "report.html")


@pytest.fixture
def look(window, two):
    """Opens the page of two runs on a screen so wide, with such preferences; afterwards nobody may have complained."""

    def start(width: int = 1280, **features: str):
        screen(window, width)
        preferences = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preferences})
        for kind in ("browser", "performance"):
            window.get_log(kind)
        window.get(two.as_uri())
        return window

    yield start
    assert window.get_log("browser") == []


@pytest.mark.browser
def test_nothing_is_asked_of_the_network(look):
    window = look()
    find(window, ".samples button").click()
    assert asked(window) == [window.current_url]
    assert (
        window.execute_script("return performance.getEntriesByType('resource').filter(e => !/^data:/.test(e.name))")
        == []
    )


@pytest.mark.browser
def test_the_slider_changes_the_picture_the_line_and_the_values(look, trained_once):
    window = look()
    slider, frame, value = (find(window, f"#run-1 {s}") for s in ("input", ".frame", "[data-value=g_loss]"))
    shown = [(frame.get_attribute("src"), frame.get_attribute("alt"), value.text)]
    slider.send_keys("")  # the focus, without a click that would move it
    for pressed in ("ARROW_LEFT", "ARROW_LEFT"):
        key(window, pressed)
        shown.append((frame.get_attribute("src"), frame.get_attribute("alt"), value.text))
    assert [alt[-7:] for _, alt, _ in shown] == ["epoch 2", "epoch 1", "epoch 0"]
    assert len({src for src, _, _ in shown}) == 3
    first, second = (f"{mean:.2f}" for mean in Run(trained_once).history()["g_loss"])
    assert [value for *_, value in shown] == [second, first, ""]  # nothing was lost before training
    assert slider.get_attribute("aria-valuetext") == "epoch 0 of 2"
    assert find(window, "#run-1 .now").get_attribute("transform") == "translate(0 0)"
    key(window, "END")
    assert (frame.get_attribute("src"), value.text) == (shown[0][0], shown[0][2])
    assert find(window, "#run-1 output").text == "2"
    assert window.execute_script("return arguments[0].complete && arguments[0].naturalWidth > 100", frame)


@pytest.mark.browser
def test_the_play_button_plays_once_and_can_be_stopped(look):
    window = look()
    play = find(window, "#run-1 .play")
    window.execute_script("""
      window.seen = [];
      const frame = document.querySelector("#run-1 .frame");
      new MutationObserver(() => window.seen.push(frame.alt.slice(-1))).observe(frame, {attributeFilter: ["src"]});
    """)
    play.click()
    assert play.text == "Pause"
    wait(window, "document.querySelector('#run-1 .play').textContent === 'Play'")
    assert window.execute_script("return window.seen") == ["0", "1", "2"]
    play.click()
    play.click()
    assert play.text == "Play"
    assert find(window, "#run-1 output").text == "0"


@pytest.mark.browser
@pytest.mark.parametrize("preference, least, most", [("no-preference", 100, 1000), ("reduce", 1500, 3000)])
def test_it_plays_slower_for_who_wants_less_motion(look, preference, least, most):
    window = look(prefers_reduced_motion=preference)
    window.execute_script("window.setInterval = (call, pause) => { window.pause = pause; return 1; }")
    find(window, "#run-1 .play").click()
    assert least <= window.execute_script("return window.pause") <= most


@pytest.mark.browser
def test_samples_are_enlarged_by_click_and_by_keys(look):
    window = look()
    viewer, large, caption = (find(window, f".viewer{s}") for s in ("", " img", " p"))
    buttons = window.find_elements("css selector", "#run-1 .samples button")
    assert not viewer.is_displayed()
    buttons[3].click()
    assert viewer.is_displayed()
    assert large.size["width"] >= 400
    assert large.get_attribute("src") == find(buttons[3], "img").get_attribute("src")
    assert caption.text.startswith(
        "Sample 4 of 49: colour_field/model_2, epoch 2, synthetic placeholder. 16 × 16 pixels"
    )
    key(window, "ARROW_RIGHT")
    assert caption.text.startswith("Sample 5 of 49")
    assert large.get_attribute("src") == find(buttons[4], "img").get_attribute("src")
    key(window, "ESCAPE")
    assert not viewer.is_displayed()
    assert window.switch_to.active_element == buttons[4]
    for pressed, at in (
        ("ARROW_DOWN", 11),
        ("ARROW_LEFT", 10),
        ("ARROW_UP", 3),
        ("ARROW_UP", 3),
        ("END", 48),
        ("HOME", 0),
    ):
        key(window, pressed)
        assert window.switch_to.active_element == buttons[at], pressed
    key(window, "ENTER")
    assert viewer.is_displayed()
    find(window, ".viewer .previous").click()
    assert caption.text.startswith("Sample 49 of 49")
    find(window, ".viewer .soften").click()
    assert large.value_of_css_property("image-rendering") == "auto"
    find(window, ".viewer .close").click()
    assert not viewer.is_displayed()


@pytest.mark.browser
def test_the_page_can_be_walked_through_by_the_tab_key(look):
    window = look()
    seen = []
    for _ in range(40):
        key(window, "TAB")
        focused = window.switch_to.active_element
        if focused.tag_name == "body":
            break
        outline = focused.value_of_css_property("outline-style")
        seen.append((focused.tag_name, focused.get_attribute("type") or "", outline))
    kinds = [kind for *kind, _ in seen]
    one = [["button", "button"], ["button", "button"], ["input", "range"], ["summary", ""]]
    assert kinds == [["a", ""]] * 5 + one * 2  # skip link, 2 links, 2 cards; samples, play, slider, numbers
    assert all(outline != "none" for *_, outline in seen)


@pytest.mark.browser
def test_a_name_with_a_script_is_text(look):
    window = look()
    assert window.title == "Pictures by 2 networks"
    assert EVIL in find(window, "#run-2 h2").text
    assert "<script>document.title='score'</script>" in find(window, "#run-2 .scores caption").text
    find(window, "#run-2 .samples button").click()
    assert EVIL in find(window, ".viewer p").text
    key(window, "ESCAPE")
    assert window.title == "Pictures by 2 networks"


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_scrolling_to_the_side(look, scheme):
    window = look(375, prefers_color_scheme=scheme)
    window.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    wide = """return [...document.querySelectorAll("main *")]
      .filter(e => e.getBoundingClientRect().right > 375.5 && !e.closest(".scroll, thead, .plot"))
      .map(e => e.outerHTML.slice(0, 80))"""
    assert window.execute_script(wide) == []
    assert window.execute_script("return document.documentElement.scrollWidth") == 375
    ground = window.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", ground)[0]) > 128) == (scheme == "light")
    find(window, ".samples button").click()
    box = find(window, ".viewer").rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375


@pytest.mark.browser
def test_everything_has_words_for_who_does_not_see_it(look):
    window = look()
    assert window.execute_script(NAMELESS) == []
    levels = window.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map(e => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.browser
def test_paper_gets_stills_and_the_numbers(look):
    window = look()
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    window.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert not find(window, "#run-1 .controls").is_displayed()
    assert not find(window, "#run-1 .frame").is_displayed()
    assert [e.is_displayed() for e in window.find_elements("css selector", "#run-1 .strip img")] == [True] * 3
    assert find(window, "#run-1 details table").is_displayed()
    window.execute_script("dispatchEvent(new Event('afterprint'))")
    assert find(window, "details").get_attribute("open") is None
    assert len(base64.b64decode(window.execute_cdp_cmd("Page.printToPDF", {})["data"])) > 10_000
