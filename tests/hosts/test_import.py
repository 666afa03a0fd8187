# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists as schools have them, through the API: proposed, chosen, compared with what is there, entered all or none."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from hosts.conftest import Api
from sprechtag.conference.tables import Child, ChildHost, Guest, Host, Job
from sprechtag.hosts import entering
from sprechtag.paper.sheets import write_xlsx

IMPORTS = Path(__file__).parents[1] / "imports"


def file(content: str | bytes, name: str = "list.csv", **more: Any) -> dict[str, Any]:
    bare = content.encode() if isinstance(content, str) else content
    return {"name": name, "content_base64": base64.b64encode(bare).decode(), **more}


def sample(name: str, **more: Any) -> dict[str, Any]:
    return file((IMPORTS / "samples" / name).read_bytes(), name, **more)


def case(name: str, **more: Any) -> dict[str, Any]:
    return file((IMPORTS / "cases" / name).read_bytes(), name, **more)


async def preview(api: Api, data: dict[str, Any], kind: str = "families") -> Any:
    return await api("POST", f"{api.one}/{kind}-import-preview", data)


async def enter(api: Api, data: dict[str, Any], kind: str = "families") -> Any:
    done = await api("POST", f"{api.one}/{kind}-import", data)
    assert done["applied"], done["lines"]
    return done


async def families(api: Api) -> dict[str, Any]:
    return {one["child"] or one["name"]: one for one in await api("GET", f"{api.one}/families")}


async def hosts(api: Api) -> dict[str, Any]:
    return {one["user_id"]: one for one in await api("GET", f"{api.one}/hosts")}


async def test_columns_are_proposed_and_can_be_chosen(organiser: Api) -> None:
    text = "Klassenliste\n\nFamilie;Notiz;E-Mail\nBergner;x@post.example;b@post.example\n"
    seen = await preview(organiser, file(text))
    assert [(one["title"], one["field"], one["samples"]) for one in seen["columns"]] == [
        ("Familie", "name", ["Bergner"]),
        ("Notiz", "", ["x@post.example"]),
        ("E-Mail", "email", ["b@post.example"]),
    ]
    assert (seen["unknown_columns"], seen["key"], "email" in seen["fields"]) == (["Notiz"], "familie|notiz|email", True)
    assert [(line["line"], line["outcome"]) for line in seen["lines"]] == [(4, "new")]
    await enter(organiser, file(text, mapping={"1": "email"}))
    assert (await families(organiser))["Bergner"]["email"] == "x@post.example"


async def test_a_choice_that_cannot_be_is_refused(organiser: Api) -> None:
    for mapping, error in (({"9": "email"}, "mapping_wrong"), ({"0": "email", "1": "email"}, "mapping_twice")):
        path = f"{organiser.one}/families-import-preview"
        answer = await organiser.answer("POST", path, file("Familie;E-Mail\nB;b@post.example", mapping=mapping))
        assert (answer.status_code, answer.json()["error"]) == (422, error)


async def test_siblings_are_entered_as_one_family(organiser: Api) -> None:
    await enter(organiser, sample("schulmanager.csv"))
    there = await organiser("GET", f"{organiser.one}/families")
    first = next(one for one in there if one["email"] == "katja@post.example")
    assert (first["name"], first["child"], first["school_class"]) == ("Bergner", "Mia, Jonas", "5a, 7b")
    assert [(one["name"], one["school_class"]) for one in first["children"]] == [("Mia", "5a"), ("Jonas", "7b")]
    others = {one["email"]: one["child"] for one in there if one is not first}
    assert others.pop("sven@post.example") == "Mia, Jonas", "the other parent is a household of its own"
    assert list(others.values()) == ["Can"]


