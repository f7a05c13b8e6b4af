"""A listing page of WikiArt in a real browser, headless Chromium driven by Selenium.

The page loads more works when its button is clicked. Each click waits until works have arrived, not for a time; what
lies over the button is dismissed; a button that is gone or hidden means the end, and nothing else does. All addresses
are read from the attributes that the page's lazy loader reads, so nothing depends on what was scrolled into view, and
no picture is loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from artkeras.errors import UserError
from data_tools.errors import Changed
from data_tools.polite import Failed, Session

# Alternatives, tried in order: the site has renamed its classes before.
LINKS = (
    "ul.wiki-masonry-container li a.artwork-name",
    "a.artwork-name",
    "ul.painting-list-text li a",
    "li.painting-list-text-row a",
)
BUTTONS = ("a.masonry-load-more-button", "[ng-click^='loadMore']")
OVERLAYS = ("#close-popup", "button.klaviyo-close-form", "[id*='consent'] [class*='accept']", "[class*='popup-close']")
TRIES = 3  # clicks in a row that bring nothing
GRACE = 1.0  # seconds that a page gets to show what it has received
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "brave-browser")

# What there is to know of the page, in one look. Text, for numbers beyond 2^53 do not survive JavaScript.
STATE = """
const [links, buttons, artist] = arguments;
const shown = e => !!e && e.offsetHeight > 0 && getComputedStyle(e).visibility !== 'hidden';
const first = list => { for (const s of list) { const e = document.querySelector(s); if (e) return e; } return null; };
const hrefs = new Set();
for (const s of links) {
  document.querySelectorAll(s).forEach(a => { const h = a.getAttribute('href'); if (h) hrefs.add(h); });
  if (hrefs.size) break;
}
const navigation = performance.getEntriesByType('navigation')[0];
const asked = performance.getEntriesByType('resource').filter(e => /xmlhttprequest|fetch/.test(e.initiatorType));
const subtitle = document.querySelector('.subtitle');
const count = document.querySelector('span.count');
return JSON.stringify({
  works: hrefs.size,
  like: artist ? document.querySelectorAll(`a[href^="/en/${CSS.escape(artist)}/"]`).length : 0,
  button: buttons.some(s => [...document.querySelectorAll(s)].some(shown)),
  subtitle: subtitle ? subtitle.textContent : '',
  count: count ? count.textContent : '',
  missing: !!document.querySelector('.error404-hint'),
  status: navigation && navigation.responseStatus || 0,
  codes: asked.map(e => e.responseStatus || 0),
  path: location.pathname, title: document.title, ready: document.readyState,
});
"""

ROWS = """
const [links] = arguments;
const rows = new Map();
for (const s of links) {
  document.querySelectorAll(s).forEach(a => {
    const href = a.getAttribute('href');
    if (!href || rows.has(href)) return;
    const item = a.closest('li') || a.parentElement;
    const text = s => { const e = item.querySelector(s); return e ? e.textContent : ''; };
    const image = item.querySelector('img');
    let address = '';
    if (image) for (const name of ['img-source', 'data-src', 'data-original', 'src']) {
      const value = (image.getAttribute(name) || '').trim().replace(/^['"]|['"]$/g, '');
      if (value && !/lazy-load-placeholder|^data:/.test(value)) { address = value; break; }
    }
    const rest = item.classList.contains('painting-list-text-row') ? item.textContent.replace(a.textContent, '') : '';
    rows.set(href, {href, title: a.textContent, year: text('.artwork-year') || rest,
                    artist: text('.artist-name'), image: address});
  });
  if (rows.size) break;
}
return JSON.stringify([...rows.values()]);
"""

# Notes clicks on a button that is asked for by these selectors: one that is drawn again between the pressing and the
# releasing of the mouse gets none.
WATCH = """
const [buttons] = arguments;
window.artkerasClicks = 0;
if (!window.artkerasWatches) {
  window.artkerasWatches = true;
  document.addEventListener('click', e => {
    if (e.target.closest && e.target.closest(buttons.join(','))) window.artkerasClicks += 1;
  }, true);
}
"""

CLICK = """
const [buttons] = arguments;
const button = buttons.flatMap(s => [...document.querySelectorAll(s)]).find(e => e.offsetHeight > 0);
if (button) button.click();
"""

DISMISS = """
let count = 0;
for (const s of arguments[0]) document.querySelectorAll(s).forEach(e => {
  if (e.offsetHeight > 0) { e.click(); count++; }
});
return count;
"""


@dataclass(frozen=True)
class Found:
    """What a listing page gave.

    Attributes:
        rows: href, title, year, artist, image (an address, or empty) of each work.
        total: how many works the page says there are; 0 when it does not say.
        subtitle: the page's words for what it shows.
        whole: whether all of them were read.
        note: why not.
    """

    rows: list[dict[str, Any]]
    total: int
    subtitle: str
    whole: bool
    note: str = ""


class NotThere(Exception):
    """The site says that it has no such page."""


class Browser:
    """Headless Chromium, started by the first page. A context manager.

    Args:
        session: holds the pauses, robots.txt and refusals, so that the browser is no way round them.
        wait: seconds that a page may take to show works.
        binary: the browser's program; by default the first of `BROWSERS` there is, else what Selenium finds.
        headed: show the window.
        overlays: CSS selectors of the buttons that close what lies over the page.
        log: takes a line of text.
    """

    def __init__(
        self,
        session: Session,
        *,
        wait: float = 20.0,
        binary: str = "",
        headed: bool = False,
        overlays: Sequence[str] = OVERLAYS,
        log: Callable[[str], object] = print,
    ):
        self.session, self.wait, self.binary, self.headed = session, wait, binary, headed
        self.overlays, self._log = list(overlays), log
        self._driver: Any = None
        self._agent = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with contextlib.suppress(Exception):  # it may be gone already
                driver.quit()

    def read(self, url: str, artist: str = "") -> Found:
        """Open a listing and load it to its end.

        Args:
            url: of the listing.
            artist: whose works are expected, to tell a page without works from one whose classes were renamed.

        Raises:
            UserError: there is no browser.
            NotThere: the site has no such page.
            Changed: there are works on the page, but not where they used to be.
            Failed: the page did not load, or the browser broke down.
            Refused: the site refuses.
        """
        from selenium.common.exceptions import WebDriverException
        from urllib3.exceptions import HTTPError

        self.session.check(url)
        driver = self._start()
        try:
            return self._read(driver, url, artist)
        except (WebDriverException, HTTPError) as error:  # the latter: its driver is gone
            self.close()
            raise Failed(f"the browser broke down ({_words(error)})") from error

    def _start(self) -> Any:
        if self._driver is not None:
            return self._driver
        try:
            from selenium import webdriver
            from selenium.common.exceptions import WebDriverException
        except ImportError:
            raise UserError("selenium is missing: pip install selenium, or use --backend feed") from None
        os.environ.setdefault("SE_AVOID_STATS", "true")  # Selenium reports its use otherwise
        options = webdriver.ChromeOptions()
        options.page_load_strategy = "eager"  # the document, not its 160 pictures
        if self.binary and not os.path.isfile(self.binary):
            raise UserError(f"there is no browser at {self.binary}: check --browser-binary, or use --backend feed")
        binary = self.binary or next(filter(None, map(shutil.which, BROWSERS)), None)
        driver_path = shutil.which("chromedriver")
        if binary:
            options.binary_location = binary
        for argument in ("--window-size=1366,900", "--disable-background-networking", "--no-first-run"):
            options.add_argument(argument)
        if not self.headed:
            options.add_argument("--headless=new")
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; Chromium's sandbox does not work for root
            options.add_argument("--no-sandbox")
            options.add_argument("--disable-dev-shm-usage")
        # Addresses are read from attributes, so no picture needs to be loaded twice.
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.images": 2})
        try:
            service = webdriver.ChromeService(executable_path=driver_path) if driver_path else webdriver.ChromeService()
            driver = webdriver.Chrome(options=options, service=service)
        except (WebDriverException, OSError, ValueError) as error:
            raise UserError(
                f"no browser could be started ({_words(error)}): install chromium and chromium-driver, "
                "or use --backend feed, which needs none"
            ) from error
        driver.set_page_load_timeout(max(60.0, self.wait))
        driver.set_script_timeout(30)
        self._driver, self._agent = driver, driver.execute_script("return navigator.userAgent")
        return driver

    def _read(self, driver: Any, url: str, artist: str) -> Found:
        # Its own name stays, ours is added.
        told = {"userAgent": f"{self._agent} {self.session.politeness.user_agent}"}
        driver.execute_cdp_cmd("Network.setUserAgentOverride", told)
        driver.get("about:blank")  # to an address that differs after the "#" only, a browser makes no request
        self.session.pace(url)
        try:
            driver.get(url)
        finally:
            self.session.asked(url)
        driver.execute_script("performance.setResourceTimingBufferSize(100000)")
        state = self._until(driver, url, artist, lambda s: s["works"] > 0 or s["missing"] or s["status"] in (404, 410))
        if state["missing"] or state["status"] in (404, 410):
            raise NotThere(url)
        if state["status"] >= 400:
            raise Failed(f"{url} answered {state['status']}", state["status"])
        if not state["works"]:
            failed = [code for code in state["codes"] if code >= 400]
            if state["like"] or (not failed and not self._knows(driver)):
                raise Changed(f"the listing has no works where they used to be: looked for {', '.join(LINKS)}")
            if failed or not state["codes"]:
                raise Failed(
                    f"the listing shows no works ({f'status {failed[-1]}' if failed else 'no answer in time'})"
                )
            return Found([], 0, state["subtitle"], True)
        return self._load_all(driver, url, artist, state)

    def _load_all(self, driver: Any, url: str, artist: str, state: dict[str, Any]) -> Found:
        """Click until the button is gone, or until clicks bring nothing more."""
        tries, note = 0, ""
        while state["button"] and not note:
            before, answered = state["works"], len(state["codes"])
            self.session.pace(url)
            try:
                self._click(driver)
                state = self._until(driver, url, artist, _changed(before, answered))
            finally:
                self.session.asked(url)
            if state["works"] > before:
                tries = 0
                if not state["button"] and state["works"] < _total(state["count"]):  # hidden while it is drawn?
                    state = self._until(driver, url, artist, lambda s: s["button"], GRACE)
                continue
            if not state["button"]:
                break
            tries += 1
            codes = state["codes"][answered:]
            if tries == TRIES:
                why = f"the last answer was {codes[-1]}" if codes else "no answer came"
                if 429 in codes:
                    raise self.session.refuse(url, "it keeps answering 429, too many requests")
                note = f"stalled: {TRIES} clicks on its button brought no further works ({why})"
            else:
                time.sleep(min(self.session.politeness.backoff * 2 ** (tries - 1), 60.0))
        rows = json.loads(driver.execute_script(ROWS, list(LINKS)))
        total = _total(state["count"])
        if not note and total and len(rows) < total:
            note = f"it says {total} works and shows {len(rows)}"
        return Found(rows, total, " ".join(state["subtitle"].split()), not note, note)

    def _until(
        self, driver: Any, url: str, artist: str, done: Callable[[dict[str, Any]], bool], wait: float = 0
    ) -> dict[str, Any]:
        """Look at the page until `done` says so or the time is up; the last state either way."""
        end = time.monotonic() + (wait or self.wait)
        while True:
            state = json.loads(driver.execute_script(STATE, list(LINKS), list(BUTTONS), artist))
            self._look_for_refusal(url, state)
            if done(state) or time.monotonic() > end:
                return state
            time.sleep(0.1)

    def _look_for_refusal(self, url: str, state: dict[str, Any]) -> None:
        host = urlsplit(url).netloc
        if state["status"] in (401, 403, 429, 451) or {401, 403, 451} & set(state["codes"]):
            codes = [code for code in (state["status"], *state["codes"]) if code in (401, 403, 429, 451)]
            raise self.session.refuse(url, f"it answered {codes[0]}")
        if re.match(r"\s*(just a moment|attention required|access denied|ddos-guard)", state["title"].lower()):
            raise self.session.refuse(url, "it shows a challenge page instead of what was asked for")
        if re.search(r"/(log|sign)-?in\b", state["path"].lower()):
            raise self.session.refuse(url, f"{host} sends visitors to a login page")

    def _click(self, driver: Any) -> None:
        """Click the button; dismiss what lies over it as often as it comes back."""
        from selenium.common.exceptions import (
            ElementClickInterceptedException,
            ElementNotInteractableException,
            StaleElementReferenceException,
        )

        driver.execute_script(WATCH, list(BUTTONS))
        for _ in range(TRIES):
            driver.execute_script(DISMISS, self.overlays)
            try:
                button = self._button(driver)
                if button is None:
                    return
                button.click()
            except (StaleElementReferenceException, ElementClickInterceptedException):
                pass  # drawn again meanwhile, or something came to lie over it
            except ElementNotInteractableException:
                return  # hidden meanwhile
            if driver.execute_script("return window.artkerasClicks"):
                return
        driver.execute_script(DISMISS, self.overlays)
        driver.execute_script(CLICK, list(BUTTONS))  # whatever lies over it

    def _button(self, driver: Any) -> Any:
        """The first button that is shown, or None."""
        from selenium.webdriver.common.by import By

        buttons = [b for s in BUTTONS for b in driver.find_elements(By.CSS_SELECTOR, s)]
        return next((b for b in buttons if b.is_displayed()), None)

    def _knows(self, driver: Any) -> bool:
        """Whether the frame of a listing is there, so that no works in it means no works."""
        return bool(driver.execute_script("return !!document.querySelector('.view-all-works, .masonry-content')"))


def _changed(before: int, answered: int) -> Callable[[dict[str, Any]], bool]:
    """Done when works have arrived, or when an answer has and nothing came of it for a moment."""
    since: list[float] = []

    def done(state: dict[str, Any]) -> bool:
        if len(state["codes"]) > answered and not since:
            since.append(time.monotonic())
        return state["works"] > before or bool(since and time.monotonic() - since[0] > GRACE)

    return done


def _total(text: str) -> int:
    """The number at the end of "1-60 out of 163"."""
    numbers = re.findall(r"\d+", re.sub(r"(?<=\d)[,.\u00a0\u202f ](?=\d{3}\b)", "", text))
    return int(numbers[-1]) if numbers else 0


def _words(error: Exception) -> str:
    text = " ".join(str(getattr(error, "msg", "") or error).split())
    return text.partition("; For documentation")[0][:160] or type(error).__name__
