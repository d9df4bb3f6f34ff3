import { Code, ConnectError } from '@connectrpc/connect'

/**
 * What `work` settles with, unless the call is over before: left, past its deadline, or ended by a shutdown. Code of the
 * application cannot be stopped, and a call waits for it no longer than that. `late` is given what comes all the same.
 *
 * @throws ConnectError the reason of the abort
 */
export function untilAborted<Value>(
  signal: AbortSignal | undefined,
  work: Promise<Value>,
  late: (value: Value) => void = () => {},
): Promise<Value> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const { reason } = signal as { reason: unknown }
      reject(reason instanceof ConnectError ? reason : new ConnectError('The call is over.', Code.Canceled))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work
      .then((value) => (signal.aborted ? late(value) : resolve(value)), reject)
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
