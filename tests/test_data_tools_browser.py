"""The scraper's browser backend against the replica, in a real headless Chromium.

Skipped where no browser is, with the reason, unless the environment variable ARTKERAS_REQUIRE names browser.
"""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from replica import STYLES, Behaviour, paintings

from artkeras.errors import UserError
from data_tools import __main__, browser
from data_tools.browser import Browser
from data_tools.errors import Changed, Incomplete, Refused
from data_tools.manifest import Manifest
from data_tools.polite import Politeness
from data_tools.wikiart import WikiArt

pytestmark = pytest.mark.browser

WORKER = Path(__file__).with_name("data_tools_worker.py")
QUICK = Politeness(delay=0, backoff=0.001)
ARTIST, STYLE = "vera-solano", "color-field-painting"
WORKS = paintings(ARTIST, 163)


@pytest.fixture
def site(replica):
    """The replica with one artist of 163 works, and one of 20."""
    replica.works = {ARTIST: WORKS, "ole-brandt": paintings("ole-brandt", 20)}
    return replica


@pytest.fixture(scope="module")
def window(chromium):
    """One browser for all tests; each test's visit takes it over."""
    with Browser(None, wait=20, log=lambda line: None) as one:
        yield one


@pytest.fixture
def visit(site, window, monkeypatch):
    """Starts a visit to the replica by this backend."""
    monkeypatch.setattr(window, "wait", 20)

    def start(backend="selenium", manners=QUICK, log=lambda line: None):
        wikiart = WikiArt(backend, manners, site.url, [site.picture_host], log=log)
        window.session = wikiart.session
        wikiart._browser = window
        return wikiart

    return start


def complete(listing, count=163):
    assert listing.complete and not listing.warnings
    assert len(listing.works) == len({work.key for work in listing.works}) == count
    assert not [work for work in listing.works if "placeholder" in work.image_url or not work.image_url]


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(modal=0.0),
        Behaviour(modal=0.3),
        Behaviour(ending="display"),
        Behaviour(ending="removed"),
        Behaviour(redraw=True),
        Behaviour(delay=0.4),
        Behaviour(failing={3: 1}),
        Behaviour(failing={2: 1}, modal=0.0, redraw=True),
    ],
    ids=["plain", "modal", "late modal", "display", "removed", "redrawn", "slow", "failing once", "all at once"],
)
def test_all_163_works_arrive(visit, site, behaviour):
    site.behaviour = behaviour
    listing = visit().list_works(ARTIST)
    complete(listing)
    assert listing.backend == "selenium" and listing.declared == 163
    by_slug = {work.work_slug: work for work in listing.works}
    for work in WORKS:
        found = by_slug[work.slug]
        assert (found.title, found.year_text, found.artist_name) == (work.title, work.year, "Vera Solano")
        assert found.image_url == f"http://{site.picture_host}{work.picture}"
    assert not site.requests("/images/")  # addresses are read, pictures not loaded


def test_pictures_arrive_through_the_browsers_list(visit, site, tmp_path):
    site.works = {ARTIST: WORKS[:41]}
    wikiart = visit()
    report = wikiart.download([wikiart.list_works(ARTIST)], tmp_path, "thumb")
    assert report.complete and report.fetched == 41
    assert {row["backend"] for row in Manifest(tmp_path)} == {"selenium"}
    asked = [request.path for request in site.pictures_asked()]
    assert len(asked) == len(set(asked)) == 41
    site.forget()
    assert wikiart.download([wikiart.list_works(ARTIST)], tmp_path, "thumb").had == 41
    assert not site.requests(host="pictures")


@pytest.mark.parametrize("count", [1, 20, 21])
def test_short_lists(visit, site, count):
    site.works = {ARTIST: WORKS[:count]}
    complete(visit().list_works(ARTIST), count)


def test_filter_is_used_and_checked(visit, site):
    wanted = [work.slug for work in WORKS if work.style == STYLE]
    wikiart = visit()
    listing = wikiart.list_works(ARTIST, STYLE)
    complete(listing, len(wanted))
    assert [work.work_slug for work in listing.works] == wanted and not site.requests("paintings-by-style")
    # Another style of the same artist differs in what follows the "#" only, for which a browser asks nothing.
    other = wikiart.list_works(ARTIST, "minimalism")
    assert {work.work_slug for work in other.works} == {work.slug for work in WORKS if work.style == "minimalism"}


@pytest.mark.parametrize("how", [Behaviour(ignore_filter=True), Behaviour(subtitle=False)], ids=["ignored", "unnamed"])
def test_filter_that_may_have_been_ignored_is_made_up_for(visit, site, how):
    site.behaviour = how
    lines = []
    listing = visit(log=lines.append).list_works(ARTIST, STYLE)
    complete(listing, sum(work.style == STYLE for work in WORKS))
    assert any("ignored the filter" in line for line in lines) and site.requests("paintings-by-style")


def test_page_that_always_fails_stalls_and_ends(visit, site, monkeypatch):
    monkeypatch.setattr(browser, "GRACE", 0.2)
    site.behaviour = Behaviour(failing={3: 10**6})
    listing = visit().list_works(ARTIST)
    assert not listing.complete and len(listing.works) == 80 and "stalled" in listing.warnings[0]
    assert "503" in listing.warnings[0] and len(site.requests("page=3")) == browser.TRIES


def test_no_answer_stalls_and_ends(visit, site, window, monkeypatch):
    monkeypatch.setattr(window, "wait", 0.4)
    wikiart = visit()
    window.wait = 0.4
    site.behaviour = Behaviour(delay=3)
    with pytest.raises(Incomplete, match="no works"):
        wikiart.list_works(ARTIST)


