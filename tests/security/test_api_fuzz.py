# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything the API takes, as it should be and as it should not: no error of ours, whoever asks.

`SPRECHTAG_ATTACK=1` looks for longer, and elsewhere each time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from security.hostile import DATES, KINDS, NUMBERS, OTHERS, RAW, STRINGS, Target, examples, open_target

Json = Any
USERS = ("orga", "t01", "admin")
HOSTILE = st.sampled_from(STRINGS + NUMBERS + OTHERS + DATES)


@pytest.fixture
def target(tmp_path: Path, database_url: str) -> Iterator[Target]:
    with open_target(tmp_path, database_url) as target:
        yield target


def schema_of(target: Target) -> dict[str, Any]:
    answer = target.ask("GET", "/api/v1/openapi.json", user="orga")
    found: dict[str, Any] = answer.json()
    return found


class Sensible:
    """Bodies as a page would send them, made of the API's own description."""

    def __init__(self, raw: dict[str, Any], ids: dict[str, list[str]]) -> None:
        self._parts = raw["components"]["schemas"]
        self._ids = ids

    def value(self, schema: Json, name: str = "") -> st.SearchStrategy[Json]:
        if "$ref" in schema:
            return self.value(self._parts[schema["$ref"].rpartition("/")[2]], name)
        if "anyOf" in schema:
            return st.one_of([self.value(one, name) for one in schema["anyOf"]])
        if "const" in schema or "enum" in schema:
            return st.sampled_from(schema.get("enum", [schema.get("const")]))
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                return st.lists(self.value(schema["items"], name), max_size=3)
            case "string":
                return st.sampled_from(self._strings(schema, name))
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        most = min(schema.get("maximum", 10), 60)
        return (
            st.integers(int(least), int(most)) if schema["type"] == "integer" else st.floats(float(least), float(most))
        )

    def _object(self, schema: Json) -> st.SearchStrategy[Json]:
        fields = {name: self.value(one, name) for name, one in schema.get("properties", {}).items()}
        required = {name: fields.pop(name) for name in schema.get("required", [])}
        return st.fixed_dictionaries(required, optional=fields)

    def _strings(self, schema: Json, name: str) -> list[str]:
        match schema.get("format"):
            case "date":
                return ["2027-01-13", "2027-06-30"]
            case "time":
                return ["15:00", "17:30", "00:00"]
            case "date-time":
                return ["2027-01-01T08:00:00+01:00", "2026-12-01T00:00:00Z"]
        known = {
            "family": self._ids["family_id"],
            "host": ["", "t01"],
            "time_zone": ["Europe/Berlin", "Asia/Kathmandu"],
            "language": ["de", "ar"],
            "kind": ["booked", "late"],
            "reminders": ["1440,60", ""],
            "email": ["", "neu@post.example"],
            "metrics": ["", "http://hpb.example/metrics"],
            "languages": ["", "de,tr"],
        }
        return self._ids.get(name, known.get(name, ["Elternsprechtag", "5b", "Zoë"]))


@st.composite
def spoiled(draw: st.DrawFn, body: st.SearchStrategy[Json]) -> Json:
    """A sensible body with something hostile in one place or two, or as it is."""
    value = json.loads(json.dumps(draw(body)))
    for _ in range(draw(st.integers(0, 2))):
        value = _spoil(draw, value)
    return value


def _spoil(draw: st.DrawFn, value: Json) -> Json:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        return value | {name: _spoil(draw, value[name])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        return [_spoil(draw, value[0]), *value[1:]]
    return draw(HOSTILE)


def path_of(draw: Any, template: str, target: Target) -> str:
    path = template
    for part in template.split("/"):
        name = part.strip("{}")
        if name != part:
            real = target.ids.get(name, ["x"])
            path = path.replace(part, draw(st.sampled_from(real * 8 + ["x", "A" * 400, "-", "a b", "a@b.c"])), 1)
    return path


def operations(raw: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, methods in raw["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("user", USERS)
def test_no_request_is_answered_by_an_error_of_ours(target: Target, user: str) -> None:
    raw = schema_of(target)
    invented = {
        (found.ok().method.upper(), found.ok().path): found.ok()
        for found in schemathesis.openapi.from_dict(raw).get_all_operations()
    }
    for method, path, operation in operations(raw):
        target.begin_again()
        attack(target, user, method, path, operation, invented[method, path])


def attack(target: Target, user: str, method: str, path: str, operation: Any, invented: Any) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    sensible = Sensible(schema_of(target), target.ids)
    queries = [one for one in operation.get("parameters", []) if one["in"] == "query"]

    @examples(2 if body else 1, 150)
    @given(st.data())
    def one(data: st.DataObject) -> None:
        where = path_of(data.draw, path, target)
        query = {
            one["name"]: str(data.draw(HOSTILE | sensible.value(one["schema"], one["name"])))[:3000].encode(
                errors="replace"
            )
            for one in queries
            if data.draw(st.booleans())
        }
        if body is None:
            target.ask(method, where, user=user, params=query)
        elif data.draw(st.integers(0, 3)):
            sent = json.dumps(data.draw(spoiled(sensible.value(body))))
            target.ask(method, where, user=user, params=query, content=sent, headers={"content-type": KINDS[0]})
        else:
            mode = data.draw(st.sampled_from(GenerationMode))
            case = data.draw(invented.as_strategy(generation_mode=mode))
            sent = json.dumps(case.body, default=str)
            target.ask(method, where, user=user, content=sent, headers={"content-type": KINDS[0]})

    one()


def test_no_body_that_cannot_be_read_is_an_error_of_ours(target: Target) -> None:
    for method, path, operation in operations(schema_of(target)):
        where = path_of(lambda strategy: "x", path, target)
        for number, raw in enumerate(RAW if "requestBody" in operation else RAW[:3]):
            headers = {"content-type": KINDS[number % len(KINDS)], "accept-language": "ä"[:0] or "de"}
            answer = target.ask(method, where, user="orga", content=raw, headers=headers)
            if answer.status_code >= 400:
                assert answer.json()["message"], answer.text


@pytest.mark.parametrize(
    "length", ["-1", "x", "1e9", "99999999999999999999", "²".encode().decode("latin-1"), "5000000"]
)
def test_a_body_says_how_long_it_is_or_is_refused(target: Target, length: str) -> None:
    headers = {"content-length": length.encode("latin-1"), "content-type": "application/json"}
    answer = target.ask("POST", "/api/v1/conferences", user="orga", content=b"{}", headers=headers)
    assert answer.status_code in (400, 413) and answer.json()["message"]


def test_too_much_at_once_is_said_in_words(target: Target) -> None:
    one = f"/api/v1/conferences/{target.ids['conference_id'][0]}"
    for path, size in (("/api/v1/preview", 1_000_001), (f"{one}/hosts", 1_000_001), (f"{one}/hosts-import", 4_000_001)):
        answer = target.ask("POST", path, user="orga", content=b" " * size, headers={"content-type": KINDS[0]})
        assert answer.status_code == 413 and "Send less" in answer.json()["message"]
    many = [{"user_id": f"u{number}"} for number in range(501)]
    assert target.ask("POST", f"{one}/hosts", user="orga", json=many).status_code == 422
