import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { FOLDER } from './event-scripts.ts'

/** `SLUICE_RECORD=1` writes what the code does now instead of comparing with it. */
const RECORDS = process.env.SLUICE_RECORD === '1'
if (RECORDS && process.env.CI === 'true') {
  throw new Error('SLUICE_RECORD=1 is set under CI=true: bytes are recorded by hand, and CI only compares them.')
}

/**
 * Makes a test of each case: what it gives now is what was recorded in `vectors/bytes/<file>.json`, exactly, and no case was
 * recorded that is not made any more.
 */
export function describeRecorded<Value>(file: string, cases: ReadonlyMap<string, () => Promise<Value>>): void {
  const path = join(FOLDER, `${file}.json`)
  const recorded = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Value>) : {}
  const made = new Map(Object.entries(recorded))

  test.each([...cases])(`${file}: %s is as recorded`, async (name, make) => {
    // What a file cannot hold, such as members that are `undefined`, is no part of what is compared.
    const value = JSON.parse(JSON.stringify(await make())) as Value
    if (RECORDS) made.set(name, value)
    else expect(value).toStrictEqual(recorded[name])
  })

  test(`${file}: nothing else is recorded`, () => {
    expect(RECORDS ? [...cases.keys()] : Object.keys(recorded)).toEqual([...cases.keys()])
  })

  afterAll(() => {
    if (!RECORDS) return
    const known = [...cases.keys()].filter((name) => made.has(name))
    writeFileSync(path, toAscii(Object.fromEntries(known.map((name) => [name, made.get(name)]))))
  })
}

/** JSON in which every character can be seen. */
function toAscii(value: object): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(value, null, 2).replaceAll(/[\u007f-\uffff]/g, escape)}\n`
}
