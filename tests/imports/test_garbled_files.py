# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever is in a file: it is read as it was written, or refused; never read as something else, never for long."""

import contextlib
import csv
import io
import random
import time
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sprechtag.database import Busy
from sprechtag.imports.reading import read
from sprechtag.imports.sheets import Sheet
from sprechtag.imports.troubles import Unreadable
from sprechtag.paper import sheets

CASES = Path(__file__).parent / "cases"
NAMES = ["Müller", "Groß", "Öztürk", "René", "Zoë", "Ahrens", "Weiß, Jana", "Ölschläger", "Bärbel Übel", "Käßmann"]
EASTERN = ["Wójcik", "Łukasz", "Dąbrowski", "Wiśniewska", "Żak", "Jiří Dvořák", "Černý", "Ahrens"]
LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn"]), max_size=12)
CELLS = st.one_of(
    st.sampled_from([*NAMES, "5a", "10b", "", "a@post.example", 'Haus "Sonne"', "x;y", "zwei\nZeilen"]), LETTERS
)
TABLES = st.integers(2, 6).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
)


def tidy(table: list[list[str]]) -> list[list[str]]:
    from sprechtag.signs import one_line

    rows = [[one_line(cell) for cell in row] for row in table]
    for row in rows:
        while row and not row[-1]:
            row.pop()
    return [row for row in rows if row]


def cells(found: list[Sheet]) -> list[list[str]]:
    return [list(row.cells) for sheet in found for row in sheet.rows]


def written(table: list[list[str]], delimiter: str, quoting: int) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(table)
    return text.getvalue()


@settings(max_examples=300, deadline=None)
@given(TABLES, st.sampled_from(";,\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_what_was_written_is_read_or_refused(
    table: list[list[str]], delimiter: str, encoding: str, all_quoted: bool
) -> None:
    text = f"sep={delimiter}\r\n" + written(table, delimiter, csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
    try:
        found = cells(read(text.encode(encoding)))
    except Unreadable:
        return
    assert found == tidy(table)


@pytest.mark.parametrize("seed", range(200))
def test_lists_of_names_are_read_in_every_encoding_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    encoding = chance.choice(["utf-8", "utf-16", "cp1252", "iso8859-15", "cp850", "mac-roman", "cp1250"])
    names = EASTERN if encoding == "cp1250" else NAMES
    table = [["Schüler" if chance.random() < 0.5 else "Name", "Klasse", "Größe"]]
    table += [
        [chance.choice(names), f"{chance.randint(5, 10)}{chance.choice('abc')}", chance.choice(names)]
        for _ in range(chance.randint(1, 40))
    ]
    if encoding == "cp1250":
        table[0] = ["Name", "Klasse", "Kind"]
    text = written(table, chance.choice(";,\t"), chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    try:
        found = cells(read(text.encode(encoding)))
    except Unreadable as unreadable:
        assert unreadable.reason == "encoding_unclear" and len(table) < 10
        return
    assert found == tidy(table)
    assert "\ufffd" not in str(found)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_a_workbook_is_read_as_it_was_written(table: list[list[str]]) -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(table):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    book.close()
    assert cells(read(file.getvalue())) == tidy(table)


def garbled(whole: bytes, chance: random.Random) -> bytes:
    content = bytearray(whole[: chance.randint(1, len(whole))])
    for _ in range(chance.choice([0, 1, 3, 20])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def test_a_garbled_old_workbook_is_refused_or_read_by_its_process() -> None:
    """The reader of XLS may want any memory: only the process that has little of it may read such a file."""
    whole, chance = (CASES / "fam-old-excel.xls").read_bytes(), random.Random(1)
    for _ in range(25):
        with contextlib.suppress(Unreadable, Busy):
            sheets.read(garbled(whole, chance))


@pytest.mark.parametrize(
    "name", sorted(path.name for path in CASES.iterdir() if path.suffix != ".xls" and "1000" not in path.name)
)
def test_cut_and_garbled_files_are_refused_or_read_in_no_time(name: str) -> None:
    whole = (CASES / name).read_bytes()
    chance = random.Random(name)
    for _ in range(150):
        content = garbled(whole, chance)
        begun = time.process_time()
        try:
            found = cells(read(content))
        except Unreadable:
            found = []
        except BaseException as broken:  # noqa: BLE001 - a workbook's reader says what it likes: the process answers for it
            assert name.endswith(".xlsx") and not isinstance(broken, KeyboardInterrupt)
            found = []
        assert time.process_time() - begun < 1
        assert not any(
            sign == "\ufffd" or "\x00" <= sign < " " or "\x7f" <= sign < "\xa0" for sign in "".join(map("".join, found))
        )


@pytest.mark.parametrize("content", [b'"' * 300_000, b'a;"' * 100_000, b"\xff" * 200_000, b";" * 199 + b"\n" * 300_000])
def test_a_file_that_is_made_to_take_long_does_not(content: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(Unreadable):
        read(content)
        raise Unreadable("read")
    assert time.process_time() - begun < 1.5
