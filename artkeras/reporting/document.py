"""HTML pages that are one file: they hold their pictures, style and script, and the browser loads nothing for them.

A template is a file `NAME.html` beside this module, with one `<style>`, one `<script>` and marks such as `{{title}}`.
`{{policy}}` becomes a content security policy that allows just these two and pictures that are data.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any


def fill(template: str, values: Mapping[str, str]) -> str:
    """A page: the template of this name with everything in its place.

    Args:
        template: its file's name, such as "page.html".
        values: HTML for each mark but `policy`; whoever gives it has escaped it.
    """
    text = resources.files("artkeras.reporting").joinpath(template).read_text(encoding="utf-8")
    style, script = (text.split(f"<{tag}>")[1].split(f"</{tag}>")[0] for tag in ("style", "script"))
    policy = [  # no address but data, no script but ours
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    everything = {**values, "policy": "; ".join(policy)}
    # in one pass: what is put in is not looked through again
    return re.sub(r"\{\{(\w+)\}\}", lambda found: everything[found[1]], text)


def embedded(data: Any) -> str:
    """JSON to stand in an element `<script type="application/json">`; "<" would let a caption end the element."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _digest(text: str) -> str:
    """The name that a content security policy gives to an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
