import { check, hostileText } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { textFrame } from '../../src/message/text-frame.ts'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'

/** A client of `ws`, and the bare socket at its other end. */
async function connected() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false })
  const [socket] = await accepted
  const [head] = (await once(socket, 'data')) as [Buffer]
  const key = /sec-websocket-key: (\S+)/i.exec(head.toString())![1]!
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  await once(client, 'open')
  return { client, socket, server }
}

function bytesOf(frame: string | Buffer): Buffer {
  return typeof frame === 'string' ? Buffer.from(frame, 'latin1') : frame
}

test('a client of ws reads every text as it was framed, in order, whatever its length', async () => {
  const { client, socket, server } = await connected()
  const heard: string[] = []
  client.on('message', (data, isBinary) => heard.push(isBinary ? 'binary' : (data as Buffer).toString()))
  const lengths = fc.constantFrom(0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 70_000)
  const texts = fc.oneof(
    { weight: 4, arbitrary: hostileText().map((text) => text.toWellFormed()) },
    { weight: 1, arbitrary: lengths.map((length) => 'a'.repeat(length)) },
    { weight: 1, arbitrary: lengths.map((length) => `é${'a'.repeat(Math.max(0, length - 2))}`) },
  )
  const sent: string[] = []
  await check(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 5 }), async (some) => {
      for (const text of some) socket.write(bytesOf(textFrame(text)))
      sent.push(...some)
      while (heard.length < sent.length) await once(client, 'message')
      expect(heard.splice(0)).toEqual(sent.splice(0))
    }),
  )
  client.terminate()
  server.close()
})
