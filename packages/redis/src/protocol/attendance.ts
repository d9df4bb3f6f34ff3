import { foreign } from './foreign.ts'
import { pairsIn } from './replies.ts'
import { countIn } from './stored-number.ts'

/** What an instance has reported of its readers. */
export interface Report {
  /** Until when it holds, by the store's clock. */
  readonly untilMs: number
  /** Position of the furthest reader. */
  readonly seq: number
}

const WHAT = 'A report of readers'

/** Reads a report as `present.lua` writes it. @throws SluiceError `SLUICE_ERR_STORE` */
export function decodeReport(text: string): Report {
  const [untilMs, seq, ...more] = text.split(':')
  if (more.length > 0) throw foreign(WHAT, 'it has more than a time and a position')
  return { untilMs: countIn(untilMs, WHAT), seq: countIn(seq, WHAT) }
}

/** Reports by instance, as `HGETALL` gives them. @throws SluiceError `SLUICE_ERR_STORE` */
export function attendanceIn(reply: unknown): Map<string, Report> {
  return new Map([...pairsIn(reply)].map(([instance, report]) => [instance, decodeReport(report)]))
}
