import type { ServiceImpl } from '@connectrpc/connect'

import { type Begun, beginAttach, beginStart } from './begin-reading.ts'
import { toInfoMessage } from '../message/info-message.ts'
import {
  AttachResponseSchema,
  SessionResponseSchema,
  StartResponseSchema,
  type TokenStreamService,
} from '../gen/sluice/v1/token_stream_pb.ts'
import { principalIn } from './gate.ts'
import { serveReading } from './reading.ts'
import { toRef } from '../message/request-options.ts'
import { responseMaker } from '../message/response-message.ts'
import type { ServiceParts } from './service-parts.ts'
import { Session } from './session.ts'
import { untilAborted } from './until-aborted.ts'
import { isMasked, statusOfError, toConnectError } from '../message/status.ts'

/** The methods of `sluice.v1.TokenStreamService`, behind a gate that has found out who calls. */
export function createService(parts: ServiceParts): ServiceImpl<typeof TokenStreamService> {
  const { sluice } = parts
  /** Whatever fails before a reading has begun, the end of its call included. */
  const told = async <Value>(
    signal: AbortSignal,
    work: () => Promise<Value>,
    late?: (value: Value) => void,
  ): Promise<Value> => {
    try {
      signal.throwIfAborted()
      return await untilAborted(signal, work(), late)
    } catch (error) {
      if (isMasked(error)) parts.report(error)
      throw toConnectError(statusOfError(error))
    }
  }
  return {
    async *start(request, { requestHeader, signal, values }) {
      const caller = { headers: requestHeader, principal: principalIn(values) }
      const begun = await told(signal, () => beginStart(parts, request, caller), readForAMoment)
      yield* serveReading(parts, begun, signal, responseMaker(StartResponseSchema, requestHeader))
    },
    async *attach(request, { requestHeader, signal, values }) {
      const begun = await told(signal, () => beginAttach(parts, request, principalIn(values)))
      yield* serveReading(parts, begun, signal, responseMaker(AttachResponseSchema, requestHeader))
    },
    cancel: ({ ref }, { signal, values }) =>
      told(signal, async () => ({ info: toInfoMessage(await sluice.cancel(toRef(ref), { as: principalIn(values) })) })),
    info: ({ ref }, { signal, values }) =>
      told(signal, async () => ({ info: toInfoMessage(await sluice.info(toRef(ref), { as: principalIn(values) })) })),
    async *session(requests, { requestHeader, signal, values }) {
      const session = new Session(parts, { headers: requestHeader, principal: principalIn(values) })
      yield* session.serve(requests, signal, responseMaker(SessionResponseSchema, requestHeader))
    },
  }
}

/** Nobody waits for it any more: from here its stream's own policy decides what becomes of it. */
function readForAMoment({ stream }: Begun): void {
  try {
    stream.hold()
  } catch {
    // It has all the readers it may have.
  }
  stream.detach()
}
