import { byId } from '../dom/find.ts'
import { formatBytes, formatCount, formatMs } from '../dom/format.ts'
import { KeptRows } from '../dom/kept-rows.ts'
import { show, showTerms, tell } from '../dom/show.ts'
import type { LiveAnswer, LiveStream } from '../server/live-answer.ts'
import type { Server } from '../server/server.ts'
import { Bars } from './bars.ts'
import { STREAM_ROWS } from './stream-rows.ts'

const EVERY_MS = 1_000
const LIMIT = 100

const HEALTH: Readonly<Record<LiveAnswer['store']['health'], string>> = {
  ok: 'ok',
  degraded: 'slower than it should be',
  down: 'does not answer',
}

/** The second tab: what the gateway measures of one's own streams, while it is looked at. */
export class LiveTab {
  readonly #server: Server
  readonly #failed: (error: unknown) => void
  readonly #rows: KeptRows<LiveStream> = new KeptRows(byId('live-streams'), STREAM_ROWS)
  readonly #bars: Readonly<Record<keyof LiveAnswer['figures']['histograms'], Bars>>
  #timer: ReturnType<typeof setTimeout> | undefined
  #isShown = false
  #answeredMs: number | undefined

  constructor(server: Server, failed: (error: unknown) => void) {
    this.#server = server
    this.#failed = failed
    const parent = byId('live-histograms')
    this.#bars = {
      firstEventMs: new Bars(parent, {
        title: 'Time to first event',
        explanation: 'From the start of a stream to its first event.',
        rows: 10,
      }),
      durationMs: new Bars(parent, {
        title: 'Duration',
        explanation: 'From the start of a stream to its end.',
        rows: 9,
      }),
      waitedMs: new Bars(parent, {
        title: 'Wait in the chunker',
        explanation: 'How long the oldest token of a chunk had waited.',
        rows: 9,
      }),
    }
    document.addEventListener('visibilitychange', () => this.#look())
    showTerms(
      byId('live-counts'),
      COUNTS.map((name) => [name, '–'] as const),
    )
  }

  /** Whether it is looked at: else it asks for nothing. */
  setShown(isShown: boolean): void {
    this.#isShown = isShown
    this.#look()
  }

  #look(): void {
    clearTimeout(this.#timer)
    if (this.#isShown && !document.hidden) void this.#refresh()
  }

  async #refresh(): Promise<void> {
    try {
      this.#show(await this.#server.live(LIMIT))
      this.#answeredMs = performance.now()
    } catch (error) {
      const ago =
        this.#answeredMs === undefined ? '' : ` The figures are ${formatMs(performance.now() - this.#answeredMs)} old.`
      tell(byId('live-state'), `${(error as Error).message}${ago}`, true)
      this.#failed(error)
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), EVERY_MS)
  }

  #show({ streams, more, figures, store, draining, loopLagMs }: LiveAnswer): void {
    const isDown = store.health === 'down'
    const told = draining
      ? 'The gateway drains: it takes no new streams.'
      : isDown
        ? 'The store does not answer: streams cannot be started until it does.'
        : ''
    tell(byId('live-state'), told, isDown || draining)
    const ends = Object.entries(figures.ended).map(([reason, count]) => `${reason} ${formatCount(count)}`)
    const counts = [
      formatCount(figures.running),
      formatCount(figures.started),
      formatCount(figures.readers),
      formatCount(figures.chunks),
      figures.chunks === 0 ? '–' : (figures.events / figures.chunks).toFixed(1),
      HEALTH[store.health],
      store.bytes === undefined ? 'not told here' : formatBytes(store.bytes),
      formatMs(loopLagMs),
      ends.join(', ') || '–',
    ]
    showTerms(
      byId('live-counts'),
      COUNTS.map((name, index) => [name, counts[index]!] as const),
    )
    for (const [name, bars] of Object.entries(this.#bars)) bars.show(figures.histograms[name as 'durationMs'])
    this.#rows.show(streams)
    const hint = streams.length === 0 ? 'There are none yet: start one in the tab “Compare”.' : HINT
    show(byId('live-hint'), more ? `${HINT} There were more; the latest ${streams.length} are shown.` : hint)
  }
}

const COUNTS = [
  'Running',
  'Started',
  'Readers',
  'Chunks sent',
  'Events a chunk',
  'Store',
  'Logs',
  'Loop lag',
  'Ends',
] as const
const HINT = 'Those that this gateway has run for you, newest first. Nobody else sees them.'
