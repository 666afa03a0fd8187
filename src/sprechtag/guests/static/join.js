/* SPDX-FileCopyrightText: 2026 Sprechtag contributors
   SPDX-License-Identifier: AGPL-3.0-or-later */
/* The join page's comfort: counts down, takes a turn, leads on by itself, checks the device. Nothing needs it: without it
   there are a button and a link. Times are the server's: `ahead` is how far its clock is before this one. */
(() => {
	const box = document.getElementById('join')
	if (!box) return
	const { data, $ } = { data: box.dataset, $: (id) => document.getElementById(id) }
	const ahead = Number(data.now) - Date.now()
	const now = () => Date.now() + ahead
	const SOON = 15 * 60e3, PATIENCE = 5000, SHOWN = 24 * 3600e3
	let begins = Number(data.begins), letIn = null, link = data.link, etag = '', gone = false, asked = 0, again = 10, failed = 0
	for (const one of document.querySelectorAll('.js')) one.hidden = false

	const ask = async (path, method) => {
		const stop = new AbortController()
		const timer = setTimeout(() => stop.abort(), PATIENCE)
		try {
			const headers = { Accept: 'application/json' }
			if (etag && method === 'GET') headers['If-None-Match'] = etag
			const body = method === 'POST' ? new URLSearchParams() : undefined
			const answer = await fetch(data.base + path, { method, headers, body, signal: stop.signal, credentials: 'omit' })
			if (answer.status === 304) return failed = 0, true
			if (!answer.ok) throw new Error(answer.status)
			etag = answer.headers.get('ETag') || ''
			const said = await answer.json()
			failed = 0
			if (said.state === 'over') return location.reload(), true
			begins = said.begins
			letIn = said.letIn
			link = said.link || link
			again = said.again
			$('late').textContent = said.late
			$('late').hidden = !said.late
			return true
		} catch {
			failed++
			return false
		} finally {
			clearTimeout(timer)
		}
	}

	/* Who comes back from the room with the browser's button wants to see this page, not to be led on again. */
	let auto = performance.getEntriesByType('navigation')[0]?.type !== 'back_forward'
	const go = () => {
		if (gone || !link || !auto) return
		gone = true
		$('what').textContent = data.going
		$('rest').textContent = ''
		location.href = link
	}
	addEventListener('pageshow', (event) => {
		if (event.persisted) auto = gone = false
	})

	const clock = (ms) => {
		const seconds = Math.max(0, Math.ceil(ms / 1000))
		const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
		return (parts[0] ? parts : parts.slice(1)).map((part, i) => i ? String(part).padStart(2, '0') : part).join(':')
	}

	/* Here since before the start: asks for its turn as soon as turns are given out, then now and then how it stands. */
	let busy = false
	const tick = async () => {
		const left = begins - now()
		$('clock').hidden = left > SHOWN
		const turn = letIn !== null && letIn - now() < 60e3 ? letIn - now() : null
		if (!gone) {
			$('what').textContent = turn !== null ? data.turn : data.before
			$('rest').textContent = clock(turn !== null ? turn : left)
		}
		if (gone || busy || !link) return
		if (letIn !== null && now() >= letIn) return go()
		/* Our app does not answer: at its time the page goes on without a turn. */
		if (letIn === null && failed && now() >= begins + PATIENCE) return go()
		const since = now() - asked
		const wait = letIn !== null && letIn - now() < 4000 ? 3000 : (left > SOON ? 60 : again) * 1000
		if (left <= SOON && letIn === null && since > Math.min(again * 1000, failed ? 3000 : 10e3)) {
			asked = now()
			busy = true
			await ask('/enter', 'POST')
			busy = false
		} else if (since > wait && left < SHOWN) {
			asked = now()
			busy = true
			await ask('/state', 'GET')
			busy = false
		}
	}
	if (begins - now() > SOON) asked = now()
	tick()
	setInterval(tick, 500)

	/* -- the device check -------------------------------------------------------------------------------------- */
	const results = {}
	const say = (name, fine) => {
		const row = document.querySelector(`[data-test="${name}"]`)
		row.className = fine ? 'fine' : 'bad'
		row.querySelector('.result').textContent = fine ? data.ok : data.failed
		row.querySelector('small')?.remove()
		if (!fine) row.append(Object.assign(document.createElement('small'), { textContent: row.dataset.advice }))
		results[name] = fine ? 'ok' : 'failed'
	}

	const hear = (stream) => {
		const context = new AudioContext()
		const analyser = context.createAnalyser()
		context.createMediaStreamSource(stream).connect(analyser)
		const wave = new Uint8Array(analyser.fftSize)
		const look = () => {
			analyser.getByteTimeDomainData(wave)
			$('level').value = Math.min(1, Math.max(...wave.map((value) => Math.abs(value - 128))) / 64)
		}
		setInterval(look, 100)
	}

	const open = async (what) => {
		try {
			return await navigator.mediaDevices.getUserMedia(what)
		} catch {
			return null
		}
	}

	/* Where Talk has named no servers (yet) there is nothing to try, and nothing is said of it. */
	const relays = () => JSON.parse(data.relays)

	/* Whether a way out of this network is found, over the servers that Talk names to all who join. */
	const connects = async () => {
		const peer = new RTCPeerConnection({ iceServers: relays() })
		const found = new Promise((resolve) => {
			/* Without a router in between the server sees what the device knows already, and names nothing new: then it
			   counts that no server failed. */
			let wrong = !('onicecandidateerror' in peer)
			peer.onicecandidateerror = () => { wrong = true }
			peer.onicecandidate = ({ candidate }) => {
				if (!candidate) resolve(!wrong)
				else if (/ typ (srflx|prflx|relay)/.test(candidate.candidate)) resolve(true)
			}
			setTimeout(() => resolve(false), 12e3)
		})
		peer.createDataChannel('try')
		await peer.setLocalDescription(await peer.createOffer())
		const fine = await found
		peer.close()
		return fine
	}

	$('try').addEventListener('click', async () => {
		$('try').disabled = true
		$('tests').hidden = false
		document.querySelector('[data-test="connection"]').hidden = !relays().length
		for (const row of document.querySelectorAll('.tests .result')) row.textContent = data.asking
		const able = Boolean(globalThis.RTCPeerConnection && navigator.mediaDevices?.getUserMedia)
		say('webrtc', able)
		if (able) {
			const seen = await open({ video: true })
			say('camera', Boolean(seen))
			const heard = await open({ audio: true })
			say('microphone', Boolean(heard))
			$('seen').hidden = !seen && !heard
			$('picture').hidden = !seen
			if (seen) {
				$('picture').srcObject = seen
				$('picture').play().catch(() => {})
			}
			if (heard) hear(heard)
			if (relays().length) say('connection', await connects().catch(() => false))
		} else {
			for (const name of ['camera', 'microphone']) say(name, false)
		}
		fetch(`${data.base}/check`, { method: 'POST', body: new URLSearchParams(results), credentials: 'omit' }).catch(() => {})
		$('try').disabled = false
	})
})()
