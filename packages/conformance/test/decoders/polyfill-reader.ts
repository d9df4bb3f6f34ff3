import type { DecodedMessage } from '@sluice/conformance/sse'
import { EventSourcePolyfill, type PolyfillTransport } from 'event-source-polyfill'

type Open = Parameters<PolyfillTransport['open']>

/** Reads text with `event-source-polyfill` as it is, over a transport that gives it these pieces. */
export function readWithPolyfill(texts: readonly string[]): { messages: DecodedMessage[] } {
  const messages: DecodedMessage[] = []
  let progress: Open[2] | undefined
  class Transport implements PolyfillTransport {
    open(...[, onStart, onProgress]: Open): { abort(): void } {
      progress = onProgress
      start = () => onStart(200, 'OK', 'text/event-stream', {})
      return { abort: () => {} }
    }
  }
  let start: (() => void) | undefined
  const source = new EventSourcePolyfill('http://polyfill/', { Transport })
  source.dispatchEvent = ({ type, data, lastEventId }) => {
    // What it says of the connection has no data.
    if (data !== undefined) messages.push({ event: type, data, id: lastEventId })
  }
  start!()
  for (const text of texts) progress!(text)
  source.close()
  return { messages }
}
