import {
  adaptive,
  boundary,
  type ChunkingPolicy,
  createMemoryStore,
  createSluice,
  DEFAULT_LIMIT_OPTIONS,
  DEFAULT_READER_OPTIONS,
  DEFAULT_STREAM_OPTIONS,
  fixed,
  isSluiceError,
  paced,
  type SluiceError,
  type SluiceOptions,
} from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { resolveLimitOptions } from '../../src/access/admission.ts'
import { resolveReaderOptions } from '../../src/reader/options.ts'
import { resolveStreamOptions } from '../../src/store/stream-options.ts'
import { createRig, sluiceErrorOf } from '../rig/core-rig.ts'

function refusalOf(action: () => unknown): SluiceError {
  try {
    action()
  } catch (error) {
    if (isSluiceError(error)) return error
    throw error
  }
  throw new Error('It was accepted')
}

const NO_NUMBERS: readonly unknown[] = [NaN, Infinity, -Infinity, '10', '', true, {}, [], 10n, -1, 1e300]
const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'object'
        ? 'object'
        : String(value)

/** Every number there is to set: the group it is in, its name, values that are no good besides {@link NO_NUMBERS}. */
const NUMBERS: readonly (readonly [string, string, readonly unknown[]])[] = [
  ['stream', 'windowBytes', [1, 63, 100.5, false]],
  ['stream', 'retentionBytes', [100, 2048.5, false]],
  ['stream', 'retentionMs', [0.5, false]],
  ['stream', 'maxEventBytes', [15, 20.5, false]],
  ['stream', 'maxDataBytes', [15, 20.5, false]],
  ['stream', 'unattachedMs', [0, 1.5, false]],
  ['stream', 'openAfterMs', [1.5, false, 60_001]],
  ['stream', 'takeoverMs', [1.5, false, 86_400_001]],
  ['stream', 'durability.replicas', [0, 1.5, false, 17, undefined]],
  ['stream', 'deadlines.firstTokenMs', [0]],
  ['stream', 'deadlines.idleMs', [0]],
  ['stream', 'deadlines.totalMs', [0]],
  ['stream', 'onDisconnect.graceMs', [0.5, false, undefined]],
  ['reader', 'heartbeatMs', [0]],
  ['reader', 'stallMs', [0]],
  ['reader', 'queueBytes', [0, 255, 300.5, false]],
  ['reader', 'maxChunkBytes', [0, 63, 300.5, false]],
  ['reader', 'closeGraceMs', [0.5, false]],
  ['reader', 'betweenPollsMs', [0.5, false, 3_600_001]],
  ['limits', 'streamsPerOwner', [0, 1.5, false]],
  ['limits', 'startsPerSecond', [0, false]],
  ['limits', 'startBurst', [0, 1.5, false]],
  ['limits', 'streams', [0, 1.5, false]],
  ['limits', 'readersPerStream', [0, 1.5, false]],
]

function nest(path: string, value: unknown): SluiceOptions {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as SluiceOptions
}

