# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that a family is written: one composer, one small file a kind, the channels it goes out by.

What is owed to whom, and when it is tried again, is not decided here. A kind (`kinds/`) says what a letter holds, or
that it is not needed any more; `compose.py` gives it its form in the family's language and the school's words;
`channels/` say which way it goes and whose fault it is when it does not."""
