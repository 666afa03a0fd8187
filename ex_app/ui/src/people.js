// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { locale } from './l10n.js'

/* As the reader's language sorts: for a German, Özdemir stands before Peters. */
const order = new Intl.Collator(locale)

/** "Ackermann" of "Viktor Ackermann" and of "Ackermann, Viktor", as conference/names.py has it. */
export function surname(name) {
	const [before, ...rest] = name.split(',')
	return (rest.length ? before : name).trim().split(/\s+/).at(-1)
}

const compared = (one, other) => order.compare(surname(one), surname(other)) || order.compare(one, other)

/** A new list of those who are called `display_name` or `name`, by surname. */
export const bySurname = (people) => [...people].sort((one, other) => compared(one.display_name ?? one.name, other.display_name ?? other.name))
