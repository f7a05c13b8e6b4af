"""Asking a web site politely: one request at a time, slowly, by its rules, and no more once it refuses.

A `Session` asks robots.txt of each host first, keeps a pause between requests to a site, says who it is, waits as long
as it is told to (Retry-After), tries again what may pass, and gives up after five failures in a row. A refusal -
robots.txt, 401, 403, a challenge page, a way to a login page, a 429 that stays - is final: `Refused` is raised, then
and for every later request to that site. Only hosts that the caller named are asked, redirects included.
"""

from __future__ import annotations

import contextlib
import email.utils
import ipaddress
import random
import re
import socket
import threading
import time
import urllib.robotparser
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import artkeras
from artkeras.errors import UserError
from data_tools import names
from data_tools.errors import Incomplete, Missing, Refused

PRODUCT = "artkeras"
PAGE_LIMIT = 32 << 20  # bytes that a page may have
PICTURE_LIMIT = 256 << 20
REDIRECTS = 5
RETRIED = {429, 500, 502, 503, 504}
RATE = 10_000  # bytes a second that a large file must bring on average
# Titles of the pages that ask a visitor to prove being human, or to log in.
CHALLENGES = re.compile(
    r"just a moment|attention required|access denied|ddos-guard|checking your browser|human verification"
    r"|verify(ing)? (that )?you are|are you (a )?(human|robot)"
    r"|(security check|captcha|(please )?(log|sign)[ -]?in)\s*($|[|–—-])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Politeness:
    """How a site is asked.

    Attributes:
        delay: seconds between the end of one request to a site and the start of the next.
        jitter: up to this share of the delay is added, at random.
        contact: a mail address or web page, told to the site.
        timeout: seconds of silence after which a request has failed.
        longest: seconds after which a request has failed whose answer is not complete, however steadily bytes come.
        tries: how often a request is made that fails in a passing way.
        backoff: seconds before the second try; doubled for each further one, up to 60.
        longest_wait: a Retry-After beyond this many seconds counts as a refusal.
        failures: this many failed requests in a row end the run.
    """

    delay: float = 1.0
    jitter: float = 0.3
    contact: str = ""
    timeout: float = 30.0
    tries: int = 4
    backoff: float = 2.0
    longest_wait: float = 300.0
    failures: int = 5
    longest: float = 300.0

    @property
    def user_agent(self) -> str:
        """Who asks, with the version and the contact."""
        about = f"; {self.contact}" if self.contact else ""
        return f"{PRODUCT}/{artkeras.__version__} (collects pictures for study{about})"


@dataclass(frozen=True)
class Answer:
    """What came back: the last address, the status, headers by lower-case name, the bytes."""

    url: str
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The bytes as UTF-8; what is not becomes a replacement character."""
        return self.body.decode("utf-8", "replace")


class Failed(Exception):
    """One request that did not succeed, after all its tries; the text says why.

    Attributes:
        status: of the answer; 0 without one.
        lasting: whether the same request will hardly ever succeed. Outages and broken connections are not lasting.
    """

    def __init__(self, reason: str, status: int = 0, lasting: bool = False):
        super().__init__(reason)
        self.status = status
        self.lasting = lasting or (400 <= status < 500 and status not in (408, 425, 429))


class Session:
    """One visit to a site and its picture hosts. A context manager.

    Args:
        politeness: the manners.
        allowed: says whether a host, written as in a URL ("uploads3.wikiart.org", "127.0.0.1:8000"), may be asked.
        log: takes a line of text, such as that the site asked to wait.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        politeness: Politeness,
        allowed: Callable[[str], bool],
        log: Callable[[str], object] = print,
        sleep: Callable[[float], object] = time.sleep,
    ):
        try:
            import requests
        except ImportError:
            raise UserError("requests is missing: pip install requests") from None
        self.politeness, self.allowed, self._log, self._sleep = politeness, allowed, log, sleep
        self._requests = requests
        self._http = requests.Session()
        self._http.headers["User-Agent"] = politeness.user_agent
        self._http.auth = _no_password
        self._connections: weakref.WeakSet = weakref.WeakSet()
        for scheme in ("http://", "https://"):
            self._http.mount(scheme, _adapter(self._connections))
        self._free: dict[str, float] = {}  # site -> when it may be asked again
        self._robots: dict[str, urllib.robotparser.RobotFileParser | None] = {}
        self._refused: dict[str, Refused] = {}
        self._failures = 0
        self.count = 0

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, url: str, *, headers: dict[str, str] | None = None, limit: int = PAGE_LIMIT) -> Answer:
        """Ask for `url`, after all the pauses that are due.

        Returns:
            An answer with status 200.

        Raises:
            Missing: status 404 or 410.
            Failed: any other failure, after all tries.
            Incomplete: that was one failure too many in a row.
            Refused: the site refuses; see the module.
        """
        for _ in range(REDIRECTS + 1):
            self.check(url)
            answer = self._try(url, headers or {}, limit)
            if 300 <= answer.status < 400 and answer.headers.get("location"):
                asked, url = url, names.joined(url, answer.headers["location"])
                if not url:
                    raise self._fail(f"{_short(asked)} is redirected to what is no address")
                if re.search(r"/(log|sign)-?in\b", urlsplit(url).path.lower()):
                    raise self._refuse(url, "it sends visitors to a login page")
                continue
            if answer.status in (404, 410):
                self._failures = 0
                raise Missing(url)
            if answer.status != 200:
                raise self._fail(f"{_short(url)} answered {answer.status}", answer.status)
            self._failures = 0
            return answer
        raise self._fail(f"{_short(url)} is redirected without end")

    def save(self, url: str, path: Path, size: int) -> None:
        """Fetch one large file of a known size to `path`; what is there of it already is not fetched again.

        Raises:
            Missing, Failed, Refused: as `get`. What has arrived stays at `path`, for the next try.
            OSError: the disk is full.
        """
        from tqdm import tqdm

        for _ in range(REDIRECTS + 1):
            self.check(url)
            self.pace(url)
            have = path.stat().st_size if path.is_file() else 0
            if have == size:
                return
            if have > size:
                path.unlink()
                have = 0
            self._http.trust_env = not is_loopback(url)
            headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {}
            longest = self.politeness.longest + (size - have) / RATE
            try:
                with (
                    self._within(longest),
                    contextlib.closing(
                        self._http.get(
                            url, headers=headers, timeout=self.politeness.timeout, stream=True, allow_redirects=False
                        )
                    ) as response,
                ):
                    found = {name.lower(): value for name, value in response.headers.items()}
                    status = response.status_code
                    if status in (200, 206):
                        have = have if status == 206 else 0  # a server that knows no parts begins again
                        with (
                            open(path, "ab" if have else "wb") as file,
                            tqdm(
                                total=size, initial=have, desc=path.name, unit="B", unit_scale=True, disable=None
                            ) as bar,
                        ):
                            for block in response.iter_content(1 << 14):
                                file.write(block)
                                bar.update(len(block))
                                if file.tell() > size:
                                    raise Failed(f"{_short(url)} is larger than the {size} bytes it should have")
            except self._requests.exceptions.RequestException as error:
                raise Failed(f"{_short(url)}: {_reason(error)}") from error
            except _TooSlow as error:
                raise Failed(f"{_short(url)}: {error}") from error
            finally:
                self.asked(url)
            if status in (200, 206):
                if path.stat().st_size < size:
                    raise Failed(f"{_short(url)} broke off after {path.stat().st_size} of {size} bytes")
                return
            self._look_for_refusal(Answer(url, status, found, b""), url)
            if status in (404, 410):
                raise Missing(url)
            if not 300 <= status < 400 or not found.get("location"):
                raise Failed(f"{_short(url)} answered {status}", status)
            asked, url = url, names.joined(url, found["location"])
            if not url:
                raise Failed(f"{_short(asked)} is redirected to what is no address")
        raise Failed(f"{_short(url)} is redirected without end")

    def check(self, url: str) -> None:
        """Make sure that `url` may be asked for: host, robots.txt, no refusal so far.

        Raises:
            Refused: it may not.
            Failed, Incomplete: robots.txt could not be read.
        """
        if names.joined("", url) != url:
            raise Failed(f"{_short(url)} is no address", lasting=True)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not self.allowed(parts.netloc.lower()):
            raise Failed(f"{_short(url)} is not on one of the site's own hosts", lasting=True)
        if refusal := self._refused.get(site(url)):
            raise refusal
        robots = self._rules(url)
        if robots is not None and not _may(robots, url):
            raise self._refuse(url, f"robots.txt of {parts.netloc} disallows {parts.path}")

    def pace(self, url: str) -> None:
        """Wait until the site may be asked again. Those who ask by other means call it, then `asked`."""
        wait = self._free.get(site(url), 0.0) - time.monotonic()
        if wait > 0:
            self._sleep(wait)

    def asked(self, url: str) -> None:
        """Start the pause after a request."""
        self.count += 1
        delay = self.politeness.delay
        robots = self._robots.get(_host(url))
        if robots is not None:
            delay = max(delay, min(float(robots.crawl_delay(PRODUCT) or 0), 60.0))
        pause = delay * (1 + random.uniform(0, self.politeness.jitter))
        self._free[site(url)] = time.monotonic() + pause

    def refuse(self, url: str, reason: str) -> Refused:
        """Note that the site refuses; returns what to raise. For those who ask by other means."""
        return self._refuse(url, reason)

    def _try(self, url: str, headers: dict[str, str], limit: int) -> Answer:
        """One answer, whatever its status, after as many tries as it takes."""
        wait = self.politeness.backoff
        for left in reversed(range(self.politeness.tries)):
            told = None
            self.pace(url)
            try:
                answer = self._ask(url, headers, limit)
            except _Broken as error:
                if not left:
                    raise self._fail(f"{_short(url)}: {error}") from error
            except _TooSlow as error:  # a second try would take as long
                raise self._fail(f"{_short(url)}: {error}") from error
            else:
                self._look_for_refusal(answer, url)
                if answer.status not in RETRIED:
                    return answer
                told = _retry_after(answer.headers.get("retry-after", ""))
                if told is not None and told > self.politeness.longest_wait:
                    raise self._refuse(url, f"it asks to wait {told:.0f} s (status {answer.status})")
                if not left and answer.status == 429:
                    raise self._refuse(url, "it keeps answering 429, too many requests")
                if not left:
                    return answer
            if told:
                self._log(f"{urlsplit(url).netloc} asks to wait {told:.0f} s")
            self._sleep(max(told or 0.0, wait))
            wait = min(wait * 2, 60.0)
        raise AssertionError("tries must be at least 1")

    def _ask(self, url: str, headers: dict[str, str], limit: int) -> Answer:
        """Exactly one request."""
        errors = self._requests.exceptions
        # A proxy that is set for the web is not asked for what runs on this machine.
        self._http.trust_env = not is_loopback(url)
        try:
            with (
                self._within(self.politeness.longest),
                contextlib.closing(
                    self._http.get(
                        url, headers=headers, timeout=self.politeness.timeout, stream=True, allow_redirects=False
                    )
                ) as response,
            ):
                body = bytearray()
                for block in response.iter_content(1 << 16):
                    body += block
                    if len(body) > limit:
                        raise Failed(f"{_short(url)} is larger than {limit >> 20} MB", lasting=True)
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(url, response.status_code, found, bytes(body))
        except errors.RequestException as error:
            raise _Broken(_reason(error)) from error
        except (UnicodeError, ValueError) as error:  # addresses that no library wants to ask for
            raise Failed(f"{_short(url)} is no address ({error})", lasting=True) from error
        finally:
            self.asked(url)

    @contextlib.contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Cut the session's connections if the block takes longer than this: a time limit on each read alone does not
        end an answer of which one byte comes now and then.

        Raises:
            _TooSlow: it took longer.
        """
        late = threading.Event()

        def cut() -> None:
            late.set()
            for noted in list(self._connections):
                sock = noted if isinstance(noted, socket.socket) else noted.sock
                if sock is not None:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (self._requests.exceptions.RequestException, OSError) as error:
            if late.is_set() and not getattr(error, "filename", None):  # a full disk is another matter
                raise _TooSlow(f"the answer was not complete after {seconds:.0f} s") from error
            raise
        finally:
            timer.cancel()
        if late.is_set():  # without a stated length, a cut answer looks like a whole one
            raise _TooSlow(f"the answer was not complete after {seconds:.0f} s")

    def _look_for_refusal(self, answer: Answer, url: str) -> None:
        if "challenge" in answer.headers.get("cf-mitigated", ""):
            raise self._refuse(url, f"it asks visitors to prove that they are human (status {answer.status})")
        if answer.status in (401, 403, 407, 451):
            raise self._refuse(url, f"it answered {answer.status}")
        title = title_of(answer.body)
        if CHALLENGES.match(title):
            raise self._refuse(url, f"it shows a page called {title!r} instead of what was asked for")

    def _refuse(self, url: str, reason: str) -> Refused:
        refusal = Refused(
            f"{urlsplit(url).netloc} refuses: {reason}; nothing more is asked of it. "
            "What was fetched is kept: try again another day, slower (--delay), or ask the site"
        )
        self._refused[site(url)] = refusal
        return refusal

    def _fail(self, reason: str, status: int = 0) -> Exception:
        """Count a failure; returns what to raise."""
        self._failures += 1
        if self._failures >= self.politeness.failures:
            return Incomplete(
                f"stopped after {self._failures} failures in a row, the last: {reason}; "
                "what was fetched is kept, run the same command later to go on"
            )
        return Failed(reason, status)

    def _rules(self, url: str) -> urllib.robotparser.RobotFileParser | None:
        """The rules of a host; None when it has none."""
        host = _host(url)
        if host not in self._robots:
            self._robots[host] = None  # so that asking for them is not itself held up by them
            try:
                self._robots[host] = self._read_rules(f"{host}/robots.txt")
            except BaseException:
                del self._robots[host]
                raise
        return self._robots[host]

    def _read_rules(self, url: str) -> urllib.robotparser.RobotFileParser | None:
        for _ in range(REDIRECTS + 1):
            try:
                answer = self._try(url, {}, PAGE_LIMIT)
            except Incomplete:
                raise
            except Failed as error:
                raise Incomplete(
                    f"cannot reach {urlsplit(url).netloc} ({str(error).partition(': ')[2] or error}): "
                    "check the network, then run the same command again"
                ) from error
            if not 300 <= answer.status < 400 or not answer.headers.get("location"):
                break
            url = names.joined(url, answer.headers["location"])
            if not url or not self.allowed(urlsplit(url).netloc.lower()):
                return None
        if answer.status >= 500:
            raise self._refuse(url, f"its robots.txt answers {answer.status}, so what it allows is not known")
        if answer.status != 200 or answer.body.lstrip()[:1] == b"<":  # a page instead of rules: there are none
            return None
        rules = urllib.robotparser.RobotFileParser(url)
        rules.parse(answer.text.lstrip("\ufeff").splitlines())
        return rules


class _Broken(Exception):
    """A request that broke off or never got through; worth another try."""


class _TooSlow(Exception):
    """An answer that took too long."""


def _adapter(connections: weakref.WeakSet):
    """An adapter for requests that notes its connections and their sockets, so that they can be cut.

    Both, since a connection forgets its socket while an answer of unknown length is read, and a socket that is not yet
    secured is only known to its connection.
    """
    from requests.adapters import HTTPAdapter
    from urllib3 import connectionpool

    def noting(pool: type) -> type:
        class Noted(pool.ConnectionCls):  # type: ignore[name-defined]
            def __init__(self, *arguments: Any, **more: Any):
                super().__init__(*arguments, **more)
                connections.add(self)

            def connect(self) -> None:
                super().connect()
                connections.add(self.sock)

        return type(pool.__name__, (pool,), {"ConnectionCls": Noted})

    pools = {"http": noting(connectionpool.HTTPConnectionPool), "https": noting(connectionpool.HTTPSConnectionPool)}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            super().init_poolmanager(*arguments, **more)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
            manager = super().proxy_manager_for(*arguments, **more)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()


def title_of(body: bytes) -> str:
    """The title of a web page, as one line of at most 80 characters; empty without one."""
    found = re.search(rb"<title[^>]*>(.{0,1000}?)</title", body[:65536], re.IGNORECASE | re.DOTALL)
    return names.clean(found[1].decode("utf-8", "replace"))[:80] if found else ""


def _no_password(request):
    """Keeps passwords out of the requests that `~/.netrc` might have for these hosts."""
    return request


def site(url: str) -> str:
    """The site a host belongs to: all of wikiart.org, but each numeric address for itself."""
    host = (urlsplit(url).hostname or "").lower()
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return ".".join(host.split(".")[-2:])


def base_address(url: str) -> str:
    """The address of a site without the "/" at its end.

    Raises:
        UserError: it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port beyond 65535
        good = False
    if not good:
        raise UserError(f"{url!r} is no address of a site: it begins with http:// or https://")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = (urlsplit(url).hostname or "").lower()
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _may(robots: urllib.robotparser.RobotFileParser, url: str) -> bool:
    """What robots.txt says; with the wildcards that sites use and the standard library reads as plain text."""
    if not robots.can_fetch(PRODUCT, url):
        return False
    entries, default = robots.entries, robots.default_entry  # type: ignore[attr-defined]  # typeshed lacks both
    entry = next((e for e in entries if e.applies_to(PRODUCT)), default)
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    for rule in entry.rulelines if entry else []:
        path = rule.path.replace("%2A", "*").replace("%24", "$").replace("%3F", "?").replace("%3D", "=")
        if rule.allowance or ("*" not in path and not path.endswith("$")):
            continue
        pattern = ".*".join(re.escape(piece) for piece in path.removesuffix("$").split("*"))
        if re.match(pattern + ("$" if path.endswith("$") else ""), target):
            return False
    return True


def _retry_after(text: str) -> float | None:
    """Seconds to wait, from either form of the header; None when it says nothing sensible."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
        return max(0.0, when.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(error: Exception) -> str:
    """The innermost words of a nested network error."""
    text = str(error)
    for pattern, words in (
        ("NameResolution|getaddrinfo|Name or service", "its name is not known here: is there a network?"),
        ("Connection refused", "nobody answers there"),
        ("unreachable", "the network is unreachable"),
        ("[Tt]imed? ?out", "no answer in time"),
        ("IncompleteRead|Connection broken|broken pipe", "the answer broke off"),
        ("[Cc]ertificate|SSL", "its certificate is not accepted"),
        ("reset|aborted", "the connection was cut"),
    ):
        if re.search(pattern, text):
            return words
    return " ".join(text.split())[:160] or type(error).__name__


def _short(url: str) -> str:
    """An address that fits on a line."""
    url = "".join(c if c.isprintable() and not c.isspace() else "?" for c in url)  # half a surrogate pair is neither
    return url if len(url) <= 120 else url[:117] + "..."
