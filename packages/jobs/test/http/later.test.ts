import type { Source } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { createHttpRig, type HttpRig } from './rig.ts'

describe('a start with Prefer: respond-async that becomes a job', () => {
  const never: Source = () => {
    throw new Error('The runner was asked.')
  }
  const arrange = (): HttpRig =>
    createHttpRig(
      { later: ({ body, format }) => ({ source: 'told', input: { body: body as never, format } }) },
      { runner: () => never },
    )
  const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

  test.each(['/streams', '/chat/completions'])(
    '%s: 202 and the job, whose stream has the wire of the route',
    async (path) => {
      const rig = arrange()
      const response = await rig.ask('POST', path, { json: CHAT, headers: { prefer: 'respond-async' } })
      const { id } = (await response.json()) as { id: string }
      expect([response.status, response.headers.get('location')]).toEqual([202, `/v1/jobs/${id}`])
      rig.jobs.work()
      await rig.pass()
      expect(rig.attempts[0]!.context.input).toEqual({ body: { ...CHAT }, format: 'chat' })
      rig.attempts[0]!.say('Hello')
      rig.attempts[0]!.finish()
      await rig.pass()
      const reading = (await rig.ask('GET', `/jobs/${id}`)).text()
      await rig.pass()
      expect(await reading).toContain(path === '/streams' ? 'event: text' : 'chat.completion.chunk')
    },
  )

  test('200 and the whole answer of the route where it is there in time', async () => {
    const rig = arrange()
    rig.jobs.work()
    const answer = rig.ask('POST', '/chat/completions', { json: CHAT, headers: { prefer: 'respond-async, wait=9' } })
    await rig.pass(1_000)
    rig.attempts[0]!.say('Hello')
    rig.attempts[0]!.finish()
    await rig.pass()
    const response = await answer
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { object: 'chat.completion', choices: [{ message: { content: 'Hello' } }] },
    ])
  })

  test('a repeat with the same Idempotency-Key is the same job, though its input differs each time; another body is refused', async () => {
    let asked = 0
    const rig = createHttpRig(
      { later: ({ body }) => ({ source: 'told', input: { body: body as never, asked: ++asked } }) },
      { runner: () => never },
    )
    const headers = { prefer: 'respond-async', 'idempotency-key': 'k' }
    const ask = (json: object): Promise<Response> => rig.ask('POST', '/streams', { json, headers })
    const [first, again] = await Promise.all([1, 2].map(async () => (await ask(CHAT)).json()))
    expect((first as { id: string }).id).toBe((again as { id: string }).id)
    expect((await ask({ ...CHAT, model: 'other' })).status).toBe(422)
    expect(asked).toBe(3)
  })

  test('a key as long as it may be is one', async () => {
    const rig = arrange()
    const headers = { prefer: 'respond-async', 'idempotency-key': 'k'.repeat(255) }
    expect((await rig.ask('POST', '/chat/completions', { json: CHAT, headers })).status).toBe(202)
  })
})
