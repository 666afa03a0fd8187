# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""appinfo/info.xml as its readers take it: AppAPI (PHP's simplexml, turned to JSON and back) and the app store, which
drops the routes and puts the rest in order before it validates."""

import copy
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from sprechtag import __version__
from sprechtag.sandbox.demo import INFO
from sprechtag.settings import Settings

ONCE = ("id", "name", "version", "namespace", "website", "bugs", "dependencies", "external-app")
IN_ORDER = (
    "id",
    "name",
    "summary",
    "description",
    "version",
    "licence",
    "author",
    "namespace",
    "category",
    "website",
    "bugs",
)
STORE_KNOWS_IN_DEPLOYMENT = {"docker-install", "environment-variables"}


def read() -> ET.Element:
    return ET.parse(INFO).getroot()


def as_php(element: ET.Element) -> Any:
    """`json_decode(json_encode(simplexml))`: a list where a name stands twice, an empty list for an empty element."""
    if not len(element):
        return ((element.text or "").strip() and element.text) or []
    found: dict[str, Any] = {}
    for child in element:
        value = as_php(child)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list) and found[child.tag]:
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def test_app_api_reads_one_name_and_one_of_each() -> None:
    """Twice, with a `lang`, makes a list of it, and the app's name \"Array\"."""
    info = as_php(read())
    assert info["name"] == "Sprechtag"
    assert all(isinstance(info[name], str) for name in ("id", "version", "namespace", "website", "bugs"))
    assert info["id"] == "sprechtag" and info["version"] == __version__
    assert info["external-app"]["docker-install"]["image-tag"] == __version__


def test_that_reader_would_have_seen_two_names() -> None:
    twice = read()
    twice.insert(2, ET.fromstring('<name lang="de">Sprechtag</name>'))
    assert as_php(twice)["name"] == ["Sprechtag", "Sprechtag"]


def test_app_api_takes_the_route() -> None:
    route = as_php(read())["external-app"]["routes"]["route"]
    assert route["access_level"] == "PUBLIC" and json.loads(route["headers_to_exclude"]) == []
    assert set(route["verb"].split(",")) == {"GET", "HEAD", "POST", "PUT", "DELETE"}
    assert route["url"] == route["url"].strip() and re.compile(route["url"])


def test_every_variable_is_a_setting_and_has_words() -> None:
    """What is not in this list cannot be set when the app is deployed; an empty default would become \"Array\"."""
    variables = as_php(read())["external-app"]["environment-variables"]["variable"]
    names = [one["name"] for one in variables]
    assert len(set(names)) == len(names)
    for one in variables:
        assert one["name"].startswith("SPRECHTAG_")
        assert one["name"].removeprefix("SPRECHTAG_").lower() in Settings.model_fields
        assert all(isinstance(value, str) and value.strip() for value in one.values()), one
    for setting in ("SPRECHTAG_TRUSTED_PROXIES", "SPRECHTAG_VISITOR_HEADER"):
        assert setting in names and setting in (INFO.parents[1] / "README.md").read_text()


@pytest.fixture
def as_the_store_sees_it() -> ET.Element:
    info = copy.deepcopy(read())
    deployed = info.find("external-app")
    assert deployed is not None
    for child in [child for child in deployed if child.tag in ("routes", "k8s-service-roles")]:
        deployed.remove(child)
    return info


def test_the_store_takes_what_is_left(as_the_store_sees_it: ET.Element) -> None:
    tags = [child.tag for child in as_the_store_sees_it]
    assert [tags.count(name) for name in ONCE] == [1] * len(ONCE)
    assert [name for name in dict.fromkeys(tags) if name in IN_ORDER] == list(IN_ORDER)
    for name in ("summary", "description"):
        found = as_the_store_sees_it.findall(name)
        languages = [one.get("lang", "en") for one in found]
        assert sorted(languages) == ["de", "en"], "once for each language"
    assert all(len(one.text or "") <= 128 for one in as_the_store_sees_it.findall("summary"))
    deployed = as_the_store_sees_it.find("external-app")
    assert deployed is not None and {child.tag for child in deployed} == STORE_KNOWS_IN_DEPLOYMENT
    assert "nextcloud" not in (as_the_store_sees_it.findtext("name") or "").casefold()
