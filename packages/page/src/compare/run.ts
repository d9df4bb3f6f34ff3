import type { SimulatedNetwork } from '../network/simulated-network.ts'
import type { Announcer } from '../panes/announcer.ts'
import { figuresOf } from '../panes/figures.ts'
import type { PaneReader, ReaderParts } from '../panes/reader.ts'
import { readNaive } from '../panes/read-naive.ts'
import { readSluice } from '../panes/read-sluice.ts'
import { readSync } from '../panes/read-sync.ts'
import { type Mark, Trail } from '../panes/trail.ts'
import type { Server } from '../server/server.ts'
import { chunkingOf, type Settings, transportOf } from './settings.ts'
import { type Measures, NAMES, newMeasures, type PaneName, PANES } from './three-panes.ts'

/** What a run is made of. */
export interface RunParts {
  readonly server: Server
  readonly network: SimulatedNetwork
  readonly announcer: Announcer
  readonly settings: Settings
  /** The stream's id. */
  readonly id: string
  /** Where its time begins, on the page's clock. */
  readonly startedMs: number
}

/** One stream, read in three ways at once. */
export class Run {
  readonly id: string
  readonly measures: Measures
  readonly #parts: RunParts
  readonly #readers: PaneReader[] = []

  constructor(parts: RunParts) {
    this.id = parts.id
    this.#parts = parts
    this.measures = newMeasures(() => new Trail(() => this.elapsedMs))
    for (const name of NAMES) PANES[name].renderer.isSlow = parts.settings.slow
  }

  get elapsedMs(): number {
    return performance.now() - this.#parts.startedMs
  }

  get isOver(): boolean {
    return NAMES.every((name) => this.measures[name].trail.end !== undefined)
  }

  /** All three read from the beginning. */
  async readAll(cursor: string): Promise<void> {
    const { server, settings } = this.#parts
    this.#readSluice()
    this.#readers.push(readNaive(this.#partsOf('naive')))
    this.#readers.push(readSync(this.#partsOf('sync'), cursor, await server.bodyOf(settings.prompt)))
  }

  /** After a reload: sluice alone has something to go on from. */
  resume(): void {
    this.#readSluice()
    for (const name of ['sync', 'naive'] as const) {
      const { pane } = PANES[name]
      this.measures[name].trail.over(false)
      pane.setBusy(false)
      pane.say('It died with the page: nothing says where to go on.', true)
    }
  }

  /** Leaves the stream, which goes on. */
  stop(): void {
    for (const reader of this.#readers) reader.stop()
  }

  setSlow(isSlow: boolean): void {
    for (const name of NAMES) PANES[name].renderer.isSlow = isSlow
  }

  /** How far the furthest of the readers was, and when: what a token's delay is reckoned from. */
  front(): readonly Mark[] {
    const all = NAMES.flatMap((name) => this.measures[name].trail.arrivals)
    let chars = 0
    return all
      .toSorted((one, other) => one.atMs - other.atMs)
      .filter((mark) => mark.chars > chars && (chars = mark.chars) > 0)
  }

  showFigures(): void {
    const front = this.front()
    for (const name of NAMES) {
      const { trail, meter } = this.measures[name]
      PANES[name].pane.measured(figuresOf(trail, front, this.elapsedMs), meter)
    }
  }

  /** Characters that have arrived and are not painted. */
  get heldChars(): number {
    return NAMES.reduce((sum, name) => {
      const { trail } = this.measures[name]
      return sum + (trail.end ? 0 : trail.arrivedChars - trail.paintedChars)
    }, 0)
  }

  #readSluice(): void {
    const parts = this.#partsOf('sluice')
    const { chunking } = this.#parts.settings
    this.#readers.push(readSluice({ ...parts, ...chunkingOf(chunking, parts.transport) }, this.#parts.announcer))
  }

  #partsOf(name: PaneName): ReaderParts {
    const { server, network, settings } = this.#parts
    const { pane, renderer } = PANES[name]
    const { trail, meter } = this.measures[name]
    const reach = network.reach(meter)
    pane.clear()
    pane.setBusy(true)
    const transport = transportOf(settings.transport, server, reach)
    return { server, url: server.streamUrl(this.id), pane, trail, renderer, meter, reach, transport }
  }
}
