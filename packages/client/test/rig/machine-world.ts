import type { EndEvent } from '@sluice/core'
import type fc from 'fast-check'

import { ClientError } from '../../src/errors/client-error.ts'
import type { Effect, Input, LinkInput } from '../../src/machine/resume-input.ts'
import { createResumeMachine, type ResumeMachine } from '../../src/machine/resume-machine.ts'
import { DEFAULT_RESUME_OPTIONS } from '../../src/machine/resume-options.ts'

export const TOKENS = 6
export const END: EndEvent = { type: 'end', reason: 'stop', complete: true }
const broken = (retryAfterMs?: number): LinkInput => ({
  type: 'broken',
  error: new ClientError('SLUICE_ERR_READING_CLOSED', 'cut', { retryAfterMs }),
})

/** What a network does in place of bringing the next event. */
export const FAULTS = [
  'none',
  'cut',
  'busy',
  'rotate',
  'draining',
  'stalled',
  'unauthorized',
  'refused 401',
  'elsewhere',
] as const
export type Fault = (typeof FAULTS)[number]

/** A machine in a world whose every step is taken when the scheduler says so. */
export class World {
  readonly machine: ResumeMachine
  readonly delivered: number[] = []
  readonly live = new Set<number>()
  /** What must never be. */
  readonly wrongs: string[] = []
  over: Extract<Effect, { type: 'over' }> | undefined
  connects = 0
  readonly #scheduler: fc.Scheduler
  readonly #faults: Fault[]
  #nowMs = 0
  #incoming = 0
  #isArmed = false
  #delays = 4

  constructor(scheduler: fc.Scheduler, faults: readonly Fault[]) {
    this.#scheduler = scheduler
    this.#faults = [...faults]
    const random = (): number => 0.5
    this.machine = createResumeMachine({
      ...DEFAULT_RESUME_OPTIONS,
      maxAttempts: 100,
      random,
      repeatable: true,
      authorizes: true,
    })
  }

  /** Gives an input whenever its turn comes. */
  later(label: string, input: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(label), label).then(input)
  }

  step(input: Input): void {
    const wasOver = this.over !== undefined
    const effects = this.machine.step(input, this.#nowMs)
    if (wasOver && effects.length > 0) this.wrongs.push('something was done after it was over')
    for (const effect of effects) this.#perform(effect)
    if (this.machine.dueMs === Infinity || this.#isArmed) return
    this.#isArmed = true
    this.later('timer', () => this.#ring())
  }

  #ring(): void {
    this.#isArmed = false
    const { dueMs } = this.machine
    if (dueMs === Infinity) return
    // A network that is slower than every patience, again and again, is none.
    if (this.live.size > 0 && this.#delays-- <= 0) return
    this.#nowMs = Math.max(this.#nowMs, dueMs)
    this.step({ type: 'timer' })
  }

  #perform(effect: Effect): void {
    if (this.over) this.wrongs.push(`${effect.type} after it was over`)
    if (effect.type === 'connect') {
      if (this.live.size > 0) this.wrongs.push('two connections are alive')
      if (++this.connects > 1_000) throw new Error('It connects for ever.')
      this.live.add(effect.link)
      void this.#play(effect.link, effect.cursor === undefined ? 0 : Number(effect.cursor))
    }
    if (effect.type === 'disconnect') this.live.clear()
    if (effect.type === 'authorize') this.later('authorized', () => this.step({ type: 'authorized' }))
    if (effect.type === 'deliver') this.delivered.push(this.#incoming)
    if (effect.type === 'over') this.over = effect
  }

  /** One connection. It talks on after it was left, as bytes do that are on their way. */
  async #play(link: number, after: number): Promise<void> {
    const say = async (said: LinkInput): Promise<void> => {
      await this.#scheduler.schedule(Promise.resolve(), `${link} ${said.type}`)
      if (said.type === 'event') this.#incoming = said.end ? TOKENS + 1 : Number(said.cursor)
      this.step({ type: 'link', link, said })
    }
    for (let seq = after; seq <= TOKENS; seq++) {
      const fault = this.#faults.shift() ?? 'none'
      if (fault === 'cut') return say(broken())
      if (fault === 'busy') return say(broken(2_000))
      if (fault === 'refused 401')
        return say({ type: 'refused', error: new ClientError('SLUICE_ERR_UNAUTHORIZED', '', { status: 401 }) })
      if (seq === after) {
        // Its place was lost on the way, and it is given what follows another one.
        const isElsewhere = fault === 'elsewhere' && after > 0 && seq < TOKENS
        await say({ type: 'opened', cursor: String(isElsewhere ? ++seq : seq) })
      }
      if (fault !== 'none' && fault !== 'elsewhere') {
        await say({ type: 'closed', code: fault, cursor: String(seq) })
        // What would be a repeat if anybody heard it.
        return say({ type: 'event', cursor: String(seq + 1) })
      }
      await say({ type: 'event', cursor: String(seq + 1), end: seq === TOKENS ? END : undefined })
    }
    await say(broken())
  }
}
