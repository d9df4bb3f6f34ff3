import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { CHAT, createRig, eventsOf, saying, textOf } from '../../rig/rig.ts'

const HELLO = saying('Hel', 'lo', ' world')

describe('Idempotency-Key', () => {
  const headers = { 'idempotency-key': '"8e03978e"' }

  test('the same key and body read the same stream from the start', async () => {
    const { ask, bodies } = createRig(HELLO)
    const first = await ask('POST', '/streams', { json: CHAT, headers })
    await first.text()
    const reordered = Object.fromEntries(Object.entries(CHAT).reverse())
    const again = await ask('POST', '/streams', { json: reordered, headers: { 'idempotency-key': '8e03978e' } })
    expect(again.headers.get('sluice-stream-id')).toBe(first.headers.get('sluice-stream-id'))
    expect(textOf(await eventsOf(again))).toBe('Hello world')
    expect(bodies).toHaveLength(2)
  })

  test('another body is 422, another owner or route is another stream', async () => {
    const { ask } = createRig(HELLO)
    const json = { ...CHAT, stream: true }
    const first = await ask('POST', '/streams', { json, headers })
    const other = await ask('POST', '/streams', { json: { ...json, seed: 1 }, headers })
    expect([other.status, await other.json()]).toMatchObject([422, { code: 'SLUICE_ERR_IDEMPOTENCY_MISMATCH' }])
    const grace = await ask('POST', '/streams', { json, headers, owner: 'grace' })
    const chat = await ask('POST', '/chat/completions', { json, headers })
    const answers = [first, grace, chat]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(new Set(answers.map((answer) => answer.headers.get('sluice-stream-id'))).size).toBe(3)
  })

  test('a failure before the opening is repeated as it was', async () => {
    const error = new SluiceError('SLUICE_ERR_BACKEND', 'No such model.', { status: 404 })
    const { ask } = createRig(() => Promise.reject(error))
    const statuses: number[] = []
    for (let time = 0; time < 2; time++) statuses.push((await ask('POST', '/streams', { json: CHAT, headers })).status)
    expect(statuses).toEqual([404, 404])
  })

  test.each(['""', '"open', `"a"b"`, 'x'.repeat(256), ''])('refuses the key %s', async (key) => {
    const { ask } = createRig(HELLO)
    const response = await ask('POST', '/streams', { json: CHAT, headers: { 'idempotency-key': key } })
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'SLUICE_ERR_REQUEST' }])
  })
})
