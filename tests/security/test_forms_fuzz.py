# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every public page in every mode, with forms as nobody would send them: no error of ours, and an answer in words.

`SPRECHTAG_ATTACK=1` looks for longer, and elsewhere each time."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import NOW
from security.hostile import ATTACK, KINDS, LANGUAGES, RAW, STRINGS, Target, all_routes, examples, open_target

FIELDS = (
    "child", "school_class", "name", "email", "key", "place", "slot", "lang", "code", "worth", "ease", "comment",
    "text", "camera", "h", "do", "day", "days", "walk", "prefer", "from-2027-01-13", "until-2027-01-13",
)  # fmt: skip
SENSIBLE = {
    "child": "Emre Öz",
    "school_class": "5b",
    "name": "Familie Öz",
    "email": "oez@post.example",
    "place": "on_site",
    "worth": "5",
    "ease": "4",
    "text": "Wir stehen im Stau.",
    "days": "1",
    "day": "2027-01-13",
    "from-2027-01-13": "15:00",
    "until-2027-01-13": "17:00",
    "walk": "5",
}
DO = ("", "grid", "picked", "book", "save")
QUERIES = ("q", "class", "lang", "turn", "x")
MODES = st.fixed_dictionaries(
    {
        "booking_by": st.sampled_from(["link", "confirmed", "invited"]),
        "booking_mode": st.sampled_from(["direct", "wishes", "assigned"]),
        "state": st.sampled_from(["published", "closed", "draft"]),
        "waiting_list": st.booleans(),
        "display_shows": st.sampled_from(["initials", "names", "number"]),
        "wishes_until": st.sampled_from([None, NOW + timedelta(days=2), NOW - timedelta(days=2)]),
        "opens_at": st.sampled_from([None, NOW - timedelta(days=1), NOW + timedelta(days=1)]),
    }
)


@pytest.fixture
def target(tmp_path: Path, database_url: str) -> Iterator[Target]:
    with open_target(tmp_path, database_url) as target:
        yield target


def routes(target: Target) -> list[tuple[str, str]]:
    """Method and template of all public pages, as the application has them."""
    return sorted((method, path) for method, path in all_routes(target) if path.split("/")[1] in tuple("smjfdc"))


def address(template: str, target: Target, base: str = "", pick: Any = None) -> str:
    """With real ids in it, or with what `pick` chooses of them."""
    letter = template.split("/")[1]
    start = target.paths[base or letter]
    rest = template.split("/")[2:]
    rest = rest[1 if letter in "sm" else 2 :]
    if letter == "c":
        return f"{start}.ics".removesuffix(".ics") + ("" if start.endswith(".ics") else ".ics")
    parts = [(pick or first)(target.ids.get(part.strip("{}"), ["QTE"])) if "{" in part else part for part in rest]
    return "/".join([start, *parts])


def first(real: list[str]) -> str:
    return real[0]


def test_all_public_pages_are_known(target: Target) -> None:
    found = routes(target)
    assert len(found) > 35 and {path.split("/")[1] for _, path in found} == set("smjfdc")
    answers = {path: target.ask(method, address(path, target)).status_code for method, path in found if method == "GET"}
    assert sum(status == 200 for status in answers.values()) > 20, answers


def test_no_page_is_an_error_of_ours_in_any_mode(target: Target) -> None:
    known = routes(target)

    @examples(120, 8000)
    @given(st.data())
    def one(data: st.DataObject) -> None:
        draw = data.draw
        target.stage.house.clock.now = NOW + draw(st.sampled_from([timedelta(0), timedelta(days=9, hours=6)]))  # type: ignore[attr-defined]
        target.school.change(**draw(MODES))
        method, template = draw(st.sampled_from(known))
        base = draw(st.sampled_from(["m", "m2"])) if template.startswith("/m/") else ""
        where = address(template, target, base, lambda real: draw(st.sampled_from(real * 6 + ["x", "A" * 300])))
        query = {name: draw(st.sampled_from(STRINGS))[:3000] for name in QUERIES if not draw(st.integers(0, 3))}
        query = {name: value.encode(errors="replace") for name, value in query.items()}
        language = draw(st.sampled_from(LANGUAGES)).encode("utf-8", "replace")
        form = spoiled(draw, target)
        answer = target.ask(method, where, params=query, data=form, headers={"accept-language": language})
        in_words(answer)

    one()


