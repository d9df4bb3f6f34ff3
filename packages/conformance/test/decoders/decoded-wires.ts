import type { DecodedMessage, DecodedWire, Heard } from '@sluice/conformance/sse'
import { nativeSse } from '@sluice/sse'
import { openAiChat } from '@sluice/wires/openai'

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

const NO_TYPES = 'tells no types'
const EARLY_ID = 'counts an id when its line has come, and not with its message: go on after the id of the last message'

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
    unread: {
      'fetch-event-source': 'takes a comment for a message: pass over messages without data, or ask for ids',
      'openai-go before 3.43': 'takes a comment for an answer: ask for ids',
    },
  },
  'OpenAI with ids': {
    wire: openAiChat,
    ids: true,
    hear: hearChat,
    unread: { 'block reader': 'takes the id for data' },
    unresumed: { 'fetch-event-source': EARLY_ID },
  },
}
