import type { Wire } from '@sluice/core/extend'
import type { ResponsesFacts } from '../format/responses-facts.ts'
import { ResponsesEncoder } from './responses-encoder.ts'
import { cursorOfNumber } from './sequence.ts'

/**
 * OpenAI's Responses over SSE: `response.created` first, `response.completed`, `.incomplete` or `.failed` last. Its facts are
 * {@link ResponsesFacts}; the response's id is `resp_<streamId>`.
 *
 * `sequence_number` is made from positions in the stream: it rises, with gaps, and is the same for the same event on every
 * instance and under every chunking policy, so that {@link responsesAfter} is exact. `response.completed` repeats the whole
 * answer: an encoder holds all of the text, and a stream whose beginning is not kept any more is refused on this wire.
 *
 * A stream that was cut ends with `response.failed`, whose response says why; one that was cancelled has the status
 * `cancelled` there. Application events, tool results and choices other than the first have no place on this wire.
 *
 * @example
 * ```ts
 * const facts = responsesFacts(body, Math.floor(Date.now() / 1000))
 * const stream = await sluice.start(source, { as, wire: { name: openAiResponses.name, facts } })
 * ```
 */
export const openAiResponses: Wire = {
  name: 'openai.responses',
  contentType: 'text/event-stream; charset=utf-8',
  resumable: false,
  needsPast: true,
  create: (facts, { ids }) => new ResponsesEncoder(facts as ResponsesFacts, { ids }),
}

/**
 * The way on for a client that has everything up to `startingAfter`, a `sequence_number` of this wire: the cursor to attach
 * with, and the wire to deliver on, with `continues: true`. Where a client broke off between what one event of the stream
 * became, only the rest of that is written.
 *
 * @example
 * ```ts
 * const { cursor, wire } = responsesAfter(stream.id, 528)
 * const rest = await sluice.attach({ id: stream.id }, { as, after: cursor })
 * const deliver = (sink: Parameters<typeof rest.deliver>[0]) => rest.deliver(sink, { wire, continues: true })
 * ```
 */
export function responsesAfter(streamId: string, startingAfter: number): { cursor: string; wire: Wire } {
  return {
    cursor: cursorOfNumber(streamId, startingAfter),
    wire: {
      ...openAiResponses,
      create: (facts, { ids }) => new ResponsesEncoder(facts as ResponsesFacts, { ids, after: startingAfter }),
    },
  }
}
