import { readdirSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'

import { type Bundle, bundleAlone } from './rig/bundle.ts'
import { RUNS, runOn } from './rig/runtimes.ts'

/** What each package says by itself, wherever it runs. */
const EXPECTED = {
  core: ['one two', 'two', 'cancelled'],
  sse: ['text/event-stream; charset=utf-8', 'text', '{"text":"日本🎉"}', 'message', 'more'],
  http: [200, [['"text":"You said hi"'], ['"text":"hi"']], 'stop', 404],
  wires: ['Hello world', 'stop'],
  client: ['one two', 'stop', ['POST', 'GET']],
  'websocket-messages': ['start', '日本🎉'],
  'grpc-messages': ['abc.1.1', 'text', '日本🎉'],
}

const names = Object.keys(EXPECTED)
const bundles: Record<string, Bundle> = {}

beforeAll(async () => {
  for (const name of names) bundles[name] = await bundleAlone(name)
})

test('every package that is to run alone is checked', () => {
  const found = readdirSync(new URL('alone', import.meta.url)).map((file) => file.replace('.ts', ''))
  expect(found.toSorted()).toEqual(names.toSorted())
})

test.each(names)('%s takes nothing of Node with it', (name) => {
  expect(bundles[name]!.imports).toEqual([])
  expect(bundles[name]!.code).not.toMatch(/from ["']node:|require\(["']node:/)
})

test.each(Object.entries(RUNS))('on %s each package does by itself what it says', async (_, run) => {
  const code = Object.fromEntries(Object.entries(bundles).map(([name, { code: own }]) => [name, own]))
  expect(await runOn(run, code)).toEqual(EXPECTED)
})
