import type { SseEvent } from '@sluice/sse'

/** What a parser made of a whole stream. */
export interface Parsed {
  events: SseEvent[]
  comments: string[]
  retry: number[]
  discarded: boolean
}

/** The HTML standard's 9.2.6, word for word and in no hurry: what the real parser is compared with. */
export function parseBySpec(input: string): Parsed {
  const parsed: Parsed = { events: [], comments: [], retry: [], discarded: false }
  const lines = input.replace(/^\u{FEFF}/u, '').split(/\r\n|\r|\n/)
  const unfinished = lines.pop() ?? ''
  let data = ''
  let type = ''
  let idBuffer = ''
  let lastEventId = ''
  for (const line of lines) {
    if (line === '') {
      lastEventId = idBuffer
      if (data !== '') parsed.events.push({ id: lastEventId, event: type || 'message', data: data.slice(0, -1) })
      data = ''
      type = ''
      continue
    }
    const [, name = '', rest = ''] = /^([^:]*):?(.*)$/s.exec(line) ?? []
    const value = rest.startsWith(' ') ? rest.slice(1) : rest
    if (line.startsWith(':')) parsed.comments.push(value)
    else if (name === 'data') data += `${value}\n`
    else if (name === 'event') type = value
    else if (name === 'id' && !value.includes('\0')) idBuffer = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) parsed.retry.push(Number(value))
  }
  parsed.discarded = unfinished !== '' || data !== '' || type !== '' || idBuffer !== lastEventId
  return parsed
}
