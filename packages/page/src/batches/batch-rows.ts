import { make } from '../dom/find.ts'
import { formatCount, formatWait } from '../dom/format.ts'
import type { RowPainter } from '../dom/kept-rows.ts'
import { show } from '../dom/show.ts'
import type { Batch } from '../server/batch-answer.ts'

/** What can be done about a batch. */
export type BatchAct = 'answers' | 'errors' | 'cancel'

const ACTS: readonly (readonly [act: BatchAct, label: string])[] = [
  ['answers', 'Save answers'],
  ['errors', 'Save failures'],
  ['cancel', 'Cancel'],
]
const OVER = new Set(['completed', 'failed', 'expired', 'cancelled'])

/** Whether nothing of it changes any more. */
export function isOver({ status }: Batch): boolean {
  return OVER.has(status)
}

/** What its owner calls it. */
export function nameOf({ id, metadata }: Batch): string {
  return metadata?.filename ?? id
}

/** What the rows need. */
export interface BatchRowsParts {
  /** What is done when a button of a batch is pressed. */
  readonly act: (act: BatchAct, id: string) => void
  /** Milliseconds since 1970 by the clock of who tells of the batches. */
  readonly now: () => number
}

/** A row for each batch. */
export function batchRows({ act, now }: BatchRowsParts): RowPainter<Batch> {
  return {
    make(batch) {
      const row = make('tr')
      const head = make('th', nameOf(batch))
      head.scope = 'row'
      head.append(make('small', new Date(batch.created_at * 1_000).toLocaleString()))
      head.title = batch.id
      const lines = make('td')
      const bar = make('progress')
      bar.setAttribute('aria-label', `Lines of ${nameOf(batch)} that are done`)
      lines.append(bar, make('small'))
      const acts = make('td')
      acts.className = 'acts'
      for (const [name, label] of ACTS) {
        const button = make('button', label)
        button.type = 'button'
        button.addEventListener('click', () => act(name, batch.id))
        acts.append(button)
      }
      row.append(head, make('td'), lines, make('td'), acts)
      return row
    },
    fill(row, batch) {
      const [, state, lines, left, acts] = row.children as unknown as HTMLElement[]
      fillState(state!, batch)
      fillLines(lines!, batch)
      show(left!, timeOf(batch, now()))
      const can: Readonly<Record<BatchAct, boolean>> = {
        answers: batch.output_file_id !== null,
        errors: batch.error_file_id !== null,
        cancel: !isOver(batch) && batch.status !== 'cancelling',
      }
      for (const [index, [name]] of ACTS.entries()) (acts!.children[index] as HTMLElement).hidden = !can[name]
    },
  }
}

function fillState(cell: HTMLElement, { status, errors }: Batch): void {
  const [problem] = errors?.data ?? []
  const more = (errors?.data.length ?? 0) - 1
  // The message names the line.
  const told = problem ? `${problem.message}${more > 0 ? ` And ${formatCount(more)} more.` : ''}` : ''
  if (!cell.firstChild) cell.append(make('span'), make('small'))
  show(cell.children[0] as HTMLElement, status.replaceAll('_', ' '))
  show(cell.children[1] as HTMLElement, told)
}

function fillLines(cell: HTMLElement, { request_counts: { total, completed, failed } }: Batch): void {
  const bar = cell.children[0] as HTMLProgressElement
  bar.max = Math.max(1, total)
  bar.value = completed + failed
  const lost = failed === 0 ? '' : `, ${formatCount(failed)} failed`
  show(cell.children[1] as HTMLElement, `${formatCount(completed + failed)} of ${formatCount(total)}${lost}`)
}

/** How long it will take, or has taken. */
function timeOf(batch: Batch, nowMs: number): string {
  const endedAt = batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at
  if (endedAt !== null) return `took ${formatWait((endedAt - batch.created_at) * 1_000)}`
  const { eta } = batch.sluice
  if (!eta) return batch.status === 'in_progress' ? 'not known yet' : '–'
  const leftMs = (atS: number): number => atS * 1_000 - nowMs
  return `${formatWait(leftMs(eta.likely))} (${formatWait(leftMs(eta.earliest))} to ${formatWait(leftMs(eta.latest))})`
}
