# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every kind of file that schools have is read as its reader sees it, or refused with the line and what to do."""

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from sprechtag.imports.encodings import decoded
from sprechtag.imports.reading import read
from sprechtag.imports.sheets import Sheet
from sprechtag.imports.troubles import Unreadable

CASES = Path(__file__).parent / "cases"
HEADER = ("Familie", "E-Mail", "Kind", "Klasse")


def table(sheet: Sheet) -> dict[int, tuple[str, ...]]:
    return {row.line: row.cells for row in sheet.rows}


def only(content: bytes) -> dict[int, tuple[str, ...]]:
    (sheet,) = read(content)
    assert not sheet.doubts
    return table(sheet)


def of_text(text: str, encoding: str = "utf-8") -> dict[int, tuple[str, ...]]:
    return only(text.encode(encoding))


def refused(content: bytes) -> tuple[str, int]:
    with pytest.raises(Unreadable) as unreadable:
        read(content)
    return unreadable.value.trouble.code, unreadable.value.trouble.line


READ = {
    "fam-asv-style.csv": {
        1: ("Familienname", "Rufname", "Klasse", "E-Mail-Adresse"),
        2: ("Bergner", "Mia", "5a", "b@post.example"),
    },
    "fam-blank-first-line.csv": {2: HEADER, 3: ("Bergner", "b@post.example", "Mia", "5a")},
    "fam-cp1250-polish.csv": {1: HEADER, 2: ("Wójcik", "w@post.example", "Łukasz Wójcik", "5a")},
    "fam-dimension-a1.xlsx": {
        1: HEADER,
        2: ("Bergner", "b@post.example", "Mia", "5"),
        3: ("Ahrens", "a@post.example", "Ute", "6"),
    },
    "fam-dos-cp850.csv": {1: HEADER, 2: ("Müller", "m@post.example", "Jörg Müller", "5a")},
    "fam-email-header.csv": {
        1: ("Familie", "E-Mail-Adresse", "Kind", "Klasse"),
        2: ("Bergner", "b@post.example", "Mia", "5a"),
    },
    "fam-mac-roman.csv": {1: HEADER, 2: ("Müller", "m@post.example", "Jörg Müller", "5a")},
    "fam-merged-class.xlsx": {
        1: HEADER,
        2: ("Bergner", "b@post.example", "Mia", "5a"),
        3: ("Ahrens", "a@post.example", "Ute", "5a"),
        4: ("Cordes", "c@post.example", "Jan", "5a"),
    },
    "fam-names-comma-teacher.csv": {
        1: (*HEADER, "Lehrkräfte"),
        2: ("Bergner", "bergner@post.example", "Mia", "5a", "Weiß, Jana"),
    },
    "fam-nfd-header.csv": {
        1: ("Familie", "E-Mail", "Schüler", "Klasse", "Lehrkräfte"),
        2: ("Bergner", "b@post.example", "Mia", "5a", "t01"),
    },
    "fam-schild-style.csv": {
        1: ("Name", "Vorname", "Klasse", "E-Mail", "Erzieher 1: Nachname"),
        2: ("Bergner", "Mia", "05A", "b@post.example", "Bergner-Lau"),
    },
    "fam-sep-line.csv": {2: HEADER, 3: ("Bergner", "b@post.example", "Mia Bergner", "5a")},
    "fam-street.csv": {1: ("Familie", "Adresse", "Kind", "Klasse"), 2: ("Bergner", "Lindenweg 4", "Mia", "5a")},
    "fam-title-row.csv": {
        1: ("Klassenliste 5a",),
        3: HEADER,
        4: ("Bergner", "b@post.example", "Mia Bergner", "5a"),
    },
    "fam-unicode-text.txt": {1: HEADER, 2: ("Gröner", "g@post.example", "Zoë Gröner", "5a")},
    "hosts-comma-name.csv": {1: ("Benutzer", "Name"), 2: ("weiss.j", "Weiß, Jana")},
    "hosts-iserv-style.csv": {1: ("Account", "Nachname", "Vorname"), 2: ("ute.ahrens", "Ahrens", "Ute")},
    "hosts-superscript-class.csv": {1: ("Benutzer", "Klassen"), 2: ("t01", "5²")},
    "hosts-user-in-capitals.csv": {1: ("Benutzer", "Raum"), 2: ("T01", "C 5")},
    "pdf-names.txt": {1: ("王小明",), 2: ("ሚካኤል ተስፋይ",), 3: ("अनिल कुमार",), 4: ("W" * 120,)},
}


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_it_is_meant(name: str) -> None:
    assert only((CASES / name).read_bytes()) == READ[name]


