"""Museums, Kaggle, archives and folders, each against a local server that answers in the documented form."""

import hashlib
import io
import json
import os
import threading
import unicodedata
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from replica import picture

from artkeras import data
from artkeras.errors import UserError
from data_tools import __main__, archives, kaggle, museums, names
from data_tools.errors import Changed, Incomplete, Refused
from data_tools.manifest import Manifest
from data_tools.polite import Politeness, Session

QUICK = Politeness(delay=0, backoff=0.001)


class Server:
    """Answers by `answers[path](query, headers)` -> (status, headers, body); notes what it was asked."""

    def __init__(self):
        self.answers, self.log = {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                outer.log.append(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                answer = outer.answers.get(parts.path, lambda *_: (404, {}, b""))
                status, headers, body = answer(query, self.headers)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = headers.get("Content-Length", str(len(body))) != str(len(body))

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def give(self, path, body, status=200, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path] = lambda *_: (status, headers, content)

    def asked(self, part):
        return [path for path in self.log if part in path]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    one = Server()
    yield one
    one.close()


def one_line(text):
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith("data_tools: ")]
    assert len(lines) == 1, text
    return lines[0]


# --- museums --------------------------------------------------------------------------------------------------------


def met(server, count=5):
    """The Met's search (ids only) and objects; the third is not in the public domain after all."""
    numbers = [10_000 + i for i in range(count)]

    def search(query, _):
        assert query["isPublicDomain"] == "true" and query["hasImages"] == "true"
        start, limit = int(query["offset"]), int(query["limit"])
        found = numbers[start : start + min(limit, 2)]  # pages of two
        return 200, {}, json.dumps({"total": count, "objectIDs": found or None}).encode()

    server.answers["/public/collection/v1.1/search"] = search
    for i, number in enumerate(numbers):
        small = f"{server.url}/CRDImages/as/web-large/DP{number}.jpg"
        item = {
            "objectID": number,
            "isPublicDomain": i != 2,
            "title": f"Wave {i}",
            "artistDisplayName": "Katsushika Hokusai" if i < 4 else "Utagawa Hiroshige",
            "objectDate": "ca. 1830–32",
            "objectBeginDate": 1830,
            "medium": "Woodblock print",
            "classification": "Prints",
            "period": "Edo period (1615–1868)",
            "primaryImage": small.replace("web-large", "original"),
            "primaryImageSmall": small,
            "objectURL": f"https://www.metmuseum.org/art/collection/search/{number}",
        }
        server.give(f"/public/collection/v1/objects/{number}", item)
        server.give(urlsplit(small).path, picture(i, 60, 40))
        server.give(urlsplit(item["primaryImage"]).path, picture(i, 90, 60))
    return count - 1


def cleveland(server, count=5):
    items = [
        {
            "id": 94_000 + i,
            "share_license_status": "CC0" if i != 2 else "Copyrighted",
            "title": f"Wave {i}",
            "creation_date": "c. 1830",
            "creation_date_earliest": 1829,
            "creators": [{"description": "Katsushika Hokusai (Japanese, 1760–1849)"}],
            "technique": "color woodblock print",
            "type": "Print",
            "url": f"https://clevelandart.org/art/{i}",
            "images": {
                "web": {"url": f"{server.url}/{i}/{i}_web.jpg", "width": "60", "height": "40"},
                "print": {"url": f"{server.url}/{i}/{i}_print.jpg", "width": "90", "height": "60"},
                "full": {"url": f"{server.url}/{i}/{i}_full.tif", "width": "900", "height": "600"},
            },
        }
        for i in range(count)
    ]

    def search(query, _):
        assert query["cc0"] == "1" and query["has_image"] == "1"
        start = int(query["skip"])
        return 200, {}, json.dumps({"info": {"total": count}, "data": items[start : start + 2]}).encode()

    server.answers["/api/artworks/"] = search
    for i in range(count):
        server.give(f"/{i}/{i}_web.jpg", picture(i, 60, 40))
        server.give(f"/{i}/{i}_print.jpg", picture(i, 90, 60))
    return count - 1


def artic(server, count=5):
    items = [
        {
            "id": 24_000 + i,
            "title": f"Wave {i}",
            "artist_title": "Katsushika Hokusai",
            "date_display": "1830/33",
            "date_start": 1830,
            "image_id": f"aaaa-{i}" if i != 1 else None,
            "is_public_domain": i != 2,
            "thumbnail": {"width": 900, "height": 600},
            "medium_display": "Color woodblock print",
            "style_title": "ukiyo-e",
            "classification_title": "woodblock print",
            "artwork_type_title": "Print",
        }
        for i in range(count)
    ]

    def search(query, headers):
        assert query["query[term][is_public_domain]"] == "true" and "artkeras" in headers["AIC-User-Agent"]
        start = 2 * (int(query["page"]) - 1)
        pages = {"total": count, "total_pages": -(-count // 2), "current_page": int(query["page"])}
        body = {"pagination": pages, "data": items[start : start + 2], "config": {"iiif_url": f"{server.url}/iiif/2"}}
        return 200, {}, json.dumps(body).encode()

    server.answers["/api/v1/artworks/search"] = search
    for i in range(count):
        server.give(f"/iiif/2/aaaa-{i}/full/843,/0/default.jpg", picture(i, 60, 40))
        server.give(f"/iiif/2/aaaa-{i}/full/1686,/0/default.jpg", picture(i, 90, 60))
    return count - 2  # one without a picture, one in copyright


MUSEUMS = {"met": met, "cleveland": cleveland, "artic": artic}


def museum(server, source, *arguments):
    hosts = ["--base-url", server.url, "--picture-host", server.host, "--delay", "0", "--out", "out"]
    return __main__.main(["museum", "--source", source, "--query", "ukiyo-e", *hosts, *arguments])


@pytest.mark.parametrize("source", MUSEUMS)
def test_museums(server, source):
    count = MUSEUMS[source](server)
    assert museum(server, source, "--kind", "print") == 0
    rows = Manifest("out").pictures()
    assert len(rows) == count
    for row in rows:
        assert row["source"] == source and row["rights_status"] == "public_domain" and row["rights_label"]
        assert row["artist_name"] in ("Katsushika Hokusai", "Utagawa Hiroshige") and row["year"] in (1829, 1830)
        assert row["title"].startswith("Wave") and "print" in row["media"].lower() and row["width"] == 60
        assert row["file"].startswith(f"images/{row['artist_slug']}/")
    assert len(data.read("out", 16)[0]) == count

    server.log.clear()
    assert museum(server, source, "--kind", "print") == 0
    assert not [path for path in server.log if path.endswith((".jpg", ".tif")) or "/objects/" in path]
    assert museum(server, source, "--kind", "print", "--size", "large") == 0
    assert {row["width"] for row in Manifest("out").pictures()} == {90}


def test_museums_match_loosely_so_the_artist_is_checked(server):
    met(server)
    assert museum(server, "met", "--artist", "hokusai") == 0
    assert len(Manifest("out").pictures()) == 3
    server.log.clear()
    assert museum(server, "met") == 0  # now any artist: what was left out is known, but for its picture
    assert len(Manifest("out").pictures()) == 4 and not server.asked("/objects/")


def test_museum_limit_and_refusal_and_another_form(server, capsys):
    cleveland(server)
    assert museum(server, "cleveland", "--limit", "2") == 0
    assert len(Manifest("out").pictures()) == 2
    server.give("/4/4_web.jpg", b"", 403, **{"cf-mitigated": "challenge"})
    capsys.readouterr()
    assert museum(server, "cleveland") == 4
    assert "refuses" in one_line(capsys.readouterr().err)
    for form in (b"<html>", b"[]", {"data": 3}, {"data": [3]}, {"data": [{"images": []}, {"images": [3]}]}):
        server.give("/api/artworks/", form)
        assert museum(server, "cleveland") == 5, form
    server.give("/api/artworks/", b"", 500)
    assert museum(server, "cleveland") == 3
    with pytest.raises(UserError, match="no museum"):
        museums.take("louvre", museums.Query("x"), "out")


@pytest.mark.parametrize("address", ["met.example", "http://[::1", "http://127.0.0.1:99999"])
def test_a_wrong_address_of_a_museum_is_one_line(address, capsys):
    assert __main__.main(["museum", "--source", "met", "--query", "x", "--base-url", address]) == 2
    assert "is no address of a site" in one_line(capsys.readouterr().err)


@pytest.mark.live
@pytest.mark.parametrize("source", MUSEUMS)
def test_live_museums(source, tmp_path):
    report = museums.take(source, museums.Query("Hiroshige", "print"), tmp_path, limit=2)
    assert report.fetched == 2


# --- Kaggle ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def kaggle_site(server, monkeypatch, tmp_path):
    """Kaggle's own client, pointed at the local server."""
    from kagglesdk import kaggle_env

    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, server.url)
    service = "/api/v1/datasets.DatasetApiService"

    def offer(files):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for name, content in files.items():
                file.writestr(name, content)
        kind = {"Content-Type": "application/json"}
        version = json.dumps({"currentVersionNumber": 3}).encode()
        server.answers[f"{service}/GetDataset"] = lambda *_: (200, kind, version)
        server.answers[f"{service}/DownloadDataset"] = lambda *_: (200, {}, archive.getvalue())

    server.offer, server.service = offer, service
    return server


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        (
            "abstract",
            {"Abstract_gallery/Abstract_gallery/a_1.jpg": 1, "Abstract_gallery/Abstract_gallery/a_2.jpg": 2}
            | {"Abstract_gallery_2/Abstract_gallery_2/b.jpg": 3},
            {"abstract": 2},
        ),
        (
            "japanese_art",
            {"Japanese_Art/Japanese_Art/1.jpg": 1, "Japanese_Art/Japanese_Art/2.jpg": 2, "Cubism/Cubism/1.jpg": 3},
            {"japanese_art": 2},
        ),
        (
            "artworks",
            {
                "images/images/Albrecht_Dürer/Albrecht_Dürer_1.jpg": 1,
                "images/images/Mark_Rothko/Mark_Rothko_1.jpg": 2,
                "resized/resized/Mark_Rothko_1.jpg": 3,
            },
            {"artworks": 2},
        ),
        ("monet2photo", {"trainA/1.jpg": 1, "trainB/1.jpg": 2, "testA/2.jpg": 3}, {"monet": 1, "photo": 1}),
        ("someone/flower-pictures", {"1.jpg": 1, "deep/2.jpg": 2}, {"flower_pictures": 2}),
    ],
)
def test_kaggle_sets(kaggle_site, name, files, expected):
    contents = {path: picture(seed, 60, 40) for path, seed in files.items()}
    kaggle_site.offer(contents | {"artists.csv": 'name,genre\nMark Rothko,"Abstract Expressionism,Color Field"\n'})
    assert __main__.main(["kaggle", name]) == 0
    for study, count in expected.items():
        rows = Manifest(f"data/{study}").pictures()
        assert len(rows) == count == len(data.read(data.find(study), 16)[0])
        assert all(row["source"] == "kaggle" and row["page_url"].startswith("https://www.kaggle.com/") for row in rows)
        if study == "artworks":
            styles = {row["artist_name"]: row.get("style") for row in rows}
            assert styles == {"Albrecht Dürer": None, "Mark Rothko": "Abstract Expressionism; Color Field"}
    asked = len(kaggle_site.asked("DownloadDataset"))
    assert __main__.main(["kaggle", name]) == 0
    assert len(kaggle_site.asked("DownloadDataset")) == asked  # the client has it


