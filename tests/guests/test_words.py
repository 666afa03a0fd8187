# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a native reader would stumble over and a program can see, in every catalogue."""

import ast
import gettext
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import phrases
import pytest

import sprechtag
from sprechtag.conference import texts
from sprechtag.phrases import CATALOGUES, LANGUAGES, Speaker

SENTENCES = phrases.sentences()
RTL = ("ar", "fa")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
_QUOTES = {
    "ar": "«»",
    "de": "„“",
    "de-simple": "„“",
    "en": "“”",
    "fa": "«»",
    "fr": "«»",
    "ku": "“”",
    "pl": "„”",
    "ro": "„”",
    "ru": "«»",
    "tr": "“”",
    "uk": "«»",
    "vi": "“”",
}


@cache
def said(language: str) -> list[tuple[str, str]]:
    """Each sentence of a catalogue (each form of a plural) with the English text in the sources."""
    found = []
    for message in phrases.read(language):
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            found += [(key, text) for text in ([message.string] if isinstance(message.string, str) else message.string)]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_begins_with_a_capital_does_so_in_every_language(language: str) -> None:
    assert [(key, text) for key, text in said(language) if key[0].isupper() and text[0].islower()] == []


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language not in RTL])
def test_two_sentences_that_differ_in_their_capital_alone_are_not_swapped(language: str) -> None:
    """A sort without regard to case once swapped three pairs in ten languages. German nouns are capitals in both."""
    by_key = dict(said(language))
    twins = [(key, key[0].lower() + key[1:]) for key in by_key if key[0].isupper()]
    pairs = [(by_key[upper], by_key[lower]) for upper, lower in twins if lower in by_key]
    assert len(pairs) >= (3 if language != "en" else 1)
    for upper, lower in pairs:
        assert upper[0].isupper() and (lower[0].islower() or language.startswith("de")), (upper, lower)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_for_more_than_one_number_says_the_number(language: str) -> None:
    catalogue = phrases.read(language)
    form_of = gettext.c2py(catalogue.plural_expr)
    numbers: dict[int, set[int]] = {}
    for number in range(1, 200):  # nothing is counted that is none
        numbers.setdefault(form_of(number), set()).add(number)
    for message in catalogue:
        if isinstance(message.id, tuple) and message.id[0]:
            for form, of in numbers.items():
                assert len(of) == 1 or "%(number)s" in message.string[form], (message.id[0], message.string[form])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_full_stop_is_doubled_and_no_space_is_lost(language: str) -> None:
    for key, text in said(language):
        assert not re.search(r"(?<!\.)\.\.(?!\.)|  | [.,]|,[.,]", text), (key, text)
        assert text == text.strip() or key != key.strip(), (key, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotes_and_apostrophes_are_those_of_the_language(language: str) -> None:
    opening, closing = _QUOTES[language]
    for key, text in said(language):
        assert '"' not in text and "'" not in text, text
        foreign = set("«»„“”") - {opening, closing}
        assert not foreign & set(text) and text.count(opening) == text.count(closing), (key, text)


def test_french_keeps_its_signs_on_the_line() -> None:
    """A no-break space before ; : ! ? and within « »; addresses and times have none."""
    for _, text in said("fr"):
        assert not re.search(r"(?<![\u00a0\u202f])[;!?»]|(?<![\u00a0\u202f/\w]):(?!//)|«(?!\u00a0)|[\ds] %", text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_keep_their_own_order(language: str) -> None:
    say = Speaker(language)
    room = say("Room %(room)s", room="204 A")
    assert ("\u2068204 A\u2069" in room) == (language in RTL)
    late = say.plural(
        "%(host)s is running about %(number)s minute late.",
        "%(host)s is running about %(number)s minutes late.",
        5,
        host="Eva O",
    )
    assert ("\u2068Eva O\u2069" in late) == (language in RTL) and "5" in late
    # What is copied or pressed stays bare.
    for copied in ("https://example.org/m/x", "eva@example.org"):
        assert say.isolated(copied) == copied
    filled = texts.running_text({}, "asked", say, {"name": "", "host": "Eva O"})
    assert ("\u2068Eva O\u2069" in filled) == (language in RTL)
    assert say.span(_AT, _AT).count("\u2066") == (language in RTL)
    assert ", " not in say.when(_AT) or language not in RTL


_AT = datetime(2027, 1, 13, 14, 10, tzinfo=UTC)


def test_german_says_uhr_and_easy_words_are_not_abbreviated() -> None:
    assert Speaker("de").when(_AT) == "Mi., 13. Jan., 15:10 Uhr"
    easy = Speaker("de-simple")
    assert easy.when(_AT) == "Mittwoch, 13. Januar, 15:10 Uhr"
    assert easy.span(_AT, _AT) == "15:10 bis 15:10 Uhr"
    assert Speaker("ku").when(_AT) == "çarşem, 13ê rêbendanê, 15:10"


def test_easy_german_is_easy() -> None:
    """Short sentences, and the words of its glossary."""
    for key, text in said("de-simple"):
        bare = _PLACEHOLDER.sub("X", text)
        assert not re.search(
            r"\bMails?\b(?<!E-Mail)(?<!E-Mails)|Lehrkr|Videogespräch|Warteliste|[vV]or Ort|z\. ?B\.", bare
        ), key
        for sentence in re.split(r"[.?!:]\s|\n", bare):
            assert len(sentence.split()) <= 16, (key, sentence)


def _sources() -> Iterator[Path]:
    root = Path(sprechtag.__file__).parent
    yield from root.rglob("*.py")
    yield from root.rglob("templates/*.*")


def test_every_sentence_that_is_said_stands_in_the_catalogues() -> None:
    """Found by the text alone, so that what the extractor does not see (once: within f-strings) is seen here."""
    beginning = re.compile(r"\b(?:say|guest_say|tell|plural)\(\s*(\"(?:[^\"\\\n]|\\.)+\"|'(?:[^'\\\n]|\\.)+')\s*[,)]")
    missing = {
        text
        for path in _sources()
        for literal in beginning.findall(path.read_text())
        if (text := ast.literal_eval(literal)) not in SENTENCES
    }
    assert missing == set()


def test_every_catalogue_has_its_glossary() -> None:
    for language in LANGUAGES:
        lines = (CATALOGUES / language / "glossary.md").read_text().splitlines()
        assert len([line for line in lines if line.startswith("| ")]) > 10, language


@pytest.mark.parametrize(
    ("language", "familiar"),
    [
        ("de", r"\b([Dd]u|[Dd]ir|[Dd]ich|[Dd]eine?[rnms]?)\b"),
        ("de-simple", r"\b([Dd]u|[Dd]ir|[Dd]ich|[Dd]eine?[rnms]?)\b"),
        ("fr", r"\b(tu|ton|tes|toi)\b"),
        ("pl", r"\b(twój|twoj\w+|masz|możesz|cię)\b"),
        ("ro", r"\b(tău|tale|poți|dumneavoastră)\b"),
        ("ru", r"\b(ты|тебе|тебя|тво[йяёеи]\w*)\b|(?<=[а-яё,] )(Вы|Вас|Вам|Ваш\w*)\b"),
        ("uk", r"\b(ти|тобі|тебе|тво[яєї]\w*)\b|(?<=[а-яії,] )(Ви|Вас|Вам|Ваш\w*)\b"),
        ("tr", r"\b(sen|senin|sana|seni)\b"),
        ("ku", r"\bte\b"),
        ("vi", r"\b[Bb]ạn\b"),
        ("ar", r"(?<!\w)(لديك|بريدك|رسالتك|مواعيدك|عنوانك|دورك|لغتك|هاتفك)(?!\w)"),
    ],
)
def test_a_family_is_addressed_politely_and_always_alike(language: str, familiar: str) -> None:
    assert [text for _, text in said(language) if re.search(familiar, text)] == []
