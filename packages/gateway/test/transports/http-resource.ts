import type { ServedTransport, ServeParts, TransportClient } from '@sluice/conformance'
import { createStreamResource } from '@sluice/http'
import { type NodeRequest, type NodeResponse, sendPlan, toHttpRequest } from '@sluice/http/node'

import { type Listening, listenHttp1, requestHttp1 } from './http1.ts'
import { listenHttp2, requestHttp2 } from './http2.ts'
import type { Requester } from './requester.ts'

type Handle = (request: NodeRequest, response: NodeResponse) => void

/** A version of HTTP that the stream resource is served over. */
export interface Http {
  listen(handle: Handle): Promise<Listening>
  request(port: number): Requester
}

export const HTTP1: Http = { listen: listenHttp1, request: requestHttp1 }
export const HTTP2: Http = { listen: listenHttp2, request: requestHttp2 }

/** Serves a sluice as a stream resource below `/v1`, to clients of this kind. */
export async function serveResource(
  http: Http,
  { sluice, identify, run }: ServeParts,
  connect: (port: number, credential: string) => TransportClient,
): Promise<ServedTransport> {
  const resource = createStreamResource<NodeRequest>({
    sluice,
    identify: ({ headers }) => identify(headers.authorization?.slice('Bearer '.length)),
    runner: run,
  })
  const listening = await http.listen((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  return {
    ...listening,
    connect: ({ credential, port = listening.port }) => connect(port, credential),
    drain: (withinMs) => sluice.drain({ withinMs }),
  }
}