@pytest.mark.parametrize(("status", "exit_status"), [(401, 4), (403, 4), (404, 2), (429, 4), (500, 3)])
def test_kaggle_says_no_in_one_line(kaggle_site, status, exit_status, capsys):
    kaggle_site.give(f"{kaggle_site.service}/GetDataset", b"", status)
    assert __main__.main(["kaggle", "abstract"]) == exit_status
    assert "Kaggle" in one_line(capsys.readouterr().err)


def test_kaggle_slips_and_no_network_and_another_form(kaggle_site, monkeypatch, capsys):
    assert __main__.main(["kaggle", "../x"]) == 2
    assert "is no set: choose abstract" in one_line(capsys.readouterr().err)
    kaggle_site.offer({"other/1.jpg": picture(1, 60, 40)})
    assert __main__.main(["kaggle", "abstract"]) == 5
    assert "has changed its form" in one_line(capsys.readouterr().err)
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, "http://127.0.0.1:9")
    assert __main__.main(["kaggle", "japanese_art"]) == 3
    assert "cannot reach Kaggle" in one_line(capsys.readouterr().err)


def test_kaggle_without_its_client_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
    assert __main__.main(["kaggle", "abstract"]) == 2
    assert "pip install kagglehub" in one_line(capsys.readouterr().err)
    assert set(kaggle.SETS) == {"abstract", "japanese_art", "artworks", "monet2photo"}


