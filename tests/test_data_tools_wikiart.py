"""The scraper against a replica of the site, by plain HTTP: lists, rate limits, refusals, resuming."""

import email.utils
import errno
import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from replica import Behaviour, Painting, paintings, picture
from visiting import ARTIST, QUICK, STYLE, faulty, fetch, listed, one_line, run, visit

from artkeras.errors import UserError
from data_tools import __main__, collect, pages, pictures, polite
from data_tools.artists import artist_slug, artists
from data_tools.errors import Changed, Incomplete, Refused
from data_tools.manifest import Manifest
from data_tools.polite import Politeness, Session
from data_tools.wikiart import WikiArt

WORKER = Path(__file__).with_name("data_tools_worker.py")


@pytest.fixture
def site(replica):
    """The replica with one artist of eight works."""
    replica.works = {ARTIST: paintings(ARTIST, 8)}
    return replica


# --- the feed -------------------------------------------------------------------------------------------------------


def test_all_163_works_arrive_with_what_is_known_about_them(site, tmp_path):
    site.works = {ARTIST: paintings(ARTIST, 163)}
    report = fetch(site, tmp_path, "thumb")
    assert report.complete and report.fetched == 163 and report.counts == {"ok": 163}
    manifest = Manifest(tmp_path)
    for work in site.works[ARTIST]:
        row = manifest.get(f"wikiart/{ARTIST}/{work.slug}")
        assert row["title"] == work.title and row.get("year_text", "") == work.year
        assert row["style"].lower().replace(" ", "-") == work.style and row["media"] == work.media
        assert row["rights_status"] == ("public_domain" if work.public_domain else "restricted")
        assert row["artist_name"] == "Vera Solano" and row["content_id"] == "9223372032559858107"
        content = (tmp_path / row["file"]).read_bytes()
        assert pictures.look(content).sha256 == row["sha256"] and row["bytes"] == len(content)
        assert (row["format"], max(row["width"], row["height"])) == ("JPEG", 120) and len(row["dhash"]) == 16
    assert len({row["sha256"] for row in manifest}) == 163
    assert {row["rights_label"] for row in manifest} == {"Public domain", "© the artist; Fair Use"}
    assert sum(row["title"] == "Untitled" for row in manifest) > 30  # never told apart by title
    asked = Counter(request.path for request in site.log)
    assert asked.pop("/robots.txt") == 2 and max(asked.values()) == 1  # robots.txt of each of the two hosts

    site.forget()
    again = fetch(site, tmp_path, "thumb")
    assert again.complete and (again.fetched, again.had) == (0, 163)
    assert not site.requests(host="pictures") and not site.requests("no-")


def test_what_train_reads_is_what_was_fetched(site, tmp_path):
    fetch(site, tmp_path)
    from artkeras import data

    array, found, skipped = data.read(tmp_path, 16)
    assert len(array) == 8 and not skipped and all(name.startswith("images/vera-solano/") for name in found)


@pytest.mark.parametrize("empty", [None, []])
@pytest.mark.parametrize("size", [7, 20, 60])
def test_feed_of_any_page_size(site, empty, size):
    site.works = {ARTIST: paintings(ARTIST, 41)}
    site.behaviour = Behaviour(page_size=size, empty=empty)
    listing = listed(site)
    assert listing.complete and len(listing.works) == listing.declared == 41


@pytest.mark.parametrize("times", [1, 3])
def test_failing_page_is_asked_for_again(site, times):
    site.works = {ARTIST: paintings(ARTIST, 41)}
    site.behaviour = Behaviour(page_size=20, failing={2: times})
    listing = listed(site)
    assert listing.complete and len(listing.works) == 41
    assert [request.status for request in site.requests("page=2")] == [503] * times + [200]


