import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

import { until } from '@sluice/testing/patience'
import OpenAI from 'openai'
import { expect, test } from 'vitest'

import { spawnGateway } from '../rig/spawned-gateway.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

test('a job’s end reaches a webhook, signed as OpenAI’s own client checks it; a replay brings the same event; others see none of it', async () => {
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.writeHead(204).end()
    })
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  await using gateway = await spawnGateway(['--auth', 'bearer', '--webhooks-anywhere', '--webhook-port', String(port)])
  const headers = { ...JSON_TYPE, authorization: 'Bearer sk-1' }
  const ask = async (
    method: string,
    path: string,
    body?: object,
    as = headers,
  ): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${gateway.url}/v1${path}`, {
      method,
      headers: as,
      ...(body && { body: JSON.stringify(body) }),
    })
    return [response.status, (await response.json()) as Record<string, unknown>]
  }
  const url = `http://127.0.0.1:${port}/hook`
  const [status, webhook] = await ask('POST', '/webhooks', { url, events: ['job.*'], payload: 'full' })
  expect([status, webhook]).toMatchObject([
    201,
    { object: 'webhook', status: 'enabled', secret: expect.stringMatching(/^whsec_/) },
  ])
  const [, shown] = await ask('GET', `/webhooks/${String(webhook.id)}`)
  expect(shown).not.toHaveProperty('secret')
  expect(
    (await ask('GET', `/webhooks/${String(webhook.id)}`, undefined, { ...headers, authorization: 'Bearer sk-2' }))[0],
  ).toBe(404)

  const body = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 }
  const started = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headers, prefer: 'respond-async' },
    body: JSON.stringify(body),
  })
  const { id } = (await started.json()) as { id: string }
  await until(() => received.length === 1, 'the receiver is told', 60_000)
  const [first] = received
  const client = new OpenAI({ apiKey: 'none' })
  const event = (await client.webhooks.unwrap(
    first!.body,
    first!.headers as Record<string, string>,
    String(webhook.secret),
  )) as object
  expect(event).toMatchObject({ type: 'job.succeeded', data: { id } })

  const page = await until(async () => {
    const [, found] = await ask('GET', `/webhooks/${String(webhook.id)}/deliveries?state=delivered`)
    return (found.data as { id: string }[]).length === 1 && found
  }, 'the delivery is listed')
  const [delivery] = page.data as { id: string; last: object }[]
  expect(delivery).toMatchObject({ object: 'webhook.delivery', attempt: 1, last: { status: 204 } })
  expect((await ask('POST', `/webhooks/${String(webhook.id)}/deliveries/${delivery!.id}/replay`))[0]).toBe(202)
  await until(() => received.length === 2, 'it is sent again', 60_000)
  expect(received[1]!.headers['webhook-id']).toBe(first!.headers['webhook-id'])

  expect(await ask('POST', `/webhooks/${String(webhook.id)}`, { events: ['job.failed'] })).toMatchObject([
    200,
    { events: ['job.failed'] },
  ])
  expect(await ask('DELETE', `/webhooks/${String(webhook.id)}`)).toMatchObject([200, { deleted: true }])
  receiver.close()
})

test('without the option that frightens, a webhook leads to the public internet alone, and says so', async () => {
  await using gateway = await spawnGateway([])
  for (const url of [
    'https://127.0.0.1/',
    'https://169.254.169.254/latest',
    'http://example.com/',
    'https://localhost/',
    'https://[::ffff:10.0.0.1]/',
  ]) {
    const response = await fetch(`${gateway.url}/v1/webhooks`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({ url, events: ['*'] }),
    })
    expect([url, response.status]).toEqual([url, 422])
  }
})
