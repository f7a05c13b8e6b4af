"""Pages as documents: values are text, scripts get data, Markdown gets no HTML and no links but to the web."""

import pytest
from looking import embedded, policy, strict

from artkeras.reporting import markdown
from artkeras.reporting.document import render

EVIL = "</script><script>alert(1)</script><!-- \"'& {{ data }} {% raw %}"


def sheet(tmp_path, title: str, data):
    page = tmp_path / "page.html"
    values = {"title": title, "mark": "a mark", "file": title, "command": title}
    page.write_text(render("sheet", values, data, package="data_tools"), encoding="utf-8")
    return page


def test_values_and_data_are_text_whatever_they_hold(tmp_path):
    page = sheet(tmp_path, EVIL, {"name": EVIL})
    html = page.read_text(encoding="utf-8")
    assert html.count("<script") == html.count("</script>") == 2
    assert "<!--" not in html
    assert html.count("{{ data }} {% raw %}") == 5  # as text, four times in the page and once in its data
    assert embedded(page) == {"name": EVIL}
    assert policy(page) == strict(page)


def test_what_is_no_character_can_be_written(tmp_path):
    page = sheet(tmp_path, "cut \udcff", {"name": "cut \udcff"})
    assert "<h1>cut ?</h1>" in page.read_text(encoding="utf-8")
    assert embedded(page) == {"name": "cut \udcff"}  # what the script gives back is the true name


@pytest.mark.parametrize(
    "text, html",
    [
        ("`a` **b** *c* d_e_f", "<code>a</code> <strong>b</strong> <em>c</em> d_e_f"),
        ("<b>x</b> &lt;i&gt;", "&lt;b&gt;x&lt;/b&gt; &lt;i&gt;"),
        ("[x](https://e.org/?a=1&b=2)", '<a href="https://e.org/?a=1&amp;b=2" rel="noreferrer">x</a>'),
        ('[x](https://e.org "a title")', '<a href="https://e.org" rel="noreferrer">x</a>'),
        ("[x](../model_2/card.md)", "x"),
        ("[x](//e.org)", "x"),
        ("[x](javascript:alert(1))", "x"),
        ("[*x*](JavaScript:alert(1))", "<em>x</em>"),
        ("[x](data:text/html,hi)", "x"),
        ("<javascript:alert(1)>", "javascript:alert(1)"),
        ("![x](grid.png)", "x"),
        ("![x](https://e.org/x.png)", '<a href="https://e.org/x.png" rel="noreferrer">x</a>'),
        ("[![x](https://e.org/x.png)](https://e.org)", '<a href="https://e.org" rel="noreferrer">x</a>'),
        ("[![x](https://e.org/x.png)](card.md)", '<a href="https://e.org/x.png" rel="noreferrer">x</a>'),
        ('[x](https://e.org/"onclick=alert(1))', '<a href="https://e.org/%22onclick=alert(1)" rel="noreferrer">x</a>'),
    ],
)
def test_markdown_in_a_line(text, html):
    assert markdown.line(text) == html


def test_markdown_in_blocks():
    text = "# One\n\n- a\n  b\n\n| c | d |\n|--:|---|\n| 1 | <i> |\n\n<script>alert(1)</script>\n\n```js\n<b>\n```\n"
    html = "".join(markdown.blocks(text).splitlines())
    assert html == (
        "<h4>One</h4><ul><li>ab</li></ul>"
        "<table><thead><tr><th>c</th><th>d</th></tr></thead><tbody><tr><td>1</td><td>&lt;i&gt;</td></tr></tbody></table>"
        '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p><pre><code class="language-js">&lt;b&gt;</code></pre>'
    )
