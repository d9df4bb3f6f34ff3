import { type Actor, type EndEvent, type Sluice, SluiceError, type StreamEvent } from '@sluice/core'
import { eventBytes, headGone, type WireFacts } from '@sluice/core/extend'
import { type ChatFacts, createChatCollector, toChatCompletion } from '@sluice/wires/openai'

import { jsonPlan, type Plan, withHeaders } from '../response/plan.ts'
import { wireErrorOf, wireErrorOfEnd } from '../response/problem.ts'
import type { ErrorStyle } from './refusal.ts'
import { type Held, leftPlan, refusedStream, streamHeaders } from './start.ts'
import { describeStream } from '../response/stream-info.ts'

/** Largest answer that is collected to one body, in bytes. */
export const DEFAULT_MAX_JSON_BYTES: number = 4 * 1024 * 1024

/** Makes one body of all that a stream said. */
export type BodyOf = (facts: WireFacts, streamId: string, events: Iterable<StreamEvent>) => unknown

/** How a stream becomes one body. */
export interface CollectParts {
  mount: string
  maxJsonBytes: number
  style: ErrorStyle
}

/** The answer of a chat completion that is not streamed: one body, read off the same stream. */
export async function planChatJson(held: Held, facts: WireFacts, parts: CollectParts): Promise<Plan> {
  const collector = createChatCollector()
  const plan = await readToEnd(held, parts, (event) => collector.add(event))
  if (plan) return plan
  const { stream } = held
  const body = toChatCompletion((stream.wire?.facts ?? facts) as ChatFacts, stream.id, collector)
  return jsonPlan(200, body, streamHeaders(stream, parts.mount))
}

/** The same on a provider's route, whose `bodyOf` makes the body of the stream's events. */
export async function planProviderJson(
  held: Held,
  { facts, bodyOf }: { facts: WireFacts; bodyOf: BodyOf },
  parts: CollectParts,
): Promise<Plan> {
  const { stream } = held
  const events: StreamEvent[] = []
  const plan = await readToEnd(held, parts, (event) => void events.push(event))
  return (
    plan ?? jsonPlan(200, bodyOf(stream.wire?.facts ?? facts, stream.id, events), streamHeaders(stream, parts.mount))
  )
}

/** The same on the native route: what is known of the stream once it has ended. */
export async function planNativeJson(held: Held, sluice: Sluice, as: Actor, parts: CollectParts): Promise<Plan> {
  const plan = await readToEnd(held, parts, () => {})
  if (plan) return plan
  const description = await describeStream(sluice, { id: held.stream.id }, { as, withResult: true })
  return jsonPlan(200, description, streamHeaders(held.stream, parts.mount))
}

/** Reads it all; gives the answer where that is an error. An answer that was cut never passes for a whole one. */
async function readToEnd(
  { stream, hold }: Held,
  { mount, maxJsonBytes, style }: CollectParts,
  add: (event: StreamEvent) => void,
): Promise<Plan | undefined> {
  if (stream.headless) {
    hold.giveUp()
    return refusedStream(stream, wireErrorOf(headGone()), mount, style)
  }
  let end: EndEvent | undefined
  let bytes = 0
  let generated = false
  if (!hold.left) {
    for await (const event of stream) {
      if (event.type !== 'end') generated = true
      bytes += eventBytes(event)
      if (bytes > maxJsonBytes) break
      if (event.type === 'end') end = event
      add(event)
    }
  }
  if (!hold.handOver()) return leftPlan()
  if (end?.complete) return undefined
  const refused = refusedStream(stream, end ? wireErrorOfEnd(end) : wireErrorOf(tooLong(maxJsonBytes)), mount, style)
  // What was generated was paid for: official clients would have it generated again of their own accord.
  return generated ? withHeaders(refused, { 'x-should-retry': 'false' }) : refused
}

function tooLong(maxBytes: number): SluiceError {
  const message = `The answer is longer than the ${maxBytes} bytes that maxJsonBytes allows for one body; ask for a stream.`
  return new SluiceError('SLUICE_ERR_TOO_LARGE', message, { status: 502 })
}
