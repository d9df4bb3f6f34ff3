import type { Admission, ResolvedLimitOptions } from '../access/admission.ts'
import type { Bodies } from '../access/bodies.ts'
import type { ErrorFor } from '../log/end.ts'
import { maskError } from '../log/end.ts'
import { SluiceError } from '../events/errors.ts'
import type { WireError } from '../events/event.ts'
import type { Delivery } from '../reader/delivery.ts'
import type { Wire } from '../wire/encoder.ts'
import { type TimeLimit, withinTime } from '../clock/within-time.ts'
import type { ExpectedReaders } from '../reader/expected-readers.ts'
import { isDeeperThan } from '../events/json/json-depth.ts'
import { MAX_JSON_DEPTH } from '../events/json/json-limits.ts'
import { jsonOf } from '../events/json.ts'
import { type Action, type Actor, type Authorize, notFound, type StreamIdentity } from '../access/principal.ts'
import type { Producer } from '../producer/producer.ts'
import type { ProducerContext } from '../producer/producer-context.ts'
import type { ResolvedReaderOptions } from '../reader/options.ts'
import type { Source } from '../source/source.ts'
import type { Starts } from '../access/starts.ts'
import type { ResolvedStreamOptions } from '../store/stream-options.ts'
import type { Transform } from '../source/transform.ts'

/** What the parts of one sluice share. */
export interface Engine extends ProducerContext {
  readonly stream: ResolvedStreamOptions
  readonly reader: ResolvedReaderOptions
  readonly limits: ResolvedLimitOptions
  readonly admission: Admission
  readonly bodies: Bodies
  readonly transforms: readonly Transform[]
  /** Sources that any instance can run, by name. */
  readonly sources: ReadonlyMap<string, Source>
  readonly authorize: Authorize
  /** Streams whose source runs here. */
  readonly producers: Map<string, Producer>
  /** Readings that are being delivered here, to be closed when this process drains. */
  readonly deliveries: Map<Delivery, Wire>
  /** Readers between two answers. */
  readonly expected: ExpectedReaders
  /** Starts that are under way, and whether any more are made. */
  readonly starts: Starts
}

/** How long `authorize` may take before the request fails. */
const AUTHORIZE_LIMIT: TimeLimit = { ms: 5_000, tooLate: () => new Error('authorize took longer than 5,000 ms') }

/**
 * Lets `actor` pass, or says that there is no such stream.
 *
 * @throws SluiceError `SLUICE_ERR_NOT_FOUND`, or `SLUICE_ERR_OVERLOADED` when `authorize` failed or hung
 */
export async function requireAuthority(
  engine: Engine,
  actor: Actor,
  stream: StreamIdentity,
  action: Action,
): Promise<void> {
  if (actor === 'server') return
  let allowed: boolean
  try {
    const answer = engine.authorize(actor, stream, action)
    allowed =
      answer === true || (answer !== false && (await withinTime(engine.scheduler, answer, AUTHORIZE_LIMIT)) === true)
  } catch (error) {
    engine.observers.notify('failed', stream, { where: 'authorize', error })
    throw new SluiceError(
      'SLUICE_ERR_OVERLOADED',
      'It could not be checked whether you may do this; try again later.',
      {
        retryAfterMs: 1_000,
        cause: error,
      },
    )
  }
  if (!allowed) throw notFound()
}

/** `errorFor` is user code: when it throws, or gives no error to show, the error is masked. */
export function explainWith(errorFor: ErrorFor): (error: unknown) => WireError {
  return (error) => {
    try {
      const told: unknown = errorFor(error)
      return isWireError(told) ? bounded(told) : maskError(undefined)
    } catch {
      return maskError(undefined)
    }
  }
}

/** What a backend put into its error is worth less than the error: beyond what every wire carries, it is left out. */
function bounded(told: WireError): WireError {
  return isDeeperThan(JSON.parse(JSON.stringify(told)), MAX_JSON_DEPTH + 1) ? { ...told, extra: undefined } : told
}

function isWireError(told: unknown): told is WireError {
  if (typeof told !== 'object' || told === null) return false
  const { code, message } = told as Partial<WireError>
  return typeof code === 'string' && typeof message === 'string' && jsonOf(told) !== undefined
}
