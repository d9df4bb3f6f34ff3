import { randomBytes } from 'node:crypto'
import { once } from 'node:events'

import { createSseHeaders } from '@sluice/sse'

import { host, serve } from './host.ts'

/**
 * What one writes without thinking twice: a write per token, no look at what `write` answers, none at whether anybody
 * still reads. Head and events are byte for byte those of sluice's native wire. With `waits` it does look, and keeps
 * nothing of what it has sent: what a process takes for the traffic alone.
 */
await host(({ options, sourceFor }) =>
  serve(async (request, response) => {
    const source = sourceFor(request)
    const streamId = randomBytes(13).toString('hex')
    response.writeHead(200, createSseHeaders({ streamId, contentLocation: `/streams/${streamId}` }))
    response.write(`retry: 1000\nevent: opened\ndata: {"id":"${streamId}","cursor":"${streamId}.1.0","meta":{}}\n\n`)
    let seq = 0
    for await (const token of source()) {
      const more = response.write(
        `id: ${streamId}.1.${++seq}\nevent: text\ndata: {"text":${JSON.stringify(token)}}\n\n`,
      )
      if (!more && options.waits) await once(response, 'drain')
    }
    response.end(`id: ${streamId}.1.${++seq}\nevent: end\ndata: {"reason":"stop","complete":true}\n\n`)
  }),
)
