# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The addresses in a cell as people type it; what cannot be written to is refused."""

import pytest

from sprechtag.imports.mails import NoAddress, addresses


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("a@post.example", "a@post.example"),
        ("Katja Lau <k.lau@post.example>; mailto:sven@post.example.", "k.lau@post.example sven@post.example"),
        ('"Lau, K." <k@post.example>, s@post.example', "k@post.example s@post.example"),
        ("a@post.example b@post.example", "a@post.example b@post.example"),
        ("a@post.example/b@post.example", "a@post.example b@post.example"),
        ("a @ post.example", "a@post.example"),
        ("A.B@Post.Example, a.b@post.example", "A.B@post.example"),
        ("Mutter: a@post.example", "a@post.example"),
        ("info@bäckerei-groß.example", "info@bäckerei-groß.example"),
        ("leitung@gymnasium-kÖln.example", "leitung@gymnasium-köln.example"),
        ("", ""),
        ("-", ""),
        ("keine", ""),
    ],
)
def test_addresses_are_found(cell: str, found: str) -> None:
    assert addresses(cell) == found.split()


@pytest.mark.parametrize(
    "cell", ["üte@post.example", "a@b", "Lindenweg 4", "a..b@post.example", "a@@post.example", "01234 5678"]
)
def test_what_cannot_be_written_to_is_refused(cell: str) -> None:
    with pytest.raises(NoAddress):
        addresses(cell)
