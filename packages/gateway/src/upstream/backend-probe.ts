import type { Backend } from './backend.ts'
import { BackendFailure, toBackendFailure } from './failure.ts'
import type { Log } from '../log/log.ts'

/** What a probe needs to know. */
export interface ProbeParts {
  readonly backend: Backend
  readonly upstream: string
  readonly key: string | undefined
  readonly log: Log
  /** How long the backend may take. */
  readonly withinMs: number
  readonly after: (ms: number, task: () => void) => () => void
}

/**
 * Asks a backend for its models, so that an address that is wrong is noticed at the start and not by the first user. Whatever
 * it answers, it answers; gives what calls the probe off. The gateway starts all the same.
 */
export function probeBackend({ backend, upstream, key, log, withinMs, after }: ProbeParts): () => void {
  if (!/\/v\d+[a-z]*\d*(?:\/|$)/i.test(new URL(upstream).pathname)) {
    log.warn('--upstream has no version in its path: most backends are at one that ends in /v1', { upstream })
  }
  const late = new BackendFailure('silence', `No answer to GET ${backend.basePath}/models within ${withinMs} ms`)
  const left = new AbortController()
  const callOff = after(withinMs, () => left.abort(late))
  const headers = { accept: 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) }
  backend
    .request({ method: 'GET', path: `${backend.basePath}/models`, headers, signal: left.signal })
    .then(
      (answer) => void answer.on('error', () => {}).destroy(),
      (error: unknown) => {
        // An outage has been told already.
        if (!left.signal.aborted || left.signal.reason === late) backend.health.down(toBackendFailure(error))
      },
    )
    .finally(callOff)
  return () => {
    callOff()
    left.abort()
  }
}