# --- archives -------------------------------------------------------------------------------------------------------


def label_map(seed):
    """A few flat rectangles."""
    array = np.zeros((40, 40, 3), np.uint8)
    array[: 10 + seed] = (0, 0, 170)
    array[:, : 5 + seed] = (255, 85, 0)
    return png(array)


def photo(seed):
    return png(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8))


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def offer(monkeypatch, server):
    """Makes a small archive the known one of that name, and puts it on the server."""

    def put(name, files):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for path, content in files.items():
                file.writestr(path, content)
        content = archive.getvalue()
        known = replace(
            archives.ARCHIVES[name],
            urls=(f"{server.url}/gone.zip", f"{server.url}/{name}.zip"),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        monkeypatch.setitem(archives.ARCHIVES, name, known)
        monkeypatch.setattr(archives, "Politeness", lambda **more: QUICK)
        server.give(f"/{name}.zip", content)
        return content

    return put


MONET = {f"monet2photo/trainA/0000{i}.jpg": picture(i, 60, 60) for i in range(3)}
MONET |= {f"monet2photo/trainB/2014-08-0{i}.jpg": picture(10 + i, 60, 60) for i in range(4)}
MONET |= {"monet2photo/testA/9.jpg": picture(30, 60, 60), "monet2photo/testB/8.jpg": picture(31, 60, 60)}


def test_monet2photo(offer, server, tmp_path):
    offer("monet2photo", MONET)
    assert __main__.main(["monet2photo"]) == 0
    assert len(data.read(data.find("monet"), 16)[0]) == 3 and len(data.read(data.find("photo"), 16)[0]) == 4
    monet = Manifest("data/monet").pictures()
    assert {row["artist_name"] for row in monet} == {"Claude Monet"}
    assert {row["rights_status"] for row in monet} == {"public_domain"}
    assert "artist_name" not in Manifest("data/photo").pictures()[0]
    assert not list((tmp_path / "home").rglob("*.zip*"))  # the archive is not kept
    assert __main__.main(["monet2photo", "--part", "test", "--out", "test"]) == 0
    assert len(Manifest("test/monet")) == len(Manifest("test/photo")) == 1


@pytest.mark.parametrize("swapped", [False, True], ids=["photographs in A", "photographs in B"])
def test_facades_are_pairs_with_the_photograph_at_the_left(offer, swapped):
    sides = (label_map, photo) if swapped else (photo, label_map)
    offer("facades", {f"facades/train{s}/{i}_{s}.png": make(i) for s, make in zip("AB", sides) for i in range(12)})
    assert __main__.main(["facades", "--keep"]) == 0
    rows = Manifest("data/facades").pictures()
    assert len(rows) == 12 and {(row["width"], row["height"]) for row in rows} == {(80, 40)}
    for row in rows:
        pair = np.asarray(Image.open(Path("data/facades", row["file"])))
        i = int(row["title"])
        assert np.array_equal(pair[:, :40], np.asarray(Image.open(io.BytesIO(photo(i)))))
        assert np.array_equal(pair[:, 40:], np.asarray(Image.open(io.BytesIO(label_map(i)))))
    assert __main__.main(["facades"]) == 0  # from the archive that was kept


def test_archive_goes_on_where_it_stopped(offer, server, tmp_path):
    content = offer("monet2photo", MONET | {"monet2photo/trainA/large.jpg": picture(40, 400, 400)})

    def ranged(query, headers):
        if "Range" not in headers:  # breaks off in the middle
            return 200, {"Content-Length": str(len(content))}, content[:-100]
        start = int(headers["Range"].removeprefix("bytes=").removesuffix("-"))
        return 206, {}, content[start:]

    server.answers["/monet2photo.zip"] = ranged
    assert __main__.main(["monet2photo"]) == 3
    part = next((tmp_path / "home").rglob("*.part"))
    assert 0 < part.stat().st_size < len(content)
    assert __main__.main(["monet2photo"]) == 0
    assert len(server.asked("/monet2photo.zip")) == 2


def test_archive_of_other_content_is_refused(offer, server, capsys):
    content = offer("monet2photo", MONET)
    server.give("/monet2photo.zip", content[:-1] + b"!")
    assert __main__.main(["monet2photo"]) == 5
    assert "another file now" in one_line(capsys.readouterr().err)
    server.give("/monet2photo.zip", content + b"!")
    assert __main__.main(["monet2photo"]) == 3
    assert "larger than" in one_line(capsys.readouterr().err)
    Path("mine.zip").write_bytes(b"nothing")
    assert __main__.main(["monet2photo", "--archive", "mine.zip"]) == 2
    assert "is not the known" in one_line(capsys.readouterr().err)
    assert __main__.main(["monet2photo", "--archive", "nowhere.zip"]) == 2
    assert "there is no file nowhere.zip" in one_line(capsys.readouterr().err)
    assert not Path("data").exists() or not list(Path("data").rglob("*.jpg"))


def test_hostile_archives_write_nothing_outside(offer, tmp_path, monkeypatch, capsys):
    bomb = b"\0" * (2 << 20)
    monkeypatch.setattr(archives, "MEMBER_LIMIT", 1 << 20)
    files = MONET | {
        "monet2photo/trainA/../../../evil.jpg": picture(50, 60, 60),
        "/evil.jpg": picture(51, 60, 60),
        "monet2photo/trainA/..\\evil.jpg": picture(52, 60, 60),
        "monet2photo/trainA/script.sh": b"#!/bin/sh",
        "monet2photo/trainA/bomb.jpg": bomb,
        "monet2photo/trainA/text.jpg": b"<html>",
    }
    content = offer("monet2photo", files)
    Path("mine.zip").write_bytes(content)
    assert __main__.main(["monet2photo", "--archive", "mine.zip", "--out", "in/side"]) == 0
    assert len(Manifest("in/side/monet").pictures()) == 3
    assert "bomb.jpg: larger than 1 MB" in (err := capsys.readouterr().err) and "a web page" in err
    assert not list(tmp_path.rglob("*evil*")) and not list(tmp_path.rglob("*script*"))


def test_archive_of_another_form(offer, tmp_path, capsys):
    offer("facades", {"facades/readme.txt": b"moved"})
    assert __main__.main(["facades"]) == 5
    assert "no pictures in facades/trainA/" in one_line(capsys.readouterr().err)
    next((tmp_path / "home").rglob("*.zip")).unlink()
    with Session(QUICK, lambda host: True) as session, pytest.raises(Incomplete, match="or get it by other means"):
        archives.fetch("facades", session, ("http://127.0.0.1:9/facades.zip",))
    assert issubclass(Refused, UserError) and issubclass(Changed, UserError)


@pytest.mark.live
def test_live_facades(tmp_path):
    hosts = {urlsplit(url).netloc for url in archives.ARCHIVES["facades"].urls}
    with Session(Politeness(), hosts.__contains__) as session:
        path = archives.fetch("facades", session)
    (report,) = archives.take("facades", path, tmp_path).values()
    assert report.fetched == 400


# --- folders --------------------------------------------------------------------------------------------------------


@pytest.fixture
def mine(tmp_path):
    place = tmp_path / "my pictures"
    for name, seed in {"Mark_Rothko/a.jpg": 1, "Mark_Rothko/a LR.jpg": 2, "Gene Davis/é.png": 3, "b.JPEG": 4}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(picture(seed, 60, 40))
    (place / "copy.jpg").write_bytes(picture(1, 60, 40))
    (place / "broken.jpg").write_bytes(picture(9, 60, 40)[:300])
    (place / "notes.txt").write_text("no picture")
    (place / ".hidden.jpg").write_bytes(picture(5, 60, 40))
    return place


def test_a_folder_of_nothing_but_broken_pictures_is_said(tmp_path, capsys):
    (tmp_path / "torn").mkdir()
    for number in range(3):
        (tmp_path / "torn" / f"{number}.jpg").write_bytes(picture(number, 60, 40)[:300])
    assert __main__.main(["folder", "torn", "--out", "data/mine"]) == 2
    assert "none of the 3 pictures can be read, the first being 0.jpg: a broken picture" in capsys.readouterr().err
    assert Manifest("data/mine").counts() == {"corrupt": 3}


def test_folder_is_copied_and_written_down(mine, capsys):
    assert __main__.main(["folder", str(mine), "--artist-folders", "--style", "Color Field Painting"]) == 0
    manifest = Manifest("data/my pictures")
    assert manifest.counts() == {"ok": 4, "duplicate": 1, "corrupt": 1}
    said = capsys.readouterr()
    assert "4 pictures copied, 0 already there" in said.out
    assert "broken.jpg: a broken picture" in said.err
    by_name = {row["work_slug"]: row for row in manifest}
    assert by_name["Mark_Rothko/a.jpg"]["artist_name"] == "Mark Rothko"
    assert by_name["Gene Davis/é.png"]["artist_slug"] == "gene-davis"
    assert by_name["Gene Davis/é.png"]["file"].endswith(".jpg")  # by what it is
    assert by_name["Mark_Rothko/a LR.jpg"]["file"] == "images/Mark_Rothko/a LR.jpg"  # still a copy of a.jpg
    assert {row["style"] for row in manifest} == {"Color Field Painting"}
    stamps = {path: path.stat().st_mtime_ns for path in Path("data/my pictures/images").rglob("*.*")}
    assert __main__.main(["folder", str(mine), "--artist-folders"]) == 0
    assert "0 pictures copied, 4 already there" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in Path("data/my pictures/images").rglob("*.*")} == stamps


