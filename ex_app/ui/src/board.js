// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later

import { bySurname } from './people.js'

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)

/** What a JSON merge patch (RFC 7396) makes of an object; what it does not name stays the same object. */
export function merged(before, patch) {
	const found = new Map(isObject(before) ? Object.entries(before) : [])
	for (const [name, value] of Object.entries(patch)) {
		if (value === null) found.delete(name)
		else found.set(name, isObject(value) ? merged(found.get(name), value) : value)
	}
	return Object.fromEntries(found)
}

/** How an appointment goes, by the first letter of its cell; a capital one is by video. */
const states = { e: 'expected', w: 'waiting', c: 'in_call', o: 'over_time', d: 'ended', n: 'no_show', s: 'skipped' }
const points = (chart = {}, column = 0) => Object.entries(chart).map(([at, values]) => [Number(at), values[column]])

/** The board as it is drawn, from what the app sends in short form: lists of `hosts` with their `appointments` (`start`
 * and `end` in ms since the epoch), `servers`, `lines` and `alarms`, and `charts` by name. */
export function unfolded({ day, hosts, servers, lines, alarms, chart }) {
	const named = (all) => Object.entries(all).map(([name, one]) => ({ ...one, name }))
	return {
		...day,
		hosts: bySurname(Object.entries(hosts).map(([id, host]) => unfoldedHost(id, host, day))),
		servers: named(servers).map((server) => ({ ...server, charts: { rooms: points(server.chart), out_mbit: points(server.chart, 1).filter(([, value]) => value >= 0) } })),
		lines: named(lines),
		alarms: Object.entries(alarms).map(([id, alarm]) => ({ ...alarm, id })).sort((one, other) => Date.parse(other.since) - Date.parse(one.since)),
		charts: { up: points(chart), planned: points(chart, 1), waiting: points(chart, 2) },
	}
}

function unfoldedHost(id, { cells, says = {}, minutes = {}, ...host }, day) {
	const appointments = Object.entries(cells).map(([minute, cell]) => {
		const start = 1000 * (day.begins + 60 * Number(minute))
		const letter = cell[0].toLowerCase()
		return {
			id: `${id} ${minute}`,
			start,
			end: start + 60000 * (minutes[minute] ?? day.minutes),
			place: cell[0] === letter ? 'on_site' : 'video',
			state: states[letter],
			child: cell.slice(1),
			says: says[minute] ?? '',
		}
	})
	return { room: '', late: 0, delay: 0, ...host, id, appointments }
}
