import { type SourceContext, type SourceItem, SluiceError } from '@sluice/core'
import { createScriptedSource } from '@sluice/testing'
import { describe, expect, test } from 'vitest'
import { serveSource } from '../../rig/in-process.ts'
import { askJson, attachNative, readUntil, startNative, textOf } from '../../rig/native-client.ts'
import { BODY, postChat } from '../../rig/chat-request.ts'

describe('a source', () => {
  test('F26: that ignores its abort ends for its readers at once, and is counted as leaked', async () => {
    const scripted = createScriptedSource([{ yield: 'a' }, { ignoreAbort: true }, { hang: true }])
    await using server = await serveSource(scripted.source)
    await using native = await startNative(server.api, BODY)
    await readUntil(native, 'text')
    const cancelled = await askJson(`${native.location}/cancel`, { method: 'POST' })
    expect(cancelled.value).toMatchObject({ end: { reason: 'cancelled' } })
    await readUntil(native, 'end')
    expect(scripted.aborted).toBe(true)
    await server.leaked
    // It keeps its place in the limits until it does come to rest.
    expect(server.sluice.stats().producing).toBe(1)
  })

  test('F25: that goes on after its abort is heard by nobody', async () => {
    const scripted = createScriptedSource([{ yield: 'a' }, { yieldAfterAbort: 1_000 }])
    await using server = await serveSource(scripted.source)
    await using native = await startNative(server.api, BODY)
    await readUntil(native, 'text')
    await askJson(`${native.location}/cancel`, { method: 'POST' })
    await readUntil(native, 'end')
    await server.ended
    const { value } = await askJson(`${native.location}?include=result`)
    expect(value).toMatchObject({ text: 'a', end: { reason: 'cancelled' } })
  })

  const frozen = Object.freeze({ message: 'secret' })
  test.each([
    ['an Error', new Error('secret'), 502, 'SLUICE_ERR_SOURCE'],
    ['undefined', undefined, 502, 'SLUICE_ERR_SOURCE'],
    ['null', null, 502, 'SLUICE_ERR_SOURCE'],
    ['a string', 'secret', 502, 'SLUICE_ERR_SOURCE'],
    ['a frozen object', frozen, 502, 'SLUICE_ERR_SOURCE'],
    [
      'what is meant for clients',
      new SluiceError('SLUICE_ERR_BACKEND', 'busy', { status: 429 }),
      429,
      'SLUICE_ERR_BACKEND',
    ],
  ])('F27: that throws %s at once is an HTTP error without its secrets', async (_, error, status, code) => {
    for (const scripted of [
      createScriptedSource([], { throwAtOnce: { error } }),
      createScriptedSource([], { opening: [{ throw: error }] }),
      createScriptedSource([{ throw: error }]),
    ]) {
      await using server = await serveSource(scripted.source)
      const response = await postChat(server.api)
      const text = await response.text()
      expect([response.status, text.includes(code), text.includes('secret')]).toEqual([status, true, false])
    }
  })

  test.each([
    ['nothing', () => undefined],
    ['a number', () => 7],
    ['an iterator of nonsense', () => [null, {}, 7]],
    [
      'an async iterable whose result is no object',
      () => ({ [Symbol.asyncIterator]: () => ({ next: async () => 7 }) }),
    ],
  ])('F28: that returns %s fails loudly', async (_, make) => {
    await using server = await serveSource(make as never)
    const text = await (await postChat(server.api)).text()
    expect(text).toMatch(/SLUICE_ERR_SOURCE/)
    expect(text).not.toContain('[DONE]')
  })

  test('F23: that throws after its first tokens ends with an error, after them', async () => {
    const scripted = createScriptedSource([{ yield: 'a' }, { yield: 'b' }, { throw: new Error('secret') }])
    await using server = await serveSource(scripted.source)
    const text = await (await postChat(server.api)).text()
    expect(text).toMatch(/"content":"ab?"/)
    expect(text).toContain('"error":{')
    expect(text).not.toMatch(/\[DONE\]|secret/)
  })

  test('F28: that sends a token of 10 MiB is served whole, in parts', async () => {
    const token = '漢x'.repeat((10 * 1024 * 1024) / 4)
    await using server = await serveSource(() => ['a', token, 'z'])
    await using native = await startNative(server.api, BODY)
    const events = await readUntil(native, 'end')
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ complete: true })
    expect(textOf(events) === `a${token}z`).toBe(true)
    expect(Math.max(...events.map(({ data }) => Buffer.byteLength(data)))).toBeLessThan(40_000)
  })

  test('F29: of a million tiny tokens is served in order, in few writes, while others are served', async () => {
    const text = Array.from({ length: 1_000_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
    async function* tiny(): AsyncGenerator<SourceItem> {
      yield* text
    }
    const deadlines = { totalMs: 600_000 }
    await using server = await serveSource(({ meta }: SourceContext) => (meta.small ? ['small'] : tiny()), {
      stream: { deadlines },
    })
    const began = process.cpuUsage()
    await using native = await startNative(server.api, BODY)
    const whole = readUntil(native, 'end')
    await using small = await startNative(server.api, { ...BODY, sluice: { meta: { small: true } } })
    expect(textOf(await readUntil(small, 'end'))).toBe('small')
    const events = await whole
    expect(textOf(events) === text).toBe(true)
    expect(server.delivered.events / server.delivered.chunks).toBeGreaterThan(50)
    // Linear: quadratic work would take minutes. Measured: about a second, this client included.
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(20)
  })

  test('F31: of bytes that are cut anywhere loses none', async () => {
    const text = 'é漢😀👨‍👩‍👧‍👦'
    await using server = await serveSource(() => Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)))
    await using native = await startNative(server.api, BODY)
    expect(textOf(await readUntil(native, 'end'))).toBe(text)
  })

  test('F33: cancelled before its first token ends cancelled, and its reader is told', async () => {
    const scripted = createScriptedSource([{ hang: true }], { opening: [] })
    await using server = await serveSource(scripted.source)
    await using native = await startNative(server.api, BODY)
    await readUntil(native, 'opened')
    await askJson(`${native.location}/cancel`, { method: 'POST' })
    expect((await readUntil(native, 'end')).at(-1)?.data).toContain('"cancelled"')
    expect(scripted.aborted).toBe(true)
  })

  test('F36: cancelled while a reader replays is not a truncation', async () => {
    const scripted = createScriptedSource([...Array.from('abcdef', (letter) => ({ yield: letter })), { hang: true }])
    await using server = await serveSource(scripted.source)
    await using first = await startNative(server.api, BODY)
    for (let heard = ''; heard !== 'abcdef';) heard += textOf(await readUntil(first, 'text'))
    const [late] = await Promise.all([
      attachNative(first.location),
      askJson(`${first.location}/cancel`, { method: 'POST' }),
    ])
    const events = await readUntil(late, 'end')
    expect(textOf(events)).toBe('abcdef')
    expect(events.at(-1)?.data).toContain('"cancelled"')
    await late[Symbol.asyncDispose]()
  })
})
