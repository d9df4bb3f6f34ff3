import { SluiceError } from '@sluice/core'
import { afterEach, describe, expect, test } from 'vitest'

import {
  as,
  ask,
  type Client,
  connect,
  hear,
  kinds,
  type Message,
  open,
  type Rig,
  saying,
  sayingForEver,
  startRig,
} from '../rig/rig.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function rigWith(...given: Parameters<typeof startRig>): Promise<Rig & { client: Client }> {
  const rig = await startRig(...given)
  const client = connect(rig)
  cleanups.push(
    () => rig[Symbol.asyncDispose](),
    () => client.close(),
  )
  return { ...rig, client }
}

/** An id like another, of nobody. */
function otherThan(id: string): string {
  return (id.startsWith('0') ? '1' : '0') + id.slice(1)
}

/** A request whose input says something of its stream. */
const said = (fields: object): object => ({ input: { fields: { sluice: { structValue: { fields } } } } })

const TOKENS = ['Hello', ' wörld', ' 👩🏽‍🚀', '!']

test.each(['server', 'ada', ['ada'], {}, { owner: '' }, { owner: 'ada\uD800' }])(
  'contract 12: an identify that gives %j lets nobody in, and who is told why is the owner of the server',
  async (answer) => {
    const { client, errors, sluice } = await rigWith(saying(...TOKENS), { server: { identify: () => answer as never } })
    const theirs = await sluice.start(() => ['internal'], { as: 'server', onDisconnect: 'continue' })
    for (const [method, request] of [
      ['Start', {}],
      ['Attach', { ref: { id: theirs.id } }],
    ] as const) {
      const { status, messages } = await hear(open(client, method, request))
      expect([status.code, messages]).toEqual([13, []])
      expect(status.details).not.toContain('identify')
    }
    expect(errors.map(String)).toEqual([
      expect.stringContaining('"identify" gave') as string,
      expect.stringContaining('"identify" gave') as string,
    ])
  },
)

