# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A file from outside takes little memory and time, whatever is in it, and is answered in words."""

import base64
import io
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hosts.conftest import Api
from house import Stage, open_stage
from sprechtag.hosts import import_files
from sprechtag.imports import reading
from sprechtag.imports.sheets import Row, Sheet
from sprechtag.imports.troubles import Unreadable
from sprechtag.imports.workbook import MOST_COLUMNS, MOST_ROWS
from sprechtag.paper import sheets

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def related(*parts: tuple[str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(parts, 1)
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}">{lines}</Relationships>'


def workbook(rows: str, shared: str = "", more: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", related(("officeDocument", "xl/workbook.xml")))
        sheets_ = '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets>'
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{sheets_}</workbook>')
        relations = related(("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", relations)
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
        for name, text in (more or {}).items():
            archive.writestr(name, text)
    return file.getvalue()


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "user")}</row>'


def wide() -> bytes:
    """40 kB, and 700 MB for who makes room for all cells between the first and the last column."""
    return workbook("".join(f'<row r="{n}">{cell(f"A{n}", "x")}{cell(f"XFD{n}", "y")}</row>' for n in range(1, 5001)))


def corner() -> bytes:
    return workbook(f'{HEADER}<row r="1048576">{cell("XFD1048576", "x")}</row>')


def many_strings() -> bytes:
    return workbook(HEADER, "<si><t>a</t></si>" * 3_000_000)


def long_string() -> bytes:
    return workbook(HEADER, f"<si><t>{'a' * 60_000_000}</t></si>")


def repeated() -> bytes:
    """A long text that stands once in the file and in every cell."""
    cells = "".join(
        f'<row r="{n}">{"".join("""<c t="s"><v>0</v></c>""" for _ in range(40))}</row>' for n in range(1, 3000)
    )
    return workbook(cells, f"<si><t>{'a' * 1999}</t></si>")


def lying() -> bytes:
    """The archive's list says that the largest part is small."""
    content = bytearray(many_strings())
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"xl/sharedStrings.xml"))
    content[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(content)


def many_parts() -> bytes:
    return workbook(HEADER, more={f"xl/media/{n}.xml": "" for n in range(1500)})


def many_rows() -> bytes:
    return workbook("".join(f'<row r="{n}">{cell(f"A{n}", "x")}</row>' for n in range(1, MOST_ROWS + 2)))


def many_columns() -> bytes:
    return workbook(
        f'<row r="1">{"".join(f"""<c t="inlineStr"><is><t>{n}</t></is></c>""" for n in range(MOST_COLUMNS + 1))}</row>'
    )


BOMBS: dict[Callable[[], bytes], set[str]] = {
    wide: {"table_too_large", "too_many_columns"},
    corner: {"table_too_large"},
    many_strings: {"table_too_large"},
    long_string: {"table_too_large"},
    repeated: {"table_too_large"},
    lying: {"table_too_large", "file_unreadable"},
    many_parts: {"table_too_large"},
    many_rows: {"too_many_rows"},
    many_columns: {"too_many_columns"},
}


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_workbook_that_is_made_to_fill_memory_is_refused_in_little(bomb: Callable[[], bytes]) -> None:
    content = bomb()
    assert len(content) < 300_000
    with pytest.raises(Unreadable) as refused:
        sheets.read(content)
    assert refused.value.reason in BOMBS[bomb]
    assert memory_of_reading(content) <= 600


def memory_of_reading(content: bytes) -> int:
    """Megabytes at most of the process that reads. Linux counts to a process what its parent held when it began, and
    the process of these tests may hold much: so a small one stands between."""
    between = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-I', '-m', sys.argv[1]], stdin=0, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        done = subprocess.run(
            [sys.executable, "-I", "-c", between, reading.__name__],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    return int(done.stdout) // 1024


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK", "file_unreadable"),
        (b"PK\x03\x04" + b"\xff" * 900, "file_unreadable"),
        (wide()[:20_000], "file_unreadable"),
        (workbook("<row><c><v>1</c></row>"), "file_unreadable"),
        (workbook('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'), "file_unreadable"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "file_unreadable"),
        (b"user;room\0\nt01;A", "file_unreadable"),
        (b'user;room\n"' + b"x" * 200_000, "quote_open"),
        (b"user;room\n" + b"x" * 2001, "cell_too_long"),
        (b"x\n" * (MOST_ROWS + 1), "too_many_rows"),
        (b";".join([b"a"] * (MOST_COLUMNS + 1)), "too_many_columns"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        sheets.read(content)
    assert refused.value.reason == reason


def test_numbers_are_as_they_stand_in_the_sheet_and_lines_keep_their_number() -> None:
    rows = f'<row r="3"><c r="A3"><v>5</v></c><c r="B3"><v>2.5</v></c>{cell("C3", " a&#10;b ")}</row>'
    assert sheets.read(workbook(rows)) == [Sheet("a", (Row(3, ("5", "2.5", "a b")),))]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize("kind", ["hosts", "families"])
@pytest.mark.parametrize("step", ["import", "import-preview"])
async def test_every_import_answers_in_words(stage: Stage, kind: str, step: str) -> None:
    organiser = Api(stage, stage.as_user("orga"))
    for content in ("ä", "%%%", base64.b64encode(corner()).decode(), base64.b64encode(b"PK\x03\x04").decode()):
        sent = {"name": "list.xlsx", "content_base64": content}
        answer = await organiser.answer("POST", f"{organiser.one}/{kind}-{step}", sent)
        assert answer.status_code == 422 and answer.json()["message"].endswith("."), answer.text


async def test_a_file_is_read_outside_of_any_transaction_and_for_the_organiser_only(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def read_here(content: bytes) -> list[Sheet]:
        with stage.house.database.write(wait_seconds=0.0):
            read.append(content)
        return [Sheet("", (Row(1, ("user",)),))]

    monkeypatch.setattr(import_files.sheets, "read", read_here)
    one = Api(stage, stage.as_user("orga")).one
    sent = {"name": "list.csv", "content_base64": ""}
    for user, status in (("orga", 200), ("t01", 404)):
        for path in ("hosts-import", "hosts-import-preview"):
            answer = await Api(stage, stage.as_user(user)).answer("POST", f"{one}/{path}", sent)
            assert answer.status_code == status, answer.text
    assert read == [b"", b""]
