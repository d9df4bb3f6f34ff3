import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Principal, Sluice } from '@sluice/core'
import { createWebSocketHandler } from '@sluice/websocket'
import { WebSocket } from 'ws'

import type { Engine } from '../../engine.ts'

interface Message {
  readonly type: string
  readonly cursor?: string
  readonly text?: string
}

/** A reader on a WebSocket, who is given as much as it has credit for. */
export interface CreditReader extends AsyncDisposable {
  /** Bytes of text that the model has said. */
  readonly decodedBytes: number
  /** Bytes of text that have arrived here. */
  readonly givenBytes: number
  /** The longest token so far. */
  readonly longestBytes: number
  /** Starts an endless answer; resolves once it is open. */
  start(options: { credit: number }): Promise<void>
  /** So many events may come, counted from the start. */
  grant(credit: number): void
  cancel(): void
}

export async function startCreditReader(parts: {
  sluice: Sluice
  engine: Engine
  as: Principal
}): Promise<CreditReader> {
  const { sluice, engine, as } = parts
  let [decodedBytes, givenBytes, longestBytes] = [0, 0, 0]
  const handler = createWebSocketHandler({
    sluice,
    identify: () => as,
    run: ({ prompt }) =>
      async function* ({ signal }) {
        for await (const text of engine.generate({ prompt: prompt as string, maxTokens: 1_000_000, signal })) {
          decodedBytes += text.length
          longestBytes = Math.max(longestBytes, text.length)
          yield text
        }
      },
  })
  const server = createServer().on('upgrade', (request, socket, head) => {
    void handler.handleUpgrade(request, socket, head)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ['sluice.v1', 'bearer.any'])
  await once(socket, 'open')
  const opened = Promise.withResolvers<string>()
  socket.on('message', (data: Buffer) => {
    const { type, cursor, text = '' } = JSON.parse(data.toString()) as Message
    if (type === 'opened') opened.resolve(cursor!)
    givenBytes += text.length
  })
  const send = (message: object): void => socket.send(JSON.stringify(message))
  let start = ''
  return {
    get decodedBytes() {
      return decodedBytes
    },
    get givenBytes() {
      return givenBytes
    },
    get longestBytes() {
      return longestBytes
    },
    async start({ credit }) {
      send({ type: 'start', ref: 'a', body: { prompt: 'the river' }, credit })
      start = await opened.promise
    },
    grant: (credit) => send({ type: 'ack', cursor: start, credit }),
    cancel: () => send({ type: 'cancel', ref: 'a' }),
    async [Symbol.asyncDispose]() {
      socket.terminate()
      await handler.close()
      server.close()
      await once(server, 'close')
    },
  }
}
