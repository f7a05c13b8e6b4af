"""Names of files and tables of them, driven by inputs that hypothesis makes."""

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from artkeras.tables import read_rows, write_rows
from data_tools import names, sheet
from data_tools.manifest import Manifest

ENDINGS = st.sampled_from((".jpg", ".png", ".tif"))
STEMS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("aAäÄéßſKK.-_ /")), min_size=1, max_size=8
)
OURS = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.lists(st.tuples(STEMS, ENDINGS), max_size=20))
@example([("a", ".jpg"), ("A", ".jpg"), ("a", ".png"), ("Du\u0308rer", ".png"), ("D\u00fcrer", ".png")])
@OURS
def test_every_file_gets_a_name_of_its_own_the_same_each_time(wanted):
    given_names = names.OwnNames()
    made = [given_names.give(stem, ending, str(owner)) for owner, (stem, ending) in enumerate(wanted)]
    stems = [name.removesuffix(ending) for name, (_, ending) in zip(made, wanted)]
    assert len({names.folded(stem) for stem in stems}) == len(wanted)
    assert [given_names.give(stem, ending, str(owner)) for owner, (stem, ending) in enumerate(wanted)] == made


@given(st.text(max_size=40))
@OURS
def test_stems_stay_in_their_folder_and_can_be_written(text):
    stem = names.file_stem(text)
    assert stem and "/" not in stem and "\\" not in stem and not stem.startswith(".")
    assert len(stem.encode("utf-8")) <= 150 and not names.RESERVED.fullmatch(stem)


@given(st.text(max_size=30), st.text(max_size=30))
@OURS
def test_addresses_are_joined_or_empty(base, url):
    whole = names.joined(f"http://{base}" if base else "", url)
    whole.encode("utf-8")
    assert names.slugs_of(url) and isinstance(names.slugs_of(whole)[0], str)


@given(st.text(string.printable + "äöü\u0308'’.", min_size=1, max_size=30))
@OURS
def test_spellings_are_slugs_and_hold_the_plain_one(name):
    found = names.spellings(name)
    assert len(set(found)) == len(found) and all(found)
    assert not names.slug(name) or found[0] == names.slug(name)


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ("=1+1", "+a", "-b", "@x", "'=1", "''", " padded ", "a;b", 'say "no"', "1,5")
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
@OURS
def test_titles_come_back_from_the_table_as_they_were_and_none_is_a_formula(tmp_path, titles):
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    manifest = Manifest(folder)
    with manifest.writing():
        for number, (title, artist) in enumerate(titles):
            manifest.add({"key": f"k{number}", "status": "ok", "title": title, "artist_name": artist})
        path = manifest.export()
        assert manifest.export() == path  # its own table is known again, whatever is in it
    rows = {row["key"]: row for row in read_rows(path, ("key", "title"))}
    for number, (title, artist) in enumerate(titles):
        assert (rows[f"k{number}"]["title"], rows[f"k{number}"]["artist_name"]) == (title, artist)
    for line in Path(path).read_text("utf-8").splitlines():
        assert not any(cell.lstrip('"').startswith(("=", "@")) for cell in line.split(","))


@given(st.sampled_from(("NFC", "NFD")), st.lists(STEMS, unique_by=names.plain, min_size=1, max_size=8))
@OURS
def test_a_sheet_finds_its_files_in_any_form(tmp_path, form, stems):
    known = [f"x{stem}" for stem in stems]
    path = tmp_path / "sheet.csv"
    rows = [{"file": unicodedata.normalize(form, name), "decision": "drop"} for name in known]
    write_rows(path, ("file", "decision"), rows)
    assert sheet.read(path, known) == ({name: "drop" for name in known}, 0)


DEVICES = ["CON", "con", "con.txt", "Prn.tar.gz", "AUX", "nul", "COM1", "com9.x", "LPT0", "com¹", "lpt³.a", "CONIN$"]
FORBIDDEN = ["name.", "name ", "name. .", "...", " ", "a:b", 'a<b>c"d|e?f*g', "a\\b", "a\tb"]


@pytest.mark.parametrize("text", DEVICES + FORBIDDEN)
def test_stems_can_be_written_on_windows(text):
    """No device, no dot or space at the end, none of < > : " / \\ | ? *, no control character."""
    stem = names.file_stem(text)
    assert stem and stem != text
    assert stem.split(".")[0].lower() not in {name.split(".")[0].lower() for name in DEVICES}
    assert not stem.endswith((".", " ")) and not set(stem) & set('<>:"/\\|?*') and stem.isprintable()


def test_stems_that_windows_takes_for_one_differ():
    texts = ["Horizon", "horizon", "HORIZON", "horizon.", "horizon ", "hor\u0131zon"]
    texts += ["Du\u0308rer", "d\u00fcrer", "con", "Con", "con.a", "con-a"]
    assert len({names.file_stem(text).casefold() for text in texts}) == len(texts)
