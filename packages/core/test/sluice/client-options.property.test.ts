import { type ClientOptions, createSluice, isSluiceError, parseClientOptions } from '@sluice/core'
import { CLIENT_OPTION_NAMES, CLIENT_READING_NAMES, parseClientReading } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from '../../../testing/src/index.ts'

const said: fc.Arbitrary<ClientOptions> = fc.record(
  {
    key: fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }).filter(({ length }) => length <= 256),
    ifRunning: fc.constantFrom('attach', 'cancel', 'refuse'),
    onDisconnect: fc.oneof(
      fc.constantFrom('cancel' as const, 'continue' as const),
      fc.record({ graceMs: fc.integer({ min: 0, max: 3_600_000 }) }, { noNullPrototype: true }),
    ),
    meta: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<never>, { noNullPrototype: true }),
    ids: fc.boolean(),
    maxDelayMs: fc.integer({ min: 1, max: 60_000 }),
    maxTokens: fc.integer({ min: 1, max: 65_536 }),
  },
  { requiredKeys: [], noNullPrototype: true },
)

const nested = (depth: number): object => {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = { v: value }
  return value as object
}

/** What is wrong, one of each rule. */
const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ['key', ''],
  ['key', 'x'.repeat(257)],
  ['key', 7],
  ['key', null],
  ['key', 'half \uD83D'],
  ['ifRunning', 'join'],
  ['onDisconnect', 'keep'],
  ['onDisconnect', 15_000],
  ['onDisconnect', {}],
  ['onDisconnect', { graceMs: -1 }],
  ['onDisconnect', { graceMs: 0.5 }],
  ['onDisconnect', { graceMs: 3_600_001 }],
  ['onDisconnect', { graceMs: 1, more: 1 }],
  ['onDisconnect', [1]],
  ['meta', 'text'],
  ['meta', ['list']],
  ['meta', null],
  ['meta', { big: 'x'.repeat(16 * 1024) }],
  ['meta', nested(101)],
  ['ids', 1],
  ['ids', 'true'],
  ['maxDelayMs', 0],
  ['maxDelayMs', 60_001],
  ['maxDelayMs', 1.5],
  ['maxDelayMs', '20'],
  ['maxTokens', 0],
  ['maxTokens', 65_537],
  ['maxTokens', Number.NaN],
]

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_REQUEST' && error.status === 400) return error.message
    throw error
  }
  throw new Error('was taken')
}

test('what a client may say is taken as it said it, by who takes it, and start takes what it is given', () =>
  check(
    fc.asyncProperty(said, async (options) => {
      const { start, reading } = parseClientOptions(options)
      const { ids, wishes } = reading
      expect({ ...start, ids, ...wishes }).toEqual(options)
      expect(wishes === undefined).toBe(options.maxDelayMs === undefined && options.maxTokens === undefined)
      const stream = await createSluice().start(() => ['x'], { as: { owner: 'ada' }, ...start })
      expect([stream.key, stream.meta]).toEqual([options.key, JSON.parse(JSON.stringify(options.meta ?? {}))])
      await stream.cancel()
    }),
    { numRuns: 300 },
  ))

test('nothing said is nothing asked for', () => {
  for (const nothing of [undefined, null, {}, { key: undefined }])
    expect(parseClientOptions(nothing)).toEqual({ start: {}, reading: {} })
})

test.each(WRONG)('refuses %s: %j, and says which it is and what it must be', (name, value) => {
  expect(refusal(() => parseClientOptions({ [name]: value }))).toMatch(
    new RegExp(`^The field "sluice\\.${name}" must be .+\\.$`),
  )
})

test('one thing that is wrong is enough, wherever it is among the others', () =>
  check(
    fc.property(said, fc.constantFrom(...WRONG), fc.boolean(), (options, [name, value], first) => {
      const wrong = first ? { [name]: value, ...options, [name]: value } : { ...options, [name]: value }
      expect(refusal(() => parseClientOptions(wrong))).toContain(`"sluice.${name}" must be`)
    }),
  ))

test('a name that is not known is refused, and those that are come with it', () =>
  check(
    fc.property(said, fc.string(), (options, name) => {
      fc.pre(!(CLIENT_OPTION_NAMES as readonly string[]).includes(name) && name !== '__proto__')
      const message = refusal(() => parseClientOptions({ ...options, [name]: 1 }))
      expect(message).toContain(JSON.stringify(`sluice.${name.slice(0, 80)}`))
      expect(message).toContain(`known are: ${CLIENT_OPTION_NAMES.join(', ')}.`)
    }),
  ))

test('what is sent in its place and is no object is refused', () =>
  check(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.array(fc.jsonValue())), (value) => {
      expect(refusal(() => parseClientOptions(value))).toBe('The field "sluice" must be an object.')
    }),
  ))

test('a reading takes the part that is about readings, and names the rest as what it is', () => {
  expect(parseClientReading({ ids: true, maxTokens: 3 })).toEqual({ ids: true, wishes: { maxTokens: 3 } })
  for (const name of CLIENT_OPTION_NAMES.filter((name) => !CLIENT_READING_NAMES.includes(name))) {
    expect(refusal(() => parseClientReading({ [name]: 'x' }, 'query'))).toBe(
      `The query parameter "${name}" is about starting a stream, and this is about one that there is; known are: ids, maxDelayMs, maxTokens.`,
    )
  }
})

test('an error spells the name as it is written where it was said', () => {
  const wrong = { maxDelayMs: 0 }
  expect(refusal(() => parseClientOptions(wrong))).toContain('The field "sluice.maxDelayMs" must')
  expect(refusal(() => parseClientOptions(wrong, 'query'))).toContain('The query parameter "maxDelayMs" must')
  expect(refusal(() => parseClientOptions(wrong, 'request'))).toContain('The field "max_delay_ms" must')
})
