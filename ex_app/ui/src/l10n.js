// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* Nextcloud never loads an external app's own translations, so they are bundled here: a new file in l10n/ is enough.
   Only the visitor's is fetched. The texts in the source are English; how an English reader meets them is in
   l10n/en.json. */
import { getLanguage, register, translate, translatePlural } from '@nextcloud/l10n'

const there = import.meta.glob('../../l10n/*.json', { import: 'translations' })
const spoken = [document.documentElement.dataset.locale ?? '', getLanguage()].map((name) => name.replace('-', '_'))
const wanted = [...spoken, ...(getLanguage().startsWith('de') ? ['de_DE'] : [getLanguage().split(/[-_]/)[0]])]
const bundle = wanted.map((name) => there[`../../l10n/${name}.json`]).find(Boolean)
if (bundle) register('sprechtag', await bundle())

/* Text goes into Vue's templates, which escape it themselves. */
const plain = { escape: false, sanitize: false }
export const t = (text, values = {}) => translate('sprechtag', text, values, undefined, plain)
export const n = (one, many, count, values = {}) => translatePlural('sprechtag', one, many, count, values, plain)

/* What went wrong in the background, with the answer's code behind the sentence: "… (550 5.7.1)". */
export function said(problem) {
	const [, text, answer] = /^(.*?)( \([\w .]+\))?$/s.exec(problem)
	return t(text) + (answer ?? '')
}

export const locale = getLanguage().replace('_', '-')
const formatters = new Map()
function format(moment, zone, options) {
	const key = `${zone}${JSON.stringify(options)}`
	if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }))
	return formatters.get(key).format(moment instanceof Date ? moment : new Date(moment))
}
export const clock = (moment, zone) => format(moment, zone, { hour: '2-digit', minute: '2-digit' })
export const day = (moment, zone) => format(moment, zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
export const shortDay = (moment, zone) => format(moment, zone, { weekday: 'short', day: 'numeric', month: 'short' })
/** What a language of the public pages is called; easy German has no code that browsers know. */
export const languageName = (code) => (code === 'de-simple' ? t('German in easy words') : new Intl.DisplayNames([locale], { type: 'language' }).of(code))
/** The date as `2027-01-31` in the zone, for comparing days. */
export function isoDay(moment, zone) {
	const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
	return parts.format(new Date(moment))
}
