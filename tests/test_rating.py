"""Ratings: that the page does not give away what is real, that it works in a browser, and what is made of the answers.

The tests in a browser are skipped where there is none, with the reason, unless the environment variable
ARTKERAS_REQUIRE names browser.
"""

import base64
import io
import itertools
import json
import os
import re
import shlex
import sys
import time
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_worker
from looking import NAMELESS, asked, contrast, embedded, find, key, policy, screen, strict, wait
from PIL import Image
from training_worker import TINY, silent

from artkeras.__main__ import main
from artkeras.metrics.statistics import alpha, wilson
from artkeras.reporting import rating
from artkeras.tasks import results as results_module
from artkeras.training.run import Run

COUNT = 2  # of each kind, on the pages that are rated here


def shown(page: Path) -> list[np.ndarray]:
    """The pictures in a page, in its order."""
    files = [base64.b64decode(url.partition(",")[2]) for url in embedded(page)["pictures"]]
    return [np.asarray(Image.open(io.BytesIO(file))) for file in files]


def everything() -> dict[Path, bytes]:
    """All files here but the cache."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.parts[0] != "home"}


@pytest.fixture
def refused(capsys):
    """Calls the command, which must refuse in one line with exit status 2 and write nothing; gives the line."""

    def call(*arguments) -> str:
        before = everything()
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as left:  # argparse
            status = left.code
        out, err = capsys.readouterr()
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert err.startswith("artkeras: ")
        assert everything() == before
        return err

    return call


# ------------------------------------------------------------------------------------------------ the page


@pytest.fixture
def paintings() -> Path:
    """A folder of 9 real pictures, larger than the recipe's size and not square, some flat and some busy."""
    folder = Path("museum")
    folder.mkdir()
    for i in range(9):
        pixels = np.random.default_rng(i).integers(0, 256, (40, 30, 3)) if i % 2 else np.full((40, 30, 3), 20 * i)
        Image.fromarray(pixels.astype("uint8")).save(folder / f"Rothschild {i}.png")
    return folder


@pytest.fixture
def network(monkeypatch):
    """In place of a result of the kit: something trained that draws noise. A third of its paintings is held out."""
    recipe = replace(TINY, limit=None, holdout=0.34)

    def sample(count, seed):
        return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype="uint8")

    trained = SimpleNamespace(recipe=recipe, caption="colour_field/model_2, epoch 7", sample=sample)
    monkeypatch.setattr(results_module, "load", lambda what: trained)
    return trained


def test_the_page_holds_samples_and_paintings_reduced_as_for_training_and_the_key_says_which(network, paintings):
    page, key_path = rating.write("model", data=paintings, count=9, seed=5, log=silent)
    assert (page.name, key_path.name) == ("rating.html", "rating-key.json")
    facts = json.loads(key_path.read_text())
    assert facts["what"] == network.caption and facts["synthetic"] is False and facts["mode"] == "both"
    train, held_out = network.recipe.pictures(paintings)
    assert len(held_out) == 3  # rated too
    real = dict(zip(train.originals().names, train.originals().array)) | dict(zip(held_out.names, held_out.array))
    fake = network.sample(9, 5)
    kinds = [fact["kind"] for fact in facts["pictures"]]
    assert (kinds.count("real"), kinds.count("fake")) == (9, 9)
    assert {fact["name"] for fact in facts["pictures"] if fact["kind"] == "real"} == set(real)
    for fact, picture in zip(facts["pictures"], shown(page), strict=True):
        expected = real[fact["name"]] if fact["kind"] == "real" else fake[fact["sample"]]
        np.testing.assert_array_equal(picture, expected)


