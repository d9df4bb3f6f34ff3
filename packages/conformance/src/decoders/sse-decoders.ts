import type { SseDecoder } from './rig/decoder.ts'
import { earlyOpenAiGo, openAiGo } from './originals/go/openai-go.ts'
import { goOpenAi } from './originals/go/go-openai.ts'
import { goScanner } from './originals/go/go-scanner.ts'
import { r3labsSse } from './originals/go/r3labs-sse.ts'
import { okHttp } from './originals/java/okhttp.ts'
import { anthropicNode } from './originals/javascript/anthropic-node.ts'
import { blockReader } from './originals/javascript/block-reader.ts'
import { eventSource } from './originals/javascript/event-source.ts'
import { eventSourceParser } from './originals/javascript/eventsource-parser.ts'
import { eventSourcePolyfill } from './originals/javascript/event-source-polyfill.ts'
import { fetchEventSource } from './originals/javascript/fetch-event-source.ts'
import { lineReader } from './originals/javascript/line-reader.ts'
import { openAiNode } from './originals/javascript/openai-node.ts'
import { httpxIterLines } from './originals/python/httpx-lines.ts'
import { httpxSse } from './originals/python/httpx-sse.ts'
import { openAiPython } from './originals/python/openai-python.ts'
import { requestsLines } from './originals/python/requests-lines.ts'
import { requestsTextLines } from './originals/python/requests-text-lines.ts'

/**
 * The decoders of server-sent events that people use, each made anew from what its original does, its faults included.
 *
 * @example
 * ```ts
 * const bytes = new TextEncoder().encode('id: 1\ndata: a\n\n: alive\n\n')
 * for (const { name, begin } of sseDecoders) console.log(name, begin().push(bytes).length) // 1, or 2 where a comment counts
 * ```
 */
export const sseDecoders: readonly SseDecoder[] = [
  eventSource,
  eventSourceParser,
  eventSourcePolyfill,
  fetchEventSource,
  openAiNode,
  anthropicNode,
  openAiPython,
  httpxSse,
  httpxIterLines,
  openAiGo,
  earlyOpenAiGo,
  goOpenAi,
  r3labsSse,
  okHttp,
  requestsLines,
  requestsTextLines,
  goScanner,
  lineReader,
  blockReader,
]
