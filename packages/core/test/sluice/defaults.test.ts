import {
  DEFAULT_ADAPTIVE_OPTIONS,
  DEFAULT_BODY_OPTIONS,
  DEFAULT_BOUNDARY_OPTIONS,
  DEFAULT_DRAIN_MS,
  DEFAULT_FIXED_OPTIONS,
  DEFAULT_LIMIT_OPTIONS,
  DEFAULT_MEMORY_STORE_OPTIONS,
  DEFAULT_READER_OPTIONS,
  DEFAULT_STREAM_OPTIONS,
} from '@sluice/core'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const KIB = 1024
const MIB = 1024 * KIB
const HOUR_MS = 3_600_000

test('the defaults are those of the design', () => {
  expect(DEFAULT_STREAM_OPTIONS).toEqual({
    onDisconnect: { graceMs: 15_000 },
    deadlines: { firstTokenMs: 120_000, idleMs: 60_000, totalMs: HOUR_MS },
    windowBytes: 64 * KIB,
    retentionBytes: MIB,
    retentionMs: HOUR_MS,
    maxEventBytes: 16 * KIB,
    unattachedMs: 30_000,
    openAfterMs: 2_000,
    durability: 'committed',
    takeoverMs: 5_000,
  })
  expect(DEFAULT_READER_OPTIONS).toMatchObject({ heartbeatMs: 15_000, stallMs: 30_000, queueBytes: 16 * KIB })
  expect(DEFAULT_READER_OPTIONS.chunking.name).toMatch(/^adaptive/)
  expect(DEFAULT_DRAIN_MS).toBe(25_000)
})

/** Text of a doc comment's default as a value: `Default 65,536.`, `Default 1 MiB.`, `` Default `word`. `` */
function valueOf(prose: string): unknown {
  const quoted = /^`([^`]+)`/.exec(prose)?.[1]
  if (quoted !== undefined) return quoted.replaceAll(/(\d)_(?=\d)/g, '$1')
  const [, digits = '', unit] = /^([\d,.]*\d)(?: (MiB|KiB))?/.exec(prose) ?? []
  if (digits === '') return prose
  return Number(digits.replaceAll(',', '')) * (unit === 'MiB' ? MIB : unit === 'KiB' ? KIB : 1)
}

/** Default each option of a source file is documented with, by name. */
function documentedDefaults(file: string, interfaces: readonly string[]): Map<string, unknown> {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
  const found = new Map<string, unknown>()
  for (const name of interfaces) {
    const body = new RegExp(`interface ${name} (?:extends \\w+ )?\\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? ''
    for (const [, comment = '', option = ''] of body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*(?:readonly )?(\w+)\?:/g)) {
      const prose = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ')
      const told = /(?:Default:?|@defaultValue) (.+?)\s*$/.exec(prose)?.[1]
      found.set(option, told === undefined ? undefined : valueOf(told))
    }
  }
  return found
}

/** A constant as documentation spells it. */
function spelled(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('create' in value) return 'adaptive()'
  if (Object.keys(value).length === 0) return '{}'
  return JSON.stringify(value).replaceAll('"', '').replaceAll(':', ': ').replace('{', '{ ').replace('}', ' }')
}

describe('the documentation of every option names its default', () => {
  test.each<[string, readonly string[], object]>([
    ['store/stream-options.ts', ['StreamOptions'], DEFAULT_STREAM_OPTIONS],
    ['store/stream-options.ts', ['DeadlineOptions'], DEFAULT_STREAM_OPTIONS.deadlines],
    ['reader/options.ts', ['ReaderOptions'], DEFAULT_READER_OPTIONS],
    ['access/admission.ts', ['LimitOptions'], DEFAULT_LIMIT_OPTIONS],
    ['access/body-options.ts', ['BodyOptions'], DEFAULT_BODY_OPTIONS],
    ['store/memory-store-options.ts', ['MemoryStoreOptions'], DEFAULT_MEMORY_STORE_OPTIONS],
    ['chunking/adaptive.ts', ['AdaptiveOptions'], DEFAULT_ADAPTIVE_OPTIONS],
    ['chunking/fixed.ts', ['FixedOptions'], DEFAULT_FIXED_OPTIONS],
    ['chunking/boundary.ts', ['BoundaryOptions'], DEFAULT_BOUNDARY_OPTIONS],
  ])('%s, %s', (file, interfaces, defaults) => {
    const documented = documentedDefaults(file, interfaces)
    expect(documented.size).toBeGreaterThan(0)
    const values = Object.entries(defaults).filter(([name]) => name !== 'deadlines')
    for (const [name, value] of values) expect([name, documented.get(name)]).toEqual([name, spelled(value)])
  })
})
