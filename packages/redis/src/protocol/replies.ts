import { SluiceError } from '@sluice/core'
import { isStreamId } from '@sluice/core/extend'

import { foreign } from './foreign.ts'

/** The texts of a list that a script returned. @throws SluiceError `SLUICE_ERR_STORE` */
export function textsIn(reply: unknown): readonly string[] {
  const list = listIn(reply)
  if (list.every((item) => typeof item === 'string')) return list
  throw malformed()
}

/** The list that a script returned. @throws SluiceError `SLUICE_ERR_STORE` */
export function listIn(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply
  throw malformed()
}

/** The text that a script returned. @throws SluiceError `SLUICE_ERR_STORE` */
export function textIn(reply: unknown): string {
  if (typeof reply === 'string') return reply
  throw malformed()
}

/** The id of the stream that a name points at; empty where it points at none. @throws SluiceError `SLUICE_ERR_STORE` */
export function streamIdIn(reply: unknown): string {
  const id = textIn(reply)
  if (id === '' || isStreamId(id)) return id
  throw foreign('The name of a stream', 'it points at something that is no stream')
}

/** The whole number that a script returned. @throws SluiceError `SLUICE_ERR_STORE` */
export function numberIn(reply: unknown): number {
  if (Number.isSafeInteger(reply)) return reply as number
  throw malformed()
}

/** The keys and values of a flat list, such as that of `HGETALL`. @throws SluiceError `SLUICE_ERR_STORE` */
export function pairsIn(reply: unknown): Map<string, string> {
  const flat = textsIn(reply)
  if (flat.length % 2 !== 0) throw malformed()
  const map = new Map<string, string>()
  for (let index = 0; index < flat.length; index += 2) map.set(flat[index]!, flat[index + 1]!)
  return map
}

/** Something on the way has changed the reply. It says nothing of what is stored: asked again, it may be right. */
function malformed(): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_STORE',
    'Redis gave a reply in a shape that its script does not have. Look at what is between this process and Redis.',
    { retryAfterMs: 1_000 },
  )
}
