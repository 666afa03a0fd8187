// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* The page behind the menu entry: my conferences and bookings, from the JSON API. A classic script, because
   AppAPI loads it with `defer` and without type="module". */
(() => {
	const api = new URL('../api/v1/', document.currentScript.src)
	const german = (document.documentElement.lang || 'en').startsWith('de')
	const texts = {
		title: ['Conferences', 'Sprechtage'],
		none: ['You have no conference yet. Your organiser invites you, then it stands here.', 'Sie haben noch keinen Sprechtag. Sobald Sie eingeladen sind, steht er hier.'],
		loading: ['Loading …', 'Wird geladen …'],
		organiser: ['You organise this conference', 'Sie organisieren diesen Sprechtag'],
		host: ['You are invited as a host', 'Sie sind als Lehrkraft eingeladen'],
		draft: ['Draft', 'Entwurf'], published: ['Open for booking', 'Buchbar'], closed: ['Closed', 'Geschlossen'],
		join: ['Take part', 'Teilnehmen'], decline: ['Decline', 'Nicht teilnehmen'],
		joined: ['You take part. Appointments appear in your calendar by themselves.', 'Sie nehmen teil. Termine erscheinen von selbst in Ihrem Kalender.'],
		declined: ['You do not take part.', 'Sie nehmen nicht teil.'],
		invited: ['Families can book with you once you take part. The app then puts appointments into your calendar and makes Talk rooms for you.', 'Sobald Sie teilnehmen, können Familien bei Ihnen buchen. Die App trägt dann Termine in Ihren Kalender ein und legt Talk-Räume für Sie an.'],
		publish: ['Open booking', 'Buchung öffnen'], close: ['Close booking', 'Buchung schließen'],
		share: ['Link for families', 'Link für Familien'], copy: ['Copy link', 'Link kopieren'], copied: ['Copied', 'Kopiert'],
		time: ['Time', 'Zeit'], with: ['Host', 'Lehrkraft'], child: ['Child', 'Kind'], family: ['Family', 'Familie'], place: ['Place', 'Ort'], sync: ['Nextcloud', 'Nextcloud'],
		on_site: ['On site', 'Vor Ort'], video: ['Video', 'Video'], open: ['Open', 'Öffnen'],
		done: ['up to date', 'aktuell'], waiting: ['on its way', 'unterwegs'], cancelled: ['cancelled', 'abgesagt'],
		nobookings: ['No appointments yet.', 'Noch keine Termine.'], bookings: ['appointments', 'Termine'],
		hosts: ['Hosts with a problem', 'Lehrkräfte mit einem Problem'],
		failed: ['That did not work', 'Das hat nicht geklappt'], relogin: ['Please reload the page and log in again.', 'Bitte laden Sie die Seite neu und melden Sie sich an.'],
	}
	const t = (key) => texts[key][german ? 1 : 0]

	const element = (name, attributes = {}, ...children) => {
		const node = document.createElement(name)
		for (const [key, value] of Object.entries(attributes)) {
			if (key.startsWith('on')) node.addEventListener(key.slice(2), value)
			else node.setAttribute(key, value)
		}
		node.append(...children)
		return node
	}

	const call = async (method, path, body) => {
		const answer = await fetch(new URL(path, api), {
			method,
			headers: { 'X-Requested-With': 'XMLHttpRequest', ...(body ? { 'Content-Type': 'application/json' } : {}) },
			body: body && JSON.stringify(body),
		})
		if (answer.status === 401) throw new Error(t('relogin'))
		const data = await answer.json()
		if (!answer.ok) throw new Error(data.message || answer.statusText)
		return data
	}

	const root = element('main', { id: 'sprechtag' })
	const status = element('p', { role: 'status' }, t('loading'))
	const list = element('div')

	const act = (path) => async () => {
		try {
			await call('POST', path)
			await show()
		} catch (error) {
			status.className = 'bad'
			status.textContent = `${t('failed')}: ${error.message}`
		}
	}
	const button = (text, onclick, primary = false) => element('button', { onclick, ...(primary ? { class: 'primary' } : {}) }, text)

	const effects = (booking) => {
		const trouble = booking.effects.find((effect) => effect.state === 'gave_up' || effect.state === 'failing')
		if (trouble) return element('span', { class: 'bad' }, `${trouble.kind}: ${trouble.last_error}`)
		return document.createTextNode(booking.effects.every((effect) => effect.state === 'done') ? t('done') : t('waiting'))
	}

	const row = (booking, zone) => {
		const when = new Date(booking.starts_at).toLocaleString(german ? 'de' : 'en-GB', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: zone })
		const place = element('td', {}, booking.state === 'cancelled' ? t('cancelled') : t(booking.place))
		if (booking.place === 'on_site' && booking.room && booking.state === 'active') place.append(`, ${booking.room}`)
		if (booking.video_link && booking.state === 'active') place.append(' ', element('a', { href: booking.video_link }, t('open')))
		const child = booking.school_class ? `${booking.child} (${booking.school_class})` : booking.child
		return element('tr', {}, element('td', {}, when), element('td', {}, booking.host_name), element('td', {}, child), element('td', {}, booking.guest_name), place, element('td', {}, effects(booking)))
	}

	const table = (bookings, zone) => {
		if (!bookings.length) return element('p', { class: 'soft' }, t('nobookings'))
		const head = ['time', 'with', 'child', 'family', 'place', 'sync'].map((key) => element('th', { scope: 'col' }, t(key)))
		return element('div', { class: 'scroll', tabindex: '0' }, element('table', {}, element('caption', { class: 'soft' }, `${bookings.length} ${t('bookings')}`), element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...bookings.map((booking) => row(booking, zone)))))
	}

	const troubled = (hosts) => {
		const bad = hosts.filter((host) => host.problem)
		if (!bad.length) return []
		return [element('h4', {}, t('hosts')), element('ul', {}, ...bad.map((host) => element('li', {}, `${host.display_name}: ${host.problem}`)))]
	}

	const section = async (conference) => {
		const path = `conferences/${conference.id}`
		const organises = conference.role === 'organiser'
		const head = element('div', { class: 'row' }, element('h3', {}, conference.name), element('span', { class: 'state' }, t(conference.state)))
		const box = element('section', { 'aria-label': conference.name }, head, element('p', { class: 'soft' }, organises ? t('organiser') : t('host')))
		if (conference.host_state) {
			box.append(element('p', {}, t(conference.host_state)))
			const actions = element('div', { class: 'row' })
			if (conference.host_state !== 'joined') actions.append(button(t('join'), act(`${path}/join`), true))
			if (conference.host_state === 'invited') actions.append(button(t('decline'), act(`${path}/decline`)))
			box.append(actions)
		}
		if (organises) {
			const open = conference.state !== 'published'
			if (conference.share_link && !open) {
				const copy = button(t('copy'), async () => { await navigator.clipboard.writeText(conference.share_link); copy.textContent = t('copied') })
				box.append(element('div', { class: 'row' }, element('p', { class: 'link' }, `${t('share')}: `, element('a', { href: conference.share_link }, conference.share_link)), copy))
			}
			box.append(button(open ? t('publish') : t('close'), act(`${path}/${open ? 'publish' : 'close'}`), open))
			box.append(...troubled(await call('GET', `${path}/hosts`)))
		}
		if (organises || conference.host_state === 'joined') box.append(table(await call('GET', `${path}/bookings`), conference.time_zone))
		return box
	}

	const show = async () => {
		const conferences = await call('GET', 'conferences')
		const sections = await Promise.all(conferences.map(section))
		list.replaceChildren(...sections)
		status.className = 'soft'
		status.textContent = conferences.length ? '' : t('none')
	}

	const start = () => {
		const places = document.querySelectorAll('#content')
		places[places.length - 1].append(root)
		root.append(element('h2', {}, t('title')), status, list)
		show().catch((error) => { status.className = 'bad'; status.textContent = `${t('failed')}: ${error.message}` })
	}
	if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
	else start()
})()
