# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nothing on the page inside Nextcloud is left in English for a German."""

import gzip
import json
import re
from pathlib import Path

import pytest

from sprechtag.errands import retry, worker
from sprechtag.hosts import import_sentences, refusals
from sprechtag.letters import owed
from sprechtag.letters.channels import troubles as channel_troubles
from sprechtag.nextcloud import troubles
from sprechtag.sync import bookings, talk_room, users

EX_APP = Path(__file__).parents[2] / "ex_app"


def texts_of_the_page() -> set[str]:
    found = set()
    for path in (EX_APP / "ui" / "src").rglob("*.*"):
        source = path.read_text()
        found |= {match[1] for match in re.finditer(r"\bt\('((?:[^'\\]|\\.)*)'", source)}
        found |= {f"_{one}_::_{many}_" for one, many in re.findall(r"\bn\('([^']*)', '([^']*)'", source)}
    return found


def texts() -> set[str]:
    sentences = {*import_sentences.OF_FILE.values(), *import_sentences.OF_LINE.values()}
    return (
        texts_of_the_page() | sentences | set(re.findall(r'message = "([^"]+)"', Path(refusals.__file__).read_text()))
    )


def test_all_languages_have_the_same_texts() -> None:
    english, *others = (
        set(json.loads(path.read_text())["translations"])
        for path in sorted(EX_APP.glob("l10n/*.json"), key=lambda path: path.stem != "en")
    )
    assert len(others) >= 2 and all(other == english for other in others)


@pytest.mark.parametrize("language", ["de", "de_DE", "en"])
def test_every_text_is_translated(language: str) -> None:
    translations = json.loads((EX_APP / "l10n" / f"{language}.json").read_text())["translations"]
    wanted = texts()
    assert len(wanted) > 200
    assert sorted(wanted - translations.keys()) == []
    for text, translated in translations.items():
        for said in translated if isinstance(translated, list) else [translated]:
            assert set(re.findall(r"{\w+}", said)) == set(re.findall(r"{\w+}", text)), text


def test_the_script_is_small() -> None:
    """All views and languages together, as nginx would send them; a visitor fetches a part of it."""
    built = list((EX_APP / "js").glob("*.*js"))
    if not built:
        pytest.skip("the page is not built: make ui")
    assert sum(len(gzip.compress(path.read_bytes())) for path in built) < 450_000


def test_du_and_sie_are_not_mixed() -> None:
    formal = json.loads((EX_APP / "l10n" / "de_DE.json").read_text())["translations"]
    assert not [text for text in map(str, formal.values()) if re.search(r"\b([Dd]u|[Dd]ein\w*|dir|dich)\b", text)]


def test_what_goes_wrong_in_the_background_is_said_in_the_readers_language() -> None:
    """All sentences that an errand can leave behind; a code stands behind them and is not translated."""
    modules = (troubles, retry, worker, channel_troubles, owed, bookings, talk_room, users)
    sentences = {
        text.partition(" ({")[0]
        for module in modules
        for name, text in vars(module).items()
        if name.isupper() and isinstance(text, str) and text.endswith((".", "})"))
    }
    known = json.loads((EX_APP / "l10n" / "de.json").read_text())["translations"]
    assert len(sentences) > 15 and sorted(sentences - known.keys()) == []


@pytest.mark.parametrize(
    ("language", "other_words"),
    [
        (
            "en",
            r"(?<![-\w{])[Hh]osts?\b|(?<![-\w])[Mm]ails?\b(?! (app|server|account))|\b[Oo]n site\b|\b[Ww]ish(es)?\b|\banew\b",
        ),
        (
            "de",
            r"(?<!„)Benutzer(?!name|[“,])|Verwaltung|\bOrganisation\b|\bMenschen\b|freihalten|freigehalten|Tafel|\bLauf\b",
        ),
        (
            "de_DE",
            r"(?<!„)Benutzer(?!name|[“,])|Verwaltung|\bOrganisation\b|\bMenschen\b|freihalten|freigehalten|Tafel|\bLauf\b",
        ),
    ],
)
def test_one_thing_has_one_name(language: str, other_words: str) -> None:
    """As in phrases/locale/LANGUAGE/glossary.md: a teacher does not know what a host is."""
    translations = json.loads((EX_APP / "l10n" / f"{language}.json").read_text())["translations"]
    said = [text for found in translations.values() for text in (found if isinstance(found, list) else [found])]
    assert [text for text in said if re.search(other_words, re.sub(r"{\w+}", "", text))] == []
