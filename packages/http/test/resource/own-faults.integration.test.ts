import { once } from 'node:events'
import { createServer as createHttp1, request as ask, type Server } from 'node:http'
import { connect, createServer as createHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { type ChunkingPolicy, createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { describe, expect, test } from 'vitest'

const WORDS = ['one ', 'two ', 'three ', 'four']

/** Throws for the second reading that it is asked for, when its reader has had two tokens. */
function faultyOnce(): ChunkingPolicy {
  let readings = 0
  return {
    name: 'faulty',
    maxDelayMs: 50,
    create() {
      const isFaulty = ++readings === 2
      return {
        take(view) {
          if (isFaulty && view.position >= 2) throw new Error('own fault')
          return 1
        },
      }
    },
  }
}

/** A stream that speaks once it may, on a server of either version. */
async function serve(create: typeof createHttp1 | typeof createHttp2) {
  const failed: string[] = []
  const observers = [{ failed: (_: unknown, { error }: { error: unknown }) => void failed.push(String(error)) }]
  const sluice = createSluice({ reader: { chunking: faultyOnce() }, observers })
  const resource = createStreamResource({ sluice, identify: () => ({ owner: 'ada' }) })
  const server = (create as typeof createHttp1)((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const begin = Promise.withResolvers<void>()
  const source = async function* () {
    await begin.promise
    for (const word of WORDS) {
      yield word
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const { id } = await sluice.start(source, { as: { owner: 'ada' }, onDisconnect: 'continue' })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    path: `/v1/streams/${id}`,
    begin: () => begin.resolve(),
    failed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections?.()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What an answer said, and whether it came to its end. */
interface Answer {
  text: string
  whole: boolean
}

async function read(body: AsyncIterable<Buffer>, onPiece: () => void): Promise<Answer> {
  let bytes = ''
  let whole = true
  try {
    for await (const piece of body) {
      bytes += String(piece)
      onPiece()
    }
  } catch {
    whole = false
  }
  const words = [...bytes.matchAll(/^event: text\ndata: (.*)$/gm)]
  return { text: words.map(([, data]) => (JSON.parse(data!) as { text: string }).text).join(''), whole }
}

type Served = Awaited<ReturnType<typeof serve>>
/** Begins a reading; resolves once it is open. */
type Open = (onPiece: () => void) => Promise<Answer>

async function readThree(served: Served, open: Open): Promise<Answer[]> {
  const answers: Promise<Answer>[] = []
  for (let count = 0; count < 3; count++) {
    const opened = Promise.withResolvers<void>()
    answers.push(open(opened.resolve))
    await opened.promise
  }
  served.begin()
  return Promise.all(answers)
}

const EXPECTED: Answer[] = [
  { text: WORDS.join(''), whole: true },
  { text: 'one two ', whole: false },
  { text: WORDS.join(''), whole: true },
]

describe('contract 2: a policy that throws for one answer cuts that one, and no other', () => {
  test('over HTTP/1.1', async () => {
    await using served = await serve(createHttp1)
    const answers = await readThree(served, async (onPiece) => {
      const request = ask(`${served.url}${served.path}`).end()
      const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>]
      return read(response, onPiece)
    })
    expect(answers).toEqual(EXPECTED)
    expect(served.failed).toEqual([expect.stringContaining('own fault')])
  })

  test('over HTTP/2, on one connection', async () => {
    await using served = await serve(createHttp2)
    const client = connect(served.url)
    const answers = await readThree(served, (onPiece) => read(client.request({ ':path': served.path }), onPiece))
    expect(answers).toEqual(EXPECTED)
    expect(client.destroyed).toBe(false)
    client.close()
    await once(client, 'close')
  })
})
