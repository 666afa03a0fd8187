# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Brings the catalogues of `src/sprechtag/phrases` in line with the sources: `make phrases`.

New sentences are added without a translation, those that are gone are dropped. What is missing is printed."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[1] / "src" / "sprechtag"
CATALOGUES = ROOT / "phrases" / "locale"
LOCALES = {"de-simple": "de", "en": "en_GB"}
KEYWORDS = ("say", "guest_say", "tell", "plural")
PARTS_OF_DAY = ("Morning", "Afternoon", "Evening")
HEADER = """\
# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#"""
SOURCE = "en"
"""The sources are written in English. Its catalogue holds what a native reader says in other words."""

Message = str | tuple[str, str]


def sentences() -> dict[str, Message]:
    """All that can be said to a family, by its (singular) English text."""
    found: dict[str, Message] = dict.fromkeys(PARTS_OF_DAY, "")
    found = {name: name for name in found}
    for path in sorted(ROOT.rglob("*.py")):
        for plural, message in said_in_python(path.read_text()):
            add(found, plural, message)
    for path in sorted([*ROOT.rglob("templates/*.html"), *ROOT.rglob("templates/*.txt")]):
        for plural, message in said_in_template(path.read_text()):
            add(found, plural, message)
    return found


def add(found: dict[str, Message], plural: bool, texts: tuple[str, ...]) -> None:
    if plural and len(texts) >= 2:
        found[texts[0]] = (texts[0], texts[1])
    elif texts and not plural:
        found.setdefault(texts[0], texts[0])


def said_in_python(source: str) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """As `said_in_template`. By the syntax tree, which shows what stands within f-strings too."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        constants = [part.value for part in call.args if isinstance(part, ast.Constant)]
        texts = tuple(value for value in constants if isinstance(value, str))
        if name in KEYWORDS:
            yield name == "plural", texts


def said_in_template(source: str) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """The texts of `say("…")` and `say.plural("…", "…", n)`, with whether it is a plural."""
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        texts = tuple(part.value for part in call.args if isinstance(part, nodes.Const) and isinstance(part.value, str))
        if isinstance(call.node, nodes.Name) and call.node.name in KEYWORDS:
            yield False, texts
        elif isinstance(call.node, nodes.Getattr) and call.node.attr == "plural":
            yield True, texts


def read(language: str) -> Catalog:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    locale = LOCALES.get(language, language)
    if not path.exists():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def update(language: str, wanted: dict[str, Message]) -> list[str]:
    """Writes the catalogue anew; returns what has no translation."""
    before = read(language)
    made = Catalog(
        locale=LOCALES.get(language, language),
        header_comment=HEADER,
        fuzzy=False,
        creation_date=before.creation_date,  # a new date alone is no change worth a commit
    )
    missing = []
    for key in sorted(wanted, key=lambda text: (text.casefold(), text)):
        old = before.get(key)
        text = old.string if old else ""
        complete = all(text) if isinstance(text, (list, tuple)) else bool(text)
        if isinstance(wanted[key], tuple) != isinstance(text, (list, tuple)):
            complete, text = False, ""
        if not complete:
            missing.append(key)
        if language == SOURCE and (not complete or text == wanted[key]):
            continue
        made.add(wanted[key], text or ("" if isinstance(wanted[key], str) else None))
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, width=120, omit_header=False, sort_output=False)
    return [] if language == SOURCE else missing


def main() -> int:
    wanted = sentences()
    languages = sorted(path.name for path in CATALOGUES.iterdir() if path.is_dir())
    lacking = 0
    for language in languages:
        missing = update(language, wanted)
        lacking += len(missing)
        print(f"{language}: {len(wanted) - len(missing)} of {len(wanted)}")
        for text in missing:
            print(f"    {text[:100]!r}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
