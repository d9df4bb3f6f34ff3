import { adviceOf, type Beside, type Situation } from './advice.ts'
import { escape } from './escape.ts'
import { frontOf } from './front-plot.ts'
import { htmlPage } from './html-page.ts'
import { show } from './table.ts'

/** What is shown as colours, and what of it is good. */
interface Measure {
  readonly name: string
  readonly unit: string
  value(beside: Beside): number
  /** From 0, as good as can be, to 1. */
  badness(beside: Beside): number
}

const MEASURES: readonly Measure[] = [
  {
    name: 'median delay added',
    unit: ' ms',
    value: ({ addedMs }) => addedMs,
    badness: ({ addedMs }) => addedMs / 120,
  },
  {
    name: 'overhead beside the first policy',
    unit: ' ×',
    value: ({ overhead }) => overhead,
    badness: ({ overhead }) => overhead,
  },
  {
    name: 'p99 gap between paints',
    unit: ' ms',
    value: ({ cell }) => cell.figures.gapP99Ms,
    badness: ({ cell }) => cell.figures.gapP99Ms / 500,
  },
  {
    name: 'first token painted',
    unit: ' ms',
    value: ({ cell }) => cell.figures.firstPaintedMs,
    badness: ({ cell }) => cell.figures.firstPaintedMs / 500,
  },
]

/** The report as one page that needs nothing else. */
export function pageOf(situations: readonly Situation[], about: readonly string[]): string {
  return htmlPage('Chunking policies on networks', about, policySections(situations))
}

/** What was simulated, as a part of a page: a source and client at a time, and the advice for all. */
export function policySections(situations: readonly Situation[]): string {
  const groups = [...Map.groupBy(situations, ({ source, client }) => `${source}, ${client}`)]
  const options = groups.map(([name], index) => `<option value="${index}">${escape(name)}</option>`).join('')
  const sections = groups.map(([name, group], index) => {
    const maps = MEASURES.map((measure) => heatMapOf(measure, group)).join('')
    const plots = group.map((situation) => frontOf(situation)).join('')
    const hidden = index === 0 ? '' : ' hidden'
    return `<section data-group="${index}"${hidden}><h3>${escape(name)}</h3>${maps}<h4>Delay against overhead</h4><div class="plots">${plots}</div></section>`
  })
  const advice = adviceOf(situations).map((line) => `<li>${escape(line)}</li>`)
  return `<label>Source and client <select id="group">${options}</select></label>
${sections.join('\n')}
<h3>Which policy where</h3>
<ul>${advice.join('')}</ul>`
}

function heatMapOf(measure: Measure, group: readonly Situation[]): string {
  const head = group.map(({ network }) => `<th scope="col">${escape(network)}</th>`).join('')
  const rows = group[0]!.policies.map(({ cell }, row) => {
    const cells = group.map(({ policies }) => {
      const beside = policies[row]!
      const heat = Math.round(100 * Math.min(1, Math.max(0, measure.badness(beside))))
      return `<td style="--heat:${heat}%">${measure.unit === ' ×' ? measure.value(beside).toFixed(2) : show(measure.value(beside))}</td>`
    })
    return `<tr><th scope="row">${escape(cell.policy)}</th>${cells.join('')}</tr>`
  })
  return `<div class="map"><table><caption>${escape(measure.name)},${measure.unit}</caption><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}
