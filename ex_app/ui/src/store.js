// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { reactive } from 'vue'
import { get } from './api.js'
import { t } from './l10n.js'

/** The conferences of the person in front of the screen, and what is said at the bottom of the page. */
export const store = reactive({ conferences: [], me: null, loaded: false, problem: '', said: null })

export async function reload() {
	try {
		store.conferences = await get('conferences')
		store.problem = ''
	} catch (refusal) {
		store.problem = refusal.message
	}
	store.loaded = true
}

/** Who is in front of the screen; the app learns the groups in the background, so it is asked again a few times. */
export async function meet(tries = 6) {
	try {
		const me = await get('me')
		store.me = { ...me, asking: !me.known && tries > 0 }
	} catch {
		return
	}
	if (store.me.asking) setTimeout(() => meet(tries - 1), 1500)
}

/** Where a conference opens, by what one is in it. */
export const homes = { organiser: 'overview', desk: 'bookings', host: 'mine' }

export const conference = (id) => store.conferences.find((one) => one.id === id)

let quiet
/** Says something for a few seconds, read out by screen readers. */
export function say(text, bad = false) {
	clearTimeout(quiet)
	store.said = { text, bad }
	quiet = setTimeout(() => { store.said = null }, bad ? 12000 : 5000)
}

/** Does something and says what came of it; resolves to its result, or to undefined after a refusal. */
export async function attempt(work, done = '') {
	try {
		const result = await work()
		if (done) say(done)
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
