import type { EndEvent, Usage } from '@sluice/core'
import {
  beginRecord,
  type Closing,
  type CursorPlace,
  type Keeping,
  type Logged,
  type RecordOutcome,
  type RecordState,
  stepRecord,
  type StreamFacts,
} from '@sluice/core/extend'

/** The epoch in which whoever began a stream writes. */
const FIRST_EPOCH = 1

/** A stream as the model knows it: the pure machine's state, and every event in a plain list. */
export interface ModelStream {
  readonly facts: StreamFacts
  state: RecordState
  readonly events: { epoch: number; event: Logged }[]
  expiresAtMs: number
  buried: boolean
}

/** A store as one would write it without caring for speed: lists that are searched, and the record machine. */
export class StoreModel {
  readonly #keeping: Keeping
  readonly all: ModelStream[] = []
  nowMs: number

  constructor(keeping: Keeping, nowMs: number) {
    this.#keeping = keeping
    this.nowMs = nowMs
  }

  get kept(): ModelStream[] {
    return this.all.filter(({ buried }) => !buried)
  }

  get live(): ModelStream[] {
    return this.kept.filter(({ state }) => !state.end)
  }

  liveOf(tenant: string, key: string | undefined): ModelStream | undefined {
    return this.live.find(({ facts }) => key !== undefined && facts.tenant === tenant && facts.key === key)
  }

  begin(facts: StreamFacts): { is: 'new' | 'running' | 'repeated' | 'mismatch'; id?: string } {
    const { tenant, owner, key, idempotency } = facts
    const repeated = this.kept.find(
      (other) =>
        idempotency !== undefined &&
        other.facts.idempotency?.key === idempotency.key &&
        other.facts.tenant === tenant &&
        other.facts.owner === owner,
    )
    if (repeated && repeated.facts.idempotency!.fingerprint !== idempotency!.fingerprint) return { is: 'mismatch' }
    if (repeated) return { is: 'repeated', id: repeated.facts.id }
    const running = this.liveOf(tenant, key)
    if (running) return { is: 'running', id: running.facts.id }
    const state = beginRecord(this.nowMs, this.#keeping.leaseMs)
    this.all.push({ facts, state, events: [], expiresAtMs: Infinity, buried: false })
    return { is: 'new', id: facts.id }
  }

  /** What the producer that began the stream does. */
  append(stream: ModelStream, event: Logged): RecordOutcome {
    const end = typeof event !== 'string' && event.type === 'end' ? event : undefined
    const command = { type: 'append', epoch: FIRST_EPOCH, after: stream.events.length, count: 1, end } as const
    const { state, outcome } = stepRecord(stream.state, command)
    if (outcome === 'ok') this.#write(stream, state, event)
    return outcome
  }

  close(stream: ModelStream, end: EndEvent): Closing {
    if (stream.buried) return { is: 'missing' }
    const { state, outcome } = stepRecord(stream.state, { type: 'close', end })
    const first = outcome === 'ok'
    if (first) this.#write(stream, state, end)
    return { is: 'closed', first, end: state.end!, epoch: state.epoch, seq: state.seq }
  }

  /** What its source told last. */
  usageOf({ events }: ModelStream): Usage | undefined {
    const told = events.findLast(({ event }) => typeof event !== 'string' && event.type === 'usage')?.event
    return typeof told === 'object' && told.type === 'usage' ? told.usage : undefined
  }

  /** Whether the producer still holds the stream. */
  renew(stream: ModelStream, leaseMs: number): boolean {
    if (stream.buried) return false
    const { epoch } = stream.state
    const { state, outcome } = stepRecord(stream.state, { type: 'renew', epoch, nowMs: this.nowMs, leaseMs })
    stream.state = state
    return outcome === 'ok'
  }

  passTo(nowMs: number): void {
    this.nowMs = nowMs
    for (const stream of this.kept) if (stream.expiresAtMs <= this.nowMs) stream.buried = true
  }

  /** All that is kept. */
  get events(): readonly Logged[] {
    return this.kept.flatMap(({ events }) => events.map(({ event }) => event))
  }

  usage(): { streams: number; live: number } {
    return { streams: this.kept.length, live: this.live.length }
  }

  #write(stream: ModelStream, state: RecordState, event: Logged): void {
    stream.state = state
    stream.events.push({ epoch: state.epoch, event })
    if (state.end) stream.expiresAtMs = this.nowMs + this.#keeping.retentionMs
  }
}

/** Where a cursor stands in a stream all of whose events are kept. */
export function placeInModel({ state, events }: ModelStream, epoch: number, seq: number): CursorPlace {
  if (seq > events.length || epoch > state.epoch) return 'ahead'
  if (seq > 0 && events[seq - 1]!.epoch !== epoch) return 'superseded'
  return seq === events.length ? 'atEnd' : 'within'
}