async def test_which_teacher_teaches_which_child_is_known_from_the_file(organiser: Api) -> None:
    header = "Familie;E-Mail;Kind;Klasse;Lehrkräfte"
    await enter(organiser, file(f"{header}\nKaya;k@post.example;Mia;5a;t01\nKaya;k@post.example;Ben;8c;t02"))
    with organiser.school.database.read() as session:
        rows = select(Child.name, Host.user_id).join(ChildHost, ChildHost.child_id == Child.id).join(Host)
        assert set(session.execute(rows).tuples()) == {("Mia", "t01"), ("Ben", "t02")}
    corrected = f"{header}\nKaya;k@post.example;Mia;5a;t01\nKaya;k@post.example;Benjamin;8c;t02"
    (line,) = (await preview(organiser, file(corrected)))["lines"]
    assert line["changes"] == {"child": ["Mia, Ben", "Mia, Benjamin"]}
    await enter(organiser, file(corrected))
    assert (await families(organiser)).keys() == {"Mia, Benjamin"}


async def test_a_second_file_corrects_adds_and_names_who_is_missing(organiser: Api) -> None:
    header = "Familie;E-Mail;Kind;Klasse"
    first = f"{header}\nBergner;b@post.example;Mia;5a\nOhm;;Jo;5b\nLau;l@post.example;Ben;7c"
    await enter(organiser, file(first))
    assert (await preview(organiser, file(first)))["same"] == 3
    second = f"{header}\nBergner;b@post.example;Mia;6a\nOhm;ohm@post.example;Jo;5b\nKaya;k@post.example;Can;5a"
    seen = await preview(organiser, file(second))
    assert [(line["outcome"], line["changes"]) for line in seen["lines"][:2]] == [
        ("changed", {"school_class": ["5a", "6a"]}),
        ("changed", {"email": ["", "ohm@post.example"]}),
    ]
    assert [one["name"] for one in seen["missing"]] == ["Lau · Ben · 7c"]
    links = {child: one["link"] for child, one in (await families(organiser)).items()}
    await enter(organiser, file(second))
    there = await families(organiser)
    assert there.keys() == {"Mia", "Jo", "Ben", "Can"}, "nobody is deleted"
    assert (there["Mia"]["school_class"], there["Jo"]["email"]) == ("6a", "ohm@post.example")
    assert {child: there[child]["link"] for child in links} == links, "printed links stay"
    assert (await preview(organiser, file(second)))["same"] == 3


async def test_errors_name_line_column_cell_and_what_to_do(organiser: Api) -> None:
    done = await organiser("POST", f"{organiser.one}/families-import", case("fam-date-class.xlsx"))
    assert (done["applied"], done["errors"]) == (False, 1)
    (line,) = [line for line in done["lines"] if line["outcome"] == "error"]
    (trouble,) = line["troubles"]
    assert (line["line"], trouble["code"], trouble["column"], trouble["cell"]) == (
        2,
        "class_is_date",
        "Klasse",
        "2027-05-01",
    )
    assert "{column}" in trouble["text"] and "“Klasse”" in line["problem"] and "type the class again" in line["problem"]
    assert await families(organiser) == {}


async def test_a_file_that_cannot_be_read_is_refused_with_its_line(organiser: Api) -> None:
    for name, error in (("fam-unbalanced-quote.csv", "quote_open"), ("fam-cut-short.xlsx", "file_unreadable")):
        answer = await organiser.answer("POST", f"{organiser.one}/families-import-preview", case(name))
        assert (answer.status_code, answer.json()["error"]) == (422, error)
        if error == "quote_open":
            assert answer.json()["values"]["line"] == "2" and answer.json()["message"].startswith("In line 2 ")


@pytest.mark.parametrize(
    "name", ["fam-second-sheet.xlsx", "fam-merged-class.xlsx", "fam-unicode-text.txt", "fam-mac-roman.csv"]
)
async def test_cases_are_entered(organiser: Api, name: str) -> None:
    done = await enter(organiser, case(name))
    assert done["new"] == len(await families(organiser)) > 0


