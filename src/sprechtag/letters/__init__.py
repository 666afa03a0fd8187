# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that a family is written: one composer, one small file a kind, the channels it goes out by.

`owed.py` does what is due: news of appointments, letters, an organiser's messages. A kind (`kinds/`) says what a letter
holds, or that it is not needed any more; `compose.py` gives it its form in the family's language and the school's
words; `channels/` say which way it goes and whose fault it is when it does not; `errands.retry` when it is tried
again."""
