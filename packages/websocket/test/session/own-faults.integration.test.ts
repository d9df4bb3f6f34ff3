import { afterEach, describe, expect, test } from 'vitest'

import { FAULTY } from '../../../core/test/rig/faulty-policy.ts'
import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

describe('contract 2: a policy that throws for one reading of a socket', () => {
  test('ends that one with closed: failed, and those beside it have all of their streams', async () => {
    const failed: unknown[] = []
    const observers = [{ failed: (_: unknown, { error }: { error: unknown }) => void failed.push(error) }]
    rig = await startRig({}, { reader: { chunking: FAULTY }, observers })
    const words = ['one ', 'two ', 'three ', 'four']
    const start = Promise.withResolvers<void>()
    const source = async function* () {
      await start.promise
      for (const word of words) {
        yield word
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const { id } = await rig.sluice.start(source, { as: { owner: 'ada' }, onDisconnect: 'continue' })
    const client = await SocketClient.open(rig.url)
    for (const ref of ['a', 'b', 'c', 'd']) {
      const maxTokens = { a: undefined, b: 7, c: 6, d: undefined }[ref]
      client.say({ type: 'attach', ref, stream: id, sluice: { maxTokens } })
    }
    await client.hear('closed', ({ ref }) => ref === 'c')
    start.resolve()
    await Promise.all(['a', 'd'].map((ref) => client.hear('end', (message) => message.ref === ref)))
    const b = await client.hear('closed', ({ ref }) => ref === 'b')

    const of = (ref: string) => client.heard.filter((message) => 'ref' in message && message.ref === ref)
    const textOf = (ref: string): string =>
      of(ref)
        .map((message) => (message.type === 'text' ? message.text : ''))
        .join('')
    expect([textOf('a'), textOf('b'), textOf('c'), textOf('d')]).toEqual([
      words.join(''),
      'one two ',
      '',
      words.join(''),
    ])
    expect(b).toEqual({ type: 'closed', stream: id, ref: 'b', code: 'failed', cursor: `${id}.1.2` })
    expect(of('c')).toEqual([{ type: 'closed', stream: id, ref: 'c', code: 'failed', cursor: `${id}.1.0` }])
    expect(failed).toHaveLength(2)

    // The number of the reading is free again, and what it has not had is there.
    client.say({ type: 'attach', ref: 'b', stream: id, after: b.cursor! })
    await client.hear('end', ({ ref }) => ref === 'b')
    expect(textOf('b')).toBe(words.join(''))
  })
})
