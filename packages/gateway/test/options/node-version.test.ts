import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { refusalOfNode } from '../../src/node-version.ts'

test.each([
  ['22.12.0', true],
  ['22.13.1', true],
  ['24.0.0', true],
  ['100.0.0', true],
  ['24.0.0-nightly20260101', true],
  ['22.11.9', false],
  ['20.20.2', false],
  ['18.0.0', false],
  ['9.12.0', false],
])('Node %s runs the gateway: %s', (version, runs) => {
  expect(refusalOfNode(version) === undefined).toBe(runs)
})

test('the oldest Node is the one that the package names', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const oldest = (JSON.parse(text) as { engines: { node: string } }).engines.node.replace('>=', '')
  const [major, minor] = oldest.split('.').map(Number) as [number, number]
  expect(refusalOfNode(`${oldest}.0`)).toBeUndefined()
  expect(refusalOfNode(`${major}.${minor - 1}.0`)).toContain(`Node ${oldest} or newer`)
})
