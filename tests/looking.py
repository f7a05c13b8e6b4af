"""Looking at a page in the browser of the fixture `window`, and at its colours."""

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path

import numpy as np


def embedded(page: Path):
    """The data that a page holds for its script."""
    return json.loads(page.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0])


def policy(page: Path) -> dict[str, str]:
    """The content security policy of a page: directive -> what it allows."""
    content = re.search('http-equiv="Content-Security-Policy" content="([^"]+)"', page.read_text(encoding="utf-8"))
    return dict(part.split(" ", 1) for part in unescape(content[1]).split("; "))


def strict(page: Path) -> dict[str, str]:
    """The policy that every page has: this style, this script, images that are data, and nothing else."""
    html = page.read_text(encoding="utf-8")
    allowed = {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        (content,) = re.findall(f"(?s)<{tag}>(.*?)</{tag}>", html)
        allowed[name] = f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
    return allowed


def screen(window, width: int, height: int = 800) -> None:
    """Give the browser a screen of so many CSS pixels; one narrower than 500 is a phone's."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def find(window, selector: str):
    """The first element of a CSS selector."""
    return window.find_element("css selector", selector)


def key(window, name: str) -> None:
    """Press a key where the focus is: one of Selenium's names for keys, or a letter."""
    from selenium.webdriver.common.keys import Keys

    window.switch_to.active_element.send_keys(getattr(Keys, name, name))


def wait(window, condition: str, seconds: float = 30) -> None:
    """Until a JavaScript expression is true; long, for a machine that is busy with something else."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(window, seconds, poll_frequency=0.05).until(lambda w: w.execute_script(f"return {condition}"))


def asked(window) -> list[str]:
    """What was asked of disk and network since the last time, data addresses left out."""
    events = [json.loads(entry["message"])["message"] for entry in window.get_log("performance")]
    urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if not url.startswith("data:")]


# what has no words for who does not see it
NAMELESS = """
  const named = "img, button, input, textarea, progress, [role=img], [role=region], section, nav, a";
  return [...document.querySelectorAll(named)].filter(e => !e.closest("dialog, [hidden]")).filter(e => {
    const by = document.getElementById(e.getAttribute("aria-labelledby"));
    const label = e.labels && e.labels[0], image = e.matches("button, a") && e.querySelector("img");
    const words = [e.alt, e.getAttribute("aria-label"), by && by.textContent, label && label.textContent,
      e.matches("button, a") && e.textContent, image && image.alt];
    return !words.some(text => text && text.trim());
  }).map(e => e.outerHTML.slice(0, 80))"""


def contrast(one: str, other: str) -> float:
    """Of two colours, as WCAG 2 has it: 1 to 21."""

    def light(colour: str) -> float:
        colour = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)
