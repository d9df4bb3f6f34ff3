import { escape } from '../simulator/report/escape.ts'
import type { Situation } from '../simulator/report/advice.ts'
import { htmlPage } from '../simulator/report/html-page.ts'
import { policySections } from '../simulator/report/page.ts'
import { headOf, type Outcome, scatterOf, show, showBound, showSpread, signOf } from '../trials/report.ts'
import { cellOf, type Verdict } from '../trials/verdict.ts'
import { barsOf, isOurs } from './bars-plot.ts'
import { sweepOf } from './sweep-plot.ts'

/** What a run has come to. */
export interface Measured {
  /** Machine, versions, seeds, load: what a number is worth nothing without. */
  readonly about: readonly string[]
  readonly outcomes: readonly Outcome[]
  /** Policies that were simulated with it. */
  readonly situations: readonly Situation[]
}

/** A run as one page that needs nothing else. */
export function measuredPage({ about, outcomes, situations }: Measured): string {
  const tables = outcomes.filter(({ row, missing }) => row.columns && missing === undefined)
  const sweep = tables.filter(({ row: { id } }) => /^transports-\d+$/.test(id))
  const body = [
    ...(outcomes.length > 0 ? [floorsOf(outcomes)] : []),
    ...(sweep.length > 1 ? [`<h2>Transports, by load</h2><div class="plots">${sweepOf(sweep)}</div>`] : []),
    ...tables.map(comparisonOf),
    ...(situations.length > 0 ? [`<h2>Chunking policies on networks</h2>${policySections(situations)}`] : []),
    ...(outcomes.length > 0 ? [explained(outcomes)] : []),
  ]
  return htmlPage('What it costs, beside others', about, body.join('\n'))
}

/** Every floor with what was measured; what scatters is named above. */
function floorsOf(outcomes: readonly Outcome[]): string {
  const unsure = scatterOf(outcomes).filter((line) => line !== '')
  const warning = unsure.map((line) => escape(line)).join('<br>')
  const rows = outcomes.flatMap((outcome) =>
    outcome.missing === undefined
      ? outcome.verdicts.map((verdict) => floorRowOf(outcome, verdict))
      : [
          `<tr><th scope="row">${escape(outcome.row.id)}</th><td class="wide" colspan="6">not measured: ${escape(outcome.missing)}</td></tr>`,
        ],
  )
  const head = ['row', 'measured', 'beside it', 'sluice', 'compared', 'floor', ''].map(
    (name) => `<th scope="col">${name}</th>`,
  )
  return `<h2>Floors</h2>${warning && `<p>${warning}</p>`}<div class="map"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function floorRowOf({ row }: Outcome, { floor, value, ours, against, pass, scatters }: Verdict): string {
  const compared = floor.compare === 'value' ? '' : `${signOf(floor.compare)} ${showSpread(value)}`
  const told = pass === undefined ? 'shown' : pass ? 'kept' : 'missed'
  const marked = pass === undefined ? '' : ` class="${pass ? 'pass' : 'miss'}"`
  const cells = [
    `<td class="wide">${escape(`${floor.what}${floor.unit && `, ${floor.unit}`}`)}</td>`,
    ...[against ? showSpread(against) : '', showSpread(ours), compared, showBound(floor)].map(
      (cell) => `<td>${cell}</td>`,
    ),
    `<td${marked}>${told}${scatters ? ', scatters too much' : ''}</td>`,
  ]
  return `<tr><th scope="row">${escape(row.id)}</th>${cells.join('')}</tr>`
}

/** A row that has columns: bars of those that are compared, and the table of all. */
function comparisonOf(outcome: Outcome): string {
  const { row, repetitions } = outcome
  const columns = row.columns!
  const compared = columns.filter(({ isCompared }) => isCompared)
  const plots = (compared.length > 0 ? compared : columns.slice(0, 2)).map((column) => barsOf(outcome, column))
  const head = columns.map((column) => `<th scope="col">${escape(headOf(column))}</th>`).join('')
  const lines = row.contestants.map(({ name }) => {
    const cells = columns.map((column) => {
      const { value, beside } = cellOf(row, repetitions, name, column)
      return `<td>${showSpread(value)}${beside ? ` × ${show(beside.median)}` : ''}</td>`
    })
    return `<tr${isOurs(name) ? ' class="ours"' : ''}><th scope="row">${escape(name)}</th>${cells.join('')}</tr>`
  })
  return `<h2>${escape(row.title)}</h2><p>${escape(row.what)}</p><div class="plots">${plots.join('')}</div>
<div class="map"><table><thead><tr><td></td>${head}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`
}

/** What each row is, and what was expected of it before it was measured. */
function explained(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(
    ({ row }) =>
      `<dt>${escape(row.id)}</dt><dd>${escape(row.title)}. ${escape(row.what)} Expected: ${escape(row.expected)}</dd>`,
  )
  return `<h2>How it was measured</h2><details><summary>${outcomes.length} rows</summary><dl>${rows.join('')}</dl></details>`
}