def test_folder_in_place_copies_nothing(mine, capsys):
    before = {path for path in mine.rglob("*") if path.is_file()}
    assert __main__.main(["folder", str(mine), "--out", str(mine), "--artist", "Me"]) == 0
    assert "4 pictures listed, 0 already there" in capsys.readouterr().out
    after = {path.name for path in set(mine.rglob("*")) - before if path.is_file()}
    assert after == {"manifest.jsonl", "manifest.csv"}
    rows = Manifest(mine).pictures()
    assert len(rows) == 4 and all((mine / row["file"]).is_file() and row["artist_name"] == "Me" for row in rows)


def test_folder_that_changed_is_read_again(mine):
    assert __main__.main(["folder", str(mine), "--out", "out"]) == 0
    (mine / "b.JPEG").write_bytes(picture(77, 60, 40))
    (mine / "new.jpg").write_bytes(picture(78, 60, 40))
    assert __main__.main(["folder", str(mine), "--out", "out"]) == 0
    assert len(Manifest("out").pictures()) == 5
    row = Manifest("out").get("folder/-/b.JPEG")
    assert Path("out", row["file"]).read_bytes() == picture(77, 60, 40)


def test_folder_goes_on_with_rows_that_lack_all_but_key_and_status(mine):
    (mine / "manifest.jsonl").write_text('{"key": "folder/-/b.JPEG", "status": "ok"}\n')
    assert __main__.main(["folder", str(mine), "--out", str(mine)]) == 0
    assert Manifest(mine).get("folder/-/b.JPEG")["file"] == "b.JPEG"


