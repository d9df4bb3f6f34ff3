import fc from 'fast-check'

const NAMES = ['data', 'event', 'id', 'retry', '', 'dat', 'database', 'Data', ' data', 'datä', 'heartbeat']
const VALUES = [
  '',
  'a',
  ' ',
  '  two',
  '{"a":1}',
  '[DONE]',
  'a:b',
  '7',
  '\0',
  'é',
  '語',
  '👩🏽‍🚀',
  '\u2028',
  '\u0085',
  '\ufeff',
  '\ufeffb',
]
const ENDS = ['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r', '\r\n\n']

const encoder = new TextEncoder()

const line = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(':', ': ', ''),
    fc.constantFrom(...VALUES),
    fc.constantFrom(...ENDS),
  )
  .map(([name, colon, value, end]) => encoder.encode(name + colon + (colon === '' ? '' : value) + end))
const anything = fc.uint8Array({ maxLength: 4 })
const mark = fc.constant(encoder.encode('\ufeff'))

/** Bytes that are more or less an event stream, in pieces that are cut anywhere; some are empty. */
export const streamBytes: fc.Arbitrary<readonly Uint8Array[]> = fc
  .tuple(
    fc.option(mark, { nil: new Uint8Array(), freq: 4 }),
    fc.array(fc.oneof({ weight: 12, arbitrary: line }, { weight: 1, arbitrary: anything }), { maxLength: 12 }),
    fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
  )
  .map(([first, lines, cuts]) => {
    const body = Buffer.concat([first, ...lines])
    const places = cuts.filter((at) => at <= body.length).toSorted((a, b) => a - b)
    return [0, ...places].map((from, index) => body.subarray(from, places[index] ?? body.length))
  })
