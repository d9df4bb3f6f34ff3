import { cutError } from '../errors/client-error.ts'

/** What is told of a stream of events. */
export interface SseHandler {
  onEvent(type: string, data: string, id: string): void
  onRetry(retryMs: number): void
}

/** The most that one event may have, with the line that is not complete yet; a line counts for 32 more. */
const MAX_EVENT_CHARS = 8 * 1024 * 1024
const LINE_COST_CHARS = 32

/** Takes the next piece of a stream of events, cut anywhere. @throws SluiceError over the bound, and what the handler throws */
export type PushBytes = (bytes: Uint8Array) => void

/**
 * Reads one stream of Server-Sent Events, as the HTML standard has it, in time linear in what comes and within a bound. A
 * smaller twin of the parser of `@sluice/sse`, which pages need not load.
 */
export function createSseReader(handler: SseHandler): PushBytes {
  // It keeps the mark that the stream may begin with: cut in two, that would not always be told from a second one.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let begun = false
  /** Pieces of the line that is not complete yet. */
  let pieces: string[] = []
  let afterCr = false
  let data: string[] = []
  let type = ''
  let id = ''
  let chars = 0

  function take(line: string): void {
    if (line === '') return dispatch()
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') data.push(value)
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d+$/.test(value)) handler.onRetry(Number(value))
  }

  function dispatch(): void {
    const [lines, name] = [data, type]
    data = []
    type = ''
    chars = 0
    if (lines.length > 0) handler.onEvent(name || 'message', lines.join('\n'), id)
  }

  function count(line: string): void {
    chars += line.length + LINE_COST_CHARS
    if (chars > MAX_EVENT_CHARS) throw cutError('An event is too long')
  }

  return (bytes) => {
    let text = decoder.decode(bytes, { stream: true })
    if (text === '') return
    if (!begun && text.startsWith('\ufeff')) text = text.slice(1)
    begun = true
    if (afterCr && text.startsWith('\n')) text = text.slice(1)
    afterCr = text.endsWith('\r') || (text === '' && afterCr)
    const lines = text.split(/\r\n|\n|\r/)
    const rest = lines.pop()!
    for (const line of lines) {
      count(line)
      take(pieces.join('') + line)
      pieces = []
    }
    count(rest)
    pieces.push(rest)
  }
}
