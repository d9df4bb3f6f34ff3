import { textOf } from '../traffic/fixtures.ts'
import { LoadConnection } from './connection.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import { readResponse } from './response.ts'

/** How a resume of all streams at once went. */
export interface Resumed {
  /** Streams whose two readings together are not exactly what was said. */
  wrong: number
  firstWrong: string | undefined
  /** Streams that had not ended when their reader left: the others would have had nothing to resume. */
  cut: number
  /** From the new connection's first step to its first byte, in microseconds. */
  firstByte: Percentiles
}

/** Drops all connections in one go, makes them anew in one go, each from its own last event on, and reads to the end. */
export async function resumeAll(before: LoadConnection[], port: number, tokens: number): Promise<Resumed> {
  for (const connection of before) connection.drop()
  const first = before.map(readResponse)
  const cut = first.filter(({ complete }) => !complete).length
  const again = before.map(({ request }, index) => {
    const { lastEventId } = first[index]!
    return new LoadConnection(port, { ...request, ...(lastEventId !== undefined && { lastEventId }) })
  })
  const results = await Promise.allSettled(again.map(({ ended }) => ended))
  let wrong = 0
  let firstWrong: string | undefined
  again.forEach((connection, index) => {
    const { stream } = connection.request
    const rest = readResponse(connection)
    const result = results[index]!
    const exact = first[index]!.text + rest.text === textOf(stream, tokens)
    if (exact && rest.complete && result.status === 'fulfilled') return
    wrong++
    const why = result.status === 'rejected' ? String(result.reason) : exact ? 'no complete end' : 'text differs'
    firstWrong ??= `stream ${stream}: ${why}`
  })
  const waits = again.map(({ connectUs, readUs }) => (readUs[0] ?? Infinity) - connectUs)
  return { wrong, firstWrong, cut, firstByte: percentiles(waits) }
}
