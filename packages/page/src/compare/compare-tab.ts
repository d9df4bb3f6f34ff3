import { Timeline } from '../chart/timeline.ts'
import { byId } from '../dom/find.ts'
import { formatBytes } from '../dom/format.ts'
import { show } from '../dom/show.ts'
import { Meter } from '../network/meter.ts'
import { SimulatedNetwork } from '../network/simulated-network.ts'
import { Announcer } from '../panes/announcer.ts'
import { messageOf } from '../panes/reader.ts'
import type { Server } from '../server/server.ts'
import { forgetRun, keepRun, type KeptRun, keptRun } from './kept-run.ts'
import { Run } from './run.ts'
import { CONTROLS, readSettings, type Settings, writeSettings } from './settings.ts'
import { allowStories, setStories } from './stories.ts'
import { NAMES, PANES } from './three-panes.ts'

const REFRESH_MS = 250
const MEMORY_MS = 1_000

const START = byId<HTMLButtonElement>('start')
const STOP = byId<HTMLButtonElement>('stop')
const OFFLINE = byId<HTMLButtonElement>('offline')

/** What the tab tells the rest of the page. */
export interface CompareListener {
  say(text: string, isBad?: boolean): void
  /** What came of a request: a key may be missing. */
  failed(error: unknown): void
}

/** The first tab: one stream in three panes. */
export class CompareTab {
  readonly #server: Server
  readonly #listener: CompareListener
  readonly #network: SimulatedNetwork = new SimulatedNetwork()
  readonly #announcer: Announcer = new Announcer(byId('spoken'))
  readonly #timeline: Timeline = new Timeline()
  /** What the tab was reading when it was loaded anew. */
  readonly #kept: KeptRun | undefined = keptRun()
  #run: Run | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #askedMs = -Infinity

  constructor(server: Server, listener: CompareListener) {
    this.#server = server
    this.#listener = listener
    byId('ask').addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#start()
    })
    STOP.addEventListener('click', () => void this.#cancel())
    OFFLINE.addEventListener('click', () => this.#toggleOffline())
    CONTROLS.network.addEventListener('change', () => (this.#network.name = readSettings().network))
    CONTROLS.slow.addEventListener('change', () => this.#run?.setSlow(readSettings().slow))
    setStories({ cut: () => this.#cut(), streamId: () => this.#run?.id })
  }

  /** Goes on with what the tab was reading when it was loaded anew, unless something else was begun since. */
  resumeKept(): void {
    const kept = this.#kept
    if (!kept || this.#run) return
    writeSettings(kept.settings)
    this.#network.name = kept.settings.network
    this.#begin(kept.id, kept.settings).resume()
    this.#listener.say('Loaded anew: sluice goes on with its stream.')
  }

  async #start(): Promise<void> {
    this.#run?.stop()
    const settings = readSettings()
    this.#network.name = settings.network
    START.disabled = true
    this.#listener.say('')
    const startedMs = performance.now()
    try {
      const { id, cursor } = await this.#server.start(settings.prompt, this.#network.reach(new Meter()).fetch)
      keepRun({ id, settings })
      await this.#begin(id, settings, startedMs).readAll(cursor)
    } catch (error) {
      if (this.#network.isOffline)
        this.#listener.say('You are offline, as you wished: go online, and start again.', true)
      else this.#listener.failed(error)
    } finally {
      START.disabled = false
    }
  }

  #begin(id: string, settings: Settings, startedMs: number = performance.now()): Run {
    this.#announcer.clear()
    this.#timeline.clear()
    for (const name of NAMES) PANES[name].pane.clear()
    const parts = { server: this.#server, network: this.#network, announcer: this.#announcer }
    this.#run = new Run({ ...parts, settings, id, startedMs })
    show(byId('stream-id'), id)
    STOP.disabled = false
    allowStories()
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS)
    return this.#run
  }

  async #cancel(): Promise<void> {
    const run = this.#run
    if (!run) return
    try {
      await this.#server.cancel(run.id)
    } catch (error) {
      this.#listener.say(messageOf(error), true)
    }
  }

  #cut(): void {
    this.#network.cut()
    this.#listener.say('Every connection was reset.')
  }

  #toggleOffline(): void {
    const isOffline = !this.#network.isOffline
    this.#network.setOffline(isOffline)
    OFFLINE.setAttribute('aria-pressed', String(isOffline))
    show(OFFLINE, isOffline ? 'Go online' : 'Offline')
    this.#listener.say(isOffline ? 'Offline: nothing comes, nothing goes. The model goes on.' : 'Online again.')
  }

  #refresh(): void {
    const run = this.#run
    if (!run) return
    run.showFigures()
    this.#timeline.show(NAMES.map((name) => run.measures[name].trail))
    show(byId('held-here'), formatBytes(run.heldChars))
    const { memory } = performance as { memory?: { usedJSHeapSize: number } }
    show(byId('heap-here'), memory ? formatBytes(memory.usedJSHeapSize) : 'not told by this browser')
    void this.#askMemory()
    if (!run.isOver) return
    clearInterval(this.#timer)
    STOP.disabled = true
    forgetRun()
  }

  async #askMemory(): Promise<void> {
    if (performance.now() - this.#askedMs < MEMORY_MS) return
    this.#askedMs = performance.now()
    try {
      const { store } = await this.#server.live(1)
      show(byId('held-there'), store.bytes === undefined ? 'not told here' : formatBytes(store.bytes))
    } catch {
      show(byId('held-there'), 'not known at present')
    }
  }
}
