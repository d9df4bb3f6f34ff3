import { expect, test } from 'vitest'
import { isOrigin } from '@sluice/core/extend'

test.each([
  'https://app.example',
  'http://127.0.0.1:3000',
  'http://[::1]:8080',
  'app://obsidian.md',
  'tauri://localhost',
  'tauri://localhost:1420',
  'capacitor://localhost',
  'ionic://localhost',
  'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'moz-extension://0f9c4b0e-6f1e-4a4a-9c1e-2f6a4d2b8a11',
  'vscode-webview://abc123',
  'file://',
  'null',
])('%s is an origin', (text) => {
  expect(isOrigin(text)).toBe(true)
})

test.each([
  '',
  '*',
  'NULL',
  'app.example',
  'https://app.example/',
  'https://app.example:443',
  'https://APP.example',
  'https://u:p@app.example',
  'app://obsidian.md/',
  'app://obsidian.md/index.html',
  'app://u@obsidian.md',
  'APP://obsidian.md',
  'app://a,app://b',
  'app:obsidian.md',
  'javascript://x',
  'file:///etc/passwd',
  'https://a b',
  7,
  undefined,
])('%s is none', (text) => {
  expect(isOrigin(text)).toBe(false)
})
