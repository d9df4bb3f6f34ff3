import { SluiceError } from '../events/errors.ts'
import type { StreamEvent } from '../events/event.ts'
import type { Scheduler, Steppable } from '../clock/scheduler.ts'
import type { Reader } from './reader.ts'

/** What a reader in this process is given at once, in bytes. */
const BATCH_BYTES = 64 * 1024

/**
 * The events of `reader`, one merged run after the other, until the end, or until it is detached or steps out.
 *
 * @throws SluiceError `SLUICE_ERR_READING_CLOSED` when the run cannot go on
 */
export async function* readEvents(scheduler: Scheduler, reader: Reader): AsyncGenerator<StreamEvent, void, undefined> {
  while (reader.attached && !reader.isExpected) {
    if (reader.broken) {
      throw new SluiceError(
        'SLUICE_ERR_READING_CLOSED',
        `This reading cannot go on (${reader.broken}): events it had not read yet are not kept any more. Read faster, or raise retentionBytes.`,
      )
    }
    if (reader.finished) return
    if (reader.pending === 0) await arrival(scheduler, reader)
    else for (const { event } of reader.take(Infinity, BATCH_BYTES)) yield event
  }
}

/** Resolves at the end of the turn in which `reader` is woken: what else comes in that turn travels along. */
function arrival(scheduler: Scheduler, reader: Reader): Promise<void> {
  return new Promise((resolve) => {
    const arrived: Steppable = { dirty: false, step: resolve }
    const wake = (): void => {
      reader.sleeper = undefined
      scheduler.mark(arrived)
    }
    reader.sleeper = { wake }
    reader.log.sleep(reader, reader.seq + 1)
  })
}
