// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { t } from './l10n.js'

const base = new URL(/* @vite-ignore */ '../api/v1/', import.meta.url)

/** A refusal in words; `status` 401 means that the login is over, and nothing should be asked again. `after`: seconds for
 * which a busy app wants to be left alone. */
export class Refusal extends Error {
	constructor(message, status, code = '', after = 0) {
		super(message)
		this.status = status
		this.code = code
		this.after = after
	}
}

export const address = (path) => new URL(path, base).href

const TRIES = 4

/** Calls the JSON API; resolves to its answer or rejects with a `Refusal`. What was answered 503 was not done: it is sent
 * again a little later, as the answer asks for (the app is busy, or asks Nextcloud who somebody is). */
export async function call(method, path, body, tries = TRIES) {
	let answer
	try {
		answer = await fetch(address(path), {
			method,
			headers: {
				'X-Requested-With': 'XMLHttpRequest',
				Accept: 'application/json',
				...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		})
	} catch {
		throw new Refusal(t('No connection. Check your network and try again.'), 0)
	}
	if (answer.status === 204) return null
	if (answer.status === 401) throw new Refusal(t('Your login is over. Load the page anew and log in.'), 401)
	const after = Number(answer.headers.get('Retry-After')) || 1
	if (answer.status === 503 && tries > 1) {
		await new Promise((resolve) => { setTimeout(resolve, Math.min(3, after) * 1000) })
		return call(method, path, body, tries - 1)
	}
	if (answer.status === 503) throw new Refusal(t('Very busy right now. Try again in a few seconds.'), 503, '', after)
	let data
	try {
		data = await answer.json()
	} catch {
		throw new Refusal(t('Sprechtag does not answer ({status}). Try again in a moment.', { status: answer.status }), answer.status)
	}
	if (!answer.ok) throw new Refusal(t(data.text || data.message, data.values), answer.status, data.error)
	return data
}

export const get = (path) => call('GET', path)
/** For what is asked again and again anyway: one try. */
export const poll = (path) => call('GET', path, undefined, 1)
/** Rows of an answer in columns as objects; the last value of a row that has one more holds what is not as usual. */
export const unfoldedRows = ({ columns, rows }) => rows.map((row) => ({ ...Object.fromEntries(columns.map((name, index) => [name, row[index]])), ...row[columns.length] }))
export const post = (path, body) => call('POST', path, body)
export const put = (path, body) => call('PUT', path, body)
export const remove = (path) => call('DELETE', path)

/** Users and groups of this Nextcloud by name, looked up as the person in front of the screen. */
export async function searchPeople(search, groups = true) {
	const query = new URLSearchParams({ search, itemType: '', itemId: '', limit: '10' })
	query.append('shareTypes[0]', '0')
	if (groups) query.append('shareTypes[1]', '1')
	const found = await ocs(`core/autocomplete/get?${query}`)
	return (found ?? []).map((entry) => ({ id: entry.id, name: entry.label, group: entry.source === 'groups' }))
}

/** Ids of a group's members; undefined for a group that the person is not in: Nextcloud tells only its members. */
export async function membersOf(group) {
	return (await ocs(`cloud/groups/${encodeURIComponent(group)}/users`))?.users
}

/** Groups of which this person may know the members, with their names: all for who administers groups, else the own ones. */
export async function groupsToRead(user) {
	const all = (await ocs('cloud/groups/details?limit=500'))?.groups
	if (all) return all.map(({ id, displayname }) => ({ id, name: displayname || id }))
	const own = (await ocs(`cloud/users/${encodeURIComponent(user)}/groups`))?.groups ?? []
	const named = []
	// Of the own groups Nextcloud tells ids only; what a group from a directory is called the search knows.
	for (const id of own) named.push((await searchPeople(id)).find((one) => one.group && one.id === id) ?? { id, name: id })
	return named
}

async function ocs(path) {
	const root = window._oc_webroot ?? ''
	const url = `${root}/ocs/v2.php/${path}${path.includes('?') ? '&' : '?'}format=json`
	try {
		const answer = await fetch(url, { headers: { 'OCS-APIRequest': 'true' } })
		return answer.ok ? (await answer.json()).ocs.data : undefined
	} catch {
		return undefined
	}
}
