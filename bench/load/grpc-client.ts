import type { ClientHttp2Session } from 'node:http2'

import { answerParent } from '../process/child.ts'
import { nowUs } from '../process/clock.ts'
import { type CheckInput, type Checked, checkAll } from './check.ts'
import { isSlow } from '../traffic/slow-readers.ts'
import type { FlowEnd, OpenInput } from './client.ts'
import { GrpcLoadConnection, openGrpcSession } from './grpc-connection.ts'
import { readGrpcResponse } from './grpc-response.ts'

let sessions: ClientHttp2Session[] = []
let hasSlow = false
let calls: GrpcLoadConnection[] = []
let cpuAtOpen = process.cpuUsage()

/** Those whose readers are not slow. */
function quick(): readonly GrpcLoadConnection[] {
  return hasSlow ? calls.filter(({ request }) => !isSlow(request.stream)) : calls
}

answerParent({
  /** Opens all calls; settles when every one of them has begun to answer. */
  async open({ port, streams, shape, stalls = false, slow }: OpenInput): Promise<void> {
    const shared = openGrpcSession(port, stalls)
    sessions = [shared]
    hasSlow = slow !== undefined
    calls = Array.from({ length: streams }, (_, stream) => {
      if (!slow || !isSlow(stream)) return new GrpcLoadConnection(shared, stream, `/${shape}/${stream}`, stalls)
      // Each on a line of its own, with the window that clients have who do not ask for a larger one.
      const own = openGrpcSession(slow.port, true)
      sessions.push(own)
      return new GrpcLoadConnection(own, stream, `/${slow.shape}/${stream}`, false)
    })
    await Promise.all(calls.map((call) => call.opened))
    cpuAtOpen = process.cpuUsage()
  },
  /** Settles when all calls are over. */
  async finish({ leavesSlow = false }: { leavesSlow?: boolean }): Promise<FlowEnd> {
    await Promise.all((leavesSlow ? quick() : calls).map((call) => call.ended))
    const { user, system } = process.cpuUsage(cpuAtOpen)
    return {
      lastUs: Math.max(...quick().map(({ readUs }) => readUs.at(-1)!)),
      bytes: calls.reduce((total, { length }) => total + length, 0),
      reads: calls.reduce((total, { readEnds }) => total + readEnds.length, 0),
      cpuUs: user + system,
    }
  },
  check: (input: CheckInput): Checked => checkAll(calls, input, readGrpcResponse),
  /** Leaves every call, one after the other; gives when. */
  async drop({ everyMs }: { everyMs: number }): Promise<number[]> {
    const droppedUs: number[] = []
    for (const call of calls) {
      droppedUs.push(nowUs())
      call.close()
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    return droppedUs
  },
  forget(): void {
    for (const call of calls) call.close()
    for (const session of sessions) session.destroy()
    sessions = []
    calls = []
    globalThis.gc!()
  },
  now: nowUs,
})
