import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { connectedRig } from '../rig/connected-rig.ts'
import { hear, kinds, type Message, open, saying } from '../rig/rig.ts'

/** A request whose input says something of its stream. */
const said = (fields: object): object => ({ input: { fields: { sluice: { structValue: { fields } } } } })

const TOKENS = ['Hello', ' wörld', ' 👩🏽‍🚀', '!']

describe('Start', () => {
  test('contract 1: gives what the source says, an opening first and an end last, and OK', async () => {
    const { client } = await connectedRig(saying(...TOKENS))
    const { events, text, status, cursor } = await hear(open(client, 'Start', {}))
    expect(text).toBe(TOKENS.join(''))
    expect(kinds(events).slice(0, 2)).toEqual(['opened', 'text'])
    expect(kinds(events).at(-1)).toBe('end')
    expect(cursor).toMatch(/\.1\.5$/)
    expect(status).toMatchObject({ code: 0 })
  })

  test('a chunk is one message, whatever the number of its events', async () => {
    const { client } = await connectedRig(async function* () {
      yield Array.from({ length: 50 }, (_, index) => ({ type: 'text' as const, text: 'x', choice: index % 2 }))
    })
    const { messages, events } = await hear(open(client, 'Start', {}))
    expect(events.length).toBeGreaterThan(50)
    expect(messages.length).toBeLessThanOrEqual(3)
  })

  test('carries every kind of event', async () => {
    const { client } = await connectedRig(async function* () {
      yield { type: 'reasoning', text: 'hm' }
      yield { type: 'refusal', text: 'no', choice: 1 }
      yield { type: 'tool', phase: 'call', id: 'a', name: 'add' }
      yield { type: 'tool', phase: 'args', id: 'a', text: '{"x":1}' }
      yield { type: 'tool', phase: 'result', id: 'a', result: { sum: [1, null, 'x'] } }
      yield { type: 'tool', phase: 'error', id: 'b', message: 'nope' }
      yield { type: 'data', name: 'progress', data: { step: 1 }, extra: { from: 'x' } }
      yield { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 } }
      yield { type: 'finish', reason: 'length', choice: 1 }
    })
    const { events } = await hear(open(client, 'Start', {}))
    expect(kinds(events)).toEqual(
      'opened reasoning refusal toolCall toolArgs toolResult toolError data usage finish end'.split(' '),
    )
    expect(events[2]).toMatchObject({ choice: 1, refusal: 'no' })
    expect(events[7]!['data']).toMatchObject({
      name: 'progress',
      data: { structValue: { fields: { step: { numberValue: 1 } } } },
    })
    expect(events[7]!['extra']).toMatchObject({ structValue: { fields: { from: { stringValue: 'x' } } } })
    expect(events.at(-1)!['end']).toMatchObject({ complete: true, usage: { inputTokens: 3, outputTokens: 4 } })
  })

  test('takes what input.sluice says of the stream, which is no part of the input; a field of the request wins', async () => {
    const inputs: unknown[] = []
    const { client, sluice } = await connectedRig({ byInput: (input) => (inputs.push(input), saying('x')) })
    const input = {
      fields: {
        prompt: { stringValue: 'hi' },
        sluice: {
          structValue: {
            fields: {
              key: { stringValue: 'by-input' },
              meta: { structValue: { fields: { topic: { stringValue: 'bees' } } } },
              maxTokens: { numberValue: 8 },
            },
          },
        },
      },
    }
    const keys: unknown[] = []
    for (const fields of [{}, { key: 'by-field', maxTokens: 4 }]) {
      const { events, cursor } = await hear(open(client, 'Start', { input, ...fields }))
      expect(events[0]).toMatchObject({ opened: { meta: { fields: { topic: { stringValue: 'bees' } } } } })
      keys.push((await sluice.info({ cursor }, { as: { owner: 'ada' } })).key)
    }
    expect(keys).toEqual(['by-input', 'by-field'])
    expect(inputs).toEqual([{ prompt: 'hi' }, { prompt: 'hi' }])
  })

  test('contract 8: headers and opening are there before the first token', async () => {
    const go = Promise.withResolvers<void>()
    const { client } = await connectedRig(async function* () {
      await go.promise
      yield 'late'
    })
    const call = open(client, 'Start', { meta: { fields: { chat: { stringValue: '7' } } } })
    const first = await new Promise<Message>((resolve) => call.once('data', resolve))
    expect((first['events'] as unknown as Message[])[0]).toMatchObject({
      opened: { meta: { fields: { chat: { stringValue: '7' } } } },
    })
    go.resolve()
    expect((await hear(call)).status.code).toBe(0)
  })

  test('hands input, metadata and principal to the runner, and joins by key and by idempotency key', async () => {
    let runs = 0
    const { client } = await connectedRig({
      byInput: ({ prompt }) => {
        runs++
        return saying(`you said ${String(prompt)}`)
      },
    })
    const input = { fields: { prompt: { stringValue: 'hi' } } }
    const first = await hear(open(client, 'Start', { input, idempotencyKey: 'k' }))
    const again = await hear(open(client, 'Start', { input, idempotencyKey: 'k' }))
    expect([first.text, again.text]).toEqual(['you said hi', 'you said hi'])
    expect(again.cursor).toBe(first.cursor)
    const other = { fields: { prompt: { stringValue: 'ho' } } }
    const refused = await hear(open(client, 'Start', { input: other, idempotencyKey: 'k' }))
    expect(refused.status).toMatchObject({ code: 6 })
    expect(runs).toBe(3)
  })

  test('contract 2: a source that fails ends the call with a status that says so, after an end that does', async () => {
    const { client } = await connectedRig(async function* () {
      yield 'begun'
      throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend is busy.', { status: 429, retryAfterMs: 1500 })
    })
    const { events, status } = await hear(open(client, 'Start', {}))
    expect(kinds(events)).toEqual(['opened', 'text', 'end'])
    expect(status).toMatchObject({ code: 8, details: 'The backend is busy.' })
    expect(status.metadata.get('sluice-code')).toEqual(['SLUICE_ERR_BACKEND'])
    expect(status.metadata.get('grpc-status-details-bin')[0]!.toString()).toContain('google.rpc.RetryInfo')
  })

  test('what went wrong on the server is told to its owner, and masked', async () => {
    const { client, errors } = await connectedRig(saying(), {
      server: {
        run: () => {
          throw new Error('password=hunter2')
        },
      },
    })
    const { status } = await hear(open(client, 'Start', {}))
    expect(status).toMatchObject({ code: 13, details: 'Something went wrong on the server.' })
    expect(String(errors[0])).toContain('hunter2')
  })

  test.each([
    ['an unknown ifRunning', { ifRunning: 99 }, /if_running/],
    [
      'too long a grace',
      { onDisconnect: { policy: 'POLICY_GRACE', graceMs: 4_000_000 } },
      /"on_disconnect" must be .* 3600000 /,
    ],
    ['too long a key', { key: 'x'.repeat(300) }, /"key"/],
    ['too long a delay', { maxDelayMs: 60_001 }, /"max_delay_ms" must be a whole number from 1 to 60000/],
    ['chunks of nothing', { maxTokens: 0 }, /"max_tokens" must be a whole number from 1 to 65536/],
    [
      'an unknown name in input.sluice',
      said({ maxDelay: { numberValue: 5 } }),
      /"sluice.maxDelay" is not known; known are: key, /,
    ],
    ['a wrong value in input.sluice', said({ key: { numberValue: 5 } }), /"sluice.key" must be/],
    ['too much meta', { meta: { fields: { big: { stringValue: 'x'.repeat(20_000) } } } }, /"meta"/],
  ])('refuses %s as INVALID_ARGUMENT', async (_, request, message) => {
    const { client } = await connectedRig(saying('x'))
    const { status } = await hear(open(client, 'Start', request))
    expect(status.code).toBe(3)
    expect(status.details).toMatch(message)
  })
})
