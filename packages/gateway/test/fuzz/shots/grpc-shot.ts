import { connect, constants } from 'node:http2'

import { create, toBinary } from '@bufbuild/protobuf'

import type { Random } from '../../../src/demo-runner/random.ts'
import {
  AttachRequestSchema,
  CancelRequestSchema,
  InfoRequestSchema,
  SessionRequestSchema,
  StartRequestSchema,
} from '../../../../grpc/src/gen/sluice/v1/token_stream_pb.ts'
import { frame } from '../../../../grpc/test/rig/http2-client.ts'
import { chatBody, damaged, reference } from './hostile-values.ts'
import { chance, type Gunsmith, oneOf, type Outcome, PATIENCE_MS, type Target } from './shot.ts'

const LISTEN_MS = 400
/** UNKNOWN, INTERNAL and DATA_LOSS: errors of the server's own. */
const OUR_FAULTS: ReadonlySet<string> = new Set(['2', '13', '15'])

/** A call of gRPC, whose messages, frames and headers are out of order here and there. */
export const makeGrpcShot: Gunsmith = (random, target) => {
  const method = oneOf(random, ['Start', 'Attach', 'Cancel', 'Info', 'Session', 'Session', 'Nothing'])
  const pieces = Array.from({ length: method === 'Session' ? 1 + random.below(5) : 1 }, () => {
    const message = messageOf(random, target, method)
    const framed = frame(
      chance(random, 0.25) ? damaged(random, message) : message,
      chance(random, 0.05) ? 1 + random.below(255) : 0,
    )
    return chance(random, 0.1) ? damaged(random, framed) : framed
  })
  const headers: Record<string, string> = {
    ':method': 'POST',
    ':path': `/sluice.v1.TokenStreamService/${method}`,
    'content-type': chance(random, 0.08)
      ? oneOf(random, ['application/grpc+json', 'text/plain', 'application/grpc-web'])
      : 'application/grpc',
    te: 'trailers',
  }
  if (target.keys.length > 0 && !chance(random, 0.15)) headers.authorization = `Bearer ${oneOf(random, target.keys)}`
  if (chance(random, 0.15))
    headers['grpc-timeout'] = oneOf(random, ['1n', '99999999H', '100m', '-1S', 'x', '1S', '999999999999S'])
  if (chance(random, 0.1)) headers['grpc-encoding'] = oneOf(random, ['gzip', 'identity', 'snappy'])
  const leaves = chance(random, 0.2)
  return {
    what: `gRPC ${JSON.stringify({ headers, leaves, pieces: pieces.map((piece) => piece.toString('base64').slice(0, 2_000)) })}`,
    fire: ({ grpcPort }) => call(grpcPort, headers, { pieces, leaves }),
  }
}

function messageOf(random: Random, target: Target, method: string): Buffer {
  const ref = { ref: { case: oneOf(random, ['id', 'cursor', 'key'] as const), value: reference(random, target) } }
  const input = inputOf(random, target)
  const credit = chance(random, 0.3) ? oneOf(random, [0n, 1n, 2n ** 63n]) : undefined
  const start = {
    input,
    key: oneOf(random, ['', 'k1', 'x'.repeat(300)]),
    credit,
    maxTokens: chance(random, 0.1) ? 0 : undefined,
  }
  const attach = { ref, after: oneOf(random, ['', '', reference(random, target)]), credit }
  switch (method) {
    case 'Start':
      return Buffer.from(toBinary(StartRequestSchema, create(StartRequestSchema, start as never)))
    case 'Attach':
      return Buffer.from(toBinary(AttachRequestSchema, create(AttachRequestSchema, attach as never)))
    case 'Cancel':
      return Buffer.from(toBinary(CancelRequestSchema, create(CancelRequestSchema, { ref })))
    case 'Session': {
      const request = oneOf(random, [
        { case: 'start', value: start },
        { case: 'attach', value: attach },
        { case: 'cancel', value: {} },
        { case: 'detach', value: {} },
        { case: 'credit', value: { cursor: reference(random, target), events: 3n } },
        { case: 'send', value: { kind: { case: 'stringValue', value: 'x' } } },
        { case: undefined },
      ])
      const message = { stream: oneOf(random, [1, 1, 2, 0, 2 ** 32 - 1]), request }
      return Buffer.from(toBinary(SessionRequestSchema, create(SessionRequestSchema, message as never)))
    }
    default:
      return Buffer.from(toBinary(InfoRequestSchema, create(InfoRequestSchema, { ref })))
  }
}

/** An object that a `Struct` can hold, or one that is deep. */
function inputOf(random: Random, target: Target): object {
  try {
    return JSON.parse(chatBody(random, target)) as object
  } catch {
    return { messages: [{ role: 'user', content: 'hi' }] }
  }
}

function call(
  port: number,
  headers: Record<string, string>,
  { pieces, leaves }: { pieces: readonly Buffer[]; leaves: boolean },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`)
    const stream = session.request(headers)
    let status: string | undefined
    let said = ''
    const over = (answer: string): void => {
      for (const timer of timers) clearTimeout(timer)
      session.destroy()
      const fault = OUR_FAULTS.has(status ?? '') ? `an error of our own: ${status} ${said}` : undefined
      resolve({ answer: `grpc ${status ?? answer}`, fault })
    }
    const note = (answer: Record<string, unknown>): void => {
      if (typeof answer['grpc-status'] !== 'string') return
      status = answer['grpc-status']
      said = String(answer['grpc-message'])
    }
    const timers = [setTimeout(() => over('none'), PATIENCE_MS)]
    session.on('error', () => over('cut'))
    stream.on('error', () => over('cut')).on('close', () => over('closed'))
    stream
      .on('response', note)
      .on('trailers', note)
      .on('data', () => {})
    stream.once('data', () => void timers.push(setTimeout(() => over('open'), LISTEN_MS)))
    for (const piece of pieces) stream.write(piece)
    if (leaves) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
    else stream.end()
    timers.push(setTimeout(() => over('open'), 4 * LISTEN_MS))
  })
}
