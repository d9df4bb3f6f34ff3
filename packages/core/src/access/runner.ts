import type { Scheduler } from '../clock/scheduler.ts'
import { withinTime } from '../clock/within-time.ts'
import { SluiceError } from '../events/errors.ts'

/** What is known of the sluice that a runner makes a source for. */
export interface RunnerLimits {
  readonly scheduler: Scheduler
  readonly streamOptions: { readonly deadlines: { readonly firstTokenMs: number | false } }
}

/**
 * For adapters: what a runner made of a client's request, at once or in the time in which a source must have said its first
 * word: its making is part of that. A runner that hangs would keep the place of its request for ever. What it makes later is dropped: a source
 * that is never called runs nothing.
 *
 * @throws SluiceError `SLUICE_ERR_TIMEOUT`
 */
export function madeInTime<Made>(
  { scheduler, streamOptions }: RunnerLimits,
  made: Made | PromiseLike<Made>,
): Promise<Made> {
  const { firstTokenMs: ms } = streamOptions.deadlines
  const making = Promise.resolve(made)
  if (ms === false) return making
  const message = `The source was not there within deadlines.firstTokenMs (${ms} ms); try again later.`
  const tooLate = (): Error => new SluiceError('SLUICE_ERR_TIMEOUT', message, { retryAfterMs: 1_000 })
  return withinTime(scheduler, making, { ms, tooLate })
}
