// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { onBeforeUnmount, ref } from 'vue'
import { Refusal } from './api.js'
import { t } from './l10n.js'

const LONGEST = 60
const FOR_GOOD = [401, 403, 404]

/** Says that the login is over, once it is: nothing on this page asks any more then. */
export const loggedOut = ref('')

/** Calls `ask` now, every `every` milliseconds while the page is seen (0: once), and at once when it is seen again; returns
 * what asks out of turn. What a busy or unreachable app did not answer is asked again, as late as it asks for, and later
 * each time. It ends when the view is left, when `ask` says `false`, and at the first refusal, for good if it says who may
 * ask: a school is one address, and HaRP bans one that goes on asking. `trouble.value` of what is returned says in words why nothing comes. */
export function usePolling(ask, every = 0) {
	const trouble = ref('')
	let [timer, turn, failed, over] = [undefined, 0, 0, false]
	async function look() {
		clearTimeout(timer)
		turn += 1
		if (over || loggedOut.value || (every && document.hidden)) return
		const mine = turn
		let rest = every
		try {
			if ((await ask()) === false) rest = 0
			failed = 0
			trouble.value = ''
		} catch (refusal) {
			if (!(refusal instanceof Refusal)) throw refusal
			if (refusal.status && refusal.status < 500) {
				over = FOR_GOOD.includes(refusal.status)
				trouble.value = refusal.message
				if (refusal.status === 401) loggedOut.value = refusal.message
				return
			}
			failed += 1
			// A single 503 is usual, and over a second later.
			if (failed > 1 || !refusal.status) trouble.value = refusal.status ? t('Very busy right now. It is tried again by itself.') : t('No connection. It is tried again by itself.')
			rest = Math.max(every, 1000 * Math.max(refusal.after, Math.min(LONGEST, 2 ** (failed - 1))))
		}
		if (mine === turn && !over && rest) timer = setTimeout(look, rest)
	}
	const seen = () => { if (!document.hidden && (every || failed)) look() }
	document.addEventListener('visibilitychange', seen)
	window.addEventListener('online', seen)
	onBeforeUnmount(() => {
		over = true
		clearTimeout(timer)
		document.removeEventListener('visibilitychange', seen)
		window.removeEventListener('online', seen)
	})
	look()
	return Object.assign(look, { trouble })
}
