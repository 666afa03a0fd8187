# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files as schools have them, read into records: pure functions over bytes, tables and lists.

`reading` (in a process of its own) makes sheets of bytes: `encodings`, `delimited`, `workbook`. `columns` says what
each column holds, by `titles`, `formats` known by name or the cells themselves. `records` makes rows of it and
`households` families; `teachers`, `mails` and `classes` read a cell. What cannot be read is a `troubles.Trouble`."""
