import { createMemoryStore, createSluice, immediate, type Sluice } from '@sluice/core'
import type { Connection, Sink } from '@sluice/core/extend'
import { createStreamResource, planToResponse, toHttpRequest } from '@sluice/http'
import { redisStore } from '@sluice/redis'
import { nativeSse } from '@sluice/sse'

import { NO_LIMITS } from '../contestants/sluice-setup.ts'
import { answerParent } from '../process/child.ts'
import { type LongestStep, StepWatch } from './longest-step.ts'

const AS = { owner: 'bench' }
const MIB = 1024 * 1024
/** Started and read together; between two of these the loop goes round. */
const AT_ONCE = 50
/** As at their defaults, but often: what comes once in a quarter of a minute is to be seen in some seconds. */
const HEARTBEAT_MS = 4_000

/** Whom to populate: streams, how many of them hold a mebibyte, and the largest body. */
export interface Population {
  streams: number
  large: number
  bodyBytes: number
}

const { url } = JSON.parse(process.argv[2]!) as { url?: string }
const watch = new StepWatch()
const ids: string[] = []
const held: Connection[] = []

function instance(): Sluice {
  return createSluice({
    store:
      url === undefined
        ? createMemoryStore({ maxBytes: 1024 * MIB })
        : redisStore({ url, maxBytes: 1024 * MIB, commandMs: 60_000 }),
    limits: { ...NO_LIMITS, readersPerStream: 1_000 },
    stream: { onDisconnect: 'continue', deadlines: { firstTokenMs: false, idleMs: false, totalMs: false } },
    reader: { heartbeatMs: HEARTBEAT_MS, chunking: immediate() },
  })
}

const producing = instance()
/** Another process, as far as Redis can see. */
const elsewhere = url === undefined ? producing : instance()

/** Takes all that it is given, as a connection to a fast peer does: and counts it. */
class TakingSink implements Sink {
  bytes = 0
  readonly #enough: number
  readonly full: Promise<void>
  #tell: () => void = () => {}

  constructor(enough = Infinity) {
    this.#enough = enough
    this.full = new Promise((resolve) => (this.#tell = resolve))
  }

  write(bytes: string | Uint8Array): boolean {
    this.bytes += bytes.length
    if (this.bytes >= this.#enough) this.#tell()
    return true
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  close(): void {}

  destroy(): void {}
}

const WORD = 'word '
/** With what each event is charged beside its text, this is the mebibyte that a stream keeps. */
const LARGE_KIB = 990
const KIB = WORD.repeat(205).slice(0, 1024)

const WARM_UP_BYTES = 1_200

/** Says a mebibyte, or a word, and is silent then. */
function sourceOf(isLarge: boolean) {
  return async function* ({ signal }: { signal: AbortSignal }) {
    for (let count = 0; count < (isLarge ? LARGE_KIB : 1); count++) yield isLarge ? KIB : WORD
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

async function populate({ streams, large }: Population): Promise<void> {
  for (let first = 0; first < streams; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, streams - first) }, async (_, index) => {
      const isLarge = first + index < large
      const stream = await producing.start(sourceOf(isLarge), { as: AS })
      ids.push(stream.id)
      const sink = new TakingSink(isLarge ? LARGE_KIB * 1024 : WORD.length)
      held.push(stream.deliver(sink, { wire: nativeSse }))
      await sink.full
    })
    await Promise.all(some)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Readers of all large streams come in one turn, and get all that there is. */
async function resume({ large }: Population): Promise<void> {
  const readings = ids.slice(0, large).map(async (id) => {
    const sink = new TakingSink(LARGE_KIB * 1024)
    const connection = (await elsewhere.attach({ id }, { as: AS })).deliver(sink, { wire: nativeSse })
    await sink.full
    connection.lost()
  })
  await Promise.all(readings)
}

/** A request to start a stream, as long as may be: mostly one text, as pictures are; with a key, so that it is fingerprinted. */
async function post({ bodyBytes }: Pick<Population, 'bodyBytes'>): Promise<void> {
  const resource = createStreamResource({ sluice: producing, identify: () => AS, runner: () => () => ['done'] })
  const picture = 'iVBORw0KGgo+'.repeat(bodyBytes / 12 - 20)
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: picture }] })
  const headers = { 'content-type': 'application/json', 'idempotency-key': `once-${bodyBytes}` }
  const request = new Request('http://bench/chat/completions', {
    method: 'POST',
    headers,
    body: piecesOf(body),
    duplex: 'half',
  })
  // Code is compiled once, whatever the body.
  if (bodyBytes > WARM_UP_BYTES) await post({ bodyBytes: WARM_UP_BYTES })
  watch.take()
  const response = planToResponse(await resource.handle(toHttpRequest(request, { maxBodyBytes: bodyBytes })))
  if (response.status !== 200) throw new Error(`The body was answered ${response.status}: ${await response.text()}`)
  await response.text()
}

/** A body as a socket brings it. */
function piecesOf(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve))
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, (at += 64 * 1024)))
    },
  })
}

const PHASES = {
  populate,
  /** Nothing happens but what time brings: leases, reports, heartbeats, sweeps. */
  hold: () => new Promise((resolve) => setTimeout(resolve, 2.5 * HEARTBEAT_MS)),
  resume,
  post,
  stats: () => void (producing.stats(), elsewhere.stats()),
  drain: () => Promise.all([producing.drain({ withinMs: 0 }), elsewhere.drain({ withinMs: 0 })]),
}

export type Phase = keyof typeof PHASES

answerParent({
  async run({ phase, population }: { phase: Phase; population: Population }): Promise<LongestStep> {
    globalThis.gc!()
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    watch.take()
    await PHASES[phase](population)
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    return watch.take()
  },
})
