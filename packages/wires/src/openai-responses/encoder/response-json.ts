import type { StreamEvent } from '@sluice/core'
import type { JsonObject } from '../../json/json-object.ts'
import type { ResponsesFacts } from '../format/responses-facts.ts'
import { ResponseAnswer } from './response-answer.ts'

/**
 * A stream, or as much of one as there is, as a response: the one JSON body that a client gets who did not ask for a stream, or
 * asks how it stands.
 *
 * @example
 * ```ts
 * const { events } = await stream.result()
 * const response = toResponseObject(facts, stream.id, events)
 * ```
 */
export function toResponseObject(facts: ResponsesFacts, streamId: string, events: Iterable<StreamEvent>): JsonObject {
  const answer = new ResponseAnswer(facts, streamId)
  for (const event of events) answer.take(event)
  return answer.object()
}
