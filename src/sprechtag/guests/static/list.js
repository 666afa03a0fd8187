/* SPDX-FileCopyrightText: 2026 Sprechtag contributors
   SPDX-License-Identifier: AGPL-3.0-or-later */
/* Comfort for the list of hosts: it shows at once whom a search means, a class is looked up when it is chosen, and the
   bar below says how many are ticked. Nothing needs it. */
(() => {
	const form = document.getElementById('choose')
	if (!form) return
	const plain = { ß: 'ss', ø: 'o', æ: 'ae', œ: 'oe', ł: 'l', đ: 'd', ı: 'i' }
	const long = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' }
	const swap = (text, signs) => text.replace(/[^\0-~]/g, (sign) => signs[sign] ?? sign)
	const bare = (text) => swap(text, plain).normalize('NFD').replace(/\p{M}/gu, '')
	const folded = (text) => {
		const small = text.normalize('NFC').toLowerCase()
		return [bare(small), bare(swap(small, long))]
	}
	const titles = /^(frau|herrn?|fr|hr|dr|prof|mr|mrs|ms|miss|mme|madame|monsieur|pani?|bay|bayan|hanim|пані|пан|госпожа|господин)$/
	const field = form.elements.q
	const rows = [...form.querySelectorAll('.pick')].map((row) => {
		const said = row.querySelector('b, .soft').textContent + ' ' + (row.querySelector('small:not(.asks)')?.textContent ?? '') + ' ' + (row.dataset.c ?? '')
		return [row, folded(said)]
	})
	const filter = () => {
		const typed = field.value.match(/[^\s,.;]+/g) ?? []
		const named = typed.filter((word) => !titles.test(word.toLowerCase()))
		const words = (named.length ? named : typed).map(folded)
		for (const [row, [one, other]] of rows) row.hidden = !words.every(([short, full]) => one.includes(short) || other.includes(full))
		for (const list of form.querySelectorAll('.hosts')) {
			const none = ![...list.children].some((row) => !row.hidden)
			list.hidden = none
			const head = list.previousElementSibling
			if (head?.matches('.letter')) head.hidden = none || words.length > 0
		}
		const nobody = document.getElementById('nobody')
		nobody.hidden = !rows.length || rows.some(([row]) => !row.hidden)
		nobody.textContent = nobody.hidden ? '' : nobody.dataset.said.replace('…', field.value)
		const letters = form.querySelector('.letters')
		if (letters) letters.parentElement.hidden = words.length > 0
	}
	field.addEventListener('input', filter)
	form.querySelector('.go2').hidden = true // it is looked for while it is typed
	form.querySelector('select')?.addEventListener('change', () => form.requestSubmit(form.querySelector('.go2')))

	const next = document.getElementById('next')
	const bar = next?.parentElement, plainly = next?.textContent
	const others = Number(document.getElementById('elsewhere')?.dataset.count ?? 0)
	const count = () => {
		if (!bar) return
		const ticked = others + form.querySelectorAll('.box input:checked').length
		bar.hidden = !ticked
		next.textContent = ticked ? (next.dataset.chosen ?? `${plainly} (…)`).replace('…', ticked) : plainly
	}
	form.addEventListener('change', count)
	/* In another language the same are ticked, and the same is looked for. */
	for (const link of document.querySelectorAll('.langs a')) {
		link.addEventListener('click', () => {
			const query = new URLSearchParams({ lang: new URL(link.href).searchParams.get('lang') })
			for (const [name, value] of new FormData(form)) if (value && name !== 'lang') query.set(name, value)
			link.search = query
		})
	}
	addEventListener('pageshow', () => {
		count()
		filter()
	})
	count()
})()