def test_nothing_in_the_page_but_the_pixels_tells_real_from_generated(network, paintings):
    page, key_path = rating.write("model", data=paintings, count=9, log=silent)
    data, html = embedded(page), page.read_text(encoding="utf-8")
    assert set(data) == {"id", "mode", "pictures"}
    assert len({len(url) for url in data["pictures"]}) == 1  # though half of the paintings are of one colour
    files = [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in data["pictures"]]
    assert {(file.format, file.size, file.mode, str(file.info)) for file in files} == {("PNG", (16, 16), "RGB", "{}")}
    kinds = [fact["kind"] for fact in json.loads(key_path.read_text())["pictures"]]
    assert sum(a != b for a, b in itertools.pairwise(kinds)) > 3  # not sorted
    for told in ("Rothschild", str(paintings), str(Path.cwd()), "colour_field", "epoch"):
        assert told not in html


def test_a_page_with_real_paintings_says_that_it_is_for_the_raters_alone(network, paintings):
    lines = []
    page, _ = rating.write("model", data=paintings, count=4, log=lines.append)
    footer = re.search(r"(?s)<footer>.*</footer>", page.read_text(encoding="utf-8"))[0]
    assert "For raters only.</strong> 4 of these pictures are paintings that the network was trained on" in footer
    assert sum("for them alone: it shows pictures that the network was trained on" in line for line in lines) == 1
    assert f"4 samples among 4 of 9 pictures from {paintings}" in lines[0]
    assert lines[-1].startswith("then: python -m artkeras rate --read ratings*.csv --key rating-key.json")


def test_the_command_that_reads_the_ratings_can_be_pasted_where_the_folder_has_a_space(network, paintings):
    lines = []
    rating.write("model", data=paintings, count=1, out=Path("my ratings", "page.html"), log=lines.append)
    assert shlex.split(lines[-1])[-2:] == ["--key", str(Path("my ratings", "page-key.json"))]


def test_the_page_loads_nothing_and_is_the_same_for_the_same_seed(network, paintings):
    page, _ = rating.write("model", data=paintings, count=4, log=silent)
    first = page.read_bytes()
    html = first.decode()
    addresses = re.findall(r"""\b(?:src|href|action|data|srcset)=["']([^"']+)""", html)
    assert addresses == ["data:,"] and "url(" not in html and "@import" not in html
    assert policy(page) == strict(page)
    assert rating.write("model", data=paintings, count=4, log=silent)[0].read_bytes() == first
    other, _ = rating.write("model", data=paintings, count=4, seed=2, out="other.html", log=silent)
    assert embedded(other)["id"] != embedded(page)["id"]


def test_the_key_of_another_page_is_not_overwritten(network, paintings, refused):
    rating.write("model", data=paintings, count=4, log=silent)
    assert "rating-key.json is there already" in refused("rate", "model", "--data", paintings, "--count", 3)
    Path("mine-key.json").write_text("{}")
    assert "mine-key.json is there" in refused("rate", "model", "--data", paintings, "--count", 3, "--out", "mine.html")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are letters there")
def test_pictures_whose_names_are_no_text_are_not_shown(network, paintings):
    name = os.fsdecode(b"Rothschild \xff.png")
    for path in paintings.iterdir():
        path.rename(path.with_name(name) if path.name == "Rothschild 0.png" else path)
    _, key_path = rating.write("model", data=paintings, count=8, log=silent)
    named = {fact.get("name") for fact in json.loads(key_path.read_text("utf-8"))["pictures"]}
    assert name not in named and "Rothschild 1.png" in named


HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    "<!--<script>.png",
    "&lt;b&gt;{{data}}.png",
    "'\"`${alert(1)}.png",
    "=HYPERLINK(1).png",
    "line\u2028separator.png",
    "\u202egnp.esrever.png",
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_hostile_names_of_pictures_stay_out_of_the_page(network, paintings):
    plain, _ = rating.write("model", data=paintings, count=9, out="plain.html", log=silent)
    for path, name in zip(sorted(paintings.iterdir()), HOSTILE):
        path.rename(path.with_name(name))
    page, key_path = rating.write("model", data=paintings, count=9, out="page.html", log=silent)
    html = page.read_text("utf-8")
    assert [name for name in HOSTILE if name.removesuffix(".png") in html] == []
    assert html.count("<script") == plain.read_text("utf-8").count("<script") == 2
    assert html.count("<img") == plain.read_text("utf-8").count("<img")
    names = {fact.get("name") for fact in json.loads(key_path.read_text("utf-8"))["pictures"]}
    assert names >= set(HOSTILE)


