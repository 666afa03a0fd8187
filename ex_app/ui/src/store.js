// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { reactive } from 'vue'
import { get, poll } from './api.js'
import { t } from './l10n.js'

/** The conferences of the person in front of the screen, and what is said at the bottom of the page. */
export const store = reactive({ conferences: [], me: null, loaded: false, said: null })

export async function fetchConferences(ask = poll) {
	store.conferences = await ask('conferences')
	store.loaded = true
}

/** The same after something was done: what goes wrong is said. */
export const reload = () => attempt(() => fetchConferences(get))

const TRIES = 6
let asked = 0
/** Who is in front of the screen. The app learns the groups in the background; `false` once there is nothing more to ask. */
export async function meet() {
	const me = await poll('me')
	asked += 1
	store.me = { ...me, asking: !me.known && asked < TRIES }
	return store.me.asking
}

/** Where a conference opens, by what one is in it. */
export const homes = { organiser: 'overview', desk: 'bookings', host: 'mine' }

export const conference = (id) => store.conferences.find((one) => one.id === id)

let quiet
/** Says something for a few seconds, read out by screen readers; `undo` takes back what was done. */
export function say(text, bad = false, undo = null) {
	clearTimeout(quiet)
	store.said = { text, bad, undo }
	quiet = setTimeout(() => { store.said = null }, undo ? 60000 : bad ? 12000 : 5000)
}

/** Does something and says what came of it; resolves to its result, or to undefined after a refusal. */
export async function attempt(work, done = '', undo = null) {
	try {
		const result = await work()
		if (done) say(done, false, undo)
		return result === null || result === undefined ? true : result
	} catch (refusal) {
		say(refusal.message, true)
		return undefined
	}
}

export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text)
		say(t('Copied.'))
	} catch {
		say(t('Copying is not possible here. Mark the text and copy it yourself.'), true)
	}
}
