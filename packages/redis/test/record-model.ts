import { beginRecord, type Logged, type RecordCommand, type RecordState, stepRecord } from '@sluice/core/extend'

import type { Chunk } from '../src/protocol/chunk-codec.ts'
import { type Attempt, CUT, LEASE_MS, MORE_MS, STOP } from './record-attempts.ts'

/** What Redis is to be asked, and what it is to answer. */
export interface Asked {
  attempt: Attempt
  command: RecordCommand | undefined
  chunk: Chunk | undefined
  answer: string
  /** Where the record stands afterwards. */
  state: RecordState
}

type AppendCommand = RecordCommand & { type: 'append' }

/** The pure record machine, and around it what Redis adds: a log that a third party can reach, a tombstone. */
export class RecordModel {
  state: RecordState = beginRecord(0, LEASE_MS)
  /** `erased`: only its tombstone is left. */
  meta: 'there' | 'erased' | 'gone' = 'there'
  hasLog = false
  entries: Chunk[] = []
  readonly #accepted: { command: AppendCommand; chunk: Chunk }[] = []
  #nowMs = 0
  #written = 0

  /** What an attempt comes to: more than one question where replies are lost. */
  attempt(attempt: Attempt): Asked[] {
    switch (attempt.do) {
      case 'append': {
        const { epochsBehind, behind, count } = attempt
        const after = Math.max(0, this.state.seq - behind)
        const epoch = this.state.epoch - epochsBehind
        const end = attempt.end ? STOP : undefined
        const events: Logged[] = Array.from({ length: count }, () => `${++this.#written}`)
        if (end) events[count - 1] = end
        const command: AppendCommand = { type: 'append', epoch, after, count, end }
        const chunk = { epoch, firstSeq: after + 1, events }
        return Array.from({ length: 1 + attempt.repliesLost }, () => this.#append(attempt, command, chunk))
      }
      case 'repeat': {
        const earlier = this.#accepted[attempt.which % Math.max(1, this.#accepted.length)]
        return earlier ? [this.#append(attempt, earlier.command, earlier.chunk)] : []
      }
      case 'wait':
        this.#nowMs += attempt.leases * LEASE_MS + MORE_MS
        return [this.#asked(attempt, 'ok')]
      case 'renew':
        return [this.#renew(attempt, this.state.epoch - attempt.epochsBehind)]
      case 'takeOver':
        return [this.#takeOver(attempt, attempt.leap)]
      case 'close':
        return [this.#close(attempt, { type: 'close', end: CUT })]
      case 'expire': {
        const nowMs = this.#nowMs - attempt.lapsedLeases * LEASE_MS
        return [this.#close(attempt, { type: 'expire', end: CUT, nowMs })]
      }
      default:
        return [this.#outside(attempt)]
    }
  }

  /** Events of the log in order, with the epoch of their entry. */
  static flat(entries: readonly Chunk[]): { epoch: number; seq: number; event: Logged }[] {
    return entries.flatMap(({ epoch, firstSeq, events }) =>
      events.map((event, index) => ({ epoch, seq: firstSeq + index, event })),
    )
  }

  get #lease(): { nowMs: number; leaseMs: number } {
    return { nowMs: this.#nowMs, leaseMs: LEASE_MS }
  }

  #asked(attempt: Attempt, answer: string, command?: RecordCommand, chunk?: Chunk): Asked {
    return { attempt, answer, command, chunk, state: this.state }
  }

  #run(attempt: Attempt, command: RecordCommand): Asked {
    if (this.meta !== 'there') return this.#asked(attempt, 'missing', command)
    const { state, outcome } = stepRecord(this.state, command)
    this.state = state
    return this.#asked(attempt, outcome, command)
  }

  #append(attempt: Attempt, command: AppendCommand, chunk: Chunk): Asked {
    const asked = { ...this.#runOnLog(attempt, command), chunk }
    if (asked.answer !== 'ok') return asked
    this.hasLog = true
    this.entries.push(chunk)
    this.#accepted.push({ command, chunk })
    return asked
  }

  #renew(attempt: Attempt, epoch: number): Asked {
    return this.#runOnLog(attempt, { type: 'renew', epoch, ...this.#lease })
  }

  #takeOver(attempt: Attempt, leap: number): Asked {
    const command: RecordCommand = { type: 'takeOver', ...this.#lease, leap }
    if (this.#isLogGone && !this.state.end) return this.#asked(attempt, 'missing', command)
    return this.#run(attempt, command)
  }

  /** A third party has deleted what was written. */
  get #isLogGone(): boolean {
    return this.state.seq > 0 && !this.hasLog
  }

  /** What the machine would do is not done where the log is gone. */
  #runOnLog(attempt: Attempt, command: RecordCommand): Asked {
    const isDone = this.meta === 'there' && stepRecord(this.state, command).outcome === 'ok'
    return isDone && this.#isLogGone ? this.#asked(attempt, 'missing', command) : this.#run(attempt, command)
  }

  #close(attempt: Attempt, command: RecordCommand & { type: 'close' | 'expire' }): Asked {
    const asked = this.#run(attempt, command)
    if (asked.answer !== 'ok') return asked
    const { epoch, seq } = this.state
    if (seq === 1) this.hasLog = true
    if (this.hasLog) this.entries.push({ epoch, firstSeq: seq, events: [command.end] })
    return asked
  }

  #outside(attempt: Attempt): Asked {
    if (attempt.do === 'xtrim') this.entries = this.entries.slice(Math.max(0, this.entries.length - attempt.keep))
    else {
      const refused = attempt.do === 'erase' && this.meta !== 'there'
      if (refused) return this.#asked(attempt, 'missing')
      if (attempt.do === 'erase') this.meta = 'erased'
      if (attempt.do === 'deleteMeta') this.meta = 'gone'
      if (attempt.do !== 'deleteMeta') {
        this.entries = []
        this.hasLog = false
      }
    }
    return this.#asked(attempt, 'ok')
  }
}
