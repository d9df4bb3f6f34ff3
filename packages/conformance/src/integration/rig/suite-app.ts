import { createSluice, type Json, type Principal, type Sluice, SluiceError, type Source } from '@sluice/core'

/** What a stream of the suite does: it travels as the body of a request. */
export interface SuiteScript {
  /** One stream, as the suite speaks of it. */
  readonly name: string
  /** Words said at once, each an event. */
  readonly say?: readonly string[] | undefined
  /** What happens before the first word. Default: nothing. */
  readonly opening?: 'wait' | 'refuse' | 'throw' | undefined
  /** How long its answer waits for a source that does not open. Default: long. */
  readonly openAfterMs?: number | undefined
  /** What happens after the last word. Default: the end. */
  readonly after?: 'wait' | 'throw' | 'flood' | undefined
  /** How many pieces a flood has, of 32 KiB each. Default: more than any kernel takes for a client that does not read. */
  readonly pieces?: number | undefined
  /** What the application says of a reader that leaves. */
  readonly onDisconnect?: 'cancel' | 'continue' | undefined
}

/** What became of a script. */
export interface SuiteReport {
  /** How often its source was called. */
  readonly calls: number
  /** How many pieces of a flood were taken. */
  readonly pulled: number
  /** Whether its source was told to stop. */
  readonly aborted: boolean
  /** Messages that its stream was sent. */
  readonly heard: readonly Json[]
}

/** What `tokens` of an integration is called with. */
export interface SuiteAsked {
  readonly source: Source
  readonly options: { readonly onDisconnect?: 'cancel' | 'continue'; readonly openAfterMs?: number }
}

/** What the application of a driver is made of: the suite meets it over HTTP alone, in whatever process it runs. */
export interface SuiteApp {
  readonly sluice: Sluice
  /** Who shows a credential, the value of `Authorization`. */
  identify(credential: string | null | undefined): Principal | undefined
  /** What a request asks for. `script`: the body of a `POST` as it was parsed, `?script=` of a `GET`. */
  ask(script: unknown): SuiteAsked
  /** What `GET /suite` answers, as JSON; `search` is the query of its URL, with or without the question mark. */
  report(search: string): Promise<SuiteReport>
}

/** Options of {@link createSuiteApp}. */
export interface SuiteAppOptions {
  /** How often a silent stream says that it is alive: for a platform that learns by it that a client has left. Default: as of `createSluice`. */
  readonly heartbeatMs?: number | undefined
}

/** A piece of a flood, and how many there are of them: 256 MiB. A kernel may take 32 MiB for a client that does not read. */
const PIECE = 'x'.repeat(32 * 1024)
const PIECES = 8192
const OPENS_LATE_MS = 60_000
const MANY = 10_000

/**
 * The application's side of `describeIntegration`. It needs no Vitest and nothing of Node, so that it runs where the
 * integration does.
 *
 * @example
 * ```ts
 * const { sluice, identify, ask, report } = createSuiteApp()
 * ```
 */
export function createSuiteApp({ heartbeatMs }: SuiteAppOptions = {}): SuiteApp {
  const sluice = createSluice({
    // A suite starts many streams, and means no flood.
    limits: { startsPerSecond: MANY, startBurst: MANY, streamsPerOwner: MANY },
    ...(heartbeatMs !== undefined && { reader: { heartbeatMs } }),
  })
  const played = new Map<string, Played>()
  const find = (name: string): Played => {
    const found = played.get(name) ?? new Played()
    played.set(name, found)
    return found
  }
  return {
    sluice,
    identify,
    ask(asked) {
      const script = (typeof asked === 'string' ? JSON.parse(asked) : asked) as SuiteScript
      const { name, opening, openAfterMs = OPENS_LATE_MS, onDisconnect } = script
      return {
        source: (context) => find(name).play(script, context),
        options: {
          ...(onDisconnect !== undefined && { onDisconnect }),
          ...(opening === 'wait' && { openAfterMs }),
        },
      }
    },
    async report(search) {
      const query = new URLSearchParams(search)
      const { calls, pulled, aborted, heard, go } = find(query.get('name') ?? '')
      if (query.has('go')) go()
      if (query.has('drain')) await sluice.drain({ withinMs: Number(query.get('drain')) })
      return { calls, pulled, aborted, heard }
    },
  }
}

function identify(credential: string | null | undefined): Principal | undefined {
  if (credential === 'broken') throw new Error('the database of users is secret')
  return credential === undefined || credential === null || credential === 'stranger'
    ? undefined
    : { owner: credential }
}

/** One script as it is played. */
class Played {
  calls = 0
  pulled = 0
  aborted = false
  heard: Json[] = []
  readonly #cue = Promise.withResolvers<void>()
  readonly go = (): void => this.#cue.resolve()

  async play(
    { say = [], opening, after, pieces = PIECES }: SuiteScript,
    context: Parameters<Source>[0],
  ): Promise<AsyncIterable<string>> {
    this.calls++
    const { signal, inbox } = context
    const stopped = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => {
      this.aborted = true
      stopped.resolve()
    })
    const cue = Promise.race([this.#cue.promise, stopped.promise])
    if (opening === 'refuse') {
      throw new SluiceError('SLUICE_ERR_BACKEND', 'Busy.', { status: 429, retryAfterMs: 1_500 })
    }
    if (opening === 'throw') throw new Error('the key of the model is secret')
    if (opening === 'wait') await cue
    const hear = async (): Promise<void> => {
      for await (const message of inbox) this.heard.push(message)
    }
    void hear()
    return this.#speak({ say, after, pieces }, cue)
  }

  async *#speak(
    { say, after, pieces }: Pick<SuiteScript, 'after'> & { say: readonly string[]; pieces: number },
    cue: Promise<void>,
  ): AsyncGenerator<string> {
    yield* say
    if (after === 'throw') throw new Error('the key of the model is secret')
    if (after === 'wait') {
      await cue
      if (!this.aborted) yield 'last'
    }
    for (let index = 0; after === 'flood' && index < pieces; index++) {
      this.pulled++
      yield PIECE
    }
  }
}
