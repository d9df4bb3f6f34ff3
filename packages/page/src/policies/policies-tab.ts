import { Plot } from '../chart/plot.ts'
import { byId, make, within } from '../dom/find.ts'
import { formatCount, formatMs } from '../dom/format.ts'
import { show, tell } from '../dom/show.ts'
import type { Cell, SimulationAnswer, SimulationRequest } from './simulation.ts'

/** A policy of one's own that says nothing for so long goes round in circles. */
const SILENCE_MS = 8_000

const LINES = [
  { label: '', colour: '--sync', kind: 'dots' },
  { label: '', colour: '--naive', kind: 'dots' },
  { label: '', colour: '--sluice', kind: 'dots' },
  { label: '', colour: '--ink', kind: 'dots' },
] as const

const RUN = byId<HTMLButtonElement>('run-simulation')
const STATE = byId('sim-state')
const NETWORK = byId<HTMLSelectElement>('sim-network')
const CHART = byId('sim-chart')

/** The last tab: what a chunking policy does on a network, simulated in a worker. */
export class PoliciesTab {
  readonly #plot: Plot = new Plot(CHART, LINES, ['seconds', 'ms on the way'])
  #cells: Cell[] = []
  #worker: Worker | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #hasRun = false

  constructor() {
    byId('simulate').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#run()
    })
    NETWORK.addEventListener('change', () => this.#showPlot())
  }

  /** It simulates as soon as it is looked at: nobody should have to find out how. */
  setShown(isShown: boolean): void {
    if (isShown && !this.#hasRun) this.#run()
    if (isShown) this.#showPlot()
  }

  #run(): void {
    this.#hasRun = true
    this.#cells = []
    this.#end()
    RUN.disabled = true
    tell(STATE, 'Simulating …')
    const { content } = within<HTMLMetaElement>(document, 'meta[name="policy-worker"]')
    const worker = new Worker(new URL(content, location.href), { type: 'module' })
    this.#worker = worker
    worker.onmessage = ({ data }: MessageEvent<SimulationAnswer>) => this.#hear(data)
    worker.onerror = () => this.#fail('The worker could not be started.')
    const request: SimulationRequest = {
      source: byId<HTMLSelectElement>('sim-source').value,
      own: byId<HTMLTextAreaElement>('sim-policy').value,
    }
    worker.postMessage(request)
    this.#wait()
  }

  #hear(answer: SimulationAnswer): void {
    this.#wait()
    switch (answer.is) {
      case 'cell':
        this.#cells.push(answer.cell)
        this.#showTable()
        return this.#showPlot()
      case 'done':
        this.#end()
        return tell(STATE, `${formatCount(answer.streams)} streams in ${formatMs(answer.tookMs)}.`)
      case 'failed':
        return this.#fail(answer.message)
      default:
        answer satisfies never
    }
  }

  #fail(message: string): void {
    this.#end()
    tell(STATE, message, true)
  }

  #wait(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(
      () => this.#fail('Your policy does not come to an end: the worker was stopped.'),
      SILENCE_MS,
    )
  }

  #end(): void {
    clearTimeout(this.#silence)
    this.#worker?.terminate()
    this.#worker = undefined
    RUN.disabled = false
  }

  #showPlot(): void {
    const cells = this.#cells.filter(({ network }) => network === NETWORK.value)
    this.#plot.set(LINES.map((_, index) => [cells[index]?.atS ?? [], cells[index]?.delayMs ?? []] as const))
    const legend = byId('sim-legend')
    for (const [index, { policy }] of cells.entries()) {
      const item = legend.children[index] ?? legend.appendChild(make('li'))
      item.className = `p${index}`
      show(item as HTMLElement, policy)
    }
    const told = cells.map(({ policy, delayP50Ms }) => `${policy} ${formatMs(delayP50Ms)}`)
    const what = told.length === 0 ? 'nothing has been simulated yet' : `median delays: ${told.join(', ')}`
    CHART.setAttribute('aria-label', `Delays of tokens on ${NETWORK.value}: ${what}.`)
  }

  #showTable(): void {
    const networks = [...new Set(this.#cells.map(({ network }) => network))]
    const policies = [...new Set(this.#cells.map(({ policy }) => policy))]
    const head = byId('sim-networks')
    for (const [index, network] of networks.entries()) {
      const cell = (head.children[index + 1] ?? head.appendChild(columnHead())) as HTMLElement
      show(cell, network)
    }
    const body = byId('sim-cells')
    for (const [row, policy] of policies.entries()) {
      const line = body.children[row] ?? body.appendChild(newLine())
      show(line.children[0] as HTMLElement, policy)
      for (const [column, network] of networks.entries()) {
        const found = this.#cells.find((cell) => cell.policy === policy && cell.network === network)
        const cell = (line.children[column + 1] ?? line.appendChild(newCell())) as HTMLElement
        if (found) fill(cell, found)
      }
    }
  }
}

function fill(cell: HTMLElement, { delayP50Ms, delayP99Ms, tokensPerChunk, paintsPerSecond }: Cell): void {
  show(cell.children[0] as HTMLElement, `${Math.round(delayP50Ms)} / ${Math.round(delayP99Ms)}`)
  show(cell.children[1] as HTMLElement, `${tokensPerChunk.toFixed(1)} · ${paintsPerSecond.toFixed(0)}`)
}

function columnHead(): HTMLElement {
  const head = make('th')
  head.scope = 'col'
  return head
}

function newLine(): HTMLElement {
  const line = make('tr')
  const head = make('th')
  head.scope = 'row'
  line.append(head)
  return line
}

function newCell(): HTMLElement {
  const cell = make('td')
  cell.append(make('span'), make('small'))
  return cell
}
