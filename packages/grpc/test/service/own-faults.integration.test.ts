import { describe, expect, test } from 'vitest'

import { FAULTY } from '../../../core/test/rig/faulty-policy.ts'
import { connectedRig } from '../rig/connected-rig.ts'
import { hear, kinds, type Message, open, summary } from '../rig/rig.ts'

const WORDS = ['one ', 'two ', 'three ', 'four']

/** Says the words, one a turn, once it may. */
function waiting(begin: Promise<void>) {
  return async function* () {
    await begin
    for (const word of WORDS) {
      yield word
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe('contract 2: a policy that throws for one reading', () => {
  test('of a session ends that one with closed: failed, and those beside it have all of their streams', async () => {
    const begin = Promise.withResolvers<void>()
    const { client, sluice } = await connectedRig(() => [], { sluice: { reader: { chunking: FAULTY } } })
    const { id } = await sluice.start(waiting(begin.promise), { as: { owner: 'ada' }, onDisconnect: 'continue' })
    const call = (
      client['Session'] as unknown as () => ReturnType<typeof open> & { write(message: object): void; end(): void }
    ).call(client)
    const heard = hear(call, (messages) => {
      // The last of them is being read.
      if (messages.some((message) => Number(message['stream']) === 4)) begin.resolve()
    })
    for (const [index, maxTokens] of [undefined, 7, 6, undefined].entries()) {
      call.write({ stream: index + 1, attach: { ref: { id }, ...(maxTokens && { maxTokens }) } })
    }
    call.end()
    const { messages, status } = await heard

    const of = (stream: number): Message[] => messages.filter((message) => Number(message['stream']) === stream)
    expect(status.code).toBe(0)
    expect([1, 2, 3, 4].map((stream) => summary(of(stream)).text)).toEqual([
      WORDS.join(''),
      'one two ',
      '',
      WORDS.join(''),
    ])
    for (const [stream, seq] of [
      [2, 2],
      [3, 0],
    ] as const) {
      const last = of(stream).at(-1)!
      const { events } = summary([last])
      expect(kinds(events)).toEqual(['closed'])
      expect(events[0]!['closed']).toEqual({ code: 'failed', cursor: `${id}.1.${seq}` })
      expect(last['over']).toMatchObject({ code: 13 })
    }
  })

  test('on a call of its own cuts that call, and no other of the same connection', async () => {
    const begin = Promise.withResolvers<void>()
    const { client, sluice } = await connectedRig(() => [], { sluice: { reader: { chunking: FAULTY } } })
    const { id } = await sluice.start(waiting(begin.promise), { as: { owner: 'ada' }, onDisconnect: 'continue' })
    const opened = [undefined, 7, undefined].map((maxTokens) => {
      const reading = Promise.withResolvers<void>()
      const call = open(client, 'Attach', { ref: { id }, ...(maxTokens && { maxTokens }) })
      return { heard: hear(call, () => reading.resolve()), reading: reading.promise }
    })
    await Promise.all(opened.map(({ reading }) => reading))
    begin.resolve()
    const [one, faulty, other] = await Promise.all(opened.map(({ heard }) => heard))
    expect([one!.text, one!.status.code, other!.text, other!.status.code]).toEqual([
      WORDS.join(''),
      0,
      WORDS.join(''),
      0,
    ])
    expect([faulty!.text, faulty!.status.code]).toEqual(['one two ', 13])
  })
})