def test_a_list_of_a_thousand_is_read_whole() -> None:
    rows = only((CASES / "fam-1000-rows.csv").read_bytes())
    assert len(rows) == 1001 and rows[1001] == ("Familie 999", "f999@post.example", "Kind 999", "12d")


def test_all_sheets_of_a_workbook_are_read() -> None:
    cover, listed = read((CASES / "fam-second-sheet.xlsx").read_bytes())
    assert (cover.name, listed.name) == ("Deckblatt", "Liste")
    assert table(listed)[2] == ("Bergner", "b@post.example", "Mia", "5")


@pytest.mark.parametrize(
    ("name", "place", "why"),
    [("fam-date-class.xlsx", (2, 3), "date"), ("fam-formula-no-value.xlsx", (2, 0), "formula")],
)
def test_a_cell_that_is_not_what_it_shows_is_in_doubt(name: str, place: tuple[int, int], why: str) -> None:
    (sheet,) = read((CASES / name).read_bytes())
    assert sheet.doubts == {place: why} and len(sheet.rows) == 3


def test_a_quote_that_is_not_closed_is_refused_with_its_line() -> None:
    assert refused((CASES / "fam-unbalanced-quote.csv").read_bytes()) == ("quote_open", 2)
    assert refused(b'Kind;Klasse\n"Mia;5a\n"Ute";5b') == ("quote_open", 2)
    assert refused(b'Fam;Mail;Kind;Kl\nA;a@b;"Mia;5a\nB;b@b;Ute";5b\n') == ("quote_open", 2)


def test_every_case_is_named_here() -> None:
    elsewhere = {
        "fam-1000-rows.csv",
        "fam-second-sheet.xlsx",
        "fam-date-class.xlsx",
        "fam-formula-no-value.xlsx",
        "fam-unbalanced-quote.csv",
        "fam-broken-workbook.xlsx",
        "fam-cut-short.xlsx",
        "mail-addresses.txt",
        "fam-old-excel.xls",
    }
    assert {path.name for path in CASES.iterdir()} == READ.keys() | elsewhere


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found(delimiter: str, line_end: str) -> None:
    lines = [("Name", "Kind", "Klasse"), ("Groß", "Mia", "5a"), ("", "", ""), ("Öz", "Can", "5b")]
    text = line_end.join(delimiter.join(line) for line in lines)
    assert of_text(text) == {1: lines[0], 2: lines[1], 4: lines[3]}


def test_a_comma_in_names_is_no_delimiter() -> None:
    assert of_text("Benutzer;Name\na;Weiß, Jana\nb;Groß, Uli") == {
        1: ("Benutzer", "Name"),
        2: ("a", "Weiß, Jana"),
        3: ("b", "Groß, Uli"),
    }


def test_cells_hold_delimiters_quotes_and_line_ends() -> None:
    text = 'Name;Ort\n"Groß; ""Uli""";"Lindenweg 4\n12345 Ort"\nÖz;Ulm\n'
    assert of_text(text) == {1: ("Name", "Ort"), 2: ('Groß; "Uli"', "Lindenweg 4 12345 Ort"), 4: ("Öz", "Ulm")}


@pytest.mark.parametrize("first", ["sep=,", "SEP=,", '"sep=,"'])
def test_the_line_that_names_the_delimiter_is_believed(first: str) -> None:
    assert of_text(f"{first}\na;b,c") == {2: ("a;b", "c")}