def test_page_that_always_fails_is_said_and_costs_only_itself(site, tmp_path, capsys):
    site.works = {ARTIST: paintings(ARTIST, 41)}
    site.behaviour = Behaviour(page_size=20, failing={2: 10**6})
    listing = listed(site)
    assert not listing.complete and len(listing.works) == 21
    assert "page 2" in listing.warnings[0] and "503" in listing.warnings[0]
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--no-details", "--size", "thumb") == 3
    assert "21 of 41 works listed" in capsys.readouterr().err
    site.behaviour = Behaviour(page_size=20)  # the next run lists again, since that one was not whole
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--no-details", "--size", "thumb") == 0
    assert len(site.pictures_asked()) == 41


def test_incomplete_listing_never_replaces_a_complete_one(site):
    arguments = ("--artist", ARTIST, "--backend", "feed", "--no-details", "--size", "thumb")
    assert run(site, *arguments) == 0
    kept = Path("out/listings/vera-solano.json").read_bytes()
    site.behaviour = Behaviour(more=5)
    assert run(site, *arguments) == 0  # from the folder
    assert run(site, *arguments, "--refresh") == 3
    assert Path("out/listings/vera-solano.json").read_bytes() == kept


def test_endless_repetition_ends(site):
    site.works = {ARTIST: paintings(ARTIST, 200)}
    site.behaviour = Behaviour(feed="repeats")
    listing = listed(site)
    assert not listing.complete and len(listing.works) == 120 and len(site.requests("json=2")) < 6


def test_duplicates_across_pages_count_once(site):
    works = paintings(ARTIST, 30)
    site.works = {ARTIST: [*works[:20], *works[15:30]]}
    site.behaviour = Behaviour(page_size=20, more=-5)
    listing = listed(site)
    assert listing.complete and len({work.key for work in listing.works}) == len(listing.works) == 30


def test_artist_without_works(site, capsys):
    site.works = {ARTIST: []}
    assert run(site, "--artist", ARTIST, "--backend", "feed") == 0
    assert "has no works" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["gone", "bad", "html", "no-key"])
