import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { type ChunkingPolicy, fixed, immediate } from '@sluice/core'
import { formatCursor } from '@sluice/core/extend'
import { createGrpcHandler } from '@sluice/grpc'
import { AttachRequestSchema } from '@sluice/grpc/v1'
import { until as eventually } from '@sluice/testing/patience'

import { type EventScript, eventScripts, scriptNamed } from '../../../conformance/test/bytes/event-scripts.ts'
import { ADA, ID, type PlayedStream, startScript } from '../../../conformance/test/bytes/played-stream.ts'
import { describeRecorded } from '../../../conformance/test/bytes/recorded-vectors.ts'
import { beginCall, encode, openSession } from '../rig/http2-client.ts'

/** A call's messages as Latin-1 text, a character for a byte, and its trailers, of which `-bin` is shown in the same way. */
interface ReadCall {
  messages: string[]
  trailers: Record<string, string>
}

interface Server extends PlayedStream {
  /** Reads after this cursor to the call's end; `meanwhile` begins once the reading is open. */
  read(cursor: string, meanwhile?: () => Promise<unknown>): Promise<ReadCall>
}

/** Serves the stream of a script over HTTP/2. */
async function serve<Value>(
  script: EventScript,
  chunking: ChunkingPolicy,
  use: (server: Server) => Promise<Value>,
): Promise<Value> {
  const played = await startScript(script, { name: 'grpc' })
  const { sluice, stream, runtime } = played
  const server = createServer(createGrpcHandler({ sluice, identify: () => ADA, reader: { chunking } }))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const session = openSession(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  /** What came over the socket is answered at the virtual time that it is. */
  const until = (holds: () => boolean): Promise<unknown> =>
    eventually(() => runtime.flush().then(holds), 'what comes over the socket')
  const shown = (bytes: Buffer): string => bytes.toString('latin1').replaceAll(stream.id, ID)

  async function read(cursor: string, meanwhile?: () => Promise<unknown>): Promise<ReadCall> {
    const request = encode(AttachRequestSchema, { ref: { ref: { case: 'cursor', value: cursor } } })
    const call = beginCall(session, 'Attach', request)
    const bytes: Buffer[] = []
    const trailers: Record<string, string> = {}
    call.on('data', (piece: Buffer) => bytes.push(piece))
    call.on('trailers', (told) => {
      for (const [name, value] of Object.entries(told))
        trailers[name] = shown(Buffer.from(String(value), name.endsWith('-bin') ? 'base64' : 'latin1'))
    })
    await until(() => bytes.length > 0)
    await meanwhile?.()
    await until(() => call.closed)
    return { messages: messagesOf(Buffer.concat(bytes)).map(shown), trailers }
  }

  try {
    return await use({ ...played, read })
  } finally {
    session.close()
    server.close()
  }
}

/** gRPC's messages: each after a zero and its length. */
function messagesOf(body: Buffer): Buffer[] {
  if (body.length === 0) return []
  const end = 5 + body.readUInt32BE(1)
  if (body[0] !== 0 || end > body.length) throw new Error('This is no whole message without compression.')
  return [body.subarray(5, end), ...messagesOf(body.subarray(end))]
}

async function readScript(script: EventScript): Promise<Record<string, ReadCall>> {
  const { resumeAfter: after } = script
  const calls = await serve(script, immediate(), async ({ stream, play, read }) => ({
    'immediate()': await read(stream.id, play),
    ...(after !== undefined && { [`after ${after}`]: await read(formatCursor(stream.id, 1, after)) }),
  }))
  const fixedCall = await serve(script, fixed({ tokens: 4 }), ({ stream, play, read }) => read(stream.id, play))
  return { ...calls, 'fixed({ tokens: 4 })': fixedCall }
}

function readDraining(): Promise<ReadCall> {
  return serve(scriptNamed('text'), immediate(), async ({ sluice, stream, playTurn, read }) => {
    let drained: Promise<void> | undefined
    const call = await read(stream.id, () => playTurn().then(() => void (drained = sluice.drain({ withinMs: 0 }))))
    await drained
    return call
  })
}

describeRecorded(
  'grpc',
  new Map<string, () => Promise<unknown>>([
    ...eventScripts.map((script) => [script.name, () => readScript(script)] as const),
    ['draining', readDraining],
  ]),
)
