import { connect } from 'node:net'

import type { Random } from '../../../src/demo-runner/random.ts'
import { toFrame } from '../../../../websocket/test/rig/raw-frame.ts'
import { chatBody, damaged, hostileJson, reference } from './hostile-values.ts'
import { chance, type Gunsmith, oneOf, type Outcome, PATIENCE_MS, type Target } from './shot.ts'

const LISTEN_MS = 400
/** 1011: something went wrong on the server. */
const INTERNAL = 0x03f3

/** A WebSocket whose messages, frames and handshake are out of order here and there. */
export const makeSocketShot: Gunsmith = (random, target) => {
  const protocols = ['sluice.v1']
  if (target.keys.length > 0 && !chance(random, 0.1)) protocols.push(`bearer.${oneOf(random, target.keys)}`)
  if (chance(random, 0.1)) protocols.push(`ticket.${'x'.repeat(random.below(200))}`)
  const lines = [
    'GET /v1/ws HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Version: ${chance(random, 0.05) ? '12' : '13'}`,
    `Sec-WebSocket-Key: ${chance(random, 0.05) ? 'short' : 'AAAAAAAAAAAAAAAAAAAAAA=='}`,
    `Sec-WebSocket-Protocol: ${protocols.join(', ')}`,
    ...(chance(random, 0.1) ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    ...(chance(random, 0.1) ? [`Origin: ${oneOf(random, ['null', 'http://localhost', 'https://evil.example'])}`] : []),
  ]
  const frames = Array.from({ length: 1 + random.below(8) }, () => frameOf(random, target))
  return {
    what: `WebSocket ${JSON.stringify(lines)} ${JSON.stringify(frames.map((frame) => frame.toString('latin1').slice(0, 2_000)))}`,
    fire: ({ port }) => talk(port, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), frames),
  }
}

function frameOf(random: Random, target: Target): Buffer {
  const payload = chance(random, 0.1) ? hostileJson(random) : messageOf(random, target)
  if (chance(random, 0.1)) return damaged(random, toFrame({ opcode: 1, payload }))
  return toFrame({
    opcode: chance(random, 0.9) ? 1 : random.below(16),
    payload,
    fin: !chance(random, 0.05),
    rsv1: chance(random, 0.02),
    masked: !chance(random, 0.02),
    ...(chance(random, 0.03) && { length: random.below(2 ** 31) }),
  })
}

function messageOf(random: Random, target: Target): string {
  const ref = JSON.stringify(oneOf(random, ['a', 'b', 'c']))
  const at = JSON.stringify(reference(random, target))
  const shapes: Record<string, readonly string[]> = {
    start: [`"ref":${ref}`, `"body":${chatBody(random, target)}`],
    attach: [`"ref":${ref}`, oneOf(random, [`"stream":${at}`, `"cursor":${at}`, '"key":"k1"']), `"after":${at}`],
    credit: [`"ref":${ref}`, '"credit":5', `"cursor":${at}`],
    ack: [`"ref":${ref}`, `"cursor":${at}`],
    send: [`"ref":${ref}`, `"message":${hostileJson(random)}`],
    cancel: [`"ref":${ref}`],
    detach: [`"ref":${ref}`],
    info: [`"stream":${at}`, `"ref":${ref}`],
    authenticate: [`"ref":${ref}`, '"ticket":"x"'],
    [oneOf(random, ['end', '', '__proto__'])]: [],
  }
  const [type, members] = oneOf(random, Object.entries(shapes))
  const kept = members.filter(() => !chance(random, 0.1))
  if (chance(random, 0.1))
    kept.push(`${JSON.stringify(oneOf(random, ['x', 'ref', 'type', 'credit']))}:${hostileJson(random)}`)
  return `{${[`"type":${JSON.stringify(type)}`, ...kept].join()}}`
}

function talk(port: number, head: Buffer, frames: readonly Buffer[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let received = Buffer.alloc(0)
    const over = (): void => {
      for (const timer of timers) clearTimeout(timer)
      socket.destroy()
      resolve(judge(received))
    }
    const timers = [setTimeout(over, PATIENCE_MS)]
    socket.on('error', () => {}).on('close', over)
    socket.on('connect', () => socket.write(head))
    socket.on('data', (bytes: Buffer) => {
      if (received.length === 0) {
        timers.push(setTimeout(over, LISTEN_MS))
        if (bytes.includes(' 101 ')) for (const frame of frames) socket.write(frame)
      }
      received = Buffer.concat([received, bytes])
    })
  })
}

function judge(received: Buffer): Outcome {
  if (received.length === 0) return { answer: 'none', fault: 'a handshake was not answered' }
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received.toString('latin1', 0, 20))?.[1] ?? 'odd'
  if (status !== '101' && (status === 'odd' || (status.startsWith('5') && status !== '503')))
    return { answer: `ws ${status}`, fault: `a handshake was answered: ${received.toString('latin1', 0, 400)}` }
  if (
    received.includes('SLUICE_ERR_INTERNAL') ||
    received.includes(Buffer.from([0x88, 0x02, INTERNAL >> 8, INTERNAL & 0xff]))
  )
    return { answer: 'ws internal', fault: `an error of our own: ${received.toString('latin1').slice(-600)}` }
  return { answer: `ws ${status}` }
}
