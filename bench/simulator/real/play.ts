import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

import { type ChunkingPolicy, createSluice, createSystemRuntime, type Runtime } from '@sluice/core'
import { Ledger, sourceOf, type Trace } from '@sluice/simulator'
import { createSseHeaders, createSseParser, nativeSse } from '@sluice/sse'
import { sendToResponse } from '@sluice/sse/node'
import { type NetworkLink, startNetworkLink } from '@sluice/testing/network-link'

const AS = { owner: 'simulation' }

/**
 * Plays traces over real sockets and a user-space link, all at once, and gives when each token had arrived: what a simulation
 * of the same is held against.
 */
export async function playOverSockets(
  traces: readonly Trace[],
  { policy, link, seed }: { policy: ChunkingPolicy; link: NetworkLink; seed: number },
): Promise<Ledger[]> {
  const runtime = createSystemRuntime()
  const ledgers = traces.map((trace) => new Ledger(trace))
  const begunMs = new Float64Array(traces.length)
  const limits = { streamsPerOwner: 10_000, startsPerSecond: 10_000, startBurst: 10_000 }
  const sluice = createSluice({ limits, reader: { chunking: policy, heartbeatMs: false } })
  const server = createServer((request, response) => {
    const index = Number(request.url!.slice(1))
    begunMs[index] = runtime.now()
    const since: Pick<Runtime, 'now' | 'after'> = {
      now: () => runtime.now() - begunMs[index]!,
      after: (delayMs, task) => runtime.after(delayMs, task),
    }
    const source = sourceOf(traces[index]!, since, (chars) => ledgers[index]!.yielded(chars))
    void sluice.start(source, { as: AS }).then((stream) =>
      sendToResponse(response, {
        status: 200,
        headers: createSseHeaders({ streamId: stream.id, contentLocation: `/${index}` }),
        deliver: (sink) => stream.deliver(sink, { wire: nativeSse }),
      }),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await using network = await startNetworkLink({ target: server.address() as AddressInfo, link, seed })
  try {
    await Promise.all(
      ledgers.map(async (ledger, index) => {
        const request = get(`http://127.0.0.1:${network.port}/${index}`, { agent: false })
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        await noteArrivals(response, (chars) => ledger.pass('arrived', chars, runtime.now() - begunMs[index]!))
      }),
    )
  } finally {
    server.close()
  }
  return ledgers
}

async function noteArrivals(response: IncomingMessage, arrived: (chars: number) => void): Promise<void> {
  let chars = 0
  const parser = createSseParser({
    onEvent({ event, data }) {
      if (event === 'text') chars += (JSON.parse(data) as { text: string }).text.length
    },
  })
  for await (const bytes of response) {
    parser.push(bytes as Uint8Array)
    if (chars > 0) arrived(chars)
    chars = 0
  }
}
