# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each line of any table becomes a pupil of one family or is named with what is wrong; nobody is lost or merged unseen."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sprechtag.imports import records
from sprechtag.imports.columns import proposed
from sprechtag.imports.households import households
from sprechtag.imports.sheets import Row, Sheet
from sprechtag.imports.teachers import Staff, Teacher

TITLES = [
    "Familie",
    "Name",
    "Vorname",
    "Nachname",
    "Kind",
    "Klasse",
    "E-Mail",
    "E-Mail Vater",
    "Telefon",
    "Straße",
    "Ort",
    "Lehrkräfte",
    "ID",
    "Familien-ID",
    "Geburtsdatum",
    "Notiz",
    "Mutter",
    "Vater",
]
CELLS = st.sampled_from(
    [
        "",
        "Lau",
        "Ohm",
        "Mia",
        "Ben",
        "5a",
        "05A",
        "k@post.example",
        "s@post.example; k@post.example",
        "nix",
        "Weg 4",
        "01234 567",
        "7",
        "3.2.2015",
        "Weiß, Jana",
        "05. Okt",
        "M?ller",
        "#REF!",
        "a,b;c",
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> Sheet:
    titles = draw(st.lists(st.sampled_from(TITLES), min_size=2, max_size=7, unique=True))
    rows = draw(st.lists(st.lists(CELLS, min_size=len(titles), max_size=len(titles)), min_size=1, max_size=10))
    listed = [Row(1, tuple(titles)), *(Row(line, tuple(cells)) for line, cells in enumerate(rows, 2) if any(cells))]
    return Sheet("", tuple(listed))


@settings(max_examples=500, deadline=None)
@given(tables())
def test_each_line_is_a_pupil_of_one_family_or_is_named(sheet: Sheet) -> None:
    table = proposed([sheet], "families")
    read = records.pupils(table)
    families, troubles = households(read.records)
    named = {trouble.line for trouble in read.troubles + troubles}
    entered = [row for family in families for row in family.rows]
    lines = [row.line for row in entered]
    assert len(lines) == len(set(lines)) and named.isdisjoint(lines)
    second = {row.line for row in read.records} - set(lines) - named
    said = {row.line for row in table.rows if any(row.cell(index) for index in table.fields.values())}
    assert set(lines) | named | second == said
    for line in second:  # the other parent's line of a pupil that is there
        row = next(row for row in read.records if row.line == line)
        assert any(
            one.child == row.child
            and (one.second_email or one.second_name or one.second_first_name or one.second_phone)
            for one in entered
        )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Weiß", "Jana", "Groß", "Uli", "WEI", ",", ";", " ", "/", "und", "Dr.", "(", ")", "x"]),
        max_size=12,
    )
)
def test_each_word_of_a_cell_is_found_or_named(words: list[str]) -> None:
    cell = " ".join(words)
    named = Staff(
        [Teacher("weiss", "Jana Weiß", "WEI"), Teacher("gross", "Dr. Uli Groß"), Teacher("g2", "Eva Groß")]
    ).named(cell)
    assert len(set(named.found)) == len(named.found) and set(named.found) <= {"weiss", "gross", "g2"}
    assert bool(named.found or named.unknown or named.unclear) == any(
        word.strip(" ,;/") not in ("", "und") for word in words
    )
