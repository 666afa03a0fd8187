/* SPDX-FileCopyrightText: 2026 Sprechtag contributors
   SPDX-License-Identifier: AGPL-3.0-or-later */
/* Comfort for the grid of times: what no longer fits beside a chosen time is dimmed and says so. Nothing needs it. */
(() => {
	const grid = document.getElementById('grid')
	if (!grid) return
	const picks = [...grid.querySelectorAll('input[type=radio]')]
	const chosen = grid.querySelector('.chosen')
	const names = new Map(picks.map((pick) => [pick, pick.getAttribute('aria-label')]))
	const look = () => {
		const taken = picks.filter((pick) => pick.checked && pick.value)
		for (const pick of picks) {
			if (!pick.value) continue
			const clash = taken.some((other) => other.name !== pick.name && Number(pick.dataset.from) < Number(other.dataset.until) && Number(other.dataset.from) < Number(pick.dataset.until))
			pick.closest('label').classList.toggle('clash', clash)
			pick.setAttribute('aria-label', clash ? `${names.get(pick)} (${grid.dataset.clash})` : names.get(pick))
		}
		chosen.hidden = !taken.length
		chosen.textContent = taken.map((pick) => names.get(pick)).join(' · ')
	}
	grid.addEventListener('change', look)
	look()
})()
