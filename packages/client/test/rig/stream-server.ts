import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSluice, type Sluice, type SluiceOptions, type Source } from '@sluice/core'
import { createStreamResource, type RunnerBody, type StreamResourceOptions } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { onTestFinished } from 'vitest'

/** A server with the stream resource below `/v1`, on a port of its own. */
export interface StreamServer {
  readonly sluice: Sluice
  readonly port: number
  readonly http: Server
  /** Where its streams are. */
  readonly streams: string
  /** Every request it was sent, as `METHOD path`. */
  readonly asked: string[]
  /** Answers what is not intercepted. */
  handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Answers the next request in its place, once, and gives whether it has. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
}

/** What of a server a test may choose. */
export interface StreamServerOptions {
  run: (body: RunnerBody) => Source
  sluice?: SluiceOptions | undefined
  resource?: Partial<StreamResourceOptions<IncomingMessage>> | undefined
}

export async function startStreamServer({ run, sluice, resource: more }: StreamServerOptions): Promise<StreamServer> {
  const made = createSluice(sluice)
  const resource = createStreamResource<IncomingMessage>({
    sluice: made,
    identify: () => ({ owner: 'ada' }),
    runner: run,
    ...more,
  })
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (started.intercept?.(request, response)) return
    started.handle(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const streams = `http://127.0.0.1:${port}/v1/streams`
  const handle: StreamServer['handle'] = (request, response) =>
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  const started: StreamServer = { sluice: made, port, http: server, streams, asked, handle, intercept: undefined }
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await made.drain({ withinMs: 1 })
  })
  return started
}
