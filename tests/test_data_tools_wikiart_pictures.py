"""The scraper against a replica of the site: pictures, and what comes in their place."""

import json
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from replica import Behaviour, Replica, paintings
from visiting import ARTIST, QUICK, by_slug, faulty, fetch, one_line, run

from data_tools import collect, pages, polite, works
from data_tools.errors import Changed
from data_tools.manifest import Manifest
from data_tools.names import encoded
from data_tools.polite import Session
from data_tools.sizes import chain
from data_tools.works import Work


@pytest.fixture
def site(replica):
    """The replica with one artist of eight works."""
    replica.works = {ARTIST: paintings(ARTIST, 8)}
    return replica


def test_what_comes_instead_of_pictures_is_told_apart(site, tmp_path):
    statuses = {
        "": "ok",
        "no-large": "ok",  # a larger or smaller one is there
        "gone": "missing",
        "frame": "placeholder",
        "frame-redirect": "placeholder",
        "frame-shown": "ok",  # the page shows the placeholder, and tells the address of the picture
        "html": "corrupt",
        "json": "corrupt",
        "cut": "corrupt",
        "cut-large": "ok",
        "broken-off": "failed",
        "empty": "corrupt",
        "png": "ok",
        "cmyk": "ok",
        "grey": "ok",
        "grey16": "ok",
        "error": "failed",
        "to-error": "missing",
        "away": "failed",
    }
    faulty(site, *statuses)
    report = fetch(site, tmp_path, manners=replace(QUICK, failures=99))
    rows = by_slug(tmp_path)
    assert {fault: rows[fault or "good"]["status"] for fault in statuses} == statuses
    assert not report.complete and len(report.failed) == 7
    assert rows["no-large"]["image_variant"] == "original"
    assert max(rows["no-large"]["width"], rows["no-large"]["height"]) == 400
    assert rows["cut-large"]["image_variant"] == "original"
    assert rows["png"]["file"].endswith("/png.png") and rows["grey16"]["file"].endswith(".png")  # by what it is
    assert rows["html"]["error"] == "a web page instead of a picture" and rows["empty"]["error"] == "0 bytes"
    assert {row["status"] for row in rows.values() if "file" in row} == {"ok"}
    files = [path for path in (tmp_path / "images").rglob("*") if path.is_file()]
    assert len(files) == sum(status == "ok" for status in statuses.values())

    site.forget()  # final is what is missing or a placeholder; a broken picture is tried in two more runs, then no more
    for _ in range(3):
        fetch(site, tmp_path, manners=replace(QUICK, failures=99))
    assert not site.requests("/gone.jpg") and not site.requests("/frame.jpg") and not site.requests("/good.jpg")
    tried = {slug: row["attempts"] for slug, row in by_slug(tmp_path).items() if row["status"] in ("failed", "corrupt")}
    given_up = {"cut", "empty", "away"}  # the others are outages and pages in place of a picture
    assert tried == {slug: 3 if slug in given_up else 0 for slug in tried}
    assert len(site.requests("/cut.jpg!Large")) == 2 and len(site.requests("/html.jpg!Large")) == 3
    site.works[ARTIST] = [replace(work, fault="") for work in site.works[ARTIST]]
    assert fetch(site, tmp_path, retry_missing=True).counts == {"ok": len(statuses)}


class Spoilt(Replica):
    """A site whose pictures, or all of whose pages, are something else for a while."""

    page = b"<html><head><title>Guest Wi-Fi</title></head><body>Accept the terms</body></html>"
    status, listings, well = 200, False, ()

    def answer(self, host, target):
        here = self.listings if host == "site" else "/images/" in target
        if here and not any(part in target for part in ("/robots.txt", *self.well)):
            return self.status, {"Content-Type": "text/html"}, self.page
        return super().answer(host, target)


@pytest.fixture
def spoilt():
    with Spoilt({ARTIST: paintings(ARTIST, 12)}) as site:
        yield site


SPOILT = ("--artist", ARTIST, "--backend", "feed", "--no-details")


@pytest.mark.parametrize(("status", "page"), [(200, Spoilt.page), (200, b'{"error": "log in"}'), (503, b"busy")])
def test_outages_and_pages_in_place_of_pictures_never_give_a_work_up(spoilt, status, page, capsys):
    spoilt.status, spoilt.page = status, page
    for _ in range(4):
        assert run(spoilt, *SPOILT) == 3
    assert "already there" not in capsys.readouterr().out.replace("0 already there", "")
    spoilt.well = ("/images/",)
    assert run(spoilt, *SPOILT) == 0
    assert len(list(Path("out/images").rglob("*.jpg"))) == Manifest("out").counts()["ok"] == 12