def test_folder_slips(mine, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        (["nowhere"], "there is no folder nowhere"),
        ([str(tmp_path / "empty")], "holds no pictures"),
        ([str(mine), "--out", str(mine / "in")], "lies inside"),
    ):
        assert __main__.main(["folder", *arguments]) == 2
        assert words in one_line(capsys.readouterr().err)


def test_manifest_command(mine, capsys):
    assert __main__.main(["folder", str(mine), "--out", "out"]) == 0
    assert __main__.main(["manifest", "out", "--verify", "--csv", "table.csv"]) == 0
    assert "4 ok" in capsys.readouterr().out and Path("table.csv").is_file()
    assert __main__.main(["manifest", "out", "--csv", "out/images"]) == 2
    assert "cannot write out/images" in one_line(capsys.readouterr().err)
    path = Path("out", Manifest("out").pictures()[0]["file"])
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert __main__.main(["manifest", "out"]) == 0
    assert __main__.main(["manifest", "out", "--verify"]) == 3
    path.unlink()
    capsys.readouterr()
    assert __main__.main(["manifest", "out"]) == 3
    assert "is missing or changed" in one_line(capsys.readouterr().err)
    assert __main__.main(["manifest", "nowhere"]) == 2


# --- one name, one file ---------------------------------------------------------------------------------------------