def spoiled(draw: Any, target: Target) -> dict[str, Any]:
    form: dict[str, Any] = dict(SENSIBLE)
    form["slot"] = draw(st.sampled_from(target.ids["slot_id"]))
    form["h"] = draw(st.lists(st.sampled_from(target.ids["host_id"] + list(STRINGS[:6])), max_size=12))
    form["do"] = draw(st.sampled_from(DO))
    for host in target.ids["host_id"]:
        form[f"pick-{host}"] = draw(st.sampled_from(target.ids["slot_id"]))
    for _ in range(draw(st.integers(0, 3))):
        form[draw(st.sampled_from(FIELDS))] = draw(st.sampled_from(STRINGS))
    for _ in range(draw(st.integers(0, 1))):
        form.pop(draw(st.sampled_from(sorted(form))), None)
    return {name: encoded(value) for name, value in form.items()}


def encoded(value: Any) -> Any:
    return [encoded(one) for one in value] if isinstance(value, list) else value.encode("utf-8", "surrogatepass")


def in_words(answer: Any) -> None:
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400:
        assert "text/html" in kind and "<h1" in answer.text and "default-src 'none'" in str(answer.headers), (
            answer.text[:300]
        )
    # A form with what is wrong about it is the browser's own to keep, for the way back to it.
    assert answer.headers["cache-control"] in ("no-store", "private, no-cache") or answer.status_code < 300


@pytest.mark.parametrize("mode", ["direct", "wishes"])
def test_every_field_takes_every_string(target: Target, mode: str) -> None:
    """One hostile value at a time in a form that is right else, so that it gets past all that is checked before it."""
    strings = STRINGS if ATTACK else STRINGS[1:20:3]
    target.school.change(booking_mode=mode, wishes_until=NOW + timedelta(days=2))
    for method, template in routes(target):
        if method != "POST" or "/o/" in template:
            continue
        for field in fields_of(template):
            for value in strings:
                form = {**SENSIBLE, "slot": target.ids["slot_id"][-1], "h": target.ids["host_id"], "do": "book"}
                form["do"] = "save" if template.endswith("/wishes") else "book"
                form[field] = value
                sent = {name: encoded(value) for name, value in form.items()}
                in_words(target.ask("POST", address(template, target), data=sent))


def fields_of(template: str) -> list[str]:
    if template.endswith(("/plan", "/wishes")):
        return [name for name in FIELDS if name not in ("code", "worth", "ease", "comment", "text", "camera")]
    last = template.rsplit("/", 1)[-1]
    known = {"code": ["code"], "move": ["slot"], "place": ["place"], "message": ["text"], "check": ["camera"]}
    if template.startswith("/f/"):
        return ["key", "worth", "ease", "place", "comment"]
    if last in ("wait", "{slot_id}"):
        return ["child", "school_class", "name", "email", "key", "place", "slot"]
    return [*known.get(last, []), "lang"]


def test_no_body_that_cannot_be_read_is_an_error_of_ours(target: Target) -> None:
    for method, template in routes(target):
        for number, raw in enumerate(RAW):
            kind = KINDS[(number + len(template)) % len(KINDS)]
            in_words(target.ask(method, address(template, target), content=raw, headers={"content-type": kind}))
    for kind in KINDS:
        answer = target.ask("POST", f"{target.paths['s']}/plan", content=b"h=1", headers={"content-type": kind})
        assert answer.status_code in ({415} if kind.startswith("multipart") else {200, 422}), kind


def test_too_much_is_said_in_words_and_in_the_visitors_language(target: Target) -> None:
    where = f"{target.paths['s']}/plan"
    form = {"content-type": KINDS[2], "accept-language": "de"}
    for content in (b"child=" + b"x" * 64_000, b"&".join([b"h=1"] * 600)):
        answer = target.ask("POST", where, content=content, headers=form)
        assert answer.status_code == 413 and "zu lang" in answer.text
        in_words(answer)


@pytest.mark.parametrize("name", ["x", "A" * 300, "a-" * 2000, "main.mjs", "..js", "0"])
def test_what_a_page_loads_is_there_or_it_is_not(target: Target, name: str) -> None:
    for path in (
        f"/js/{name}.js",
        f"/css/{name}.css",
        f"/img/{name}.svg",
        f"/static/{name}/style.css",
        f"/static/x/{name}.js",
    ):
        assert target.ask("GET", path).status_code in (200, 404)