describe('Start', () => {
  test('contract 1: gives what the source says, an opening first and an end last, and OK', async () => {
    const { client } = await rigWith(saying(...TOKENS))
    const { events, text, status, cursor } = await hear(open(client, 'Start', {}))
    expect(text).toBe(TOKENS.join(''))
    expect(kinds(events).slice(0, 2)).toEqual(['opened', 'text'])
    expect(kinds(events).at(-1)).toBe('end')
    expect(cursor).toMatch(/\.1\.5$/)
    expect(status).toMatchObject({ code: 0 })
  })

  test('a chunk is one message, whatever the number of its events', async () => {
    const { client } = await rigWith(async function* () {
      yield Array.from({ length: 50 }, (_, index) => ({ type: 'text' as const, text: 'x', choice: index % 2 }))
    })
    const { messages, events } = await hear(open(client, 'Start', {}))
    expect(events.length).toBeGreaterThan(50)
    expect(messages.length).toBeLessThanOrEqual(3)
  })

  test('carries every kind of event', async () => {
    const { client } = await rigWith(async function* () {
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
    const { client, sluice } = await rigWith({ byInput: (input) => (inputs.push(input), saying('x')) })
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
    const { client } = await rigWith(async function* () {
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
    const { client } = await rigWith({
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
    const { client } = await rigWith(async function* () {
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
    const { client, errors } = await rigWith(saying(), {
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
    const { client } = await rigWith(saying('x'))
    const { status } = await hear(open(client, 'Start', request))
    expect(status.code).toBe(3)
    expect(status.details).toMatch(message)
  })
})

describe('Attach', () => {
  test('takes wishes, within their bounds', async () => {
    const { client } = await rigWith(saying(...TOKENS))
    const { cursor } = await hear(open(client, 'Start', { maxDelayMs: 20, maxTokens: 8 }))
    const ref = { id: cursor.split('.')[0]! }
    expect((await hear(open(client, 'Attach', { ref, maxDelayMs: 1, maxTokens: 65_536 }))).text).toBe(TOKENS.join(''))
    const { status } = await hear(open(client, 'Attach', { ref, maxTokens: 65_537 }))
    expect(status).toMatchObject({ code: 3, details: expect.stringContaining('"max_tokens"') as string })
  })

  test('contract 1: goes on exactly after a cursor', async () => {
    const { client } = await rigWith(saying(...TOKENS))
    const whole = await hear(open(client, 'Start', {}))
    const middle = whole.cursor.replace(/\d+$/, '2')
    const rest = await hear(open(client, 'Attach', { ref: { cursor: middle } }))
    expect(rest.text).toBe(TOKENS.slice(2).join(''))
    expect(rest.status.code).toBe(0)
  })

  test('at the end of an ended stream says so at once, by the status of the stream', async () => {
    const { client } = await rigWith(saying('x'))
    const { cursor } = await hear(open(client, 'Start', {}))
    const nothing = await hear(open(client, 'Attach', { ref: { cursor } }))
    expect(kinds(nothing.events)).toEqual(['opened'])
    expect(nothing.status.code).toBe(0)
  })

  test.each([
    ['an unknown stream', (id: string) => ({ ref: { id: otherThan(id) } }), 5],
    ['a cursor ahead of the log', (id: string) => ({ ref: { cursor: `${id}.1.99` } }), 9],
    ['a superseded epoch', (id: string) => ({ ref: { cursor: `${id}.9.1` } }), 9],
    ['a malformed cursor', (id: string) => ({ ref: { cursor: `${id}.1.x` } }), 3],
    ['a cursor of another stream', (id: string) => ({ ref: { id }, after: 'aaaaaaaaaaaaaaaaaaaaaaaaaa.1.1' }), 3],
    ['no stream at all', () => ({}), 3],
  ])('refuses %s', async (_, request, code) => {
    const { client } = await rigWith(saying('x'))
    const { cursor } = await hear(open(client, 'Start', {}))
    const { status } = await hear(open(client, 'Attach', request(cursor.split('.')[0]!)))
    expect(status.code).toBe(code)
    expect(status.metadata.get('sluice-code')[0]).toMatch(/^SLUICE_ERR_/)
  })

  test('a cursor before the trimmed head is OUT_OF_RANGE', async () => {
    const { client } = await rigWith(saying(...Array.from({ length: 60 }, () => 'x'.repeat(1_000))), {
      sluice: { stream: { retentionBytes: 32_768, windowBytes: 8_192 } },
    })
    const { cursor } = await hear(open(client, 'Start', {}))
    const { status } = await hear(open(client, 'Attach', { ref: { cursor: cursor.replace(/\d+$/, '1') } }))
    expect(status.code).toBe(11)
  })

  test('contract 12: what is unknown and what is forbidden are one and the same NOT_FOUND', async () => {
    const { client } = await rigWith(saying('x'))
    const { cursor } = await hear(open(client, 'Start', {}))
    const id = cursor.split('.')[0]!
    const forbidden = await hear(open(client, 'Attach', { ref: { id } }, as('eve')))
    const unknown = await hear(open(client, 'Attach', { ref: { id: otherThan(id) } }, as('eve')))
    expect(forbidden.status).toEqual(unknown.status)
    expect(forbidden.status.code).toBe(5)
    const stranger = await hear(open(client, 'Attach', { ref: { id } }, as('stranger')))
    expect(stranger.status.code).toBe(16)
  })
})

describe('Cancel and Info', () => {
  test('contract 8: cancel ends the stream for everyone and reaches the source', async () => {
    const cut = Promise.withResolvers<void>()
    const { client } = await rigWith(sayingForEver('x', cut.resolve))
    const call = open(client, 'Start', { key: 'chat' })
    const heard = hear(call)
    await new Promise((resolve) => call.once('data', resolve))
    expect(await ask(client, 'Info', { ref: { key: 'chat' } })).toMatchObject({ info: { key: 'chat' } })
    const { info } = (await ask(client, 'Cancel', { ref: { key: 'chat' } })) as { info: Message }
    expect(info).toMatchObject({
      status: 'STATUS_ENDED',
      end: { reason: 'cancelled', cause: 'client', complete: false },
    })
    await cut.promise
    const { events, status } = await heard
    expect(kinds(events).at(-1)).toBe('end')
    expect(status.code).toBe(1)
    const id = String(info['id'])
    expect(await ask(client, 'Cancel', { ref: { id } })).toMatchObject({ info: { end: { reason: 'cancelled' } } })
    await expect(ask(client, 'Info', { ref: { id } }, as('eve'))).rejects.toMatchObject({ code: 5 })
  })
})

describe('contract 9: leaving a call is not cancelling its stream', () => {
  test.each([
    ['POLICY_CANCEL', 'cancelled'],
    ['POLICY_CONTINUE', 'stop'],
  ])('%s', async (policy, reason) => {
    const go = Promise.withResolvers<void>()
    const { client, sluice } = await rigWith(async function* ({ signal }) {
      yield 'one'
      signal.addEventListener('abort', () => go.resolve())
      await go.promise
      yield 'two'
    })
    const call = open(client, 'Start', { onDisconnect: { policy } })
    call.on('error', () => {})
    const first = await new Promise<Message>((resolve) => call.once('data', resolve))
    const opened = (first['events'] as unknown as Message[])[0]!['opened']!
    const stream = await sluice.attach({ id: String(opened['id']) }, { as: 'server' })
    stream.detach()
    call.cancel()
    if (policy === 'POLICY_CONTINUE') go.resolve()
    expect(await stream.ended).toMatchObject({ reason })
  })

  test('a deadline of 1 ms ends the call, before or after its opening, and nothing is left', async () => {
    const { client, sluice } = await rigWith(sayingForEver('x'), { sluice: { stream: { onDisconnect: 'cancel' } } })
    for (let round = 0; round < 20; round++) {
      const { status } = await hear(open(client, 'Start', {}, { deadline: Date.now() + 1 }))
      expect(status.code).toBe(4)
    }
    await expect.poll(() => sluice.stats().delivering).toBe(0)
    // Those of nobody: each was left before it was read, and has not been waited for.
    await sluice.drain({ withinMs: 0 })
    expect(sluice.stats()).toMatchObject({ producing: 0, delivering: 0 })
  })

  test('the deadline comes from the server too, where the client only waits', async () => {
    const { client } = await rigWith(sayingForEver('x'))
    const { events, status } = await hear(open(client, 'Start', {}, { deadline: Date.now() + 300 }))
    expect(kinds(events)).toEqual(['opened', 'text'])
    expect(status.code).toBe(4)
  })
})
