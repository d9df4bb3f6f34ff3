/** What a stream can be shown as. */
export type Representation = 'stream' | 'json' | 'lines'

/** How much a client wants something: its weight, and how exactly it named it. */
interface Wish {
  weight: number
  precision: number
}

const TYPES: Readonly<Record<Representation, string>> = {
  stream: 'text/event-stream',
  json: 'application/json',
  lines: 'application/x-ndjson',
}

/**
 * What an `Accept` header asks for; the stream where it does not care, `undefined` where it wants none of them. Of two equal
 * wishes the one that was named more exactly counts: `application/json` beside a wildcard means JSON. Lines are for those who
 * name them, also beside the JSON in which they want errors.
 */
export function chooseRepresentation(accept: string | undefined): Representation | undefined {
  if (accept === undefined || accept.trim() === '') return 'stream'
  const ranges = accept.split(',').map(parseRange)
  const stream = wishFor(TYPES.stream, ranges)
  const json = wishFor(TYPES.json, ranges)
  const lines = wishFor(TYPES.lines, ranges)
  if (lines.precision === EXACT && lines.weight > 0 && !outweighs(stream, lines) && !isAbove(json, lines))
    return 'lines'
  if (stream.weight === 0 && json.weight === 0) return undefined
  return outweighs(stream, json) ? 'stream' : 'json'
}

/** Whether `first` is wanted rather, or as much and as exactly. */
function outweighs(first: Wish, second: Wish): boolean {
  return isAbove(first, second) || (first.weight === second.weight && first.precision >= second.precision)
}

function isAbove(first: Wish, second: Wish): boolean {
  return first.weight > second.weight
}

/** Of a range that names one type. */
const EXACT = 2

function wishFor(type: string, ranges: readonly { range: string; weight: number }[]): Wish {
  const family = `${type.slice(0, type.indexOf('/'))}/*`
  let wish: Wish = { weight: 0, precision: -1 }
  for (const { range, weight } of ranges) {
    const precision = range === type ? EXACT : range === family ? 1 : range === '*/*' ? 0 : -1
    if (precision > wish.precision) wish = { weight, precision }
  }
  return wish
}

function parseRange(text: string): { range: string; weight: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
  return { range, weight: weight >= 0 && weight <= 1 ? weight : 0 }
}
