import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { serveSource } from '../../rig/in-process.ts'
import { readUntil, startNative, textOf } from '../../rig/native-client.ts'
import { BODY, postChat } from '../../rig/chat-request.ts'
import { chunk, DONE, type Exchange, startBehavingBackend } from '../../rig/stage.ts'

/** A backend that behaves like this, behind a sluice with short deadlines. */
async function behind(answer: (exchange: Exchange) => unknown, deadlines: object = {}, openAfterMs = 2_000) {
  const behaving = await startBehavingBackend()
  const { model, first } = behaving.behave(answer)
  const source = openAiChatSource({ baseUrl: behaving.baseUrl, body: { ...BODY, model } })
  const server = await serveSource(source, { stream: { deadlines, openAfterMs } })
  return {
    server,
    first,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await behaving[Symbol.asyncDispose]()
    },
  }
}

describe('a backend', () => {
  test('F23: that dies inside a chunk ends the stream loudly, on every wire', async () => {
    await using stage = await behind(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'half' }), chunk({ content: ' an event' }).slice(0, 30))
    })
    const { server } = stage
    await using native = await startNative(server.api, BODY)
    await readUntil(native, 'text')
    ;(await stage.first).die()
    const end = JSON.parse((await readUntil(native, 'end')).at(-1)!.data) as object
    expect(end).toMatchObject({
      reason: 'error',
      complete: false,
      cause: 'source',
      error: { code: 'SLUICE_ERR_BACKEND' },
    })
    const other = await (await fetch(`${native.location}?wire=openai.chat`)).text()
    expect(other).toContain('"half"')
    expect(other).toContain('"code":"SLUICE_ERR_BACKEND"')
    expect(other).not.toContain('[DONE]')
  })

  test('F24: that hangs before its head is a 504, and is left', async () => {
    await using stage = await behind(() => {}, { firstTokenMs: 300 })
    const response = await postChat(stage.server.api)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'SLUICE_ERR_TIMEOUT' } })
    await (
      await stage.first
    ).closed
  })

  test('F24: that hangs before its head, longer than clients are let wait, is an error on the wire', async () => {
    await using stage = await behind(() => {}, { firstTokenMs: 600 }, 50)
    const response = await postChat(stage.server.api)
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).toContain('"code":"SLUICE_ERR_TIMEOUT"')
    expect(text).not.toContain('[DONE]')
    await (
      await stage.first
    ).closed
  })

  test('F24: that hangs after its head ends at the first-token deadline', async () => {
    await using stage = await behind((exchange) => exchange.stream(), { firstTokenMs: 300 })
    await using native = await startNative(stage.server.api, BODY)
    expect((await readUntil(native, 'end')).at(-1)?.data).toContain('SLUICE_ERR_TIMEOUT')
    await (
      await stage.first
    ).closed
  })

  test('F24: that hangs in the middle ends at the idle deadline', async () => {
    await using stage = await behind(
      async (exchange) => {
        exchange.stream()
        await exchange.send(chunk({ content: 'half' }))
      },
      { idleMs: 300 },
    )
    await using native = await startNative(stage.server.api, BODY)
    const events = await readUntil(native, 'end')
    expect(textOf(events)).toBe('half')
    expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ reason: 'error', complete: false, cause: 'deadline' })
    await (
      await stage.first
    ).closed
  })

  test('that sends comments for ever is ended by the deadline for the whole', async () => {
    await using stage = await behind(
      async (exchange) => {
        exchange.stream()
        await exchange.send(chunk({ content: 'half' }))
        while (!exchange.response.destroyed) await exchange.send(': still here\n\n')
      },
      { idleMs: 300, totalMs: 1_500 },
    )
    await using native = await startNative(stage.server.api, BODY)
    const end = (await readUntil(native, 'end')).at(-1)?.data
    expect(end).toContain('SLUICE_ERR_TIMEOUT')
    expect(end).toContain('totalMs')
  })

  test('F31: that splits code points over packets loses none', async () => {
    const text = 'é漢😀👨‍👩‍👧‍👦\u2028مرحبا'.repeat(20)
    await using stage = await behind(async (exchange) => {
      exchange.stream()
      for (const byte of Buffer.from(chunk({ content: text }))) await exchange.send(Uint8Array.of(byte))
      await exchange.send(DONE)
      exchange.response.end()
    })
    await using native = await startNative(stage.server.api, BODY)
    expect(textOf(await readUntil(native, 'end'))).toBe(text)
  })

  test('F28: that sends a line of 20 MiB is refused loudly, and of 10 MiB is served', async () => {
    for (const [length, whole] of [
      [10 * 1024 * 1024, true],
      [20 * 1024 * 1024, false],
    ] as const) {
      await using stage = await behind(async (exchange) => {
        exchange.stream()
        await exchange.send(chunk({ content: 'x'.repeat(length) }), chunk({}, { finish: 'stop' }), DONE)
        exchange.response.end()
      })
      await using native = await startNative(stage.server.api, BODY)
      const events = await readUntil(native, 'end')
      expect(JSON.parse(events.at(-1)!.data)).toMatchObject({ complete: whole })
      expect(events.at(-1)!.data.includes('maxChunkBytes (16777216)')).toBe(!whole)
      expect(textOf(events).length).toBe(whole ? length : 0)
    }
  })
})