def test_a_wall_of_pages_stops_the_run_after_a_few_and_is_named(spoilt, capsys):
    assert run(spoilt, *SPOILT) == 3
    assert len(spoilt.requests("/images/", "pictures")) <= 6
    said = capsys.readouterr().err
    assert "shows web pages instead of pictures (the last is called 'Guest Wi-Fi')" in said


@pytest.mark.parametrize("title", ["Checking your browser", "Log in | WikiArt", "Verify you are human", "Captcha"])
def test_a_challenge_with_status_200_is_a_refusal_at_once(spoilt, title, capsys):
    spoilt.page = f"<html><head><title>{title}</title></head></html>".encode()
    assert run(spoilt, *SPOILT) == 4
    assert len(spoilt.requests("/images/", "pictures")) == 1
    assert title in one_line(capsys.readouterr().err)


def test_one_odd_page_among_pictures_costs_only_itself(spoilt, capsys):
    spoilt.well = tuple(work.picture for work in spoilt.works[ARTIST][1:])
    assert run(spoilt, *SPOILT) == 3
    assert Manifest("out").counts() == {"ok": 11, "corrupt": 1}


def test_a_portal_in_place_of_the_listing_is_named(spoilt, capsys):
    spoilt.listings = True
    assert run(spoilt, *SPOILT) == 5
    assert "a web page called 'Guest Wi-Fi'" in one_line(capsys.readouterr().err)


def test_a_lost_picture_is_not_already_there_and_answers_for_no_other(site, capsys):
    works = paintings(ARTIST, 3)
    site.works = {ARTIST: [works[0], replace(works[1], file=works[0].picture), works[2]]}
    assert run(site, *SPOILT) == 0
    assert Manifest("out").counts() == {"ok": 2, "duplicate": 1}
    next(row for row in Path("out/images").rglob(f"{works[0].slug}*")).unlink()
    capsys.readouterr()
    assert run(site, *SPOILT) == 0
    assert "1 pictures fetched, 1 already there" in capsys.readouterr().out
    assert len(list(Path("out/images").rglob("*.jpg"))) == 2


@pytest.mark.parametrize(
    "how", [Behaviour(more=5), Behaviour(feed="repeats", page_size=20)], ids=["overstated", "repeated"]
)
def test_a_list_that_ends_early_twice_is_taken_for_whole(site, how, capsys):
    site.works = {ARTIST: paintings(ARTIST, 8 if how.more else 70)}
    site.behaviour = how
    arguments = (*SPOILT, "--size", "thumb")
    assert run(site, *arguments) == 3
    assert "works listed" in capsys.readouterr().err
    assert run(site, *arguments) == 0
    assert "the site has no more" in capsys.readouterr().err
    site.forget()
    assert run(site, *arguments) == 0 and not site.requests("json=2")  # kept, as any whole list


def test_a_failed_page_is_never_taken_for_the_end(site):
    site.works = {ARTIST: paintings(ARTIST, 41)}
    site.behaviour = Behaviour(page_size=20, failing={2: 10**6})
    for _ in range(3):
        assert run(site, *SPOILT, "--size", "thumb") == 3


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Georgia O'Keeffe", "georgia-o-keeffe"), ("M.C. Escher", "m-c-escher"), ("Joaquín Sorolla", "joaqu-n-sorolla")],
)
def test_names_are_spelt_as_the_site_spells_them(site, name, slug, capsys):
    site.works = {slug: paintings(slug, 2)}
    assert run(site, "--artist", name, "--backend", "feed", "--no-details") == 0
    assert {row["artist_slug"] for row in Manifest("out")} == {slug}
    site.forget()
    assert run(site, "--artist", name, "--backend", "feed", "--no-details") == 0 and not site.requests("json=2")
    site.works = {}
    assert run(site, "--artist", name, "--backend", "feed", out="other") == 2
    assert slug in capsys.readouterr().err


def test_a_retouched_picture_stays(site, capsys):
    site.works = {ARTIST: paintings(ARTIST, 3)}
    assert run(site, *SPOILT) == 0
    mine = next(Path("out/images").rglob("*.jpg"))
    Image.new("RGB", (50, 40), "red").save(mine, "JPEG")
    hand = mine.read_bytes()
    capsys.readouterr()
    for size in ("large", "thumb"):
        assert run(site, *SPOILT, "--size", size) == 0
        assert mine.read_bytes() == hand
        assert "changed by hand and stays" in capsys.readouterr().err


HOSTILE = ("http://[bad", "http://x:99999999/en/a/b", "/en/vera-solano/\ud800", "\ud800", None, 7, ["x"])


