"""Markdown as it stands in cards, as HTML for a page: CommonMark and tables, no HTML, links to the web alone.

A page loads nothing and has no files beside it. An image becomes a link to it, a link to a file becomes its words.
"""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

WEB = ("http://", "https://")
HEADING = "h4"  # all headings: a page has its own above them

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]  # _on_the_web decides, and keeps the words


def blocks(text: str) -> Markup:
    """Return the HTML of a text: paragraphs, lists, tables, headings, code."""
    return _html(_PARSER.parse(text))


def line(text: str) -> Markup:
    """Return the HTML of what stands within a line: code, bold, emphasis, links."""
    return _html(_PARSER.parseInline(text))


def _html(tokens: Sequence[Token]) -> Markup:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = HEADING
        if token.children:
            token.children = list(_on_the_web(token.children))
        token.attrs.pop("style", None)  # the alignment of a table's cells, which the page's policy refuses
    return Markup(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def _on_the_web(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens of a line without links and images that are not on the web; their words stay."""
    kept: list[bool] = []  # for each link around the token: whether it is on the web
    for token in tokens:
        if token.type == "link_open":
            kept.append(_is_web(token.attrs["href"]))
            token.attrs = {"href": token.attrs["href"], "rel": "noreferrer"}
        if token.type == "image":
            yield from _linked(token, inside=any(kept))
        elif token.type not in ("link_open", "link_close") or kept[-1]:
            yield token
        if token.type == "link_close":
            kept.pop()


def _linked(image: Token, inside: bool) -> Iterator[Token]:
    """Yield an image's words, as a link to the image if that is on the web and not `inside` a link already."""
    words = Token("text", "", 0, content=image.content)
    if inside or not _is_web(image.attrs["src"]):
        yield words
        return
    yield Token("link_open", "a", 1, attrs={"href": image.attrs["src"], "rel": "noreferrer"})
    yield words
    yield Token("link_close", "a", -1)


def _is_web(url: str | int | float) -> bool:
    return str(url).lower().startswith(WEB)
