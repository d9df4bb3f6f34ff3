import { make } from '../dom/find.ts'
import { formatBytes, formatCount, formatMs } from '../dom/format.ts'
import type { RowPainter } from '../dom/kept-rows.ts'
import { show } from '../dom/show.ts'
import type { LiveStream } from '../server/live-answer.ts'

const COLUMNS = 8

/** A row for each stream. */
export const STREAM_ROWS: RowPainter<LiveStream> = {
  make({ id, key }) {
    const row = make('tr')
    const head = make('th')
    head.scope = 'row'
    const link = make('a', `${id.slice(0, 8)}…`)
    link.href = `./?${new URLSearchParams({ stream: id }).toString()}`
    link.target = '_blank'
    link.rel = 'noopener'
    link.title = `Open the stream ${id} in another tab`
    head.append(link, ...(key === undefined ? [] : [make('small', key.slice(0, 24))]))
    row.append(head, ...Array.from({ length: COLUMNS - 1 }, () => make('td')))
    return row
  },
  fill(row, { status, end, startedAtMs, firstEventMs, durationMs, events, bytes, readers }) {
    const state = end ? [end.reason, end.cause].filter(Boolean).join(', ') : status
    const cells = [
      state,
      new Date(startedAtMs).toLocaleTimeString(),
      formatMs(firstEventMs),
      formatMs(durationMs),
      formatCount(events),
      formatBytes(bytes),
      formatCount(readers),
    ]
    for (const [index, text] of cells.entries()) show(row.children[index + 1] as HTMLElement, text)
  },
}
