# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which signs text is kept with: NFC (Unicode UAX 15), no control, bidirectional override or invisible character;
joiners stay inside words, where Persian, Hindi and emoji need them."""

import re
import unicodedata

_SHOWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
"""Of category Cf, yet seen: the signs that Arabic and Syriac put before numbers."""
_JOINERS = frozenset("\u200c\u200d")
_STRAY_JOINERS = re.compile(
    "(?<![^\\s\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
"""Those that join nothing: at the edge of a word, and every further one of several."""
_LINE_ENDS = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters to Unicode, and nothing to the eye."""


def is_text(sign: str) -> bool:
    match unicodedata.category(sign):
        case "Cc":
            return sign in "\n\t"
        case "Cs":
            return False
        case "Cf":
            return sign in _SHOWN_FORMATS or sign in _JOINERS
    return ord(sign) & 0xFFFE != 0xFFFE and not 0xFDD0 <= ord(sign) <= 0xFDEF


def clean(value: str) -> str:
    """The text without what is no text; line ends are \\n."""
    if value.isprintable():  # nothing invisible, no line end, no joiner
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    kept = "".join(filter(is_text, _LINE_ENDS.sub("\n", value)))
    return unicodedata.normalize("NFC", _STRAY_JOINERS.sub("", kept))


def one_line(value: str) -> str:
    """The text in one line, without needless spaces (no-break ones neither)."""
    return " ".join(clean(value).split())