def test_renamed_classes_are_exit_5_with_what_was_looked_for(visit, site, window):
    site.behaviour = Behaviour(renamed=True)
    wikiart = visit()
    window.wait = 1.5
    with pytest.raises(Changed, match=r"ul\.wiki-masonry-container li a\.artwork-name") as caught:
        wikiart.list_works(ARTIST)
    assert caught.value.status == 5


def test_artist_without_works_and_unknown_artist(visit, site, window):
    site.works = {ARTIST: []}
    wikiart = visit()
    window.wait = 1.5
    complete(wikiart.list_works(ARTIST), 0)
    with pytest.raises(UserError, match="no artist 'mark-rotko': did you mean mark-rothko"):
        wikiart.list_works("mark-rotko")


def test_clicks_keep_their_distance_and_the_browser_says_who_asks(visit, site):
    visit(manners=replace(QUICK, delay=0.4, contact="me@example.org")).list_works(ARTIST)
    times = [request.time for request in site.requests("json=2")]
    assert len(times) == 4 and min(b - a for a, b in itertools.pairwise(times[1:])) >= 0.4
    agents = {request.agent for request in site.requests("/en/")}
    assert len(agents) == 1 and all(word in agents.copy().pop() for word in ("Headless", "artkeras/", "me@example.org"))


@pytest.mark.parametrize(
    ("refusal", "matching"),
    [("403", ""), ("challenge", ""), ("login", ""), ("429", ""), ("403", "page=2"), ("429", "page=2")],
)
def test_refusal_is_final(visit, site, refusal, matching, window, monkeypatch):
    monkeypatch.setattr(browser, "GRACE", 0.2)
    site.behaviour = Behaviour(refusal=refusal, matching=matching)
    wikiart = visit()
    window.wait = 3
    with pytest.raises(Refused):
        wikiart.list_works(ARTIST)
    site.forget()
    with pytest.raises(Refused):
        wikiart.list_works("ole-brandt")
    assert not site.log


def test_robots_bind_the_browser_too(visit, site):
    site.behaviour = Behaviour(robots="User-agent: *\nDisallow: /en/*/all-works\n")
    with pytest.raises(Refused):
        visit().list_works(ARTIST)
    assert {request.path for request in site.log} == {"/robots.txt"}


def test_auto_takes_the_browser_when_the_feed_has_changed_but_not_when_it_refuses(visit, site):
    site.behaviour = Behaviour(feed="no-key")
    listing = visit("auto").list_works(ARTIST)
    complete(listing)
    assert listing.backend == "selenium"
    site.behaviour = Behaviour(refusal="403", matching="mode/all-paintings")
    site.forget()
    with pytest.raises(Refused):
        visit("auto").list_works(ARTIST)
    assert not [request for request in site.log if "Mozilla" in request.agent]


def test_crashed_browser_is_said_and_started_anew(visit, site, window):
    wikiart = visit()
    complete(wikiart.list_works("ole-brandt"), 20)
    window._driver.quit()
    with pytest.raises(Incomplete, match="the browser broke down"):
        wikiart.list_works(ARTIST)
    complete(wikiart.list_works(ARTIST))


def test_lazy_pictures_are_real_on_the_replica(visit, site, window):
    """What a scraper that reads `src` would have saved: the trap must be there for the other tests to mean anything."""
    visit().list_works(ARTIST)
    script = "return JSON.stringify([...document.querySelectorAll('img')].map(i => i.src))"
    sources = json.loads(window._driver.execute_script(script))
    assert len(sources) == 163 and sum("lazy-load-placeholder" in source for source in sources) > 50
    assert len(STYLES) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize(("stage", "count"), [("listed", 1), ("stored", 3)])
def test_killed_and_started_again(chromium, visit, site, stage, count):
    site.works = {ARTIST: WORKS[:25]}
    hosts = ["--base-url", site.url, "--picture-host", site.picture_host, "--delay", "0", "--out", "out"]
    arguments = ["wikiart", "--artist", ARTIST, "--backend", "selenium", "--size", "thumb", "--no-details", *hosts]
    command = [sys.executable, WORKER, stage, str(count), *arguments]
    # A killed program cannot end its browser, so the test does, by the group that all of them share.
    killed = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert killed.wait(60) == -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(killed.pid, signal.SIGKILL)
    before = {request.path for request in site.pictures_asked()}
    assert len(before) == (0 if stage == "listed" else 3)
    site.forget()
    wikiart = visit()
    report = wikiart.download([wikiart.list_works(ARTIST)], "out", "thumb", details=False)
    assert report.complete and len(Manifest("out").pictures()) == 25
    again = [request.path for request in site.pictures_asked()]
    assert not set(again) & before and len(again) + len(before) == 25


def test_command_line_drives_its_own_browser(chromium, site, capsys):
    site.works = {ARTIST: WORKS[:25]}
    hosts = ["--base-url", site.url, "--picture-host", site.picture_host, "--delay", "0", "--out", "out"]
    arguments = ["wikiart", "--artist", ARTIST, "--backend", "selenium", "--size", "thumb", "--no-details", *hosts]
    assert __main__.main(arguments) == 0
    assert len(Manifest("out").pictures()) == 25 and "25 pictures fetched" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["no such file", "nothing on the path"])
def test_no_browser_is_one_line(site, how, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SE_OFFLINE", "true")
    binary = ["--browser-binary", "nowhere/chromium"] if how == "no such file" else []
    hosts = ["--base-url", site.url, "--delay", "0", "--out", "out"]
    assert __main__.main(["wikiart", "--artist", ARTIST, "--backend", "selenium", *hosts, *binary]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err and err.count("data_tools:") == 1 and "use --backend feed" in err
