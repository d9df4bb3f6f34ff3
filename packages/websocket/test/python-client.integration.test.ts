import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { SourceContext } from '@sluice/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { FAULTY } from '../../core/test/rig/faulty-policy.ts'
import { type SocketRig, startRig } from './rig/socket-rig.ts'

/** Debian's own: others on the PATH do not see its packages. */
const PYTHON = process.env.PYTHON_WEBSOCKETS ?? '/usr/bin/python3'
const SOCKETS = 4
const TOKENS = Array.from({ length: 300 }, (_, index) => `${index}·👩🏽‍🚀 `)

let rig: SocketRig
beforeAll(async () => {
  rig = await startRig({
    identify: (_, { bearer }) => (bearer === 'python' ? { owner: 'ada' } : undefined),
    run: () => answering,
    pingMs: 50,
  })
})
afterAll(() => rig[Symbol.asyncDispose]())

/** Says a part of it each time it is told to go on. */
async function* answering({ inbox }: SourceContext): AsyncGenerator<string> {
  let said = 0
  for await (const message of inbox) {
    if (message !== 'go') continue
    const part = TOKENS.slice(said, said + TOKENS.length / SOCKETS)
    for (const token of part) {
      await new Promise((resolve) => setImmediate(resolve))
      yield token
    }
    said += part.length
    if (said === TOKENS.length) return
  }
}

/** Drops its socket after the first text and goes on with another: what any client in any language would do. */
const PROGRAM = `
import asyncio, json, sys
import websockets

async def main(url):
    text, cursor, sockets, end = '', None, 0, None
    while end is None:
        async with websockets.connect(url, subprotocols=['sluice.v1', 'bearer.python'], ping_interval=0.02) as socket:
            sockets += 1
            assert socket.subprotocol == 'sluice.v1'
            if cursor is None:
                await socket.send(json.dumps({'type': 'start', 'ref': 'a', 'body': {'prompt': 'hi'}}))
            else:
                await socket.send(json.dumps({'type': 'attach', 'ref': 'a', 'cursor': cursor}))
            await socket.send(json.dumps({'type': 'send', 'ref': 'a', 'message': 'go'}))
            async for data in socket:
                message = json.loads(data)
                if message['type'] == 'text':
                    text += message['text']
                if 'cursor' in message:
                    cursor = message['cursor']
                if message['type'] == 'end':
                    end = message['reason']
                    break
                if message['type'] == 'text' and sockets < ${SOCKETS}:
                    socket.transport.abort()
                    break
    print(json.dumps({'text': text, 'sockets': sockets, 'end': end}))

asyncio.run(main(sys.argv[1]))
`

test('contract 1: the websockets client of Python starts, feeds, drops, resumes and reads the whole', async () => {
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', PROGRAM, rig.url])
  expect(JSON.parse(stdout)).toEqual({ text: TOKENS.join(''), sockets: SOCKETS, end: 'stop' })
})

/** Reads one stream twice on one socket, once with what is faulty there; then goes on without it where that was closed. */
const SHARING_PROGRAM = `
import asyncio, json, sys
import websockets

async def main(url):
    texts, closed, ends = {'a': '', 'b': '', 'c': ''}, None, {}
    async with websockets.connect(url, subprotocols=['sluice.v1', 'bearer.python']) as socket:
        await socket.send(json.dumps({'type': 'start', 'ref': 'a', 'body': {'prompt': 'hi'}}))
        async for data in socket:
            message = json.loads(data)
            ref, kind = message.get('ref'), message['type']
            if kind == 'opened' and ref == 'a':
                await socket.send(json.dumps({'type': 'attach', 'ref': 'b', 'stream': message['stream'], 'sluice': {'maxTokens': 7}}))
            if kind == 'opened' and ref == 'b':
                await socket.send(json.dumps({'type': 'send', 'ref': 'a', 'message': 'go'}))
            if kind == 'text':
                texts[ref] += message['text']
            if kind == 'closed':
                closed = {'ref': ref, 'code': message['code']}
                await socket.send(json.dumps({'type': 'attach', 'ref': 'c', 'cursor': message['cursor']}))
                for _ in range(3):
                    await socket.send(json.dumps({'type': 'send', 'ref': 'a', 'message': 'go'}))
            if kind == 'end':
                ends[ref] = message['reason']
                if len(ends) == 2:
                    break
    print(json.dumps({'texts': texts, 'closed': closed, 'ends': ends}))

asyncio.run(main(sys.argv[1]))
`

test('contract 2: it is told which of its readings has failed, its other one goes on, and so does that one from its cursor', async () => {
  const options = { identify: () => ({ owner: 'ada' }), run: () => answering, onError: () => {} }
  await using faulty = await startRig(options, { reader: { chunking: FAULTY } })
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', SHARING_PROGRAM, faulty.url])
  const { texts, closed, ends } = JSON.parse(stdout) as {
    texts: { [ref: string]: string }
    closed: object
    ends: object
  }
  expect([closed, ends]).toEqual([
    { ref: 'b', code: 'failed' },
    { a: 'stop', c: 'stop' },
  ])
  expect(texts['a']).toBe(TOKENS.join(''))
  expect(texts['b']).toBe(TOKENS.slice(0, 2).join(''))
  expect(texts['b']! + texts['c']!).toBe(TOKENS.join(''))
})
