import type { Principal } from '@sluice/core'
import fc from 'fast-check'

/** A principal as an application gives it. An owner that is spelled "server" is one like any other. */
export const principals: fc.Arbitrary<Principal> = fc.record(
  {
    owner: fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('server', 'undefined', ' ', '\0')),
    tenant: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  },
  { requiredKeys: ['owner'] },
)

class Owned {
  readonly #owner: unknown
  constructor(owner: unknown) {
    this.#owner = owner
  }
  get owner(): unknown {
    return this.#owner
  }
}

const anyValue = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true })

/** Whatever an application in JavaScript may give by mistake; a few of these are principals after all. */
const oddities: fc.Arbitrary<unknown> = fc.oneof(
  anyValue,
  fc.constantFrom<unknown>('server', 'ada', '', 0, 1, true, false, Number.NaN, Symbol('ada')),
  fc.constantFrom<unknown>([], ['server'], [{ owner: 'ada' }], Object.assign([], { owner: 'ada' })),
  fc.constantFrom<unknown>(
    () => ({ owner: 'ada' }),
    Object.assign(() => {}, { owner: 'ada' }),
  ),
  fc.constantFrom<unknown>({}, Object('server'), new Error('ada'), new Owned('ada'), new Owned(1), new Owned('')),
  fc.record(
    {
      owner: fc.oneof(anyValue, fc.string(), fc.constantFrom('', 'ada', '\uD800', 'a\uDC00')),
      tenant: fc.oneof(anyValue, fc.string(), fc.constantFrom('\uDFFF', null, 0, '')),
      expiresAtMs: fc.oneof(anyValue, fc.constantFrom(Number.NaN, Infinity, '1', null, 1, 32_503_680_000_000)),
    },
    { requiredKeys: [] },
  ),
)

/** All that an `identify` may answer, what it should not included. */
export const identifyAnswers: fc.Arbitrary<unknown> = fc.oneof(principals, oddities)

/**
 * What an adapter makes of an answer: `principal` may have a stream, `stranger` is not let in, `fault` is an error of the
 * server. Decided in another way than core does it.
 */
export function verdictOnAnswer(answer: unknown): 'principal' | 'stranger' | 'fault' {
  if (answer === undefined || answer === null) return 'stranger'
  if (typeof answer !== 'object' || Array.isArray(answer)) return 'fault'
  const { owner, tenant, expiresAtMs } = answer as Record<string, unknown>
  if (!isText(owner) || owner === '' || (tenant !== undefined && !isText(tenant))) return 'fault'
  if (expiresAtMs === undefined) return 'principal'
  if (typeof expiresAtMs !== 'number' || !Number.isFinite(expiresAtMs)) return 'fault'
  return expiresAtMs > Date.now() ? 'principal' : 'stranger'
}

/** Text that is the same after a detour over UTF-8. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && new TextDecoder().decode(new TextEncoder().encode(`.${value}`)) === `.${value}`
}
