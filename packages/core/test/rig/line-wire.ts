import type { StreamEvent } from '@sluice/core'
import { type Closed, formatCursor, type Opened, parseCursor, type Wire } from '@sluice/core/extend'

/** One entry as a reader got it. */
export interface Received {
  cursor: string
  seq: number
  event: StreamEvent
}

/** What can be understood of the bytes that one reading received. */
export interface Understood {
  opened: Opened | undefined
  entries: Received[]
  closed: Closed | undefined
  beats: number
  /** What the writer did against the rules: a second opening, something after the last word. */
  problems: string[]
}

const toLine = (value: unknown): string => `${JSON.stringify(value)}\n`

/** The plainest wire: one JSON line per entry, with its cursor. */
export const lineWire: Wire = {
  name: 'line',
  contentType: 'application/jsonl',
  resumable: true,
  create: () => {
    let id = ''
    return {
      open: ({ opened }) => {
        id = opened.id
        return toLine({ opened })
      },
      encode: (chunk) =>
        chunk.map(({ event, epoch, seq }) => toLine({ cursor: formatCursor(id, epoch, seq), event })).join(''),
      closed: (closed) => toLine({ closed }),
      heartbeat: () => toLine({ beat: true }),
    }
  },
}

interface Line {
  opened?: Opened
  cursor?: string
  event?: StreamEvent
  closed?: Closed
  beat?: true
}

/** Reads lines of {@link lineWire}; one that was cut does not count. */
export function understandLines(text: string): Understood {
  return understand(
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line),
  )
}

/** Reads events of the native SSE wire; one that was cut does not count. */
export function understandSse(text: string): Understood {
  const blocks = text.split('\n\n').slice(0, -1)
  return understand(blocks.map((block) => sseLine(block)))
}

function sseLine(block: string): Line {
  if (block === ':') return { beat: true }
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
  const type = fields.get('event')
  const rest = JSON.parse(fields.get('data') ?? 'null') as object
  if (type === 'opened') return { opened: { type, ...rest } as Opened }
  if (type === 'closed') return { closed: { type, ...rest } as Closed }
  return { cursor: fields.get('id') ?? '', event: { type, ...rest } as StreamEvent }
}

function understand(lines: readonly Line[]): Understood {
  const known: Understood = { opened: undefined, entries: [], closed: undefined, beats: 0, problems: [] }
  let over = false
  for (const { opened, cursor, event, closed, beat } of lines) {
    if (over) known.problems.push('something came after the last word')
    if (opened) {
      if (known.opened) known.problems.push('opened twice')
      known.opened = opened
    } else if (!known.opened) known.problems.push('something came before opened')
    if (event) known.entries.push({ cursor: cursor!, seq: parseCursor(cursor!).seq, event })
    if (closed) known.closed = closed
    if (beat) known.beats++
    over ||= event?.type === 'end' || closed !== undefined
  }
  return known
}
