/** What a stream can be shown as. */
export type Representation = 'stream' | 'json'

/** How much a client wants something: its weight, and how exactly it named it. */
interface Wish {
  weight: number
  precision: number
}

const TYPES: Readonly<Record<Representation, string>> = { stream: 'text/event-stream', json: 'application/json' }

/**
 * What an `Accept` header asks for; the stream where it does not care, `undefined` where it wants neither. Of two equal
 * wishes the one that was named more exactly counts: `application/json` beside a wildcard means JSON.
 */
export function chooseRepresentation(accept: string | undefined): Representation | undefined {
  if (accept === undefined || accept.trim() === '') return 'stream'
  const ranges = accept.split(',').map(parseRange)
  const stream = wishFor(TYPES.stream, ranges)
  const json = wishFor(TYPES.json, ranges)
  if (stream.weight === 0 && json.weight === 0) return undefined
  if (stream.weight !== json.weight) return stream.weight > json.weight ? 'stream' : 'json'
  return stream.precision >= json.precision ? 'stream' : 'json'
}

function wishFor(type: string, ranges: readonly { range: string; weight: number }[]): Wish {
  const family = `${type.slice(0, type.indexOf('/'))}/*`
  let wish: Wish = { weight: 0, precision: -1 }
  for (const { range, weight } of ranges) {
    const precision = range === type ? 2 : range === family ? 1 : range === '*/*' ? 0 : -1
    if (precision > wish.precision) wish = { weight, precision }
  }
  return wish
}

function parseRange(text: string): { range: string; weight: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
  return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 }
}