def test_what_nobody_sees_is_taken_off() -> None:
    assert of_text("\u00a0Na\u200bme ;Kind\u00ad\nMu\u0308ller;\u202eMia\u202c") == {
        1: ("Name", "Kind"),
        2: ("Müller", "Mia"),
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_recognised_with_and_without_its_mark(encoding: str) -> None:
    assert of_text("Schüler;Klasse\nŁukasz Öz;5²\n", encoding)[2] == ("Łukasz Öz", "5²")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Müller"),
        ("cp1252", "Schüler;René;João;Danièle;Şahin".replace("Ş", "S")),
        ("cp1252", "O’Neill – „Mia“; 5 €"),
        ("cp1252", "Søren Jørgensen;Åse"),
        ("iso8859-15", "Müller;Šimon"),
        ("cp850", "Schüler;Weiß;Jörg"),
        ("cp850", "René"),
        ("mac-roman", "Lehrkräfte;Groß;Zoë"),
        ("cp1250", "Krzysztof Dąbrowski;Łucja;Straße"),
        ("cp1250", "Jiří Němec;Růžička;Dvořák"),
    ],
)
def test_older_encodings_are_recognised_by_their_words(encoding: str, text: str) -> None:
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("text", ["Zięba", "Wiśniewski"])
def test_what_could_be_two_words_is_refused_and_not_guessed(text: str) -> None:
    assert refused(f"Name;Kind\nAhrens;Ute\n{text};Jan".encode("cp1250")) == ("encoding_unclear", 3)


@pytest.mark.parametrize("text", ["M\ufffdller", "M\x81ller", "MÃ¼ller"])
def test_letters_that_were_lost_before_are_not_stored(text: str) -> None:
    assert refused(f"Name;Kind\n{text};Mia".encode()) == ("letters_lost", 2)


@pytest.mark.parametrize(
    "content", [b"a;b\nM\x00ller;x", b"\x00\x01\x02", b"%PDF-1.7 x", b"<html><table>", b"{\\rtf1 x}"]
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    assert refused(content)[0] == "file_unreadable"


def test_errors_and_dates_of_a_workbook_are_in_doubt_and_numbers_are_plain() -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet("Liste")
    day = book.add_format({"num_format": "d-mmm"})
    for column, title in enumerate(("Nummer", "Klasse", "Name", "Telefon")):
        sheet.write(0, column, title)
    sheet.write_number(1, 0, 5.0)
    sheet.write_number(1, 1, 46508, day)
    sheet.write_formula(1, 2, "=NA()", None, "#N/A")
    sheet.write_number(1, 3, 491701234567)
    book.close()
    (read_sheet,) = read(file.getvalue())
    assert read_sheet.doubts == {(2, 1): "date", (2, 2): "error"}
    assert read_sheet.rows[1].cell(0) == "5" and read_sheet.rows[1].cell(3) == "491701234567"


def test_an_old_workbook_is_read_with_its_merged_cells() -> None:
    cover, listed = read((CASES / "fam-old-excel.xls").read_bytes())
    assert cover.rows[0].cells == ("Schuljahr 2026/27",)
    assert table(listed) == {
        1: (*HEADER, "Geburtsdatum"),
        2: ("Öztürk", "elif@post.example", "Can", "5a", "2014-12-24"),
        3: ("Bergner", "b@post.example", "Mia", "5a", "2015-02-03"),
        4: ("Groß", "", "Zoë", "10"),
    }
    assert listed.doubts == {(2, 4): "date", (3, 4): "date"}


def open_document(rows: str) -> bytes:
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = f'<office:body><office:spreadsheet><table:table table:name="Liste">{rows}</table:table></office:spreadsheet></office:body>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{manifest}"/>')
        archive.writestr("content.xml", f"<office:document-content {namespaces}>{body}</office:document-content>")
    return file.getvalue()


def test_an_open_document_is_read_with_its_merged_and_unsaid_cells() -> None:
    def cell(text: str, more: str = "") -> str:
        return f'<table:table-cell office:value-type="string" {more}><text:p>{text}</text:p></table:table-cell>'

    spanned = 'table:number-rows-spanned="2" table:number-columns-spanned="1"'
    rows = (
        f"<table:table-row>{''.join(map(cell, HEADER))}</table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="4"/></table:table-row>'
        f"<table:table-row>{cell('Öz')}{cell('o@post.example')}{cell('Can')}"
        f"{cell('5a', spanned)}</table:table-row>"
        f"<table:table-row>{cell('Groß')}<table:table-cell table:formula='of:=[.A1]'/>{cell('Zoë')}"
        "<table:covered-table-cell/></table:table-row>"
    )
    (sheet,) = read(open_document(rows))
    assert table(sheet) == {1: HEADER, 4: ("Öz", "o@post.example", "Can", "5a"), 5: ("Groß", "=", "Zoë", "5a")}
    assert sheet.doubts == {(5, 1): "formula"}
