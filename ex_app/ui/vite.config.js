// SPDX-FileCopyrightText: 2026 Sprechtag contributors
// SPDX-License-Identifier: AGPL-3.0-or-later
/* A small classic script (AppAPI loads no modules) that imports ES modules beside it; all lies flat in js/, one style in css/. */
import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const loader = {
	name: 'classic-loader',
	writeBundle() {
		mkdirSync('../css', { recursive: true })
		copyFileSync('src/loader.js', '../js/sprechtag-main.js')
		renameSync('../js/sprechtag-main.css', '../css/sprechtag-main.css')
	},
}

export default defineConfig({
	plugins: [vue(), loader],
	base: './',
	define: { appName: '"sprechtag"', appVersion: '"0.1.0"' },
	build: {
		outDir: '../js',
		emptyOutDir: true,
		cssCodeSplit: false,
		modulePreload: false,
		target: 'es2022',
		chunkSizeWarningLimit: 1500,
		rollupOptions: {
			input: { app: 'src/main.js' },
			output: {
				entryFileNames: '[name].mjs',
				chunkFileNames: '[name]-[hash].mjs',
				assetFileNames: (asset) => (asset.names?.[0]?.endsWith('.css') ? 'sprechtag-main.css' : '[name]-[hash][extname]'),
			},
		},
	},
})
