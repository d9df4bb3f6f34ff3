import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type DecodedMessage, type DecodedWire, sseDecoders } from '@sluice/conformance/sse'
import { SEED } from '@sluice/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { hostileAnswers } from '../../src/decoders/cases/hostile-tokens.ts'
import { HEARTBEAT_MS, serveStream, type Step } from '../../src/decoders/cases/served-stream.ts'
import { decodedWires } from './decoded-wires.ts'
import { streamBytes } from './stream-bytes.ts'

/** Debian's own: others on the PATH do not see its packages. */
const PYTHON = process.env.PYTHON_HTTPX ?? '/usr/bin/python3'
const PROGRAM = join(import.meta.dirname, 'read_with_httpx.py')
const RANDOM_STREAMS = 100

type Given = [event: string, data: string, id: string] | 'UnicodeDecodeError'

/** Bodies that a server sends piece by piece, each at a path of its own. */
const bodies: (readonly Uint8Array[])[] = []
let server: Server
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    const pieces = bodies[Number(url!.slice(1))]!.values()
    const sendNext = (): void => {
      const { done, value } = pieces.next()
      if (done) response.end()
      else response.write(value, () => setImmediate(sendNext))
    }
    sendNext()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** What each of Python's decoders gives of each of these bodies. */
async function readWithPython(sent: readonly (readonly Uint8Array[])[]): Promise<Record<string, Given[]>[]> {
  const first = bodies.push(...sent) - sent.length
  const { port } = server.address() as AddressInfo
  const urls = sent.map((_, index) => `http://127.0.0.1:${port}/${first + index}\n`)
  const stdout = await new Promise<string>((resolve, reject) => {
    const python = execFile(PYTHON, [PROGRAM], { maxBuffer: 2 ** 28 }, (error, out) =>
      error ? reject(error) : resolve(out),
    )
    python.stdin!.end(urls.join(''))
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Given[]>)
}

/** What ours gives of a body. */
function readWithOurs(name: string, pieces: readonly Uint8Array[]): Given[] {
  const decoding = sseDecoders.find((decoder) => decoder.name === name)!.begin()
  const given: Given[] = []
  const give = (messages: readonly DecodedMessage[]): void =>
    void given.push(...messages.map(({ event, data, id }): Given => [event, data, id]))
  try {
    // Byte by byte, so that what comes before an error is given first.
    for (const byte of pieces.flatMap((piece) => [...piece])) give(decoding.push(Uint8Array.of(byte)))
    give(decoding.end())
  } catch {
    given.push('UnicodeDecodeError')
  }
  return given
}

test('the decoders of PyPI give over httpx what ours give, whatever the bytes', async () => {
  const streams = fc.sample(streamBytes, { numRuns: RANDOM_STREAMS, seed: SEED })
  const read = await readWithPython(streams)
  expect(read).toHaveLength(RANDOM_STREAMS)
  for (const [index, given] of read.entries()) {
    const pieces = streams[index]!
    const ours = Object.fromEntries(Object.keys(given).map((name) => [name, readWithOurs(name, pieces)]))
    expect({ pieces, SEED, ...ours }).toEqual({ pieces, SEED, ...given })
  }
})

const SILENCE: Step = { silenceMs: 2 * HEARTBEAT_MS }

function textOf(wire: DecodedWire, given: readonly Given[]): string {
  const heard = given.map((message) => {
    if (typeof message === 'string') throw new Error(message)
    const [event, data, id] = message
    return wire.hear({ event, data, id })
  })
  expect(heard.filter((one) => one?.over).map((one) => one!.over)).toEqual(['complete'])
  return heard.map((one) => one?.text ?? '').join('')
}

test.each(Object.entries(decodedWires))(
  'contract 1: over httpx every answer comes through the decoders of PyPI, heartbeats and all; wire: %s',
  async (_, wire) => {
    const answers = hostileAnswers()
    const served = await Promise.all(
      answers.map((tokens) => serveStream(wire, [SILENCE, ...tokens.flatMap((says) => [{ says }, SILENCE])])),
    )
    const read = await readWithPython(served.map(({ live }) => [live.subarray(0, 100), live.subarray(100)]))
    for (const [index, given] of read.entries()) {
      const wanted = answers[index]!.join('').toWellFormed()
      for (const [name, messages] of Object.entries(given))
        if (!(name in (wire.unread ?? {}))) expect([name, textOf(wire, messages)]).toEqual([name, wanted])
    }
  },
)
