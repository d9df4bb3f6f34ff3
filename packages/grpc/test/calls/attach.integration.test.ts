import { describe, expect, test } from 'vitest'

import { connectedRig } from '../rig/connected-rig.ts'
import { as, hear, kinds, type Message, open, saying, sayingForEver } from '../rig/rig.ts'

/** An id like another, of nobody. */
function otherThan(id: string): string {
  return (id.startsWith('0') ? '1' : '0') + id.slice(1)
}

const TOKENS = ['Hello', ' wörld', ' 👩🏽‍🚀', '!']

describe('Attach', () => {
  test('takes wishes, within their bounds', async () => {
    const { client } = await connectedRig(saying(...TOKENS))
    const { cursor } = await hear(open(client, 'Start', { maxDelayMs: 20, maxTokens: 8 }))
    const ref = { id: cursor.split('.')[0]! }
    expect((await hear(open(client, 'Attach', { ref, maxDelayMs: 1, maxTokens: 65_536 }))).text).toBe(TOKENS.join(''))
    const { status } = await hear(open(client, 'Attach', { ref, maxTokens: 65_537 }))
    expect(status).toMatchObject({ code: 3, details: expect.stringContaining('"max_tokens"') as string })
  })

  test('contract 7: gives the reading a name, under which credit arrives from other transports', async () => {
    const { client, sluice } = await connectedRig(sayingForEver('x'))
    const started = open(client, 'Start', { reader: 'first' })
    const placed = (call: ReturnType<typeof open>): Promise<string> =>
      new Promise((resolve) => {
        call.on('error', () => undefined)
        call.on('data', ({ events }: Message) => {
          const place = [...(events as never as Message[])].find(({ cursor }) => String(cursor) !== '')
          if (place) resolve(String(place.cursor))
        })
      })
    const cursor = await placed(started)
    const attached = open(client, 'Attach', { ref: { id: cursor.split('.')[0]! }, reader: 'second' })
    await placed(attached)
    const ack = (reader: string) => sluice.ack({ cursor }, { as: { owner: 'ada' }, reader, credit: 1 })
    expect([await ack('first'), await ack('second'), await ack('third')]).toEqual([
      { readers: 1 },
      { readers: 1 },
      { readers: 0 },
    ])
    for (const call of [started, attached]) call.cancel()
    const { status } = await hear(open(client, 'Attach', { ref: { cursor }, reader: 'x'.repeat(129) }))
    expect(status).toMatchObject({ code: 3, details: expect.stringContaining('"reader"') as string })
  })

  test('contract 1: goes on exactly after a cursor', async () => {
    const { client } = await connectedRig(saying(...TOKENS))
    const whole = await hear(open(client, 'Start', {}))
    const middle = whole.cursor.replace(/\d+$/, '2')
    const rest = await hear(open(client, 'Attach', { ref: { cursor: middle } }))
    expect(rest.text).toBe(TOKENS.slice(2).join(''))
    expect(rest.status.code).toBe(0)
  })

  test('at the end of an ended stream says so at once, by the status of the stream', async () => {
    const { client } = await connectedRig(saying('x'))
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
    const { client } = await connectedRig(saying('x'))
    const { cursor } = await hear(open(client, 'Start', {}))
    const { status } = await hear(open(client, 'Attach', request(cursor.split('.')[0]!)))
    expect(status.code).toBe(code)
    expect(status.metadata.get('sluice-code')[0]).toMatch(/^SLUICE_ERR_/)
  })

  test('a cursor before the trimmed head is OUT_OF_RANGE', async () => {
    const { client } = await connectedRig(saying(...Array.from({ length: 60 }, () => 'x'.repeat(1_000))), {
      sluice: { stream: { retentionBytes: 32_768, windowBytes: 8_192 } },
    })
    const { cursor } = await hear(open(client, 'Start', {}))
    const { status } = await hear(open(client, 'Attach', { ref: { cursor: cursor.replace(/\d+$/, '1') } }))
    expect(status.code).toBe(11)
  })

  test('contract 12: what is unknown and what is forbidden are one and the same NOT_FOUND', async () => {
    const { client } = await connectedRig(saying('x'))
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