@pytest.mark.parametrize("field", ["paintingUrl", "image"])
def test_rows_with_addresses_that_cannot_be_read_are_passed_over(site, field, capsys, monkeypatch):
    site.works = {ARTIST: paintings(ARTIST, 3)}
    original = Session.get

    def get(self, url, **more):
        answer = original(self, url, **more)
        if "json=2" not in url:
            return answer
        feed = json.loads(answer.text)
        feed["Paintings"] += [feed["Paintings"][i % 3] | {field: bad} for i, bad in enumerate(HOSTILE)]
        return replace(answer, body=json.dumps(feed).encode())

    monkeypatch.setattr(Session, "get", get)
    assert run(site, *SPOILT) in (0, 3)
    assert "Traceback" not in capsys.readouterr().err
    assert {row["status"] for row in Manifest("out")} <= {"ok", "missing", "failed"}


DEEP = "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, '{"Paintings": ' + DEEP, "9" * 10_000], ids=["deep", "in", "long"])
def test_a_feed_that_cannot_be_parsed_has_changed_its_form(text):
    with pytest.raises(Changed):
        pages.feed_page(text, "http://x")


def test_an_answer_that_drips_is_ended_by_its_deadline(tmp_path):
    """Bytes that come steadily, as headers or as content, of a stated length or not."""

    def serve(server, start):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.recv(1 << 16)
            try:
                connection.sendall(start)
                while True:
                    connection.sendall(b"a")
                    time.sleep(0.05)
            except OSError:
                connection.close()

    for rest in (b"X-Long: ", b"Content-Length: 99999\r\n\r\n", b"\r\n"):
        start = b"HTTP/1.1 200 OK\r\n" + rest
        server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(server, start), daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with polite.Session(replace(QUICK, longest=0.4), lambda host: True) as session:
            session._robots[url] = None
            began = time.monotonic()
            with pytest.raises(polite.Failed, match="not complete after"):
                session.get(f"{url}/x.jpg")
            with pytest.raises(polite.Failed, match="not complete after"):
                session.save(f"{url}/x.zip", tmp_path / "x.zip", 1000)
            assert time.monotonic() - began < 5
        server.close()


def test_placeholder_without_a_name_is_known_by_its_repetition(site, tmp_path):
    works = paintings(ARTIST, 6)
    site.works = {ARTIST: [replace(work, fault="placeholder" if i % 2 else "") for i, work in enumerate(works)]}
    report = fetch(site, tmp_path)
    assert report.counts == {"ok": 3, "placeholder": 3}
    assert len([path for path in (tmp_path / "images").rglob("*.jpg")]) == 3
    assert fetch(site, tmp_path).fetched == 0


def test_duplicates_by_address_and_by_bytes_but_never_by_title(site, tmp_path):
    a, b, c, d = paintings(ARTIST, 4)
    site.works = {
        ARTIST: [
            replace(a, title="Untitled"),
            replace(b, title="Untitled", file=a.picture),  # one picture listed twice
            replace(c, title="Untitled"),
            # the same bytes at another address
            replace(d, title="Untitled", number=c.number, width=c.width, height=c.height, file="/00001/images/x/y.jpg"),
        ]
    }
    report = fetch(site, tmp_path)
    rows = by_slug(tmp_path)
    assert report.counts == {"ok": 2, "duplicate": 2}
    assert rows[b.slug]["duplicate_of"] == rows[a.slug]["key"] and rows[d.slug]["duplicate_of"] == rows[c.slug]["key"]
    assert len(site.pictures_asked()) == 3  # one address is asked for once
    site.forget()
    assert fetch(site, tmp_path).complete and not site.requests(host="pictures")


def test_same_path_on_another_host_is_the_same_picture():
    one = "https://uploads3.wikiart.org/00123/images/a/b.jpg!Large.jpg"
    assert works.image_path(one) == collect.image_path("https://use2-uploads7.wikiart.org/00123/images/a/b.jpg")


def test_another_size_is_fetched_anew_and_a_lost_file_too(site, tmp_path):
    fetch(site, tmp_path, "thumb")
    assert {max(row["width"], row["height"]) for row in Manifest(tmp_path)} == {120}
    fetch(site, tmp_path, "original")
    assert {max(row["width"], row["height"]) for row in Manifest(tmp_path)} == {400}
    row = Manifest(tmp_path).pictures()[0]
    (tmp_path / row["file"]).unlink()
    site.forget()
    assert fetch(site, tmp_path, "original").fetched == 1 and len(site.pictures_asked()) == 1


