import type { ClientHttp2Session } from 'node:http2'

import { answerParent } from '../process/child.ts'
import { nowUs } from '../process/clock.ts'
import { type CheckInput, type Checked, checkAll } from './check.ts'
import type { OpenInput } from './client.ts'
import { GrpcLoadConnection, openGrpcSession } from './grpc-connection.ts'
import { readGrpcResponse } from './grpc-response.ts'

let session: ClientHttp2Session | undefined
let calls: GrpcLoadConnection[] = []
let cpuAtOpen = process.cpuUsage()

answerParent({
  /** Opens all calls; settles when every one of them has begun to answer. */
  async open({ port, streams, shape, stalls = false }: OpenInput): Promise<void> {
    const opened = openGrpcSession(port, stalls)
    session = opened
    calls = Array.from(
      { length: streams },
      (_, stream) => new GrpcLoadConnection(opened, stream, `/${shape}/${stream}`, stalls),
    )
    await Promise.all(calls.map((call) => call.opened))
    cpuAtOpen = process.cpuUsage()
  },
  /** Settles when all calls are over. */
  async finish(): Promise<{ lastUs: number; bytes: number; reads: number; cpuUs: number }> {
    await Promise.all(calls.map((call) => call.ended))
    const { user, system } = process.cpuUsage(cpuAtOpen)
    return {
      lastUs: Math.max(...calls.map(({ readUs }) => readUs.at(-1)!)),
      bytes: calls.reduce((total, { length }) => total + length, 0),
      reads: calls.reduce((total, { readEnds }) => total + readEnds.length, 0),
      cpuUs: user + system,
    }
  },
  check: (input: CheckInput): Checked => checkAll(calls, input, readGrpcResponse),
  forget(): void {
    for (const call of calls) call.close()
    session?.destroy()
    calls = []
    globalThis.gc!()
  },
  now: nowUs,
})