def test_feed_of_another_form_leads_to_the_text_list(site, form, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no browser
    monkeypatch.setenv("SE_OFFLINE", "true")
    site.behaviour = Behaviour(feed=form)
    lines = []
    listing = listed(site, "auto", log=lines.append)
    assert listing.backend == "text-list" and listing.complete and len(listing.works) == 8
    assert any(line.startswith(f"{ARTIST}: feed: ") for line in lines)
    assert any("no browser" in line for line in lines)
    with pytest.raises(Changed, match="feed"):
        listed(site, "feed")


def test_pictures_of_the_text_list_come_from_the_works_pages(site, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SE_OFFLINE", "true")
    site.behaviour = Behaviour(feed="gone")
    report = fetch(site, tmp_path, backend="auto")
    assert report.complete and report.counts == {"ok": 8}
    assert {row["artist_name"] for row in Manifest(tmp_path)} == {"Vera Solano"}


def test_nothing_known_left_is_exit_5(site, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SE_OFFLINE", "true")
    site.behaviour = Behaviour(feed="html", renamed=True)
    assert run(site, "--artist", ARTIST) == 5
    line = one_line(capsys.readouterr().err)
    assert "feed is not JSON" in line and "li.painting-list-text-row" in line


def test_one_odd_page_of_a_work_costs_its_details_and_three_in_a_row_end_the_run(site, tmp_path, monkeypatch):
    odd = iter([True, False, True, True, False, True, False, False])
    original = pages.details

    def details(text, base, work):
        if next(odd):
            raise Changed("odd")
        return original(text, base, work)

    monkeypatch.setattr(pages, "details", details)
    report = fetch(site, tmp_path)
    assert report.complete and report.fetched == 8
    assert sum(bool(row.get("details")) for row in Manifest(tmp_path)) == 4
    monkeypatch.setattr(pages, "details", lambda *_: (_ for _ in ()).throw(Changed("odd")))
    with pytest.raises(Changed):
        fetch(site, tmp_path / "other")


# --- styles ---------------------------------------------------------------------------------------------------------


def test_style_is_what_the_styles_own_list_has(site, tmp_path):
    site.works = {ARTIST: paintings(ARTIST, 40), "ole-brandt": paintings("ole-brandt", 90)}
    listing = listed(site, style="Color Field Painting")  # a name will do
    wanted = [work.slug for work in site.works[ARTIST] if work.style == STYLE]
    assert listing.complete and [work.work_slug for work in listing.works] == wanted and 0 < len(wanted) < 40
    with visit(site) as wikiart:
        site.forget()
        for artist in site.works:
            wikiart.list_works(artist, STYLE)
    assert len(site.requests("paintings-by-style")) == len(set(r.path for r in site.requests("paintings-by-style")))


def test_unknown_artist_and_style_are_one_line(site, capsys):
    assert run(site, "--artist", "mark-rotko", "--backend", "feed") == 2
    assert "no artist 'mark-rotko': did you mean mark-rothko" in one_line(capsys.readouterr().err)
    assert run(site, "--artist", ARTIST, "--style", "colour-field-pianting", "--backend", "feed") == 2
    assert "no style 'colour-field-pianting'" in one_line(capsys.readouterr().err)
    assert not site.requests(host="pictures")


def test_preset_names_thirty_artists_correctly():
    rows = artists("colour-field")
    assert len(rows) == len({row["slug"] for row in rows}) == 30
    assert {"Barnett Newman", "Morris Louis"} <= {row["name"] for row in rows}  # misnamed by the 2021 scraper
    assert sum(int(row["pictures_2021"]) for row in rows) == 940
    assert artist_slug("Barnett Newman") == "barnett-newman"
    assert artist_slug("https://www.wikiart.org/en/mark-rothko/all-works#!#filterName:x") == "mark-rothko"
    for bad in ("..", "a/b", "", "http://", "!!"):
        with pytest.raises(UserError):
            artist_slug(bad)


def test_preset_goes_on_without_artists_the_site_does_not_know(site, capsys):
    site.works = {"mark-rothko": paintings("mark-rothko", 4)}
    assert run(site, "--preset", "colour-field", "--backend", "feed", "--size", "thumb") == 3
    assert capsys.readouterr().err.count("the site has no artist") == 29
    assert {row["artist_name"] for row in Manifest("out")} == {"Mark Rothko"}
    assert all(row["style"] == "Color Field Painting" for row in Manifest("out"))


# --- manners --------------------------------------------------------------------------------------------------------


def test_requests_keep_their_distance_and_say_who_asks(site, tmp_path):
    site.works = {ARTIST: paintings(ARTIST, 3)}
    manners = replace(QUICK, delay=0.05, jitter=0.5, contact="me@example.org")
    fetch(site, tmp_path, manners=manners)
    times = sorted(request.time for request in site.log)  # both hosts: they are one site
    assert len(times) >= 9 and min(b - a for a, b in itertools.pairwise(times)) >= 0.05
    assert all("artkeras/" in r.agent and "me@example.org" in r.agent for r in site.log)
    assert [request.path for request in site.log].index("/robots.txt") == 0


@pytest.mark.parametrize(
    "robots",
    [
        "User-agent: *\nDisallow: /\n",
        "User-agent: artkeras\nDisallow: /en/\n\nUser-agent: *\nAllow: /\n",
        "User-agent: *\nDisallow: /*json=2\n",
        "User-agent: *\nDisallow: /en/*/mode/\n",
    ],
)
def test_robots_that_disallow_are_obeyed(site, robots, capsys):
    site.behaviour = Behaviour(robots=robots)
    assert run(site, "--artist", ARTIST) == 4
    assert "robots.txt" in one_line(capsys.readouterr().err)
    assert {request.path for request in site.log} == {"/robots.txt"}


@pytest.mark.parametrize("robots", [404, 410, "", "<html>no such page</html>", "User-agent: other\nDisallow: /\n"])
def test_robots_that_say_nothing_about_us(site, robots):
    site.behaviour = Behaviour(robots=robots)
    assert listed(site).complete


@pytest.mark.parametrize("robots", [500, 403])
def test_robots_that_cannot_be_read_mean_no(site, robots):
    site.behaviour = Behaviour(robots=robots)
    with pytest.raises(Refused):
        listed(site, "auto")
    assert {request.path for request in site.log} == {"/robots.txt"}


def test_crawl_delay_is_kept(site):
    site.behaviour = Behaviour(robots="User-agent: *\nCrawl-delay: 0.1\nAllow: /\n", page_size=3)
    naps = []
    rules = polite.urllib.robotparser.RobotFileParser.crawl_delay  # whole seconds only, says the standard library
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(polite.urllib.robotparser.RobotFileParser, "crawl_delay", lambda self, agent: 7)
        with visit(site) as wikiart:
            wikiart.session._sleep = naps.append
            wikiart.list_works(ARTIST)
    assert rules and max(naps) > 6


@pytest.mark.parametrize("refusal", ["403", "challenge", "429", "login"])
@pytest.mark.parametrize("backend", ["feed", "auto"])
def test_refusal_of_the_list_is_final_and_not_got_round(site, refusal, backend, capsys):
    site.behaviour = Behaviour(refusal=refusal)
    assert run(site, "--artist", ARTIST, "--backend", backend) == 4
    assert "refuses" in one_line(capsys.readouterr().err)
    asked = [request.path for request in site.log if request.path != "/robots.txt"]
    assert len(set(asked)) == 1 and len(asked) == (4 if refusal == "429" else 1)


@pytest.mark.parametrize("refusal", ["403", "challenge"])
def test_refusal_of_a_picture_stops_everything_at_once(site, refusal, capsys):
    site.behaviour = Behaviour(refusal=refusal, matching="/images/", after=3)
    assert run(site, "--artist", ARTIST, "--backend", "feed") == 4
    assert "What was fetched is kept" in one_line(capsys.readouterr().err)
    assert site.log[-1].status == 403 and [r.status for r in site.log].count(403) == 1
    assert len(Manifest("out").pictures()) == 3 and Path("out/manifest.csv").is_file()
    site.behaviour = Behaviour()
    site.forget()
    assert run(site, "--artist", ARTIST, "--backend", "feed") == 0 and len(site.pictures_asked()) == 5


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(site, form):
    when = email.utils.formatdate(time.time() + 60, usegmt=True) if form == "date" else "60"
    site.behaviour = Behaviour(refusal="429", pardon=2, retry_after=when)
    naps = []
    with visit(site) as wikiart:
        wikiart.session._sleep = naps.append
        assert wikiart.list_works(ARTIST).complete
    assert len([nap for nap in naps if 50 < nap <= 60]) == 2


@pytest.mark.parametrize("wait", ["999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_absurd_retry_after_is_a_refusal(site, wait):
    site.behaviour = Behaviour(refusal="429", retry_after=wait)
    with pytest.raises(Refused, match="asks to wait"):
        listed(site)


@pytest.mark.parametrize("text", ["", "soon", "-5", "\u0663", "Wed, 99 Foo"])
def test_senseless_retry_after_is_passed_over(text):
    assert polite._retry_after(text) is None


def test_five_failures_in_a_row_end_the_run(site, capsys):
    site.works = {ARTIST: paintings(ARTIST, 12)}
    site.behaviour = Behaviour(refusal="503", matching="/images/", after=2)
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--no-details") == 3
    assert "stopped after 5 failures in a row" in one_line(capsys.readouterr().err)
    assert len(Manifest("out").pictures()) == 2


def test_only_the_sites_own_hosts_are_asked(site, tmp_path):
    faulty(site, "foreign-host", "away", "")
    report = fetch(site, tmp_path, details=False)
    assert report.counts == {"failed": 2, "ok": 1}
    assert all("not on one of the site's own hosts" in line for line in report.failed)
    with WikiArt("feed") as wikiart:
        allowed = ["www.wikiart.org", "uploads.wikiart.org", "uploads7.wikiart.org", "use2-uploads8.wikiart.org"]
        assert all(map(wikiart._allowed, allowed))
        others = [
            "wikiart.org.evil.com",
            "evil.com",
            "uploads7.wikiart.org:8080",
            "uploads.wikiart.org.",
            "169.254.169.254",
        ]
        assert not any(map(wikiart._allowed, others))


def test_no_network_is_one_line(capsys, monkeypatch):
    address = "http://127.0.0.1:9"  # nobody answers there
    assert __main__.main(["wikiart", "--artist", "x", "--base-url", address, "--delay", "0", "--out", "out"]) == 3
    assert "cannot reach 127.0.0.1:9" in one_line(capsys.readouterr().err)


def test_passwords_of_netrc_are_not_sent(site, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    sent = []
    with Session(QUICK, lambda host: True) as session:
        session._http.hooks["response"].append(lambda answer, **_: sent.append(dict(answer.request.headers)))
        session._http.trust_env = True
        session.get(f"{site.url}/en/{ARTIST}")
    assert sent and not any("Authorization" in headers for headers in sent)


# --- resuming -------------------------------------------------------------------------------------------------------

ENDS = [
    ("listing", 1),
    ("listed", 1),
    ("page", 3),
    ("picture", 3),
    ("pending", 3),
    ("half a file", 4),  # the first one is the listing
    ("stored", 3),
    ("half a line", 3),
    ("recorded", 3),
]


def worker(site, stage, count, *arguments):
    hosts = ["--base-url", site.url, "--picture-host", site.picture_host, "--delay", "0", "--out", "out"]
    command = [sys.executable, WORKER, stage, str(count), "wikiart", *hosts, "--artist", ARTIST, "--backend", "feed"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize(("stage", "count"), ENDS, ids=[stage for stage, _ in ENDS])
def test_killed_at_any_stage_and_started_again(site, stage, count):
    site.works = {ARTIST: paintings(ARTIST, 5)}
    assert worker(site, stage, count).returncode == -9
    stored = {f"images/{ARTIST}/{path.name}" for path in Path("out/images").rglob("[!.]*") if path.is_file()}
    before = {request.path for request in site.pictures_asked()}
    site.forget()
    assert run(site, "--artist", ARTIST, "--backend", "feed") == 0
    rows = Manifest("out").pictures()
    assert len(rows) == 5 and Manifest("out").damaged == 0
    assert {path.as_posix() for path in Path("out").rglob("*.jpg")} == {f"out/{row['file']}" for row in rows}
    # No picture that was stored is asked for again; at most the one that was on its way.
    again = {request.path for request in site.pictures_asked()} & before
    assert len(again) == (1 if stage in ("picture", "pending", "half a file") else 0)
    assert len(before) + len(site.pictures_asked()) - len(again) == 5
    assert all((Path("out") / name).is_file() for name in stored)


@pytest.mark.skipif(sys.platform == "win32", reason="limits are POSIX")
def test_full_disk_is_one_line_and_loses_nothing(site):
    site.works = {ARTIST: paintings(ARTIST, 9)}
    done = worker(site, "full disk", 16000, "--size", "thumb")
    assert done.returncode == 3
    reasons = [os.strerror(number) for number in (errno.EFBIG, errno.ENOSPC)]
    assert any(reason in one_line(done.stderr) for reason in reasons) and "what was complete is kept" in done.stderr
    kept = len(Manifest("out").pictures())
    assert 0 < kept < 9 and Manifest("out").damaged == 0 and Path("out/manifest.jsonl").read_bytes().endswith(b"\n")
    site.forget()
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--size", "thumb") == 0
    assert 9 - kept - 1 <= len(site.pictures_asked()) <= 9 - kept


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_said_before_anybody_is_asked(site, tmp_path, capsys):
    (tmp_path / "out").mkdir(mode=0o500)
    assert run(site, "--artist", ARTIST) == 2
    assert "cannot write into" in one_line(capsys.readouterr().err) and not site.log


def test_folder_that_is_a_file_is_said_before_anybody_is_asked(site, capsys):
    Path("out").touch()
    assert run(site, "--artist", ARTIST) == 2
    assert "cannot write into out" in one_line(capsys.readouterr().err) and not site.log


def test_ctrl_c_keeps_what_was_fetched(site, monkeypatch, capsys):
    taken = []
    original = collect.Collector.take

    def take(self, work):
        if len(taken) == 3:
            raise KeyboardInterrupt
        taken.append(work)
        return original(self, work)

    monkeypatch.setattr(collect.Collector, "take", take)
    assert run(site, "--artist", ARTIST, "--backend", "feed") == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert len(Manifest("out").pictures()) == 3 and Path("out/manifest.csv").is_file()


# --- the command line -----------------------------------------------------------------------------------------------


def test_estimate_and_rights_notice_come_before_the_first_picture(site, capsys):
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "8 works, 8 pictures to fetch: about" in out and not site.requests(host="pictures")
    assert not Path("out").exists()
    assert run(site, "--artist", ARTIST, "--backend", "feed", "--limit", "2") == 0
    out = capsys.readouterr().out
    assert out.index("2 pictures to fetch") < out.index("Rights: ") < out.index("2 pictures fetched, 0 already there")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--artist"],
        ["--artist", "../x"],
        ["--artist", "a\nb/c"],
        ["--preset", "cubism"],
        ["--artist", "x", "--style", "!"],
        ["--artist", "x", "--limit", "0"],
        ["--artist", "x", "--delay", "0.1"],
        ["--artist", "x", "--delay", "often"],
        ["--artist", "x", "--size", "huge"],
        ["--artist", "x", "--contact", "me\nX-Evil: 1"],
        ["--artist", "x", "--base-url", "wikiart.org"],
        ["--artist", "x", "--base-url", "http://[::1"],
        ["--artist", "x", "--base-url", "http://127.0.0.1:99999"],
        [
            "--artist",
            "x",
            "--base-url",
            "http://127.0.0.1:9",
            "--delay",
            "0",
            "--rights",
            "public-domain",
            "--no-details",
        ],
        ["--artists-file", "nowhere.txt"],
    ],
    ids=str,
)
def test_slips_are_one_line_and_exit_2(arguments, capsys):
    try:
        status = __main__.main(["wikiart", *arguments])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    one_line(capsys.readouterr().err)


def test_artists_file(site):
    Path("artists.txt").write_text(f"# ours\n\n{ARTIST}\nVera Solano\n", "utf-8")
    assert run(site, "--artists-file", "artists.txt", "--backend", "feed", "--size", "thumb") == 0
    assert len(Manifest("out").pictures()) == 8


def test_module_runs_and_says_what_it_can(tmp_path):
    done = subprocess.run([sys.executable, "-m", "data_tools", "--help"], capture_output=True, text=True, check=True)
    for command in ("wikiart", "museum", "kaggle", "facades", "monet2photo", "folder", "manifest"):
        assert command in done.stdout
    done = subprocess.run([sys.executable, "-m", "data_tools", "wikiarts"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1


@pytest.mark.live
def test_live_site_answers_in_the_known_form(tmp_path):
    """A handful of requests, one a second. `pytest -m live`."""
    with WikiArt("feed", Politeness(contact=os.environ.get("ARTKERAS_CONTACT", ""))) as wikiart:
        listing = wikiart.list_works("alma-woodsey-thomas")
        assert listing.complete and len(listing.works) > 10
        report = wikiart.download([listing], tmp_path, "thumb", limit=2)
    assert report.complete and all(row.get("rights_label") for row in Manifest(tmp_path))


def test_replica_is_faithful_to_the_documented_keys(site):
    with Session(QUICK, lambda host: True) as session:
        data = json.loads(session.get(f"{site.url}/en/{ARTIST}/mode/all-paintings?json=2&page=1").text)
    assert {"Paintings", "AllPaintingsCount", "PageSize", "CanLoadMoreArtists"} <= set(data)
    keys = {"id", "title", "year", "width", "height", "artistName", "image", "paintingUrl", "artistUrl", "flags"}
    assert keys <= set(data["Paintings"][0]) and isinstance(Painting("a", "b", "c", "d").picture, str)
    assert pictures.look(picture(1, 20, 10)).width == 20
    assert Incomplete.status == 3