describe('an option that breaks its rule is refused by name, with its value and the rule', () => {
  test.each(NUMBERS)('%s.%s', (group, path, others) => {
    for (const value of [...NO_NUMBERS, ...others]) {
      const { code, message } = refusalOf(() => createSluice(nest(`${group}.${path}`, value)))
      expect(code).toBe('SLUICE_ERR_OPTION')
      expect(message).toContain(path.split('.').at(-1))
      expect(message).toContain(shown(value))
      expect(message).toMatch(/must be .+/)
    }
  })

  test('null is a value like any other, no way to say default', () => {
    const accepted = NUMBERS.filter(([group, path]) => {
      try {
        createSluice(nest(`${group}.${path}`, null))
        return true
      } catch (error) {
        return !isSluiceError(error)
      }
    })
    expect(accepted.map(([group, path]) => `${group}.${path}`)).toEqual([])
  })

  test.each<[string, SluiceOptions | object]>([
    ['onDisconnect', { stream: { onDisconnect: 'never' } }],
    ['onDisconnect', { stream: { onDisconnect: {} } }],
    ['onDisconnect', { stream: { onDisconnect: 5 } }],
    ['durability', { stream: { durability: 'memory' } }],
    ['durability', { stream: { durability: {} } }],
    ['durability', { stream: { durability: null } }],
    ['durability', { stream: { durability: 1 } }],
    ['deadlines', { stream: { deadlines: 5 } }],
    ['stream', { stream: 5 }],
    ['stream', { stream: null }],
    ['reader', { reader: null }],
    ['limits', { limits: null }],
    ['chunking', { reader: { chunking: 'adaptive' } }],
    ['chunking', { reader: { chunking: { name: 'x', maxDelayMs: 5 } } }],
    ['maxDelayMs', { reader: { chunking: { name: 'x', maxDelayMs: NaN, take: () => 1 } } }],
    ['maxDelayMs', { reader: { chunking: { name: 'x', maxDelayMs: 60_001, take: () => 1 } } }],
    ['authorize', { authorize: true }],
    ['settle', { settle: {} }],
    ['errorFor', { errorFor: 'mask' }],
    ['store', { store: undefined }],
    ['store', { store: null }],
    ['store', { store: {} }],
    ['observers', { observers: {} }],
    ['observers', { observers: [null] }],
    ['transforms', { transforms: () => {} }],
    ['transforms', { transforms: [{}] }],
    ['runtime', { runtime: {} }],
    ['sources.chat', { sources: { chat: 'chat' } }],
    ['sources.chat', { sources: { other: () => [], chat: undefined } }],
  ])('%s in %o', (name, options) => {
    const { code, message } = refusalOf(() => createSluice(options as SluiceOptions))
    expect(code).toBe('SLUICE_ERR_OPTION')
    expect(message).toContain(name)
  })

  test.each([
    ['tokensPerSecond', { tokensPerSecond: NaN, burstTokens: 1 }],
    ['tokensPerSecond', { tokensPerSecond: 0, burstTokens: 1 }],
    ['tokensPerSecond', { tokensPerSecond: -1, burstTokens: 1 }],
    ['burstTokens', { tokensPerSecond: 1, burstTokens: 0 }],
    ['burstTokens', { tokensPerSecond: 1, burstTokens: NaN }],
  ])('contract 4: the %s of a custom policy, without which its reader would wait for ever', (name, pace) => {
    const chunking: ChunkingPolicy = { name: 'own', maxDelayMs: 0, take: (view) => view.pending, pace }
    expect(refusalOf(() => createSluice({ reader: { chunking } })).message).toContain(name)
  })

  test('both sides of a conflict are named', () => {
    const { message } = refusalOf(() => createSluice({ stream: { retentionBytes: 70_000 } }))
    for (const part of ['retentionBytes', '70000', 'windowBytes', '65536', 'maxEventBytes', '16384']) {
      expect(message).toContain(part)
    }
  })

  test.each<[string, () => unknown]>([
    ['maxBytes', () => createMemoryStore({ maxBytes: 0 })],
    ['maxTombstones', () => createMemoryStore({ maxTombstones: -1 })],
    ['tokens', () => fixed({ tokens: 0 })],
    ['maxDelayMs', () => fixed({ maxDelayMs: -1 })],
    ['targetTokens', () => adaptive({ targetTokens: 1.5 })],
    ['firstTokens', () => adaptive({ firstTokens: -1 })],
    ['maxDelayMs', () => adaptive({ maxDelayMs: NaN })],
    ['unit', () => boundary({ unit: 'words' as never })],
    ['maxDelayMs', () => boundary({ maxDelayMs: 60_001 })],
    ['locale', () => boundary({ locale: 'not a locale!' })],
    ['locale', () => boundary({ unit: 'line', locale: 'not a locale!' })],
    ['tokensPerSecond', () => paced({ tokensPerSecond: 0 })],
    ['burstTokens', () => paced({ tokensPerSecond: 1, burstTokens: 0 })],
    ['chunking', () => paced({ tokensPerSecond: 1, chunking: paced({ tokensPerSecond: 1 }) })],
    ['chunking', () => paced({ tokensPerSecond: 1, chunking: {} as never })],
  ])('%s of %s', (name, make) => {
    expect(refusalOf(make)).toMatchObject({
      code: 'SLUICE_ERR_OPTION',
      message: expect.stringContaining(name) as string,
    })
  })
})

