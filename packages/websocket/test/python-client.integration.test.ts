import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { SourceContext } from '@sluice/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

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