def test_picture_that_is_here_stays_when_another_size_does_not_come(site, tmp_path):
    fetch(site, tmp_path, "thumb")
    site.works[ARTIST] = [replace(work, fault="gone") for work in site.works[ARTIST]]
    fetch(site, tmp_path, "hd")
    rows = Manifest(tmp_path).pictures()
    assert len(rows) == 8 and all((tmp_path / row["file"]).is_file() for row in rows)
    site.forget()
    assert fetch(site, tmp_path, "hd").fetched == 0 and not site.requests(host="pictures")


def test_odd_slugs_and_titles(site, tmp_path):
    slugs = [
        "mödling-1842",
        "with space",
        "per%cent",
        "quote'\"s",
        "x" * 300,
        "..",
        "a..b",
        "con",
        "שלום",
        "semi;colon,comma",
    ]
    titles = [
        'A "b", c\nd',
        "&quot;Ent&amp;ity&quot;",
        "\u202eevil",
        "שלום עולם",
        "=1+1",
        "",
        "x" * 500,
        "\0",
        "é",
        "ok",
    ]
    works = paintings(ARTIST, len(slugs))
    site.works = {ARTIST: [replace(w, slug=s, title=t) for w, s, t in zip(works, slugs, titles, strict=True)]}
    report = fetch(site, tmp_path, details=False)
    rows = Manifest(tmp_path).pictures()
    assert report.counts.get("ok", 0) >= len(slugs) - 1, by_slug(tmp_path)  # ".." is no address of a work
    for row in rows:
        path = (tmp_path / row["file"]).resolve()
        assert path.is_relative_to(tmp_path / "images" / ARTIST) and path.is_file()
        assert not {"\n", "\0", "\u202e"} & set(row.get("title", ""))
    assert len({row["file"].lower() for row in rows}) == len(rows)
    assert {"שלום עולם", '"Ent&ity"', 'A "b", c d'} <= {row.get("title") for row in rows}


def test_only_public_domain(site, tmp_path):
    site.works = {ARTIST: paintings(ARTIST, 24)}
    report = fetch(site, tmp_path, rights="public-domain")
    free = sum(work.public_domain for work in site.works[ARTIST])
    assert report.complete and report.counts == {"ok": free, "filtered": 24 - free} and 0 < free < 24
    assert len(site.pictures_asked()) == free
    site.forget()
    fetch(site, tmp_path, rights="public-domain")
    assert not site.requests(host="pictures") and len(site.requests(f"/en/{ARTIST}/")) == 1  # the list alone
    fetch(site, tmp_path)  # now all of them; their pages are known already
    assert len(site.pictures_asked()) == 24 - free
    assert len(Manifest(tmp_path).pictures()) == 24


def test_works_pages():
    work = Work("wikiart", "a", "b", page_url="http://x/en/a/b", image_url="http://x/images/a/b.jpg")
    page = """<main ng-init='thumbnailSizesModel = {"ImageThumbnailsModel":[{"Thumbnails":[
      {"Url":"https://uploads1.wikiart.org/b.jpg!HD.jpg?a=b","Name":"HD"}]}]};'>
      <div ng-init='paintingJson = {"title":"A &amp; b","year":"c.1950","image":"http://x/images/a/b.jpg","width":9}'>
      <ul><li><s>Style:</s> <a>One</a>, <a>Two</a></li><li><s>Media:</s> oil, canvas<li><s>Genre:</s> ?</ul>
      <div class="copyright">Public domain <i class="copyright-icon-public-domain"></i></div>
      <div class="copyright">Fair Use</div>"""
    found, offered = pages.details(page, "http://x", work)
    assert (found.title, found.year, found.style, found.media) == ("A & b", 1950, "One; Two", "oil, canvas")
    assert found.genre == "" and found.declared_width == 9 and found.artist_slug == "a"
    assert found.rights_status == "restricted"  # public domain only if every badge says so
    assert found.rights_label == "Public domain; Fair Use"
    assert [name for name, _ in chain(found, "hd", offered)] == ["hd", "original"]
    with pytest.raises(Changed, match="neither paintingJson nor"):
        pages.details("<html><body>" + "<div>" * 5000, "http://x", work)
    assert pages.original("http://x/no-size.jpg", "http://x") == "http://x/no-size.jpg"


def test_addresses_are_encoded_once():
    assert (
        encoded("https://u.org/images/a/mödling 1842.jpg!Large.jpg")
        == "https://u.org/images/a/m%C3%B6dling%201842.jpg!Large.jpg"
    )
    assert encoded(encoded("https://u.org/ä%25.jpg")) == encoded("https://u.org/ä%25.jpg")
