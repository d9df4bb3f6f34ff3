import { createSluice } from '@sluice/core'
import { createStreamResource, planToResponse, toHttpRequest } from '@sluice/http'

/** The resource as a fetch handler: start, resume, cancel, and what there is not. */
export async function check(): Promise<unknown> {
  const resource = createStreamResource<Request>({
    sluice: createSluice({ stream: { onDisconnect: 'continue' } }),
    identify: () => ({ owner: 'ada' }),
    runner: (body) => () => ['You said ', String(body.prompt)],
  })
  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(`http://localhost${path}`, init)
    return planToResponse(await resource.handle(toHttpRequest(request, { mount: '/v1' })))
  }
  const headers = { 'content-type': 'application/json' }
  const started = await ask('/v1/streams', { method: 'POST', headers, body: '{"prompt":"hi"}' })
  const whole = await started.text()
  const location = started.headers.get('content-location')!
  const rest = await (await ask(`${location}?after=${started.headers.get('sluice-stream-id')}.1.1`)).text()
  const cancelled = await ask(`${location}/cancel`, { method: 'POST' })
  const { end } = (await cancelled.json()) as { end: { reason: string } }
  const texts = [whole, rest].map((body) => body.match(/"text":"[^"]*"/g))
  return [started.status, texts, end.reason, (await ask('/v1/streams/x')).status]
}
