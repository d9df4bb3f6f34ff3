import type { Random } from '../../../src/demo-runner/random.ts'
import { chance, oneOf, type Target } from './shot.ts'

/** Values that programs trip over, as the text of JSON. */
const LITERALS = [
  'null',
  'true',
  '-1',
  '0.1',
  '1e400',
  '9007199254740993',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u2028\\u0085"',
  '"../../x"',
  '"__proto__"',
  '{}',
  '[]',
  '{"__proto__":{"owner":"server"}}',
  '{"constructor":1,"toString":null,"length":-1}',
  '{"a":1,"a":2}',
  '[[[[[[[[[[]]]]]]]]]]',
] as const

/** A text of JSON that stands where another was expected. */
export function hostileJson(random: Random): string {
  if (chance(random, 0.05)) return '['.repeat(1 + random.below(3_000))
  if (chance(random, 0.05)) return `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`
  if (chance(random, 0.05)) return JSON.stringify('x'.repeat(random.below(100_000)))
  if (chance(random, 0.05)) return `[${'0,'.repeat(random.below(5_000))}0]`
  return oneOf(random, LITERALS)
}

/** The body of a chat, some of it out of order. */
export function chatBody(random: Random, target: Target): string {
  const members: Record<string, string> = {
    model: '"m"',
    messages: '[{"role":"user","content":"hi"}]',
    stream: String(chance(random, 0.6)),
  }
  if (chance(random, 0.3)) members.background = 'true'
  if (chance(random, 0.3)) members.stream_options = '{"include_usage":true}'
  if (chance(random, 0.4))
    members.sluice = `{${[...sluiceMembers(random, target)].map(([name, text]) => `"${name}":${text}`).join()}}`
  for (const name of Object.keys(members)) if (chance(random, 0.12)) members[name] = hostileJson(random)
  if (chance(random, 0.2)) members[oneOf(random, ['tools', 'n', 'x', '', '__proto__'])] = hostileJson(random)
  const pairs = Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}:${text}`)
  return `{${pairs.join()}}`
}

function* sluiceMembers(random: Random, target: Target): Generator<[string, string]> {
  const usual: Record<string, readonly string[]> = {
    key: ['"k1"', '"k2"', '"k3"'],
    ifRunning: ['"attach"', '"cancel"', '"refuse"'],
    onDisconnect: ['"cancel"', '"continue"', '{"graceMs":10}'],
    meta: ['{"a":1}'],
    ids: ['true', 'false'],
    maxDelayMs: ['5'],
    maxTokens: ['3'],
    cursor: [JSON.stringify(reference(random, target))],
  }
  for (const [name, texts] of Object.entries(usual))
    if (chance(random, 0.25)) yield [name, chance(random, 0.2) ? hostileJson(random) : oneOf(random, texts)]
}

/** An id, a cursor, or what looks like one. */
export function reference(random: Random, { streams }: Target): string {
  const known = streams.length > 0 ? oneOf(random, streams) : 'aaaaaaaaaaaaaaaaaaaaaaaaaa'
  const id = known.split('.')[0]!
  return oneOf(random, [
    known,
    known,
    id,
    `${id}.1.0`,
    `${id}.1.999999`,
    `${id}.99.1`,
    `${id}.-1.x`,
    `${id}.1.1.1`,
    known.slice(0, -1),
    'now',
    '',
    '%00',
    '..',
    'x'.repeat(300),
  ])
}

/** Bytes with some of them changed, cut off, doubled or put in. */
export function damaged(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes
  const at = random.below(bytes.length)
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, at)
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at + 1)])
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 64), bytes.subarray(at)])
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from('\0\xff\r\n\r\n', 'latin1'), bytes.subarray(at)])
  }
}