def checked(out, capsys) -> Manifest:
    """The manifest of a folder in which every row has a file of its own with the bytes that the row tells."""
    manifest = Manifest(out)
    rows = manifest.pictures()
    assert len({names.folded(row["file"]) for row in rows}) == len(rows)
    for row in rows:
        assert hashlib.sha256(Path(out, row["file"]).read_bytes()).hexdigest() == row["sha256"]
    capsys.readouterr()
    assert __main__.main(["manifest", str(out), "--verify"]) == 0
    return manifest


def test_names_that_differ_in_ending_case_or_unicode_form_alone_get_files_of_their_own(tmp_path, capsys):
    here = tmp_path / "in"
    here.mkdir()
    accents = [unicodedata.normalize(form, "Dürer.png") for form in ("NFC", "NFD")]
    for seed, name in enumerate(["s.jpg", "s.jpeg", "S.JPG", "p.jpg", "p.png", "t.tif", "t.tiff", "a:b.jpg", *accents]):
        (here / name).write_bytes(picture(seed, 60, 40, "PNG" if name == "p.jpg" else "JPEG"))
    for _ in range(2):
        assert __main__.main(["folder", str(here), "--out", "out"]) == 0
        manifest = checked("out", capsys)
        assert {row["sha256"] for row in manifest.pictures()} == {
            hashlib.sha256(path.read_bytes()).hexdigest() for path in here.iterdir()
        }
    assert len(list(Path("out/images").rglob("*.*"))) == 10


