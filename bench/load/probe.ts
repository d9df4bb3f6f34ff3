import { textOf } from '../traffic/fixtures.ts'
import { faultOf } from './check.ts'
import { LoadConnection } from './connection.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import { type Post, requestFor } from './requests.ts'
import { readResponse } from './response.ts'

/** Single requests beside a load that is already there. */
export interface ProbeInput {
  port: number
  count: number
  everyMs: number
  shape: string
  tokens: number
  firstStream: number
  post?: Post
}

/** Sends one request after the other on connections that stand already; gives request → first token, microseconds. */
export async function probe(input: ProbeInput): Promise<Percentiles & { wrong: number }> {
  const { port, count, everyMs, shape, tokens, firstStream, post } = input
  const probes: LoadConnection[] = []
  for (let index = 0; index < count; index++) {
    const stream = firstStream + index
    // Connected a while before it is needed: what is measured is the answer, not the handshake.
    const connection = new LoadConnection(port, requestFor(shape, stream, post), true)
    probes.push(connection)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
    connection.send()
  }
  await Promise.all(probes.map(({ ended }) => ended))
  let wrong = 0
  const times = probes.map((connection) => {
    const heard = readResponse(connection)
    if (faultOf(heard, textOf(connection.request.stream, tokens)) !== undefined) wrong++
    return (heard.arrivals[0]?.atUs ?? Infinity) - connection.sentUs
  })
  return { ...percentiles(times), wrong }
}
