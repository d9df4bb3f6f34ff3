import { connect } from 'node:net'

import { PATIENCE_MS } from './shot.ts'

/** What is sent on a connection of its own, and how. */
export interface RawExchange {
  readonly bytes: Buffer
  /** Where the bytes are cut in two packets. */
  readonly cutAt: number | undefined
  /** How the client leaves before it has its answer. */
  readonly leaves: 'reset' | 'end' | 'at first byte' | undefined
  readonly mayGoUnanswered: boolean
}

/** How much of an answer is read before the client has seen enough. */
const ENOUGH_BYTES = 64 * 1024
/** How long a stream is listened to, and how long one waits for an answer that need not come. */
const LISTEN_MS = 400

/** Sends, and gives what came back until the connection was over or enough was seen. */
export function exchange(
  port: number,
  { bytes, cutAt, leaves, mayGoUnanswered }: RawExchange,
): Promise<{ received: string; unanswered: boolean }> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let received = ''
    let unanswered = false
    const over = (): void => {
      for (const timer of timers) clearTimeout(timer)
      socket.destroy()
      resolve({ received, unanswered })
    }
    const timers = [
      setTimeout(() => {
        unanswered = received === '' && !mayGoUnanswered && leaves === undefined
        over()
      }, PATIENCE_MS),
    ]
    const listenNoLonger = (): void => void timers.push(setTimeout(over, LISTEN_MS))
    if (mayGoUnanswered) listenNoLonger()
    socket.setEncoding('latin1')
    socket.on('error', () => {}).on('close', over)
    socket.on('data', (text: string) => {
      if (received === '') listenNoLonger()
      received += text
      if (leaves === 'at first byte' || received.length > ENOUGH_BYTES) over()
    })
    socket.on('connect', () => {
      const rest = bytes.subarray(cutAt ?? bytes.length)
      socket.write(bytes.subarray(0, cutAt ?? bytes.length))
      if (rest.length > 0) setImmediate(() => socket.writable && socket.write(rest))
      if (leaves === 'end') setImmediate(() => socket.end())
      if (leaves === 'reset') {
        setImmediate(() => {
          socket.resetAndDestroy()
          over()
        })
      }
    })
  })
}
