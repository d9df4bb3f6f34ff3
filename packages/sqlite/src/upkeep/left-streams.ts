import { randomInt } from 'node:crypto'

import { Deadline, type Due, type StoredStream } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import type { KeptLogs } from '../kept/kept-logs.ts'
import type { ProducedStreams } from '../producing/produced-streams.ts'
import type { StreamRow } from '../records/stream-row.ts'
import { interrupt } from './recover.ts'

/** How often somebody is looked for who goes on with them. */
const LOOK_EVERY_MS = 250
/** By how much the epoch grows with a take-over, at most: a copy of the directory may be an old one, and lack others. */
const MAX_LEAP = 1_000_000
/** How many are ended in one commit. */
const ENDED_AT_ONCE = 64

interface Left {
  readonly number: number
  readonly source: string
  readonly untilMs: number
}

/** Running streams of named sources that the process before has left: they are taken over here, or end in time. */
export class LeftStreams implements Due {
  readonly #context: StoreContext
  readonly #kept: KeptLogs
  readonly #produced: ProducedStreams
  readonly #onEnded: (number: number) => void
  readonly #left: Map<number, Left> = new Map()
  readonly #refused: Set<number> = new Set()
  readonly #underWay: Map<number, Promise<void>> = new Map()
  readonly #deadline: Deadline = new Deadline(this)

  constructor(context: StoreContext, kept: KeptLogs, produced: ProducedStreams, onEnded: (number: number) => void) {
    this.#context = context
    this.#kept = kept
    this.#produced = produced
    this.#onEnded = onEnded
  }

  add(rows: readonly StreamRow[]): void {
    const nowMs = this.#context.scheduler.now()
    for (const { number, facts } of rows) {
      const untilMs = nowMs + (facts.options?.takeoverMs ?? 0)
      this.#left.set(number, { number, source: facts.source!.name, untilMs })
    }
    this.hurry()
  }

  /** Somebody has come who may go on with them. */
  hurry(): void {
    if (this.#left.size > 0) this.#context.scheduler.schedule(this.#deadline, this.#context.scheduler.now())
  }

  /** The stream was closed, or is not kept any more. */
  forget(number: number): void {
    this.#left.delete(number)
  }

  due(): void {
    const { scheduler, checkpoints } = this.#context
    scheduler.schedule(this.#deadline, this.#left.size === 0 ? Infinity : scheduler.now() + LOOK_EVERY_MS)
    for (const left of [...this.#left.values()]) if (!this.#underWay.has(left.number)) this.#tryOver(left)
    void checkpoints.whenFree(() => this.#endLate())
  }

  async stop(): Promise<void> {
    this.#left.clear()
    this.#context.scheduler.cancel(this.#deadline)
    await Promise.allSettled(this.#underWay.values())
  }

  #tryOver({ number, source }: Left): void {
    const { hosts, options } = this.#context
    if (this.#refused.has(number) || !hosts.some((host) => host.canRun(source))) return
    const taking = this.#takeOver(number, source)
      .catch((error: unknown) => {
        this.#refused.add(number)
        options.onWarning(`A stream of the source "${source}" could not be gone on with: ${String(error)}`)
      })
      .finally(() => this.#underWay.delete(number))
    this.#underWay.set(number, taking)
  }

  async #takeOver(number: number, source: string): Promise<void> {
    const { checkpoints, database, streams, messages, hosts } = this.#context
    const row = streams.byNumber(number)
    if (!row || row.end) return
    const kept = await this.#kept.open(row)
    const { log } = kept.stream
    const epoch = row.epoch + randomInt(2, MAX_LEAP)
    await checkpoints.whenFree(() => this.#left.has(number) && streams.setEpoch(number, epoch))
    // A power cut must not take it, or the next producer would write under the number of this one.
    await checkpoints.durable()
    if (log.end || log.lost || !this.#left.has(number)) return
    // Asked only now: others may have taken the last place meanwhile.
    const host = hosts.find((one) => one.canRun(source))
    if (!host) return
    const run = host.takeOver(kept.stream)
    this.#left.delete(number)
    this.#kept.handOver(kept)
    log.epoch = epoch
    this.#produced.adopt({ ...row, epoch }, kept)
    run()
    const waiting = await checkpoints.whenFree(() => database.transaction(() => messages.take(number)))
    for (const message of waiting) for (const watcher of log.watchers) watcher.message?.(message)
  }

  #endLate(): void {
    const { scheduler, database, streams } = this.#context
    const late = [...this.#left.values()]
      .filter(({ number, untilMs }) => untilMs <= scheduler.now() && !this.#underWay.has(number))
      .slice(0, ENDED_AT_ONCE)
    if (late.length === 0) return
    try {
      const ends = database.transaction(() =>
        late.map(({ number }) => {
          const row = streams.byNumber(number)
          return { number, row, closed: row && !row.end ? interrupt(this.#context, row) : undefined }
        }),
      )
      for (const { number, row, closed } of ends) {
        this.#left.delete(number)
        if (!row || !closed) continue
        endLog(this.#kept.get(row.facts)?.stream, closed)
        this.#onEnded(number)
      }
    } catch {
      // The file takes nothing now: the next look tries again.
    }
  }
}

/** The readers of a stream that was ended in the file learn of it. */
export function endLog(stream: StoredStream | undefined, { end, epoch }: ReturnType<typeof interrupt>): void {
  if (!stream || stream.log.end) return
  stream.log.epoch = epoch
  stream.log.append(end)
}