describe('a name that is no option is refused with those that are', () => {
  test.each<[string, () => unknown]>([
    ['a sluice', () => createSluice({ wat: 1 } as never)],
    ['stream', () => createSluice({ stream: { wat: 1 } as never })],
    ['deadlines', () => createSluice({ stream: { deadlines: { wat: 1 } as never } })],
    ['onDisconnect', () => createSluice({ stream: { onDisconnect: { graceMs: 1, wat: 1 } as never } })],
    ['durability', () => createSluice({ stream: { durability: { replicas: 1, wat: 1 } as never } })],
    ['reader', () => createSluice({ reader: { wat: 1 } as never })],
    ['limits', () => createSluice({ limits: { wat: 1 } as never })],
    ['the memory store', () => createMemoryStore({ wat: 1 } as never)],
    ['adaptive', () => adaptive({ wat: 1 } as never)],
    ['boundary', () => boundary({ wat: 1 } as never)],
    ['fixed', () => fixed({ wat: 1 } as never)],
    ['paced', () => paced({ tokensPerSecond: 1, wat: 1 } as never)],
  ])('of %s', (_, make) => {
    const { code, message } = refusalOf(make)
    expect(code).toBe('SLUICE_ERR_OPTION')
    expect(message).toContain('"wat"')
  })

  test('of start', async () => {
    const { sluice } = createRig()
    const error = await sluiceErrorOf(() => sluice.start(() => [], { as: 'server', wat: 1 } as never))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION', message: expect.stringContaining('"wat"') as string })
  })
})

describe('an explicit undefined means the default, nearest level first', () => {
  const blank = (names: object): object => Object.fromEntries(Object.keys(names).map((name) => [name, undefined]))

  test('of the stream', () => {
    const options = { ...blank(DEFAULT_STREAM_OPTIONS), deadlines: blank(DEFAULT_STREAM_OPTIONS.deadlines) }
    expect(resolveStreamOptions(options)).toEqual(DEFAULT_STREAM_OPTIONS)
    const near = resolveStreamOptions({
      deadlines: { idleMs: 5 },
      windowBytes: 128,
      onDisconnect: 'continue',
      durability: { replicas: 2 },
      takeoverMs: 0,
    })
    expect(resolveStreamOptions(options, near)).toEqual(near)
    expect(resolveStreamOptions({ deadlines: { totalMs: false } }, near).deadlines).toEqual({
      firstTokenMs: 120_000,
      idleMs: 5,
      totalMs: false,
    })
  })

  test('of the reader and the limits', () => {
    expect(resolveReaderOptions(blank(DEFAULT_READER_OPTIONS))).toEqual(DEFAULT_READER_OPTIONS)
    expect(resolveLimitOptions(blank(DEFAULT_LIMIT_OPTIONS))).toEqual(DEFAULT_LIMIT_OPTIONS)
  })

  test('of policies', () => {
    const names = ['firstTokens', 'targetTokens', 'maxDelayMs', 'wishedDelayMs']
    const blanks = Object.fromEntries(names.map((name) => [name, undefined]))
    // The most that it ever waits is what a client may wish for.
    expect(adaptive(blanks)).toMatchObject({ name: adaptive().name, maxDelayMs: 120 })
    expect(adaptive({ maxDelayMs: 400, wishedDelayMs: undefined })).toMatchObject({ maxDelayMs: 400 })
    expect(fixed({ tokens: undefined, maxDelayMs: undefined })).toMatchObject({ name: 'fixed-8', maxDelayMs: 50 })
    expect(boundary({ unit: undefined, locale: undefined })).toMatchObject({ name: 'boundary-word', maxDelayMs: 50 })
    expect(paced({ tokensPerSecond: 30, burstTokens: undefined }).pace).toEqual({ tokensPerSecond: 30, burstTokens: 3 })
  })

  test('and options are never changed by the one that takes them', () => {
    const options: SluiceOptions = { stream: { deadlines: {}, onDisconnect: { graceMs: 1 } }, reader: {}, limits: {} }
    const before = structuredClone(options)
    createSluice(options)
    expect(options).toEqual(before)
  })
})
