import type { SluiceOptions } from '@sluice/core'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { createScriptedSource } from '@sluice/testing'
import { ownTimeMs } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { readEventSource } from '../rig/event-source-reader.ts'
import { type InProcess, KEEP_ALIVE_MS, serveSource } from '../rig/in-process.ts'
import { startNative } from '../rig/native-client.ts'
import { openRaw } from '../rig/raw-client.ts'
import { MESSAGES } from '../rig/stage.ts'

const ROTATE_AFTER_MS = 300
const CLOSE_GRACE_MS = 500
const TOKENS = Array.from({ length: 60 }, (_, index) => `${index}·👩🏽‍🚀 `)
/** Two seconds of them. */
const SLOWLY = TOKENS.flatMap((token) => [{ wait: 33 }, { yield: token }])

const options: Omit<SluiceOptions, 'observers'> = {
  reader: { rotateAfterMs: ROTATE_AFTER_MS, closeGraceMs: CLOSE_GRACE_MS, heartbeatMs: 50 },
}

const NOTHING = { producing: 0, delivering: 0, pending: 0 }

/** A stream that is read by nobody any more, and where that is. */
async function startFor(server: InProcess, onDisconnect: unknown): Promise<string> {
  await using started = await startNative(server.api, { messages: MESSAGES, sluice: { onDisconnect } })
  return started.location
}

/** A stream that ends a second after nobody reads it any more: until then its first reader stays. */
function startShortly(server: InProcess): ReturnType<typeof startNative> {
  return startNative(server.api, { messages: MESSAGES, sluice: { onDisconnect: { graceMs: 1_000 } } })
}

describe('an EventSource', () => {
  test('contract 1: that is sent to come back again and again sees the text once, and knows nothing of it', async () => {
    await using server = await serveSource(createScriptedSource(SLOWLY).source, options)
    const location = await startFor(server, 'continue')
    using page = readEventSource(location)
    await page.until(({ type }) => type === 'end')
    expect(page.text).toBe(TOKENS.join(''))
    expect(page.statuses.length).toBeGreaterThan(3)
    expect(new Set(page.statuses)).toEqual(new Set([200]))
    expect(page.sent[0]).toBeUndefined()
    expect(page.sent.slice(1).every((cursor) => cursor !== undefined)).toBe(true)
  })

  test('contract 9: is waited for under `cancel`, where whoever leaves ends the stream', async () => {
    await using server = await serveSource(createScriptedSource(SLOWLY).source, {
      ...options,
      stream: { onDisconnect: 'cancel' },
    })
    await using started = await startNative(server.api, { messages: MESSAGES })
    using page = readEventSource(started.location)
    await page.until(({ type }) => type === 'opened')
    await started[Symbol.asyncDispose]()
    await page.until(({ type }) => type === 'end')
    expect(page.text).toBe(TOKENS.join(''))
    expect(server.outcomes.filter((outcome) => outcome === 'rotate').length).toBeGreaterThan(3)
  })

  test('contract 1: that began with what comes now, and was sent to come back before that, misses nothing', async () => {
    const hasComeBack = Promise.withResolvers<void>()
    const source = async function* (): AsyncGenerator<string> {
      yield 'before'
      await hasComeBack.promise
      yield* TOKENS
    }
    await using server = await serveSource(source, options)
    const location = await startFor(server, 'continue')
    using page = readEventSource(`${location}?after=now`)
    await expect.poll(() => page.statuses.length).toBeGreaterThan(2)
    hasComeBack.resolve()
    await page.until(({ type }) => type === 'end')
    expect(page.text).toBe(TOKENS.join(''))
  })
})

describe('on a bare socket', () => {
  test('contract 2: the answer ends after `closed`, in good order, and its connection serves on', async () => {
    await using server = await serveSource(createScriptedSource([{ yield: 'Hello' }, { hang: true }]).source, options)
    const { pathname } = new URL(await startFor(server, 'continue'))
    using client = await openRaw(server.url, { method: 'GET', path: pathname })
    await client.until('\r\n0\r\n\r\n')
    const id = pathname.split('/').at(-1)
    expect(client.received).toMatch(
      new RegExp(
        `id: ${id}\\.1\\.1\\nevent: text[^]*retry: 100\\nevent: closed\\ndata: {"code":"rotate","cursor":"${id}\\.1\\.1"}\\n\\n\\r\\n0`,
      ),
    )
    client.socket.write(`GET ${pathname} HTTP/1.1\r\nhost: x\r\nlast-event-id: ${id}.1.1\r\n\r\n`)
    await client.until(`"cursor":"${id}.1.1","meta":{}}`)
    expect(client.received.match(/"text":"Hello"/g)).toHaveLength(1)
  })
})

describe('a peer whose packets are dropped', () => {
  test('F45, contract 14: is noticed one rotation and one close grace later, though heartbeats are taken for it, and nothing is left', async () => {
    const source = createScriptedSource([{ yield: 'Hello' }, { hang: true }])
    await using server = await serveSource(source.source, options)
    await using started = await startShortly(server)
    await using proxy = await startChaosProxy({ target: { port: Number(new URL(server.url).port) } })
    const path = new URL(started.location).pathname
    using client = await openRaw(`http://127.0.0.1:${proxy.port}`, { method: 'GET', path })
    await client.until('Hello')
    await started[Symbol.asyncDispose]()
    const goneMs = ownTimeMs()
    proxy.blackhole()
    await server.outcome('rotate')
    expect(ownTimeMs() - goneMs).toBeLessThan(1.1 * ROTATE_AFTER_MS + 200)
    expect(server.sluice.stats().delivering).toBe(0)
    // Its answer fits into the kernel's buffers: what is left is an idle connection, which the server closes as any other.
    await server.connectionsGone()
    expect(ownTimeMs() - goneMs).toBeLessThan(1.1 * ROTATE_AFTER_MS + KEEP_ALIVE_MS + 1_500)
    expect(await server.ended).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
    await expect.poll(() => server.sluice.stats()).toMatchObject(NOTHING)
  })

  test('F45, contract 7, 14: is cut with its connection where it has made us wait', async () => {
    // More than the kernels of both sides take.
    const flood = Array.from({ length: 4_000 }, () => ({ yield: 'x'.repeat(16_000) }))
    const rotateAfterMs = 1_500
    const source = createScriptedSource([{ yield: 'Hello' }, ...flood, { hang: true }])
    await using server = await serveSource(source.source, { reader: { ...options.reader, rotateAfterMs } })
    await using started = await startShortly(server)
    await using proxy = await startChaosProxy({ target: { port: Number(new URL(server.url).port) } })
    const path = new URL(started.location).pathname
    proxy.pause('toClient')
    using _ = await openRaw(`http://127.0.0.1:${proxy.port}`, { method: 'GET', path })
    await expect.poll(() => server.sluice.stats().delivering).toBe(2)
    await started[Symbol.asyncDispose]()
    const goneMs = ownTimeMs()
    await server.outcome('rotate')
    await server.connectionsGone()
    expect(ownTimeMs() - goneMs).toBeLessThan(1.1 * rotateAfterMs + CLOSE_GRACE_MS + 500)
    expect(await server.ended).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
    await expect.poll(() => server.sluice.stats()).toMatchObject(NOTHING)
  })
})