def test_what_cannot_be_rated(network, paintings, refused, monkeypatch):
    assert "holds 9 paintings" in refused("rate", "model", "--data", paintings, "--count", 10)
    assert "no pictures of colour_field" in refused("rate", "model")  # a placeholder shows nothing about a result
    assert "nowhere does not exist" in refused("rate", "model", "--data", "nowhere")
    assert "--count" in refused("rate", "model", "--count", 0)
    assert "--mode" in refused("rate", "model", "--mode", "hearts")
    assert ".html" in refused("rate", "model", "--out", "page.pdf")
    assert "cannot be written" in refused("rate", "model", "--out", "museum/Rothschild 0.png/page.html")
    with monkeypatch.context() as patch:
        patch.setattr("artkeras.tasks.evaluation.paintings_of", lambda *_: (SimpleNamespace(source="pairs"), None))
        assert "makes pictures from pictures" in refused("rate", "model")
    assert "either a run or a recipe" in refused("rate")
    assert "either a run or a recipe" in refused("rate", "model", "--read", "ratings.csv")


# ------------------------------------------------------------------------------------------- what was said


PAGE = "abcdefghijkl"
TRUTH = ("real", "fake", "fake", "real", "fake", "real")
STARS = {"Anna": (5, 2, 3, 4, 1, 5), "Ben": (4, 1, 3, 5, 2, 4), "Chloë": (5, 3, 2, 4, 2, None)}
GUESSES = {
    "Anna": ("real", "fake", "fake", "real", "fake", "real"),
    "Ben": ("real", "fake", "real", "fake", "fake", "real"),
    "Chloë": ("fake", "fake", "real", "real", "fake", None),
}


@pytest.fixture
def answers() -> list[Path]:
    """The files of three raters and the key of their page."""
    save_key()
    return [save(name) for name in STARS]


def save_key(path: str = "rating-key.json", **changes) -> None:
    facts = {"page": PAGE, "what": "study/variant, epoch 3", "recipe": "study/variant", "synthetic": False}
    facts |= {"mode": "both", "seed": 1, "pictures": [{"kind": kind} for kind in TRUTH]} | changes
    Path(path).write_text(json.dumps(facts))


def save(name: str, path: str | None = None, *, page: str = PAGE, session: str | None = None) -> Path:
    """One rater's file, as the page writes it: in an order of its own."""
    lines = ["page,session,rater,picture,stars,taken_for,shown"]
    order = np.random.default_rng(len(name)).permutation(len(TRUTH))
    for place, i in enumerate(order, start=1):
        stars, guess = STARS[name][i] or "", GUESSES[name][i] or ""
        lines.append(f"{page},{session or name.lower()},{name},{i + 1},{stars},{guess},{place}")
    file = Path(path or f"ratings-{name}.csv")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_the_files_of_three_raters_are_joined_by_the_key(answers):
    found = rating.read(answers)
    assert found.raters == ("Anna", "Ben", "Chloë")
    assert found.real.tolist() == [kind == "real" for kind in TRUTH]
    np.testing.assert_array_equal(found.stars, np.array([STARS[name] for name in STARS], float).T)
    guesses = [[np.nan if guess is None else guess == "real" for guess in GUESSES[name]] for name in GUESSES]
    np.testing.assert_array_equal(found.taken, np.array(guesses, float).T)


