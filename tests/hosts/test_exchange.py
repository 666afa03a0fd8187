# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import base64
import io
from typing import Any

import pytest
from icalendar import Calendar
from openpyxl import load_workbook

from hosts.conftest import Api
from sprechtag.conference.booking import Pick
from sprechtag.conference.person import Person
from sprechtag.paper.sheets import harmless, write_xlsx


def file(text: str | bytes, name: str = "hosts.csv") -> dict[str, str]:
    content = text.encode() if isinstance(text, str) else text
    return {"name": name, "content_base64": base64.b64encode(content).decode()}


async def rooms(api: Api) -> dict[str, Any]:
    return {host["user_id"]: host["room"] for host in await api("GET", f"{api.one}/hosts")}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_list_is_previewed_and_imported(organiser: Api, kind: str) -> None:
    rows = [
        ["t01", "Ayşe Öz", "Deutsch", "5a, 7c", "B 1"],
        ["t09", "Neu", "", "", "B 9"],
        ["t02", "Teacher t02", "Deutsch", "", ""],
    ]
    header = ["Benutzer", "Name", "Fach", "Klassen", "Raum"]
    text = "\n".join(";".join(row) for row in [header, *rows])
    data = file(text) if kind == "csv" else file(write_xlsx("Liste", header, rows), "hosts.xlsx")
    seen = await organiser("POST", f"{organiser.one}/hosts-import-preview", data)
    assert [line["outcome"] for line in seen["lines"]] == ["changed", "new", "same"]
    assert seen["lines"][0]["changes"]["room"] == ["A 101", "B 1"]
    assert not seen["applied"] and (await rooms(organiser))["t01"] == "A 101"
    assert (await organiser("POST", f"{organiser.one}/hosts-import", data))["applied"]
    assert await rooms(organiser) == {"t01": "B 1", "t02": "A 101", "t09": "B 9"}


async def test_errors_name_their_line_and_nothing_is_imported(organiser: Api) -> None:
    data = file(f"user,room,shoe size\nt01,C 1,44\n,C 2,45\nt01,C 3,\n\nt05,{'x' * 101},\n")
    done = await organiser("POST", f"{organiser.one}/hosts-import", data)
    problems = {line["line"]: line["problem"] for line in done["lines"] if line["outcome"] == "error"}
    assert sorted(problems) == [3, 4, 6] and "Line 2 says the same already" in problems[4]
    assert (done["errors"], done["unknown_columns"], done["applied"]) == (3, ["shoe size"], False)
    assert (await rooms(organiser))["t01"] == "A 101"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (file(""), "file_empty"),
        (file("room\nA 1"), "column_user_missing"),
        (file(b"PK\x03\x04 nonsense", "hosts.xlsx"), "file_unreadable"),
        (file(b"\x00\x01\x02"), "file_unreadable"),
        ({"name": "x.csv", "content_base64": "%"}, "file_unreadable"),
    ],
)
async def test_what_cannot_be_read_is_said(organiser: Api, data: dict[str, str], error: str) -> None:
    answer = await organiser.answer("POST", f"{organiser.one}/hosts-import-preview", data)
    assert (answer.status_code, answer.json()["error"]) == (422, error)


async def test_umlauts_of_an_old_excel_survive(organiser: Api) -> None:
    await organiser("POST", f"{organiser.one}/hosts-import", file("Benutzer;Name\nt01;Jürgen Groß".encode("cp1252")))
    assert "Jürgen Groß" in {host["display_name"] for host in await organiser("GET", f"{organiser.one}/hosts")}


async def test_bookings_are_exported_and_no_cell_is_a_formula(organiser: Api) -> None:
    person = Person('=HYPERLINK("http://evil.example")', "a@post.example", "de")
    wish = Pick(organiser.school.slots()[0].public_id, "on_site", "+Kind", "5b", "")
    organiser.school.desk.book(organiser.school.conference_id, person, wish)
    text = (await organiser.answer("GET", f"{organiser.one}/export/bookings.csv")).content.decode("utf-8-sig")
    assert "2027-01-13;15:00;15:10;Teacher t01" in text and "'+Kind" in text and "'=HYPERLINK" in text
    sheet = await organiser.answer("GET", f"{organiser.one}/export/bookings.xlsx")
    assert "attachment" in sheet.headers["content-disposition"]
    cells = [cell for row in load_workbook(io.BytesIO(sheet.content)).worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"} and "Teacher t01" in {cell.value for cell in cells}
    assert all(cell.data_type != "f" for cell in cells)
    calendar = Calendar.from_ical((await organiser.answer("GET", f"{organiser.one}/export/bookings.ics")).content)
    assert len(calendar.walk("VEVENT")) == 1


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@x", "\tx"])
def test_what_looks_like_a_formula_is_made_harmless(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
