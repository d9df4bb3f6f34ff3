import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { openRaw } from '../rig/raw-client.ts'
import { chunk, DONE, type Exchange, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

const STREAMS = 500

/** A backend that says one token to each, and more only when it is told to. */
function waitingModel(stage: Stage) {
  return stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'first' }))
  })
}

async function finish(exchange: Exchange): Promise<void> {
  await exchange.send(chunk({ content: ' last' }), chunk({}, { finish: 'stop' }), DONE)
  exchange.response.end()
}

/** Asks until the answer has this status: the signal takes effect when the process gets to it. */
async function untilStatus(url: string, status: number): Promise<void> {
  while ((await fetch(url)).status !== status);
}

function terminate({ gateway }: Stage): void {
  gateway.process.kill('SIGTERM')
}

const endIn = (data: string): object => JSON.parse(data) as object

test('SIGTERM with 500 live streams: nothing begins, everything else goes on, no end is missing', async () => {
  await using stage = await startStage(['--drain-ms', '6000'])
  const { model, exchanges } = waitingModel(stage)
  const streams = await Promise.all(Array.from({ length: STREAMS }, () => startNative(stage.api, { model })))
  const heads = await Promise.all(streams.map((stream) => readUntil(stream, 'text')))
  expect(exchanges).toHaveLength(STREAMS)
  const signalled = performance.now()
  terminate(stage)
  await untilStatus(`${stage.gateway.url}/readyz`, 503)

  expect((await fetch(`${stage.gateway.url}/healthz`)).status).toBe(200)
  const refusedNative = await askJson(`${stage.api}/streams`, { method: 'POST', body: { model, messages: MESSAGES } })
  expect(refusedNative).toMatchObject({ status: 503, value: { code: 'SLUICE_ERR_DRAINING' } })
  expect(refusedNative.headers.get('retry-after')).toBe('1')
  const refusedChat = await askJson(`${stage.api}/chat/completions`, {
    method: 'POST',
    body: { model, messages: MESSAGES },
  })
  expect(refusedChat).toMatchObject({ status: 503, value: { error: { code: 'SLUICE_ERR_DRAINING' } } })
  expect(exchanges).toHaveLength(STREAMS)

  const [attachedTo, cancelled] = [streams[0]!, streams[1]!]
  await using attached = await attachNative(attachedTo.location)
  expect(attached.response.status).toBe(200)
  expect(textOf(await readUntil(attached, 'text'))).toBe('first')
  const answer = await askJson(`${cancelled.location}/cancel`, { method: 'POST' })
  expect(answer).toMatchObject({ status: 200, value: { end: { reason: 'cancelled', cause: 'client' } } })

  const half = exchanges.filter((_, index) => index % 2 === 0 && !exchanges[index]!.response.destroyed)
  await Promise.all(half.map(finish))
  const rests = await Promise.all(streams.map((stream) => readUntil(stream, 'end')))
  const ends = rests.map(
    (events) => endIn(events.at(-1)!.data) as { reason: string; complete: boolean; cause?: string },
  )
  const texts = rests.map((events, index) => textOf([...heads[index]!, ...events]))
  const counted = (reason: string): number => ends.filter((end) => end.reason === reason).length
  expect([counted('stop'), counted('cancelled'), counted('interrupted')]).toEqual([
    half.length,
    1,
    STREAMS - half.length - 1,
  ])
  const seen = new Set(ends.map(({ reason, complete, cause }, index) => [texts[index], reason, complete, cause].join()))
  expect(seen).toEqual(
    new Set(['first last,stop,true,', 'first,cancelled,false,client', 'first,interrupted,false,drain']),
  )
  expect(performance.now() - signalled).toBeGreaterThan(5_900)
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
  expect(stage.gateway.stdout.match(/ready at/g)).toHaveLength(1)
  expect(stage.gateway.stdout.trim().split('\n')).toHaveLength(1)
  expect(stage.gateway.stderr).toBe('')
  // The backends of what was cut were left.
  await Promise.all(exchanges.map(({ closed }) => closed))
})

test('SIGTERM ends the process as soon as the last stream has ended', async () => {
  await using stage = await startStage(['--drain-ms', '600000'])
  const behaviour = waitingModel(stage)
  await using started = await startNative(stage.api, { model: behaviour.model })
  await readUntil(started, 'text')
  terminate(stage)
  await untilStatus(`${stage.gateway.url}/readyz`, 503)
  await finish(await behaviour.first)
  expect(textOf(await readUntil(started, 'end'))).toBe(' last')
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s with nothing to do ends the process', async (signal) => {
  await using stage = await startStage()
  stage.gateway.process.kill(signal)
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
})

test('a second SIGTERM ends at once', async () => {
  await using stage = await startStage(['--drain-ms', '600000'])
  const { model } = waitingModel(stage)
  await using started = await startNative(stage.api, { model })
  await readUntil(started, 'text')
  terminate(stage)
  await untilStatus(`${stage.gateway.url}/readyz`, 503)
  terminate(stage)
  const { signal } = await stage.gateway.exited
  expect(signal).toBeNull()
  await expect(readUntil(started, 'end')).rejects.toThrow('terminated')
})

test('keep-alive connections that do nothing do not hold the process up', async () => {
  await using stage = await startStage(['--drain-ms', '600000'])
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  await new Promise<void>((resolve, reject) => {
    request(`${stage.gateway.url}/healthz`, { agent }, (response) => response.resume().on('end', resolve))
      .on('error', reject)
      .end()
  })
  terminate(stage)
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
  agent.destroy()
})

/** 10 MB: more than the kernel takes on loopback, so that the last of it waits in the gateway. */
const LONG_TOKENS = Array.from({ length: 640 }, (_, index) => `<${index}>`.padEnd(16_000, '.'))

test('a reader that is behind when its stream ends gets all of it, although the gateway is closing', async () => {
  await using stage = await startStage(['--drain-ms', '60000'])
  const { model, first } = stage.behave(async (exchange) => {
    const { response } = exchange
    exchange.stream()
    for (const content of LONG_TOKENS) if (!response.write(chunk({ content }))) await once(response, 'drain')
    await exchange.send(chunk({}, { finish: 'stop' }), DONE)
    response.end()
  })
  const body = JSON.stringify({ model, messages: MESSAGES })
  using client = await openRaw(stage.gateway.url, { path: '/v1/streams', body, reading: false })
  const received: Buffer[] = []
  const { socket } = client
  // Far slower than loopback, and steady: it never makes anybody wait for long.
  socket.on('readable', () => {})
  const timer = setInterval(() => {
    const bytes = socket.read(Math.min(64 * 1024, socket.readableLength)) as Buffer | null
    if (bytes) received.push(bytes)
  }, 20)
  await first
  terminate(stage)
  await client.closed
  clearInterval(timer)
  const text = Buffer.concat(received).toString('latin1')
  expect([...text.matchAll(/<(\d+)>/g)].length).toBe(LONG_TOKENS.length)
  expect(text.slice(-500)).toContain('event: end')
  expect(text.endsWith('\r\n0\r\n\r\n')).toBe(true)
  expect(await stage.gateway.exited).toEqual({ code: 0, signal: null })
})
