import { readdirSync, readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { PUBLISHING } from '../../src/protocol/channel-mode.ts'
import { SCRIPTS } from '../../src/protocol/scripts.ts'

const FOLDER = new URL('../../lua/', import.meta.url)
const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')

function commandsOf(lua: string): Set<string> {
  return new Set([...lua.matchAll(/redis\.p?call\('(\w+)'/g)].map(([, command]) => command!))
}

test('every command of a script is tried at the start: none is found to be forbidden later', () => {
  const used = readdirSync(FOLDER).flatMap((name) => [...commandsOf(textOf(name))])
  const tried = commandsOf(textOf('check.lua'))
  expect(used.length).toBeGreaterThan(50)
  expect(used.filter((command) => !tried.has(command))).toEqual([])
})

test('scripts publish in the way that is found at the start, and in no other', () => {
  for (const name of readdirSync(FOLDER)) expect(textOf(name)).not.toMatch(/['"]S?PUBLISH['"]/)
  for (const [mode, prelude] of Object.entries(PUBLISHING)) {
    const own = commandsOf(prelude)
    let publishing = 0
    for (const { texts } of Object.values(SCRIPTS)) {
      const published = [...commandsOf(texts[mode as keyof typeof texts].lua)].filter((name) =>
        name.endsWith('PUBLISH'),
      )
      for (const command of published) expect([...own]).toContain(command)
      publishing += published.length
    }
    if (own.size > 0) expect(publishing).toBeGreaterThan(0)
  }
})
