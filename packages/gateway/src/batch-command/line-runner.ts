import type { Runtime } from '@sluice/core'
import {
  type AdaptiveConcurrency,
  isBusyStatus,
  isFailingStatus,
  type LineResult,
  RateLog,
  type RequestOutcome,
} from '@sluice/jobs/batch'

import type { Sent } from './send-line.ts'

/** A line that is to be sent. */
export interface PendingLine {
  readonly number: number
  readonly customId: string
  readonly body: string
}

/** How lines are run. */
export interface LineRunnerOptions {
  readonly runtime: Runtime
  readonly concurrency: AdaptiveConcurrency
  /** How often a line is sent, at most. */
  readonly attempts: number
  readonly signal: AbortSignal
  /** From 0 to 1. */
  readonly random: () => number
  readonly send: (line: PendingLine) => Promise<Sent>
  /** Writes what became of a line. */
  readonly write: (line: PendingLine, result: LineResult) => Promise<void>
}

/** Why a run ends before all lines have come to their ends. */
export class RunStopped extends Error {}

const FIRST_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 60_000

interface Attempted {
  readonly line: PendingLine
  readonly firstMs: number
  attempts: number
  dueMs: number
}

/**
 * Sends lines, as many at a time as the backend does well with, each until it has come to its end; a line that failed waits for its next
 * attempt without a place. Of the lines held none is more than twice the bound of those that run: the next is read when there is room.
 */
export class LineRunner {
  readonly log: RateLog
  readonly #options: LineRunnerOptions
  readonly #running = new Set<Attempted>()
  readonly #waiting: Attempted[] = []
  #held = 0
  #stopped: Error | undefined
  #wake: (() => void) | undefined

  constructor(options: LineRunnerOptions) {
    this.#options = options
    this.log = new RateLog(options.runtime.now())
  }

  /** How many lines have begun and not come to their end. */
  get held(): number {
    return this.#held
  }

  /** How long the lines that are under way have taken. */
  get ages(): number[] {
    const nowMs = this.#options.runtime.now()
    return [...this.#running, ...this.#waiting].map(({ firstMs }) => nowMs - firstMs)
  }

  /**
   * Settles when every line has come to its end, or the signal has aborted and none is being written.
   *
   * @throws RunStopped when there is no sense in going on; whatever `lines` or `write` throw
   */
  async run(lines: AsyncIterator<PendingLine>, maxHeld: number): Promise<void> {
    const { runtime, concurrency, signal } = this.#options
    const stop = (): void => this.#rouse()
    signal.addEventListener('abort', stop)
    let isRead = false
    try {
      while (!signal.aborted && !this.#stopped) {
        const nowMs = runtime.now()
        const waitMs = concurrency.waitMs(nowMs)
        const next = this.#waiting[0]
        if (waitMs === 0 && next && next.dueMs <= nowMs) this.#begin(this.#waiting.shift()!)
        else if (waitMs === 0 && !isRead && this.#held < maxHeld) {
          const { done, value } = await lines.next()
          if (done) isRead = true
          else this.#begin({ line: value, firstMs: runtime.now(), attempts: 0, dueMs: 0 }, true)
        } else if (isRead && this.#held === 0) break
        else await this.#woken(next ? Math.max(waitMs, next.dueMs - nowMs) : waitMs > 0 ? waitMs : Infinity)
      }
    } catch (error) {
      this.#stopped ??= error as Error
    } finally {
      // What was answered is written, come what may.
      while (this.#running.size > 0) await this.#woken(Infinity)
      signal.removeEventListener('abort', stop)
    }
    if (this.#stopped) throw this.#stopped
  }

  #begin(one: Attempted, isNew = false): void {
    if (isNew) this.#held++
    this.#running.add(one)
    one.attempts++
    const { concurrency, runtime } = this.#options
    const begun = concurrency.begin(runtime.now())
    void this.#attempt(one, (outcome, retryAfterMs) => concurrency.end(begun, runtime.now(), outcome, retryAfterMs))
      .catch((error: unknown) => {
        this.#stopped ??= error instanceof Error ? error : new Error(String(error))
      })
      .then(() => {
        this.#running.delete(one)
        this.#rouse()
      })
  }

  async #attempt(one: Attempted, end: (outcome: RequestOutcome, retryAfterMs?: number) => void): Promise<void> {
    const { send, write, signal, attempts, runtime, random } = this.#options
    const sent = await send(one.line)
    if (sent.is === 'none' && signal.aborted) return end('void')
    const verdict = judge(sent)
    end(verdict.outcome, verdict.retryAfterMs)
    if (verdict.fatal !== undefined) throw new RunStopped(verdict.fatal)
    if (verdict.isRetried && one.attempts < attempts) {
      const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (one.attempts - 1), MAX_BACKOFF_MS) * random()
      one.dueMs = runtime.now() + Math.max(verdict.retryAfterMs, backoffMs)
      this.#waiting.push(one)
      this.#waiting.sort((a, b) => a.dueMs - b.dueMs)
      return
    }
    if (sent.is === 'none' && sent.isOutage)
      throw new RunStopped(
        `The backend cannot be reached: ${sent.message}. Run the command again when it is there: it goes on where it was.`,
      )
    await write(one.line, resultOf(one.line, sent))
    this.log.add(runtime.now(), runtime.now() - one.firstMs)
    this.#held--
  }

  #rouse(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #woken(afterMs: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#options.runtime.after(afterMs, () => this.#rouse())
      this.#wake = () => {
        callOff()
        resolve()
      }
    })
  }
}

interface Verdict {
  readonly outcome: RequestOutcome
  readonly isRetried: boolean
  readonly retryAfterMs: number
  /** Why no line will fare better. */
  readonly fatal?: string | undefined
}

function judge(sent: Sent): Verdict {
  if (sent.is === 'none') return { outcome: 'failed', isRetried: true, retryAfterMs: 0 }
  const { status, retryAfterMs } = sent
  if (status === 401) {
    const fatal = 'The backend wants another key (status 401). Give it in SLUICE_UPSTREAM_KEY, or with --key.'
    return { outcome: 'void', isRetried: false, retryAfterMs, fatal }
  }
  const isLimited = isBusyStatus(status)
  const isRetried = isLimited || isFailingStatus(status)
  const outcome = status < 300 ? 'ok' : isLimited ? 'limited' : status >= 500 ? 'failed' : 'void'
  return { outcome, isRetried, retryAfterMs: isLimited ? retryAfterMs : 0 }
}

function resultOf({ customId }: PendingLine, sent: Sent): LineResult {
  if (sent.is === 'none') return { customId, error: { code: sent.code, message: sent.message } }
  return { customId, statusCode: sent.status, requestId: sent.requestId, body: sent.body }
}