def test_the_numbers_are_those_worked_out_by_hand(answers):
    found = rating.read(answers)
    numbers = found.estimates()
    real, fake = found.stars[found.real], found.stars[~found.real]
    assert numbers["stars"]["real"].value == pytest.approx((5 + 4 + 5 + 4 + 5 + 4 + 5 + 4) / 8)
    assert numbers["stars"]["fake"].value == pytest.approx((2 + 1 + 3 + 3 + 3 + 2 + 1 + 2 + 2) / 9)
    assert numbers["difference"]["all"].value == pytest.approx(36 / 8 - 19 / 9)
    assert numbers["spread"]["fake"].value == pytest.approx(np.std([2, 1, 3, 3, 3, 2, 1, 2, 2], ddof=1))
    assert numbers["taken_for_real"]["real"].value == pytest.approx(6 / 8)
    assert numbers["taken_for_real"]["fake"].value == pytest.approx(2 / 9)
    assert numbers["told_right"]["all"].value == pytest.approx((6 + 7) / 17)
    for kind, table in (("real", real), ("fake", fake), ("all", found.stars)):
        assert numbers["agreement"][kind].value == pytest.approx(alpha(table))
    for measure in numbers.values():
        for value, low, high in measure.values():
            assert np.isnan(value) or low <= value <= high
    # taken for real by 0, 2 and 0 of 3: the pictures differ so much that the nine answers count as 3.5 (14/81 : 4/81)
    assert numbers["taken_for_real"]["fake"][1:] == pytest.approx(wilson(2 / 9 * 3.5, 3.5))


def test_the_command_prints_a_table_and_a_line_for_each_rater(answers, capsys):
    assert main(["rate", "--read", "ratings-*.csv"]) == 0  # resolved by the shell, or by us
    out = capsys.readouterr().out
    assert out.startswith("study/variant, epoch 3: 3 real and 3 generated pictures, 3 raters, 34 answers, 2 left out\n")
    rows = {line.split("  ")[0]: re.split(r"\s{2,}", line)[1:] for line in out.splitlines() if "  " in line}
    assert [cell.split(" ")[0] for cell in rows["stars, 1 to 5, mean"]] == ["4.50", "2.11", "3.24"]
    assert [cell.split(" ")[0] for cell in rows["taken for real"]] == ["75%", "22%"]
    assert [cell.split(" ")[0] for cell in rows["guessed right"]] == ["75%", "78%", "76%"]
    assert rows["stars, real minus generated"][0].startswith("+2.39 [+")
    assert rows["Anna"] == ["4.67", "2.00", "100%", "0"]
    assert rows["Chloë"] == ["4.50", "2.33", "60%", "1"]
    assert "not for other raters" in out


