import fc from 'fast-check'

/**
 * How one reading ends before the reader resumes: politely, by closing the connection, by a reset, or by nothing at all
 * (the reader vanishes and the other side has to notice).
 */
export type ReadingEnd = 'detach' | 'close' | 'reset' | 'vanish'

/** One reading of a reader that drops and resumes. */
export interface Reading {
  /** Events it reads before it ends. */
  readEvents: number
  how: ReadingEnd
  /** Time until it resumes. */
  awayMs: number
}

/** How a script is made. */
export interface ReadingScriptOptions {
  /**
   * Readings before the last one, which goes to the end, at most.
   * @defaultValue 5
   */
  maxReadings?: number | undefined
  /**
   * Events that one reading reads, at most.
   * @defaultValue 20
   */
  maxEvents?: number | undefined
}

/**
 * What a reader does who drops and resumes: a list of readings. After the last one the reader resumes once more and
 * reads to the end.
 *
 * @example
 * ```ts
 * fc.asyncProperty(readingScripts(), async (script) => {
 *   for (const { readEvents, how } of script) await reader.read(readEvents).then(() => reader.leave(how))
 *   return (await reader.readToEnd()).join('') === expectedText(items)
 * })
 * ```
 */
export function readingScripts(options: ReadingScriptOptions = {}): fc.Arbitrary<Reading[]> {
  const { maxReadings = 5, maxEvents = 20 } = options
  const reading = fc.record({
    readEvents: fc.nat({ max: maxEvents }),
    how: fc.constantFrom<ReadingEnd>('detach', 'close', 'reset', 'vanish'),
    awayMs: fc.oneof(fc.constant(0), fc.nat({ max: 1000 }), fc.nat({ max: 14_999 })),
  })
  return fc.array(reading, { maxLength: maxReadings })
}
