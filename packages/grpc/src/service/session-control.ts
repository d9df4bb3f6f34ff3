import { toJson } from '@bufbuild/protobuf'
import { type Value, ValueSchema } from '@bufbuild/protobuf/wkt'
import { type Json, type Sluice, SluiceError } from '@sluice/core'
import { requireSafeJson } from '@sluice/core/extend'

import type { SessionRequest } from '../gen/sluice/v1/token_stream_pb.ts'
import { toInfoMessage } from '../message/info-message.ts'
import type { SessionNews } from '../message/session-message.ts'
import type { Slot } from './session-slot.ts'

/** Carries out what is asked of one reading, in its own time. Gives what is to be said of it, if anything is. */
export async function control(
  { bodies }: Pick<Sluice, 'bodies'>,
  slot: Slot,
  request: SessionRequest['request'],
): Promise<SessionNews | undefined> {
  switch (request.case) {
    case 'cancel': {
      const info = await slot.cancel()
      return info && { cancelled: toInfoMessage(info) }
    }
    case 'send':
      await slot.send(messageOf({ bodies }, request.value))
      return undefined
    case 'credit':
      await slot.extend(request.value)
      return undefined
    default:
      throw new SluiceError(
        'SLUICE_ERR_REQUEST',
        'The field "request" is missing, or of a kind that is not known here.',
      )
  }
}

function messageOf({ bodies }: Pick<Sluice, 'bodies'>, value: Value): Json {
  return requireSafeJson(toJson(ValueSchema, value), 'The message', { limits: bodies.options })
}
