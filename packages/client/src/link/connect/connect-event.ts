import type { EndEvent, Json, StreamEvent, Usage, WireError } from '@sluice/core'

import { noMessage } from '../native-message.ts'

type Members = Readonly<Record<string, unknown>>
/** What the members of an event are in the JSON of its message: `value` is that of the one field that says its kind. */
type ReadKind = (value: unknown) => StreamEvent

const membersOf = (value: unknown): Members => (typeof value === 'object' && value ? (value as Members) : {})
/** What JSON of protobuf leaves out is its type's zero; anything else than a text is none. */
function text(value: unknown = ''): string {
  if (typeof value !== 'string') throw noMessage('event')
  return value
}

/** The kinds of event, as the messages name them. A type that is not among them does not compile. */
const KINDS: {
  readonly [Type in Exclude<StreamEvent['type'], 'tool'>]: (value: unknown) => Extract<StreamEvent, { type: Type }>
} & { readonly [Phase in 'toolCall' | 'toolArgs' | 'toolResult' | 'toolError']: ReadKind } = {
  text: (value) => ({ type: 'text', text: text(value) }),
  reasoning: (value) => ({ type: 'reasoning', text: text(value) }),
  refusal: (value) => ({ type: 'refusal', text: text(value) }),
  toolCall: (value) => {
    const { id, name } = membersOf(value)
    return { type: 'tool', phase: 'call', id: text(id), name: text(name) }
  },
  toolArgs: (value) => {
    const { id, text: words } = membersOf(value)
    return { type: 'tool', phase: 'args', id: text(id), text: text(words) }
  },
  toolResult: (value) => {
    const { id, result = null } = membersOf(value)
    return { type: 'tool', phase: 'result', id: text(id), result: result as Json }
  },
  toolError: (value) => {
    const { id, message } = membersOf(value)
    return { type: 'tool', phase: 'error', id: text(id), message: text(message) }
  },
  data: (value) => {
    const { name, data = null } = membersOf(value)
    return { type: 'data', name: text(name), data: data as Json }
  },
  usage: (value) => ({ type: 'usage', usage: toUsage(membersOf(value)) }),
  finish: (value) => ({ type: 'finish', reason: text(membersOf(value).reason) as EndEvent['reason'] as 'stop' }),
  end: (value) => toEnd(value),
}

/**
 * The event that a message of `sluice.v1.Event` is; nothing for a notice, and for a kind that is not known.
 *
 * @throws SluiceError `SLUICE_ERR_PARSE` for what is no message
 */
export function toEvent(message: Members): StreamEvent | undefined {
  const kind = Object.keys(KINDS).find((name) => Object.hasOwn(message, name))
  if (kind === undefined) return undefined
  const event = KINDS[kind as keyof typeof KINDS](message[kind])
  const { choice, extra, as } = message
  return {
    ...event,
    ...(choice ? { choice } : {}),
    ...(extra !== undefined && { extra }),
    ...(as ? { as } : {}),
  } as never
}

/** The end that a message of `sluice.v1.End` is. */
export function toEnd(value: unknown): EndEvent {
  const { reason, complete, cause, usage, error } = membersOf(value)
  return {
    type: 'end',
    reason: text(reason) as EndEvent['reason'],
    complete: complete === true,
    ...(cause ? { cause: cause as NonNullable<EndEvent['cause']> } : {}),
    ...(usage ? { usage: toUsage(membersOf(usage)) } : {}),
    ...(error ? { error: toError(membersOf(error)) } : {}),
  }
}

function toError({ code, message, retryable, status, retryAfterMs, extra }: Members): WireError {
  return {
    code: text(code),
    message: text(message),
    retryable: retryable === true,
    ...(status ? { status: Number(status) } : {}),
    ...(retryAfterMs ? { retryAfterMs: Number(retryAfterMs) } : {}),
    ...(extra !== undefined && { extra: extra as Json }),
  }
}

/** Counts of 64 bits are texts in JSON. */
function toUsage(members: Members): Usage {
  const usage: Record<string, unknown> = {}
  for (const name of ['inputTokens', 'outputTokens', 'totalTokens']) {
    if (members[name] !== undefined) usage[name] = Number(members[name])
  }
  if (members.estimated === true) usage.estimated = true
  if (members.extra !== undefined) usage.extra = members.extra
  return usage
}
