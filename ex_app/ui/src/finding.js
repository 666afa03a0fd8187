// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* Names are found however they are typed, as on the public pages (conference/names.py): without case and accents, and ö
   as o or as oe, whichever of the two writes it so. */
const plain = { ß: 'ss', ø: 'o', æ: 'ae', œ: 'oe', ł: 'l', đ: 'd', ı: 'i' }
const long = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' }
const swap = (text, signs) => text.replace(/[^\0-~]/g, (sign) => signs[sign] ?? sign)
const bare = (text) => swap(text, plain).normalize('NFD').replace(/\p{M}/gu, '')

/** The text folded both ways. */
export function folded(text) {
	const small = text.normalize('NFC').toLowerCase()
	return [bare(small), bare(swap(small, long))]
}

/** What has to be found of a search, folded. */
export const wordsOf = (search) => (search.match(/[^\s,;]+/g) ?? []).map(folded)

/** Whether each word stands somewhere in the folded text. */
export const foundIn = ([one, other], words) => words.every(([short, full]) => one.includes(short) || other.includes(full))
