// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* Between an instant and the wall clock of a zone, as `<input type="datetime-local">` holds it. */

function wall(moment, zone) {
	const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
	const found = Object.fromEntries(parts.formatToParts(moment).map((part) => [part.type, part.value]))
	return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}`
}

/** An ISO instant as `2027-01-31T15:00` in the zone; empty stays empty. */
export const localTime = (instant, zone) => (instant ? wall(new Date(instant), zone) : '')

/** The wall clock of the zone as an ISO instant; empty becomes null. */
export function utcTime(local, zone) {
	if (!local) return null
	let guess = new Date(`${local}:00Z`).getTime()
	// Twice, because the offset of the guess may be that of the other side of a clock change.
	for (let round = 0; round < 2; round++) guess += new Date(`${local}:00Z`).getTime() - new Date(`${wall(new Date(guess), zone)}:00Z`).getTime()
	return new Date(guess).toISOString()
}
