import { createSluice, type OnDisconnect, type SluiceOptions } from '@sluice/core'
import { planToResponse, planTokens, type TokensOptions } from '@sluice/http'
import { openAiChat } from '@sluice/wires/openai'
import { expect, test } from 'vitest'

import { type Ask, CHAT, createRig, createScript, saying, toRequest, until } from '../rig/rig.ts'

type Client = { path?: string; headers?: Record<string, string>; json?: object; sluice?: object }

/** How a stream ends whose one reader leaves in the middle of it, and whose source then finishes. */
async function endAfterLeaving(
  { path = '/chat/completions', headers = {}, json = {}, sluice: said }: Client,
  stream: SluiceOptions['stream'] = {},
): Promise<string | undefined> {
  const script = createScript()
  const { ask, sluice } = createRig(script.source, { sluice: { stream } })
  script.open()
  script.give('one')
  const body = { ...CHAT, stream: true, ...json, ...(said && { sluice: said }) }
  const response = await ask('POST', path, { headers, json: body })
  const id = response.headers.get('sluice-stream-id')!
  await response.body!.cancel()
  script.give('two')
  script.finish()
  await until(() => sluice.stats().producing === 0)
  return (await sluice.info({ id }, { as: 'server' })).end?.reason
}

test.each<[string, Client]>([
  ['OpenAI\u2019s', {}],
  ['asked for no ids', { path: '/chat/completions?ids=0' }],
])(
  'contract 9: a client of a provider\u2019s wire never comes back, so what it leaves is cancelled: %s',
  async (_, client) => {
    expect(await endAfterLeaving(client)).toBe('cancelled')
  },
)

test.each<[string, Client]>([
  ['it gives a key', { sluice: { key: 'k' } }],
  ['it can repeat its request', { headers: { 'idempotency-key': 'k' } }],
  ['it asks for ids', { path: '/chat/completions?ids=1' }],
  ['it asks for ids in its body', { sluice: { ids: true } }],
  ['it says so', { sluice: { onDisconnect: { graceMs: 15_000 } } }],
  ['it speaks sluice\u2019s own wire', { path: '/streams' }],
])('contract 9: a client that may come back is waited for: %s', async (_, client) => {
  expect(await endAfterLeaving(client)).toBe('stop')
})

test.each<[OnDisconnect, Client, string]>([
  ['continue', {}, 'stop'],
  ['cancel', { path: '/streams' }, 'cancelled'],
  ['cancel', { sluice: { key: 'k' } }, 'cancelled'],
  ['cancel', { sluice: { onDisconnect: 'continue' } }, 'stop'],
])(
  'contract 9: what the application says counts everywhere, and what a client says before it: %s',
  async (onDisconnect, client, reason) => {
    expect(await endAfterLeaving(client, { onDisconnect })).toBe(reason)
  },
)

test('contract 9: whoever asks for one body on a provider\u2019s wire and leaves cancels too', async () => {
  const script = createScript()
  const { ask, sluice } = createRig(script.source)
  const client = new AbortController()
  const asked = ask('POST', '/chat/completions', { json: CHAT, signal: client.signal })
  await until(() => script.calls === 1)
  client.abort()
  expect((await asked).status).toBe(499)
  await until(() => sluice.stats().producing === 0)
  expect(script.signal?.aborted).toBe(true)
})

test.each<[Partial<TokensOptions>, string, string]>([
  [{ wire: openAiChat }, '/chat', 'cancelled'],
  [{ wire: openAiChat }, '/chat?ids=1', 'stop'],
  [{ wire: openAiChat, key: 'k' }, '/chat', 'stop'],
  [{ wire: openAiChat, onDisconnect: 'continue' }, '/chat', 'stop'],
  [{}, '/chat', 'stop'],
])('contract 9: a route of an application\u2019s does the same: %o', async (options, url, reason) => {
  const script = createScript()
  script.open()
  script.give('one')
  const ask: Ask = {}
  const { stream, ...plan } = await planTokens(createSluice(), toRequest('GET', url, ask), script.source, {
    as: 'server',
    ...options,
  })
  await planToResponse(plan).body!.cancel()
  script.finish()
  expect((await stream!.ended).reason).toBe(reason)
})

test('a stream that is read to its end ends as its source says', async () => {
  const { ask, sluice } = createRig(saying('x'))
  const response = await ask('POST', '/chat/completions', { json: { ...CHAT, stream: true } })
  await response.text()
  const id = response.headers.get('sluice-stream-id')!
  expect((await sluice.info({ id }, { as: 'server' })).end).toMatchObject({ reason: 'stop', complete: true })
})