@pytest.mark.parametrize("by", [False, True], ids=["nobody", "by artist"])
def test_two_folders_of_one_name_share_a_target_without_loss(tmp_path, capsys, by):
    for seed, who in enumerate(("Ann", "Bob", "Cy")):
        for number in range(2):
            path = tmp_path / who / "paintings" / f"IMG_{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(10 * seed + number, 60, 40))
    for _ in range(2):
        for who in ("Ann", "Bob", "Cy"):
            arguments = ["folder", str(tmp_path / who / "paintings"), *(["--artist", who] if by else [])]
            assert __main__.main(arguments) == 0
        rows = checked("data/paintings", capsys).pictures()
        assert len(rows) == 6
        for seed, who in enumerate(("Ann", "Bob", "Cy")) if by else ():
            mine = {row["sha256"] for row in rows if row["artist_name"] == who}
            assert mine == {hashlib.sha256(picture(10 * seed + i, 60, 40)).hexdigest() for i in range(2)}


def test_a_folder_that_was_moved_is_not_copied_twice(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    for seed in range(3):
        (tmp_path / "a" / f"{seed}.jpg").write_bytes(picture(seed, 60, 40))
    assert __main__.main(["folder", "a", "--out", "out"]) == 0
    (tmp_path / "a").rename(tmp_path / "b")
    capsys.readouterr()
    assert __main__.main(["folder", "b", "--out", "out"]) == 0
    assert "0 pictures copied, 3 already there" in capsys.readouterr().out
    assert len(checked("out", capsys)) == 3


def test_names_whose_bytes_are_no_utf8_are_named_and_nothing_else_is_lost(tmp_path, capsys):
    place = os.fsencode(tmp_path / "in")
    os.mkdir(place)
    for seed, name in enumerate((b"caf\xe9.jpg", b"caf\xe8.jpg", b"caf\\xe9.jpg", b"plain.jpg")):
        with open(os.path.join(place, name), "wb") as file:
            file.write(picture(seed, 60, 40))
    for _ in range(2):
        assert __main__.main(["folder", "in", "--out", "out"]) == 3
        said = capsys.readouterr().err
        assert said.count("its name is not UTF-8: rename it") == 2 and "caf\\xe8.jpg" in said
        assert {row["title"] for row in checked("out", capsys).pictures()} == {"caf\\xe9", "plain"}


def test_somebody_elses_file_in_the_target_is_not_replaced(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(picture(1, 60, 40))
    Path("out/images").mkdir(parents=True)
    Path("out/images/a.jpg").write_bytes(b"mine")
    assert __main__.main(["folder", "in", "--out", "out"]) == 0
    assert Path("out/images/a.jpg").read_bytes() == b"mine"
    assert len(checked("out", capsys).pictures()) == 1


def test_a_retouched_copy_stays(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(picture(1, 60, 40))
    assert __main__.main(["folder", "in", "--out", "out"]) == 0
    Path("out/images/a.jpg").write_bytes(picture(5, 90, 40))
    capsys.readouterr()
    assert __main__.main(["folder", "in", "--out", "out"]) == 0
    assert "a.jpg was changed by hand and stays" in capsys.readouterr().err
    assert Path("out/images/a.jpg").read_bytes() == picture(5, 90, 40)


def test_two_parts_of_an_archive_share_a_target_without_loss(offer, capsys):
    offer("monet2photo", MONET | {"monet2photo/testA/00001.jpg": picture(40, 60, 60)})
    for part in ("train", "test", "train"):
        assert __main__.main(["monet2photo", "--part", part, "--out", "one"]) == 0
    assert len(checked("one/monet", capsys).pictures()) == 5


def test_a_museum_that_lists_fewer_works_than_it_finds_says_so(server, capsys):
    def search(query, _):
        page = int(query["page"])
        items = [
            {"id": i, "title": "t", "artist_title": "Albrecht Dürer", "is_public_domain": True, "image_id": None}
            for i in range(100 * (page - 1), min(100 * page, 1234))
        ]
        found = {"pagination": {"total": 1234, "total_pages": 13}, "config": {"iiif_url": server.url}, "data": items}
        return 200, {}, json.dumps(found).encode()

    server.answers["/api/v1/artworks/search"] = search
    assert museum(server, "artic", "--limit", "1234", "--out", "a") == 3
    said = capsys.readouterr().err
    assert "found 1,234 works and lists 1,000 of them" in said and "run the same command again" not in said
    assert museum(server, "artic", "--limit", "900", "--out", "b") == 0
    for name in ("Durer", "dürer", unicodedata.normalize("NFD", "Dürer"), "ALBRECHT DURER"):
        assert museum(server, "artic", "--limit", "3", "--artist", name, "--out", f"c{len(name)}") == 0
        assert "3 works" in capsys.readouterr().out
    assert museum(server, "artic", "--limit", "3", "--artist", "Monet", "--out", "d") in (0, 3)
    assert "none of the works found is by Monet; they are by Albrecht Dürer" in capsys.readouterr().err
    assert museum(server, "artic", "--artist", "!!", "--out", "e") == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_what_cannot_be_looked_at_is_named_and_loses_nothing(tmp_path, monkeypatch, capsys):
    for seed, name in enumerate(("a.jpg", "disk/b.jpg")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(picture(seed, 60, 40))
    assert __main__.main(["clean", "in", "--out", "clean"]) == 0
    os.mkfifo(tmp_path / "in" / "pipe.jpg")
    (tmp_path / "in" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    real = os.scandir

    def scandir(path="."):
        if os.fspath(path).endswith("disk"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    capsys.readouterr()
    monkeypatch.setattr(os, "scandir", scandir)
    assert __main__.main(["folder", "in", "--out", "out"]) == 3
    said = capsys.readouterr().err
    assert all(
        line in said for line in ("disk: Permission denied", "pipe.jpg: no plain file", "gone.jpg: a link to nothing")
    )
    for command in ("clean", "curate", "augment"):
        assert __main__.main([command, "in", "--out", command]) == 3
        assert "disk (Permission denied)" in one_line(capsys.readouterr().err)
    assert Path("clean/disk/b.jpg").is_file()