def test_one_rater_has_no_agreement_and_a_page_of_stars_no_guesses(answers, capsys):
    save_key(mode="stars")
    assert main(["rate", "--read", "ratings-Anna.csv"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"agreement \(alpha\) +- +- +-\n", out)
    assert "1 rater, 6 answers\n" in out and "guess" not in out and "RIGHT" not in out
    save_key(mode="real-or-fake")
    assert main(["rate", "--read", "ratings-Anna.csv"]) == 0
    out = capsys.readouterr().out
    assert "guessed right" in out and "stars" not in out.lower()


def test_files_that_went_through_a_spreadsheet_or_were_joined_are_read(answers):
    expected = rating.read(answers)
    text = "".join(path.read_text(encoding="utf-8") for path in answers)
    header, *rows = text.splitlines()
    whole = [header, *(row for row in rows if row != header)]
    for encoding in ("utf-8-sig", "utf-16"):
        Path("joined.csv").write_text("\r\n".join([*whole, ";;", ""]).replace(",", ";"), encoding=encoding)
        found = rating.read(["joined.csv"])
        assert found.raters == expected.raters
        np.testing.assert_array_equal(found.stars, expected.stars)


def cut(lines: list[str], file: Path) -> None:
    file.write_text("\n".join(lines), encoding="utf-8")


SPOILED = {
    "cut off after a line": (lambda lines, file: cut(lines[:4], file), "ratings-Ben.csv is cut off: it has 3 of the 6"),
    "cut off in a line": (lambda lines, file: cut([*lines[:6], lines[6][:-2]], file), "line 7 is cut off"),
    "cut off in a place": (lambda lines, file: cut([*lines[:6], lines[6][:-1]], file), "line 7 is cut off"),
    "only a header": (lambda lines, file: cut(lines[:1], file), "holds no ratings"),
    "empty": (lambda lines, file: file.write_text(""), "lacks the column page, session, rater, picture"),
    "another list": (lambda lines, file: file.write_text("file,decision\na,keep\n"), "lacks the column page, session"),
    "no text": (lambda lines, file: file.write_bytes(b"\xff\xd8\xff\xe0 JFIF"), "it is not UTF-8"),
    "missing": (lambda lines, file: file.unlink(), "cannot read ratings-Ben.csv (No such file"),
    "a row twice": (lambda lines, file: cut([*lines, lines[3]], file), "line 8 rates picture"),
    "six stars": (
        lambda lines, file: cut([*lines[:6], re.sub(r",\d,(real|fake)", r",6,\1", lines[6])], file),
        "1 to 5",
    ),
    "a guess": (lambda lines, file: cut([*lines[:6], re.sub("real|fake", "both", lines[6])], file), "not 'both'"),
    "another page": (lambda lines, file: save("Ben", page="zyx"), "are of two pages"),
    "another rater's copy": (lambda lines, file: save("Anna", "ratings-Ben.csv"), "by the same rater"),
    "the same name again": (lambda lines, file: save("Anna", "ratings-Ben.csv", session="new"), "are both by Anna"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_file_is_one_line_that_names_it(answers, refused, how):
    spoil, words = SPOILED[how]
    spoil(answers[1].read_text(encoding="utf-8").splitlines(), answers[1])
    line = refused("rate", "--read", *answers)
    assert "ratings-Ben.csv" in line and words in line


def test_a_key_that_is_not_the_pages(answers, refused):
    assert "no file is called *.txt" in refused("rate", "--read", "*.txt")
    save_key("other-key.json", page="other")
    assert "is of another page than the key other" in refused("rate", "--read", *answers, "--key", "other-key.json")
    assert "cannot read the key nowhere" in refused("rate", "--read", *answers, "--key", "nowhere.json")
    for wrong in ("[]", "{", '{"page": "abcdefghijkl", "mode": "both"}'):
        Path("wrong-key.json").write_text(wrong)
        assert "is no key" in refused("rate", "--read", *answers, "--key", "wrong-key.json")
    Path("rating-key.json").unlink()
    assert "no key of the page of ratings-Anna.csv" in refused("rate", "--read", *answers)


# ------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def page(trained_once, tmp_path_factory) -> Path:
    """A page of the tiny run, on its placeholder, written by the command; the key beside it."""
    folder = tmp_path_factory.mktemp("rating")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(folder / "home"))
        patch.delenv("ARTKERAS_DATA", raising=False)
        training_worker.lighten(patch)
        assert main(["rate", str(trained_once), "--count", str(COUNT), "--out", str(folder / "rating.html")]) == 0
    return folder / "rating.html"


@pytest.fixture
def look(window, page, tmp_path):
    """Opens the page again, on a screen so wide, with nothing remembered; downloads go to the test's folder."""

    def start(width: int = 1280, height: int = 800):
        screen(window, width, height)
        window.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
        window.get(page.as_uri())
        window.execute_script("localStorage.clear()")
        for kind in ("browser", "performance"):
            window.get_log(kind)
        window.refresh()
        return window

    yield start
    assert window.get_log("browser") == []


def picture(window) -> int:
    """The number, in the page, of the picture that is shown."""
    return window.execute_script("""
      const data = JSON.parse(document.getElementById("data").textContent);
      return data.pictures.indexOf(document.getElementById("picture").src);""")


def at(window) -> int:
    return int(re.match(r"Picture (\d+) of 4", find(window, "#where").text)[1])


def downloads(folder: Path, count: int) -> list[Path]:
    """The raters' files in a folder, once so many are there."""
    for _ in range(600):
        found = sorted(folder.glob("ratings-*.csv"))
        if len(found) == count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not {count} downloads: {[path.name for path in folder.iterdir()]}")


def test_the_page_of_a_run_on_a_placeholder_says_so(page, trained_once):
    html = page.read_text(encoding="utf-8")
    assert "synthetic placeholders, drawn by a program" in html and "For raters only" not in html
    facts = json.loads(page.with_name("rating-key.json").read_text())
    assert facts["synthetic"] and "synthetic placeholder" in facts["what"]
    fake = {fact["sample"]: image for fact, image in zip(facts["pictures"], shown(page)) if fact["kind"] == "fake"}
    np.testing.assert_array_equal(fake[1], Run(trained_once).sample(COUNT, seed=1)[1])


@pytest.mark.browser
def test_by_keys_back_again_reloaded_and_saved(look, page, tmp_path):
    window = look()
    find(window, "#name").send_keys("  =Anna, Ö. ")
    key(window, "ENTER")
    given = {}
    for stars, guess in ((4, "f"), (2, "r")):
        place, number = at(window), picture(window)
        key(window, str(stars))
        key(window, guess)
        given[number] = [stars, {"r": "real", "f": "fake"}[guess]]
        wait(window, f"document.getElementById('where').textContent.startsWith('Picture {place + 1} ')")  # by itself
    assert find(window, "#where").text == "Picture 3 of 4, 2 rated"
    assert float(find(window, "progress").get_attribute("value")) == 2

    key(window, "3")
    third = picture(window)
    window.refresh()  # in the middle of a picture
    assert (at(window), picture(window)) == (3, third)
    pressed = window.find_elements("css selector", "[aria-pressed=true]")
    assert [button.get_attribute("aria-label") for button in pressed] == ["3 stars"]
    key(window, "f")
    given[third] = [3, "fake"]
    wait(window, "document.getElementById('where').textContent.startsWith('Picture 4 ')")

    key(window, "ARROW_LEFT")
    key(window, "ARROW_LEFT")
    assert find(window, "[data-guess=real]").get_attribute("aria-pressed") == "true"
    second = picture(window)
    key(window, "5")  # another mind; who came back stays
    given[second][0] = 5
    key(window, "ARROW_RIGHT")
    key(window, "ARROW_RIGHT")
    key(window, "1")
    given[picture(window)] = [1, None]  # the guess is left open
    key(window, "ARROW_RIGHT")
    assert find(window, "#missing").text == "1 of 4 is still open."
    find(window, "#go-on").click()
    assert at(window) == 4
    key(window, "r")
    given[picture(window)][1] = "real"
    wait(window, "!document.getElementById('all').hidden")
    assert find(window, "h1#all-name").text.startswith("All pictures are rated")
    find(window, "#save").click()
    (file,) = downloads(tmp_path, 1)

    assert file.name == "ratings-Anna-Ö.csv"
    assert file.read_text(encoding="utf-8") == find(window, "#text").get_property("value")
    assert asked(window) == [page.as_uri()] * 2  # opened and reloaded, nothing else
    found = rating.read([file], page.with_name("rating-key.json"))
    assert found.raters == ("Anna, Ö.",)  # no formula for a spreadsheet
    assert {i: [found.stars[i, 0], "real" if found.taken[i, 0] else "fake"] for i in range(4)} == given


@pytest.mark.browser
def test_on_a_phone_three_raters_after_each_other_and_the_command_joins_them(look, page, tmp_path, capsys):
    window = look(390, 844)
    window.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    window.execute_script("window.setTimeout = () => 0")  # not on by itself: a busy machine may be slower than that
    truth = [fact["kind"] for fact in json.loads(page.with_name("rating-key.json").read_text())["pictures"]]
    orders = []
    for number, name in enumerate(("Anna", "Ben", "")):
        assert find(window, "#begin").is_displayed()
        find(window, "#name").send_keys(name)
        find(window, "#begin").click()
        orders.append([])
        for _ in range(4):
            kind = truth[picture(window)]
            orders[-1].append(picture(window))
            stars = 5 - number if kind == "real" else 1 + number
            find(window, f"#stars button:nth-child({stars})").click()
            find(window, f"[data-guess={kind if number < 2 else 'real'}]").click()
            if not number and len(orders[0]) == 1:
                box = find(window, "#next").rect
                assert box["y"] + box["height"] <= 844  # picture, both questions and the way on without scrolling
                assert find(window, "#picture").size["width"] >= 350
                small = "return [...document.querySelectorAll('#rate button')].filter(e => e.offsetHeight < 44).length"
                assert window.execute_script(small) == 0
            find(window, "#next").click()
        assert window.execute_script("return document.documentElement.scrollWidth") == 390
        find(window, "#save").click()
        wait(window, "document.getElementById('saved').textContent.startsWith('Saved as ratings-')")
        find(window, "#another").click()
    window.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
    files = downloads(tmp_path, 3)
    assert [file.name for file in files[:2]] == ["ratings-Anna.csv", "ratings-Ben.csv"]

    capsys.readouterr()
    assert main(["rate", "--read", *map(str, files), "--key", str(page.with_name("rating-key.json"))]) == 0
    out = capsys.readouterr().out
    assert "2 placeholders and 2 generated pictures, 3 raters, 24 answers\n" in out
    assert re.search(r"stars, 1 to 5, mean +4\.00 \[.*\] +2\.00 \[", out)  # 5, 4 and 3 stars; 1, 2 and 3
    assert re.search(r"taken for real +100% \[.*\] +33% \[", out)


@pytest.mark.browser
def test_where_the_browser_keeps_nothing_it_says_so_and_the_text_can_be_copied(look, window, page):
    blocked = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no'); }})"
    look()
    added = window.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": blocked})
    try:
        window.get(page.as_uri())
        assert find(window, "#forgets").is_displayed()
        find(window, "#begin").click()
        key(window, "4")
        find(window, ".to-all").click()
        # what is to come is not shown beforehand
        assert len(window.find_elements("css selector", "#answers img")) == 1
        find(window, "summary").click()
        find(window, "#copy").click()
        wait(window, "document.getElementById('copied').textContent === 'Copied.'")
        assert (
            window.execute_script("return getSelection().toString() || document.activeElement.value").count("\n") == 5
        )
        find(window, "#another").click()  # without a question: they have been handed over
        assert find(window, "#begin").is_displayed()
    finally:
        window.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": added["identifier"]})


@pytest.mark.browser
def test_starting_anew_asks_before_it_forgets_what_was_not_saved(look, window):
    look()
    find(window, "#begin").click()
    key(window, "2")
    find(window, ".to-all").click()
    find(window, "#another").click()
    window.switch_to.alert.dismiss()
    assert find(window, "#answers").text.count("2 ★") == 1
    find(window, "#another").click()
    window.switch_to.alert.accept()
    find(window, "#begin").click()
    assert find(window, "#where").text == "Picture 1 of 4, 0 rated"


@pytest.mark.browser
def test_it_has_words_for_who_does_not_see_it_and_can_be_walked_by_the_tab_key(look, window):
    look()
    assert window.execute_script(NAMELESS) == []
    find(window, "#begin").click()
    key(window, "3")
    key(window, "f")
    wait(window, "document.getElementById('where').textContent.startsWith('Picture 2 ')")
    assert window.execute_script(NAMELESS) == []
    seen = []
    for _ in range(10):
        key(window, "TAB")
        focused = window.switch_to.active_element
        seen.append(focused.get_attribute("aria-label") or focused.text)
        assert focused.value_of_css_property("outline-style") != "none"
    stars = ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]
    assert seen == ["All pictures", *stars, "Real", "Fake", "Back", "Next"]
    assert find(window, "#picture").get_attribute("alt") == "picture 2, to be rated"


def test_text_can_be_told_from_its_ground():
    template = resources.files("artkeras.reporting").joinpath("templates", "rating.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", template))
    for ground in ("ground", "wall"):
        assert all(contrast(colours[name], colours[ground]) >= 4.5 for name in ("ink", "soft", "star", "chosen"))
        assert contrast(colours["line"], colours[ground]) >= 3
    assert contrast("#ffffff", colours["chosen"]) >= 4.5
