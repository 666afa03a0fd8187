# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a family is called, nothing runs off the paper, and nobody prints a sheet of nothing."""

from pathlib import Path

import pytest
from weasyprint import HTML

from conftest import KEY, School, make_school
from schema import lay_down
from sprechtag.conference import windows
from sprechtag.conference.booking import Pick
from sprechtag.conference.families import Family, invite
from sprechtag.conference.person import Person
from sprechtag.conference.tables import Slot
from sprechtag.conference.views import bookings_of_conference
from sprechtag.database import Database
from sprechtag.paper.invitations import Which, letters
from sprechtag.paper.sheets_of_hosts import door_signs, host_lists, host_sheets, room_plan
from sprechtag.paper.timetable import timetables
from sprechtag.phrases import Speaker

LONG = "W" * 100
KINDS = ("doors", "lists", "rooms", "timetables", "letters")


@pytest.fixture
def school(tmp_path: Path) -> School:
    url = f"sqlite:///{tmp_path / 'paper.sqlite'}"
    lay_down(url)
    return make_school(Database(url), (LONG[:60], "t02"))


def paper(school: School, kind: str, language: str) -> str:
    say, conference = Speaker(language, "Europe/Berlin"), school.conference()
    with school.database.write() as session:
        sheets = host_sheets(session, conference)
        match kind:
            case "doors":
                return door_signs(sheets, conference, say, "names")
            case "lists":
                return host_lists(sheets, conference, say)
            case "rooms":
                return room_plan(sheets, conference, say)
            case "timetables":
                return timetables([(LONG, bookings_of_conference(session, school.conference_id), say)], conference, say)
        invite(session, conference, Family(LONG, "", LONG, LONG[:20], language=language), KEY)
        return letters(session, conference, Which(), KEY, f"https://cloud.{'w' * 60}.example/index.php/apps", say)


@pytest.mark.parametrize(("kind", "language"), [*((kind, "de") for kind in KINDS), ("timetables", "ar")])
def test_no_letter_stands_beside_the_paper(school: School, kind: str, language: str) -> None:
    person = Person(LONG, "w@post.example", language)
    slot = school.slots(LONG[:60])[0]
    school.desk.book(school.conference_id, person, Pick(slot.public_id, "on_site", LONG, LONG[:20], ""))
    for page in HTML(string=paper(school, kind, language)).render().pages:
        for box in page._page_box.descendants():
            if getattr(box, "text", "").strip():
                assert box.position_x >= -1 and box.position_x + box.width <= page.width + 1, (box.text, kind)


def test_who_has_closed_everything_gets_no_sheet(school: School) -> None:
    with school.database.write() as session:
        for slot in school.slots("t02"):
            windows.block(session, session.get_one(Slot, slot.id), "host")
    assert "Teacher t02" not in paper(school, "doors", "en") + paper(school, "lists", "en")
    assert "Teacher t02" in paper(school, "rooms", "en")
