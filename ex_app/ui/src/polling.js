// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
import { onBeforeUnmount } from 'vue'

/** Calls `ask` now and every few milliseconds while the page is seen, and at once when it is seen again; returns what
 * asks out of turn. It ends when the view is left, when `ask` says `false`, and at the first refusal, which `refused` is
 * told: a school is one address. A busy app is left alone for as long as it asks for. */
export function usePolling(ask, every, refused = () => {}) {
	let timer
	let turn = 0
	let over = false
	async function look() {
		clearTimeout(timer)
		turn += 1
		if (over || document.hidden) return
		const mine = turn
		let rest = every
		try {
			if ((await ask()) === false) return
		} catch (refusal) {
			if (refusal.status && refusal.status < 500) {
				over = true
				refused(refusal)
				return
			}
			rest = Math.max(every, 1000 * (refusal.after ?? 0))
		}
		if (mine === turn && !over) timer = setTimeout(look, rest)
	}
	const seen = () => { if (!document.hidden) look() }
	document.addEventListener('visibilitychange', seen)
	onBeforeUnmount(() => {
		over = true
		clearTimeout(timer)
		document.removeEventListener('visibilitychange', seen)
	})
	look()
	return look
}
