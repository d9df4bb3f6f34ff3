import { requireKnownNames, requirePositive } from '../events/option-rules.ts'

/** What a client, or the transport on its behalf, has measured. */
export interface ClientReport {
  /** Round trip between server and client, in milliseconds; above 0. */
  readonly rttMs?: number | undefined
  /** Tokens a second that the client paints; above 0. */
  readonly paintRate?: number | undefined
}

/** `report` over what was reported before: a member that is left out stays. @throws SluiceError `SLUICE_ERR_OPTION` */
export function mergeReport(before: ClientReport | undefined, report: ClientReport): ClientReport {
  requireKnownNames('report', report, ['rttMs', 'paintRate'])
  const { rttMs = before?.rttMs, paintRate = before?.paintRate } = report
  if (rttMs !== undefined) requirePositive('report.rttMs', rttMs)
  if (paintRate !== undefined) requirePositive('report.paintRate', paintRate)
  return { rttMs, paintRate }
}
