import type { DecodedMessage, DecodedWire, Heard } from '@sluice/conformance/sse'
import { nativeSse } from '@sluice/sse'
import { anthropicMessages } from '@sluice/wires/anthropic'
import { openAiChat } from '@sluice/wires/openai'
import { openAiResponses } from '@sluice/wires/openai-responses'

/** What an application reads of sluice's own wire: each message is JSON, and its type says what it is. */
function hearNative({ event, data }: DecodedMessage): Heard | undefined {
  const { text, complete } = JSON.parse(data) as { text?: string; complete?: boolean }
  if (event === 'text') return { text }
  if (event === 'end') return { over: complete ? 'complete' : 'cut' }
  return event === 'closed' ? { over: 'cut' } : undefined
}

interface Chunk {
  error?: object
  choices: { delta: { content?: string } }[]
}

/** What an application, or an SDK for it, reads of OpenAI's wire: each message is JSON, but for the last. */
function hearChat({ data }: DecodedMessage): Heard | undefined {
  if (data === '[DONE]') return { over: 'complete' }
  const { error, choices } = JSON.parse(data) as Chunk
  return error ? { over: 'cut' } : { text: choices[0]?.delta.content }
}

/** What an application reads of OpenAI's Responses: each message is JSON, and says itself what it is. */
function hearResponses({ data }: DecodedMessage): Heard | undefined {
  const { type, delta } = JSON.parse(data) as { type: string; delta?: string }
  if (type === 'response.output_text.delta') return { text: delta }
  if (type === 'response.completed') return { over: 'complete' }
  return type === 'response.failed' || type === 'error' ? { over: 'cut' } : undefined
}

/** The same of Anthropic's messages. */
function hearMessages({ data }: DecodedMessage): Heard | undefined {
  const { type, delta } = JSON.parse(data) as { type: string; delta?: { text?: string } }
  if (type === 'content_block_delta') return { text: delta?.text }
  if (type === 'message_stop') return { over: 'complete' }
  return type === 'error' ? { over: 'cut' } : undefined
}

const NO_TYPES = 'tells no types'
const EARLY_ID = 'counts an id when its line has come, and not with its message: go on after the id of the last message'
const TYPE_FIRST = 'takes the type, which comes first, for data'
const LONG_LINE = 'takes no line of more than 64 KiB, and the whole of a long answer is one'
const COMMENTS = {
  'fetch-event-source': 'takes a comment for a message: pass over messages without data, or ask for ids',
  'openai-go before 3.43': 'takes a comment for an answer: ask for ids',
}

/** Sluice's wires over server-sent events, by the heading of their column in the table of decoders. */
export const decodedWires: Readonly<Record<string, DecodedWire>> = {
  native: {
    wire: nativeSse,
    ids: true,
    hear: hearNative,
    unread: {
      'go-openai': NO_TYPES,
      'requests iter_lines': NO_TYPES,
      'requests iter_lines of text': NO_TYPES,
      'bufio.Scanner': NO_TYPES,
      'line reader': NO_TYPES,
      'block reader': NO_TYPES,
    },
    unresumed: { 'fetch-event-source': EARLY_ID },
  },
  OpenAI: {
    wire: openAiChat,
    ids: false,
    hear: hearChat,
    unread: COMMENTS,
  },
  'OpenAI with ids': {
    wire: openAiChat,
    ids: true,
    hear: hearChat,
    unread: { 'block reader': 'takes the id for data' },
    unresumed: { 'fetch-event-source': EARLY_ID },
  },
  Responses: {
    wire: openAiResponses,
    ids: false,
    hear: hearResponses,
    unread: { ...COMMENTS, 'bufio.Scanner': LONG_LINE, 'r3labs/sse': LONG_LINE, 'block reader': TYPE_FIRST },
  },
  'Responses with ids': {
    wire: openAiResponses,
    ids: true,
    hear: hearResponses,
    unread: {
      'openai-go before 3.43': LONG_LINE,
      'bufio.Scanner': LONG_LINE,
      'r3labs/sse': LONG_LINE,
      'block reader': TYPE_FIRST,
    },
    unresumed: { 'fetch-event-source': EARLY_ID },
  },
  Messages: {
    wire: anthropicMessages,
    ids: false,
    hear: hearMessages,
    unread: { ...COMMENTS, 'block reader': TYPE_FIRST },
  },
  'Messages with ids': {
    wire: anthropicMessages,
    ids: true,
    hear: hearMessages,
    unread: { 'block reader': TYPE_FIRST },
    unresumed: { 'fetch-event-source': EARLY_ID },
  },
}
