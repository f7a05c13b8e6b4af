"""Documents from templates: HTML pages, and the Markdown of results.

A page is one file: it holds its images, style and script, and the browser loads nothing for it.

A page NAME is three files in a folder `templates`: NAME.html.j2 (Jinja2, extends base.html.j2), NAME.css and NAME.js.
Values are escaped wherever they stand; a script gets its data as JSON in an element of its own. The content security
policy allows this one style, this one script and images that are data, and nothing else.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

SHARED = "artkeras.reporting"  # the package that has base.html.j2


def render(name: str, values: Mapping[str, Any], data: Any, *, package: str = SHARED) -> str:
    """Return a whole page.

    Args:
        name: of the page, such as "page".
        values: for the template; text in them is escaped, `Markup` is not.
        data: for the page's script, anything that JSON can hold.
        package: whose folder `templates` has the page's files.

    Raises:
        jinja2.UndefinedError: the template names a value that is missing.
    """
    environment = _environment(package)
    style, script = (Markup(_source(environment, f"{name}.{ending}")) for ending in ("css", "js"))
    policy = [
        "default-src 'none'",
        "img-src data:",
        f"style-src '{_digest(style)}'",
        f"script-src '{_digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    fixed = {"data": data, "style": style, "script": script, "policy": Markup("; ".join(policy))}
    return _encodable(environment.get_template(f"{name}.html.j2").render(**values, **fixed))


def render_markdown(name: str, values: Mapping[str, Any]) -> str:
    """Return a Markdown document, with one newline at its end.

    Args:
        name: of the template NAME.md.j2.
        values: for the template; Markdown in them stays Markdown.
    """
    text = _environment(SHARED, autoescape=False).get_template(f"{name}.md.j2").render(**values)
    return _encodable(text.rstrip() + "\n")


def data_url(content: bytes, media_type: str) -> str:
    """Return an address that holds a file, such as "data:image/webp;base64,..."."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


@cache
def _environment(package: str, autoescape: bool = True) -> Environment:
    loader = ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, SHARED))])
    return Environment(
        loader=loader, autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _encodable(text: str) -> str:
    """Return a text without what UTF-8 cannot hold, such as the bytes in a file's name that are no characters."""
    return text.encode("utf-8", "replace").decode()


def _source(environment: Environment, name: str) -> str:
    """Return a file of the folder `templates` as it is."""
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    """Return the name that a content security policy gives to an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
