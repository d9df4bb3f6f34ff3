import type { ServiceImpl } from '@connectrpc/connect'

import { beginAttach, beginStart } from './begin-reading.ts'
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
import { isMasked, statusOfError, toConnectError } from '../message/status.ts'

/** The methods of `sluice.v1.TokenStreamService`, behind a gate that has found out who calls. */
export function createService(parts: ServiceParts): ServiceImpl<typeof TokenStreamService> {
  const { sluice } = parts
  /** Whatever fails before a reading has begun. */
  const told = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work()
    } catch (error) {
      if (isMasked(error)) parts.report(error)
      throw toConnectError(statusOfError(error))
    }
  }
  return {
    async *start(request, { requestHeader, signal, values }) {
      const begun = await told(async () => {
        signal.throwIfAborted()
        return beginStart(parts, request, { headers: requestHeader, principal: principalIn(values) })
      })
      yield* serveReading(parts, begun, signal, responseMaker(StartResponseSchema, requestHeader))
    },
    async *attach(request, { requestHeader, signal, values }) {
      const begun = await told(() => beginAttach(parts, request, principalIn(values)))
      yield* serveReading(parts, begun, signal, responseMaker(AttachResponseSchema, requestHeader))
    },
    cancel: ({ ref }, { values }) =>
      told(async () => ({ info: toInfoMessage(await sluice.cancel(toRef(ref), { as: principalIn(values) })) })),
    info: ({ ref }, { values }) =>
      told(async () => ({ info: toInfoMessage(await sluice.info(toRef(ref), { as: principalIn(values) })) })),
    async *session(requests, { requestHeader, signal, values }) {
      const session = new Session(parts, { headers: requestHeader, principal: principalIn(values) })
      yield* session.serve(requests, signal, responseMaker(SessionResponseSchema, requestHeader))
    },
  }
}
