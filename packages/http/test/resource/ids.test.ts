import { createSluice } from '@sluice/core'
import { planToResponse, planTokens } from '@sluice/http'
import { openAiChat } from '@sluice/wires/openai'
import { expect, test } from 'vitest'

import { CHAT, createRig, saying, toRequest, until } from '../rig/rig.ts'

const json = { ...CHAT, stream: true }
const asksFor = (path: string) => ['POST', path, { json }] as const
const idsIn = (text: string): string[] => [...text.matchAll(/^id: .*\.(\d+)$/gm)].map(([, seq]) => seq!)

/** The ids in the answer to a request about a stream of three events, two of which travel together; it is given its id. */
async function idsOf(
  write: (
    id: string,
  ) => readonly [method: string, url: string, ask?: { headers?: Record<string, string>; json?: unknown }],
): Promise<string[]> {
  const { ask, sluice } = createRig(saying('one ', 'two'))
  const first = await ask(...asksFor('/chat/completions'))
  await first.text()
  await until(() => sluice.stats().producing === 0)
  const response = await ask(...write(first.headers.get('sluice-stream-id')!))
  expect(response.status).toBe(200)
  return idsIn(await response.text())
}

test('on a provider\u2019s wire nothing is sent but data and comments', async () => {
  const { ask } = createRig(saying('one ', { type: 'data', name: 'progress', data: 1 }, 'two'))
  const text = await (await ask(...asksFor('/chat/completions'))).text()
  expect(text.replaceAll(/^data: .*$/gm, 'data')).toBe(': open\n\n' + 'data\n\n'.repeat(4))
})

test.each([
  ['a start', () => asksFor('/chat/completions'), []],
  ['a start that asks for them', () => asksFor('/chat/completions?ids=1'), ['2', '3']],
  ['a start that asks for none', () => asksFor('/chat/completions?ids=0'), []],
  ['an attach', (id: string) => ['GET', `/streams/${id}`] as const, []],
  ['an attach that asks for them', (id: string) => ['GET', `/streams/${id}?ids=true`] as const, ['2', '3']],
  ['an attach after a cursor', (id: string) => ['GET', `/streams/${id}?after=${id}.1.1`] as const, ['2', '3']],
  ['one that wants none', (id: string) => ['GET', `/streams/${id}?after=${id}.1.1&ids=false`] as const, []],
  [
    'a resume',
    (id: string) => ['GET', `/streams/${id}`, { headers: { 'last-event-id': `${id}.1.1` } }] as const,
    ['2', '3'],
  ],
  ['a post that resumes', (id: string) => asksFor(`/chat/completions?after=${id}.1.1`), ['2', '3']],
  ['an attach on sluice\u2019s own wire', (id: string) => ['GET', `/streams/${id}?wire=native`] as const, ['2', '3']],
])('ids are for who asks or has one: %s', async (_, write, ids) => {
  expect(await idsOf(write)).toEqual(ids)
})

test.each(['POST', 'GET'])('what is neither yes nor no is refused, and named: %s', async (method) => {
  const { ask, bodies } = createRig(saying('x'))
  const first = await ask(...asksFor('/chat/completions'))
  const path = method === 'GET' ? `/streams/${first.headers.get('sluice-stream-id')}` : '/chat/completions'
  const response = await ask(method, `${path}?ids=perhaps`, { json })
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('ids')])
  expect(bodies).toHaveLength(1)
})

test.each([
  ['/chat', []],
  ['/chat?ids=1', ['2', '3']],
])('a route of an application does the same: %s', async (url, ids) => {
  const request = toRequest('GET', url, {})
  const { stream, ...plan } = await planTokens(createSluice(), request, saying('one ', 'two'), {
    as: 'server',
    wire: openAiChat,
  })
  expect(idsIn(await planToResponse(plan).text())).toEqual(ids)
  expect(stream?.end?.complete).toBe(true)
})