async def test_a_comma_inside_a_teachers_name_is_none_between_two(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nt01;Jana Weiß\nt02;Uli Groß"), "hosts")
    await enter(organiser, case("fam-names-comma-teacher.csv"))
    assert (await families(organiser))["Mia"]["hosts"] == ["Jana Weiß"]


async def test_who_is_meant_by_a_name_of_two_is_asked(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nt01;Jana Müller\nt02;Uli Müller"), "hosts")
    text = "Familie;Kind;Klasse;Lehrkräfte\nBergner;Mia;5a;Müller\nOhm;Jo;5a;Niemand"
    seen = await preview(organiser, file(text))
    asked = {one["word"]: [who["id"] for who in one["candidates"]] for one in seen["unclear"]}
    assert asked == {"Müller": ["t01", "t02"], "Niemand": []} and seen["errors"] == 2
    await enter(organiser, file(text, answers={"Müller": "t02", "Niemand": ""}))
    assert (await families(organiser))["Mia"]["hosts"] == ["Uli Müller"]
    assert (await families(organiser))["Jo"]["hosts"] == []


async def test_an_answer_names_a_host_of_this_conference_only(organiser: Api) -> None:
    text = "Familie;Kind;Klasse;Lehrkräfte\nOhm;Jo;5a;Niemand"
    seen = await preview(organiser, file(text, answers={"Niemand": "somebody-else"}))
    assert seen["errors"] == 1


async def test_further_files_say_parents_and_teachers(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nt01;Jana Weiß\nt02;Uli Groß"), "hosts")
    more = [sample("SchuelerErzieher.dat"), sample("SchuelerLeistungsdaten.dat"), sample("Lehrkraefte.dat")]
    seen = await preview(organiser, sample("SchuelerBasisdaten.dat", more=more))
    assert seen["format"] == "SchILD-NRW SchuelerBasisdaten" and seen["unknown_teachers"] == ["AHR"]
    await enter(organiser, sample("SchuelerBasisdaten.dat", more=more))
    there = {one["name"]: one for one in (await families(organiser)).values()}
    assert there["Katja Bergner-Lau"]["hosts"] == ["Jana Weiß", "Uli Groß"]
    assert there["Katja Bergner-Lau"]["email"] == "bergner@post.example"
    assert there["Elif Öztürk"]["hosts"] == ["Jana Weiß"] and there["Uwe Bergner"]["hosts"] == ["Uli Groß"]


async def test_lessons_of_the_class_name_its_teachers(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nwei;Jana Weiß\ngro;Uli Groß"), "hosts")
    await enter(organiser, file("Familie;Kind;Klasse\nBergner;Mia;05A", more=[sample("GPU002.TXT")]))
    assert (await families(organiser))["Mia"]["hosts"] == ["Jana Weiß", "Uli Groß"]


async def test_a_user_is_found_without_regard_to_case(organiser: Api) -> None:
    seen = await preview(organiser, case("hosts-user-in-capitals.csv"), "hosts")
    assert [(line["user_id"], line["outcome"]) for line in seen["lines"]] == [("t01", "changed")]
    assert [one["id"] for one in seen["missing"]] == ["t02"]


async def test_hosts_are_put_together_from_the_parts_of_their_names(organiser: Api) -> None:
    await enter(organiser, case("hosts-iserv-style.csv"), "hosts")
    await enter(organiser, case("hosts-comma-name.csv"), "hosts")
    await enter(organiser, case("hosts-superscript-class.csv"), "hosts")
    there = await hosts(organiser)
    assert (there["ute.ahrens"]["display_name"], there["weiss.j"]["display_name"]) == ("Ute Ahrens", "Weiß, Jana")
    assert there["t01"]["classes"] == "5²"


async def test_rooms_are_imported_by_the_teachers_names(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nt01;Jana Weiß\nt02;Uli Groß"), "hosts")
    await enter(organiser, file("Lehrkraft;Raum\nWeiß, Jana;B 7\nUli Groß;C 8"), "hosts")
    there = await hosts(organiser)
    assert [(there[one]["display_name"], there[one]["room"]) for one in ("t01", "t02")] == (
        [("Jana Weiß", "B 7"), ("Uli Groß", "C 8")]
    )
    seen = await preview(organiser, file("Lehrkraft;Raum\nEgon Unbekannt;B 7"), "hosts")
    assert seen["lines"][0]["troubles"][0]["code"] == "host_unknown"
    assert seen["unclear"][0]["word"] == "Egon Unbekannt"


async def test_two_thousand_pupils_are_entered_a_few_at_a_time(organiser: Api) -> None:
    header = ["Nachname", "Vorname", "Klasse", "E-Mail", "Lehrkräfte"]
    rows = [
        [f"Müller{n // 2}", f"Kind{n}", f"{5 + n % 6}{'abcd'[n % 4]}", f"f{n // 2}@post.example", "t01, t02"]
        for n in range(2000)
    ]
    data = file(write_xlsx("Liste", header, rows), "liste.xlsx")
    seen = await preview(organiser, data)
    assert (seen["new"], seen["errors"]) == (1000, 0)
    done = await enter(organiser, data)
    assert done["job"]["total"] == 1000
    assert await families(organiser) == {}, "a long list is entered after the answer"
    most = run_list(organiser)
    (job,) = await organiser("GET", f"{organiser.one}/jobs")
    assert (job["kind"], job["done"], job["changed"], bool(job["finished_at"])) == ("import", 1000, 1000, True)
    assert (await preview(organiser, data))["same"] == 1000
    assert 0 < most <= 10, "whoever books waits for a few families at most"


def run_list(organiser: Api) -> int:
    """Enters the list as the worker does; returns how many families are written at most while nobody else can write."""
    database, most, before = organiser.school.database, 0, 0
    with database.read() as session:
        (job,) = session.execute(select(Job).where(col(Job.kind) == "import")).scalars()
        job_id = job.id or 0
    more = True
    while more:
        more = entering._some(database, job_id, organiser.school.desk.links, organiser.school.desk.clock)
        with database.read() as session:
            there = session.execute(select(func.count()).select_from(Guest)).scalar_one()
        most, before = max(most, there - before), there
    with database.read() as session:
        assert session.get_one(Job, job_id).payload == {"families": []}, "nothing of the list stays there"
    return most


def test_samples_are_no_real_people() -> None:
    for path in (IMPORTS / "samples").iterdir():
        for word in io.BytesIO(path.read_bytes()).read().split(b"@")[1:]:
            assert b".example" in word[:30]


async def test_a_file_of_lessons_alone_is_for_the_families_that_are_there(organiser: Api) -> None:
    await enter(organiser, file("Benutzer;Name\nwei;Jana Weiß\ngro;Uli Groß"), "hosts")
    await enter(organiser, file("Familie;Kind;Klasse\nBergner;Mia;5a\nOhm;Jo;9z"))
    seen = await preview(organiser, sample("GPU002.TXT"))
    assert seen["format"] == "Untis GPU002" and (seen["changed"], seen["missing"]) == (1, [])
    assert seen["lines"][0]["changes"] == {"hosts": ["", "Jana Weiß, Uli Groß"]}
    await enter(organiser, sample("GPU002.TXT"))
    there = await families(organiser)
    assert (there["Mia"]["hosts"], there["Jo"]["hosts"]) == (["Jana Weiß", "Uli Groß"], [])
    assert (await preview(organiser, sample("GPU002.TXT")))["changed"] == 0


async def test_what_is_wrong_in_a_further_file_is_named_with_its_file(organiser: Api) -> None:
    more = [file("Schüler-ID;Kind;Familie;E-Mail\n1;Mia;Bergner;nix", "eltern.csv")]
    seen = await preview(organiser, file("Schüler-ID;Kind;Familie;Klasse\n1;Mia;Bergner;5a", more=more))
    (line,) = [line for line in seen["lines"] if line["outcome"] == "error"]
    assert (line["user_id"], line["line"], line["troubles"][0]["code"]) == ("eltern.csv", 2, "email_wrong")
