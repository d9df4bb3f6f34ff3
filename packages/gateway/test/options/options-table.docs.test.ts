import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { DEFAULT_GATEWAY_OPTIONS } from '../../src/options/gateway-options.ts'
import { OPTION_TABLE } from '../../src/options/option-table.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const rows = [...readme.matchAll(/^\| `(--[\w-]+)` \| `(\w+)` \| ([^|]*) \| (.*) \|$/gm)].map(([, ...cells]) => cells)
const options = Object.entries(OPTION_TABLE).filter(([, { variable }]) => variable !== undefined)

test('the options table of the README has every option and its variable, in order', () => {
  expect(rows.map(([flag, variable]) => [flag, variable])).toEqual(
    options.map(([, { flag, variable }]) => [flag, variable]),
  )
})

test('where the default is a word or a number, the README tells the same', () => {
  const told = Object.fromEntries(rows.map(([flag, , preset]) => [flag, preset]))
  const plain = options.flatMap(([name, { flag }]) => {
    const preset = DEFAULT_GATEWAY_OPTIONS[name as keyof typeof DEFAULT_GATEWAY_OPTIONS]
    return typeof preset === 'object' || preset === undefined ? [] : [[flag, String(preset)] as const]
  })
  expect(told).toMatchObject(Object.fromEntries(plain))
  expect(told['--on-disconnect']).toBe('by route')
})
