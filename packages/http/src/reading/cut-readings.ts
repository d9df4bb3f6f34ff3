import {
  type Actor,
  type DataEvents,
  type SluiceErrorCode,
  isSluiceError,
  type ReadingOutcome,
  type Sluice,
  type StartOptions,
  type TokenStream,
} from '@sluice/core'
import { Deadline } from '@sluice/core/extend'

import { LAST_EVENT_ID_QUERY } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'

/** How many requests are remembered, each as long as its URL; the oldest gives way. */
const MAX_CUT = 2_000

/** What tells that one request is the repetition of another: who asks, for which key, with what query. */
interface RepeatedRequest {
  as: Actor
  key: string
  query: URLSearchParams
}

/**
 * The streams whose readers were cut off before their end. A page whose `EventSource` repeats its request brings a cursor; one
 * whose cursor is lost on the way does not, and would have the answer generated a second time. Each is remembered for as long
 * as a poll is waited for (`betweenPollsMs`), and by nothing that somebody else can have in common with it.
 */
class CutReadings {
  readonly #sluice: Pick<Sluice, 'scheduler' | 'readerOptions'>
  readonly #cut: Map<string, { streamId: string; deadline: Deadline }> = new Map()

  constructor(sluice: Pick<Sluice, 'scheduler' | 'readerOptions'>) {
    this.#sluice = sluice
  }

  /** The stream that the repetition of a request belongs to. */
  streamOf(request: RepeatedRequest): string | undefined {
    return this.#cut.get(nameOf(request))?.streamId
  }

  /** A reading that answered `request` is over. */
  over(request: RepeatedRequest, streamId: string, outcome: ReadingOutcome): void {
    const name = nameOf(request)
    this.#forget(name)
    if (outcome === 'end') return
    const { scheduler, readerOptions } = this.#sluice
    const deadline = new Deadline({ due: () => this.#forget(name) })
    this.#cut.set(name, { streamId, deadline })
    scheduler.schedule(deadline, scheduler.now() + readerOptions.betweenPollsMs)
    if (this.#cut.size > MAX_CUT) this.#forget(this.#cut.keys().next().value!)
  }

  #forget(name: string): void {
    const cut = this.#cut.get(name)
    if (!cut) return
    this.#cut.delete(name)
    this.#sluice.scheduler.cancel(cut.deadline)
  }
}

const READINGS: WeakMap<object, CutReadings> = new WeakMap()

/** Those of a sluice: whoever answers with its streams shares them. */
function cutReadingsOf(sluice: Pick<Sluice, 'scheduler' | 'readerOptions'>): CutReadings {
  const found = READINGS.get(sluice) ?? new CutReadings(sluice)
  READINGS.set(sluice, found)
  return found
}

/** Who asks, and what an application calls the stream. */
type Named = Pick<RepeatedRequest, 'as'> & Pick<StartOptions, 'key' | 'ifRunning'>

/** The stream that this page was cut off from, unless that was ended on purpose. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
export async function cutStreamOf<Data extends DataEvents>(
  sluice: Sluice<Data>,
  request: Pick<HttpRequest, 'method' | 'query'>,
  { as, key, ifRunning = 'attach' }: Named,
): Promise<TokenStream<Data> | undefined> {
  const repeated = repeatedRequestOf(request, { as, key })
  const id = repeated && ifRunning === 'attach' ? cutReadingsOf(sluice).streamOf(repeated) : undefined
  if (id === undefined) return undefined
  try {
    const stream = await sluice.attach({ id }, { as })
    return stream.end?.reason === 'cancelled' ? undefined : stream
  } catch (error) {
    if (isSluiceError(error) && GONE.has(error.code)) return undefined
    throw error
  }
}

const GONE: ReadonlySet<string> = new Set<SluiceErrorCode>(['SLUICE_ERR_NOT_FOUND', 'SLUICE_ERR_GONE'])

/** Remembers a reading of `stream` that is cut off, where its page may come back without its cursor. */
export function whenCut(
  sluice: Pick<Sluice, 'scheduler' | 'readerOptions'>,
  request: Pick<HttpRequest, 'method' | 'query'>,
  { stream, ...named }: Named & { stream: Pick<TokenStream, 'id'> },
): ((outcome: ReadingOutcome) => void) | undefined {
  const repeated = repeatedRequestOf(request, named)
  return repeated && ((outcome) => cutReadingsOf(sluice).over(repeated, stream.id, outcome))
}

/** A `GET` with a key, which an `EventSource` may repeat. */
function repeatedRequestOf(
  { method, query }: Pick<HttpRequest, 'method' | 'query'>,
  { as, key }: Named,
): RepeatedRequest | undefined {
  return method === 'GET' && key !== undefined ? { as, key, query } : undefined
}

function nameOf({ as, key, query }: RepeatedRequest): string {
  const asked = [...query].filter(([name]) => name !== LAST_EVENT_ID_QUERY)
  return JSON.stringify([as === 'server' ? as : [as.tenant ?? '', as.owner], key, asked])
}
