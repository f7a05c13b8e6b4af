"""What all tests share: a cache folder of their own, no pictures from outside, tiny recipes."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import training_worker

# as seen from where the tests were started: each test runs in a folder of its own
PICTURES = Path(os.environ["ARTKERAS_DATA"]).resolve() if os.environ.get("ARTKERAS_DATA") else None
DRIVERS = ("chromedriver",)

# PyTorch looks for Triton when it makes an optimizer, and Triton beside TensorFlow crashes. Nothing here needs it.
sys.modules.setdefault("triton", None)


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path, request):
    """Every test gets an empty cache and finds no pictures but its own; tests of real pictures find those."""
    monkeypatch.setenv("ARTKERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ARTKERAS_RUNS", raising=False)
    monkeypatch.delenv("ARTKERAS_DATA", raising=False)
    if "real" in request.keywords and PICTURES:
        monkeypatch.setenv("ARTKERAS_DATA", str(PICTURES))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path) -> Path:
    """An empty folder for the images of one study, called "study"."""
    place = tmp_path / "pictures" / "study"
    place.mkdir(parents=True)
    return place


@pytest.fixture(scope="session")
def chromium():
    """Skips a test where no browser is, with the reason; fails it where ARTKERAS_REQUIRE names browser."""
    found = [any(map(shutil.which, names)) for names in (("chromium", "chromium-browser", "google-chrome"), DRIVERS)]
    if not all(found):
        missing = "no Chromium with its driver: apt install chromium chromium-driver"
        if "browser" in os.environ.get("ARTKERAS_REQUIRE", ""):
            pytest.fail(f"{missing} (ARTKERAS_REQUIRE asks for it)")
        pytest.skip(missing)


@pytest.fixture(scope="session")
def window(chromium):
    """One browser for all tests of pages, which notes what is said on its console and what it asks the network for."""
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    for argument in ("--headless=new", "--disable-background-networking", "--no-first-run", "--disable-gpu"):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; Chromium's sandbox does not work for root
        options.add_argument("--no-sandbox")
        options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SE_AVOID_STATS", "true")  # Selenium reports its use otherwise
        driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def running():
    """A replica of WikiArt that answers."""
    from replica import Replica

    with Replica({}) as site:
        yield site


@pytest.fixture
def replica(running):
    """The same without works, on its best behaviour, and nothing asked of it yet."""
    from replica import Behaviour

    running.works, running.behaviour = {}, Behaviour()
    running.forget()
    return running


@pytest.fixture
def scraped(scraped_once, tmp_path) -> Path:
    """Eight paintings and one picture of each fault, for the test to spoil."""
    return Path(shutil.copytree(scraped_once, tmp_path / "scraped"))


@pytest.fixture(scope="module")
def scraped_once(tmp_path_factory) -> Path:
    """The same, never to be changed."""
    from cleaning import fill
    from PIL import Image

    from data_tools.faults import framed, painting, room, solid

    folder = fill(tmp_path_factory.mktemp("pictures") / "scraped")
    room().save(folder / "room.jpg", quality=90)
    solid().save(folder / "solid.png")
    framed(framed(solid((30, 90, 60), 1), (120, 30, 20), 12), "black", 12).save(folder / "solid framed.png")
    framed(painting(20)).save(folder / "margin.jpg", quality=92)
    painting(21).resize((60, 240)).save(folder / "narrow.png")
    shutil.copy(folder / "Some Painter1.jpg", folder / "twin.jpg")
    Image.open(folder / "Some Painter4.jpg").resize((120, 120)).save(folder / "the near one.jpg", quality=70)
    (folder / "cut.jpg").write_bytes((folder / "Some Painter3.jpg").read_bytes()[:900])
    (folder / "page.jpg").write_text("<html>not found</html>")
    (folder / "empty.png").touch()
    return folder


@pytest.fixture
def tiny():
    """Model 2 as small as it gets: 16 px, width 2, batch 8, 12 paintings (9 steps an epoch), 2 epochs."""
    return training_worker.TINY


@pytest.fixture
def light(monkeypatch):
    """Training without what only costs time, on networks that are built and compiled once for all tests."""
    training_worker.lighten(monkeypatch)
    training_worker.reuse_models(monkeypatch)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory) -> Path:
    """The folder of a finished run of the tiny recipe on the placeholder, never to be changed; `log.txt` beside it."""
    from artkeras.training import train as training

    out = tmp_path_factory.mktemp("trained")
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(out / "home"))
        patch.delenv("ARTKERAS_DATA", raising=False)
        patch.chdir(out)
        training_worker.lighten(patch)
        training_worker.reuse_models(patch)
        run = training.train(training_worker.TINY, precision="float32", out=out / "runs", log=lines.append)
    (out / "runs" / "log.txt").write_text("\n".join(lines))
    return run.path


@pytest.fixture
def trained(trained_once, tmp_path) -> Path:
    """A copy of that run, for the test to spoil."""
    return Path(shutil.copytree(trained_once, tmp_path / "runs" / trained_once.name))
