import { createSystemRuntime, type Runtime } from '../clock/runtime.ts'
import { requireInteger, requireKnownNames, withDefault } from '../events/option-rules.ts'
import type { Observer } from '../observe/observer.ts'
import type { Transform } from './transform.ts'

/** When the tokens of one stream came, and how long they were: all that a chunking policy depends on, and no text. */
export interface TokenTrace {
  /** When each came, in milliseconds since the stream began; never less than the one before. */
  readonly atMs: readonly number[]
  /** UTF-16 units of each. */
  readonly chars: readonly number[]
}

/** Options of {@link recordTraces}. */
export interface RecordTracesOptions {
  /** Tokens of a stream that are recorded at most. Default 100,000. */
  maxTokens?: number | undefined
  /** Whose clock it is recorded by. Default the host's. */
  runtime?: Pick<Runtime, 'now'> | undefined
}

const MAX_TOKENS = 100_000
const MOST_TOKENS = 10_000_000
/** Streams that are recorded at a time. The one that began first gives way. */
const MAX_STREAMS = 10_000

/** What records is a transform that changes nothing, and an observer that learns of the end. */
export interface TraceRecorder {
  readonly transform: Transform
  readonly observer: Observer
}

/**
 * Records when each token of every stream comes, and gives `onTrace` a stream's when it has ended, however it did: for the
 * bench's simulator, which tries chunking policies on them. Without text there is nothing to keep secret in it.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const { transform, observer } = recordTraces((trace) => log(JSON.stringify(trace)))
 * const recorded = createSluice({ transforms: [transform], observers: [observer] })
 * ```
 */
export function recordTraces(onTrace: (trace: TokenTrace) => void, options: RecordTracesOptions = {}): TraceRecorder {
  requireKnownNames('recordTraces', options, ['maxTokens', 'runtime'])
  const maxTokens = requireInteger('maxTokens', withDefault(options.maxTokens, MAX_TOKENS), 1, MOST_TOKENS)
  const runtime = options.runtime ?? createSystemRuntime()
  const traces = new Map<string, { atMs: number[]; chars: number[] }>()
  const keep = (id: string, trace: { atMs: number[]; chars: number[] }): void => {
    traces.set(id, trace)
    const [oldest] = traces.keys()
    if (traces.size > MAX_STREAMS && oldest !== undefined) traces.delete(oldest)
  }
  return {
    transform({ id }) {
      const trace = { atMs: [] as number[], chars: [] as number[] }
      const beganMs = runtime.now()
      return {
        transform(event) {
          if ('text' in event && event.text.length > 0 && trace.atMs.length < maxTokens) {
            // Not before: a start that is refused, or joins another one, never ends.
            if (trace.atMs.length === 0) keep(id, trace)
            trace.atMs.push(Math.round(10 * (runtime.now() - beganMs)) / 10)
            trace.chars.push(event.text.length)
          }
          return [event]
        },
      }
    },
    observer: {
      ended({ id }) {
        const trace = traces.get(id)
        traces.delete(id)
        if (trace) onTrace(trace)
      },
      lost({ id }) {
        traces.delete(id)
      },
    },
  }
}
