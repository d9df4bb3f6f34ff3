import { Connection } from '../wire/connection.ts'
import { Delivery } from '../reader/delivery.ts'
import type { DeliveryListener } from '../reader/delivery-listener.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { EncoderStart, Wire } from '../wire/encoder.ts'
import type { Engine } from './engine.ts'
import { headGone } from '../log/cursor-place.ts'
import { requireInteger } from '../events/option-rules.ts'
import { type Actor, expiryOf } from '../access/principal.ts'
import { nameReader, type Reader } from '../reader/reader.ts'
import { requireRoom } from '../reader/reader-limit.ts'
import { type ReaderOptions, resolveReaderOptions } from '../reader/options.ts'
import type { PollLimits } from '../reader/poll-lifetime.ts'
import type { Sink } from '../wire/sink.ts'
import type { StoredStream } from '../store/store.ts'
import { cursorAt } from '../store/info.ts'
import type { LifetimeLimits } from '../reader/reading-lifetime.ts'

/** How a reading is delivered to a sink. */
export interface DeliverOptions extends ReaderOptions {
  /** The format. */
  wire: Wire
  /** True when the reader's earlier output is to be continued exactly; false when it begins here. Default false. */
  continues?: boolean | undefined
  /** Whether this reader wants ids to come back with, on a wire whose clients need not know of them. Default false. */
  ids?: boolean | undefined
  /** Name under which this reader's credit arrives. */
  name?: string | undefined
  /** How many events past its beginning this reader is given before it grants more. Default: no limit. Needs a `name`. */
  credit?: number | undefined
  /** Is told once that this reading is over, and how. Must not throw. */
  onOver?: ((outcome: ReadingOutcome) => void) | undefined
  /**
   * True where this reader comes back by itself when told `closed: rotate`: then `rotateAfterMs` bounds this reading, if its
   * wire is resumable. `once` where nothing shows that it brings its cursor: then it is not told again when it comes back to
   * where it began. Default false.
   */
  rotates?: boolean | 'once' | undefined
  /**
   * Makes this one poll: it is over with its first chunk, or after so many milliseconds without one, and its reader counts as
   * reading for `betweenPollsMs` more. 0 waits for nothing. Default: a reading that lasts as long as its connection.
   */
  waitMs?: number | undefined
  /** A connection that carries other readings too; without it one is made that closes with this reading. */
  connection?: Connection | undefined
}

/** What is delivered, where to, and who is told of it. */
export interface ReadingToDeliver {
  stored: StoredStream
  reader: Reader
  actor: Actor
  owner: DeliveryListener
  sink: Sink
}

/** A delivery that is yet to begin. */
export interface PreparedDelivery {
  delivery: Delivery
  connection: Connection
  start: EncoderStart
}

const MAX_CREDIT = 2 ** 52
const MAX_WAIT_MS = 3_600_000

/**
 * Puts together what delivers a reading as the options say. Nothing is written before the delivery is begun. Where that
 * fails, the reading is left: whoever held it until now has handed it over, and it would keep its stream alive for nobody.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_OVERLOADED`; what the wire throws
 */
export function prepareDelivery(
  engine: Engine,
  reading: ReadingToDeliver,
  options: Omit<DeliverOptions, 'onOver'>,
): PreparedDelivery {
  try {
    requireRoom(engine.limits, reading.reader)
    return putTogether(engine, reading, options)
  } catch (error) {
    reading.reader.detach()
    throw error
  }
}

function putTogether(
  engine: Engine,
  { stored, reader, actor, owner, sink }: ReadingToDeliver,
  {
    wire,
    continues,
    ids = false,
    name,
    credit,
    rotates,
    waitMs,
    connection: shared,
    ...readerOptions
  }: Omit<DeliverOptions, 'onOver'>,
): PreparedDelivery {
  const { scheduler, expected } = engine
  const options = resolveReaderOptions(readerOptions, engine.reader)
  const { facts } = stored
  const expiresAtMs = expiryOf(scheduler, actor)
  const comesBack = rotates === true || (rotates === 'once' && !expected.losesPlace(reader))
  // What others share is not broken off for one reading's sake.
  const rotateAfterMs = comesBack && wire.resumable && shared === undefined && options.rotateAfterMs
  const lifetime = limited({ rotateAfterMs, expiresAtMs, closeGraceMs: options.closeGraceMs })
  const poll = pollOf(waitMs, { expiresAtMs, betweenPollsMs: options.betweenPollsMs })
  const granted = credit === undefined ? undefined : requireInteger('credit', credit, 0, MAX_CREDIT)
  if (wire.needsPast && stored.log.firstSeq > 1) throw headGone()
  // Nothing is refused any more once there is a connection, which keeps time.
  const encoder = wire.create(facts.wire?.name === wire.name ? facts.wire.facts : {}, { ids })
  const connection = shared ?? new Connection(scheduler, sink, options, { beat: encoder, closeWhenEmpty: true })
  if (name !== undefined) nameReader(reader, name)
  if (granted !== undefined) reader.limitSeq = reader.seq + granted
  reader.needsCursors = waitMs !== undefined
  const delivery = new Delivery(scheduler, { reader, encoder, connection, options, owner, expected, lifetime, poll })
  return { delivery, connection, start: startOf(stored, reader, continues === true) }
}

function limited(limits: LifetimeLimits): LifetimeLimits | undefined {
  return limits.rotateAfterMs === false && limits.expiresAtMs === Infinity ? undefined : limits
}

function pollOf(waitMs: number | undefined, limits: Omit<PollLimits, 'waitMs'>): PollLimits | undefined {
  return waitMs === undefined ? undefined : { waitMs: requireInteger('waitMs', waitMs, 0, MAX_WAIT_MS), ...limits }
}

function startOf(stored: StoredStream, reader: Reader, continues: boolean): EncoderStart {
  const { facts, log } = stored
  return {
    opened: { type: 'opened', id: facts.id, cursor: cursorAt(stored, reader.seq), meta: facts.meta },
    // Folding a long past costs time that most wires have no use for: done when looked at.
    get resumeState() {
      return log.resumeStateAt(reader.seq)
    },
    get past() {
      return log.firstSeq > 1 ? undefined : log.read(0, reader.seq)
    },
    mode: reader.seq === 0 ? 'start' : continues ? 'continue' : 'middle',
    ended: log.end !== undefined,
  }
}
