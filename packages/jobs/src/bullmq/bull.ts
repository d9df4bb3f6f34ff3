import {
  type BackendFactory,
  createRedisBackend,
  DelayedError,
  type Job,
  Queue,
  type RedisQueueBackend,
  Worker,
} from 'bullmq'
import type { Cluster, Redis } from 'ioredis'

import type { QueueWorkOptions } from '../queue/job-queue.ts'

/** What BullMQ calls the queue: its keys begin with the prefix and this. */
const QUEUE = 'bull'
/** How many of its own events BullMQ keeps: nobody reads them. */
const MAX_EVENTS = 100
/** Above every priority there is: BullMQ takes the least first, and what has none before all. */
const LEAST_PRIORITY = 1_001

/** Documents count attempts. BullMQ would give an offer up. */
const MAX_STALLED = 1_000_000

/** What BullMQ's queue and its workers need to be reached. */
export interface BullParts {
  /** Its commands wait for a connection. It is not closed by BullMQ. */
  readonly client: Redis | Cluster
  /** With its braces. */
  readonly prefix: string
}

/**
 * Redis, without a look at the server: BullMQ would write what it finds to the console, and it is looked at already. Redis 7 can wait
 * for fractions of a second.
 */
const backend: BackendFactory<RedisQueueBackend> = (name, options, more) => {
  const made = createRedisBackend(name, { ...options, skipVersionCheck: true }, more)
  for (const connection of [made.connection, made.blockingConnection])
    connection?.client.then(() => (connection.capabilities = { canDoubleTimeout: true, canBlockFor1Ms: false }), ignore)
  return made
}

/** BullMQ's queue. */
export function openBull({ client, prefix }: BullParts): Queue {
  return new Queue(
    QUEUE,
    { connection: client, prefix, skipVersionCheck: true, streams: { events: { maxLen: MAX_EVENTS } } },
    backend,
  )
}

/** Has BullMQ bring offers to a worker. Nothing is kept of those that are over. */
export function openWorker(
  { client, prefix }: BullParts,
  { concurrency, leaseMs, checkMs }: QueueWorkOptions,
  bring: (offer: Job, token: string) => Promise<void>,
): Worker {
  const times = { lockDuration: leaseMs, lockRenewTime: leaseMs / 2, stalledInterval: checkMs, runRetryDelay: 1_000 }
  const bounds = { maxStalledCount: MAX_STALLED, removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } }
  const settings = { connection: client, prefix, skipVersionCheck: true, concurrency, ...times, ...bounds }
  return new Worker(QUEUE, (offer, token) => bring(offer, token ?? ''), settings, backend)
}

/** BullMQ brings the offer again later, to any worker. */
export async function putOff(offer: Job, token: string, inMs: number, spread = 1): Promise<never> {
  const jitterMs = inMs * spread * Math.random()
  // Where its lock is lost, it is somebody else's.
  await offer.moveToDelayed(Date.now() + Math.ceil(inMs + jitterMs), token).catch(ignore)
  throw new DelayedError()
}

/** Whether this is BullMQ's word for an offer that it has not, or has given to somebody else: documents say whose a job is. */
export function isOfLock({ message }: Error): boolean {
  return /^(?:could not renew lock|Missing (?:lock|key) for job|Lock mismatch for job|Job \S+ is not in the active)/.test(
    message,
  )
}

/** What BullMQ calls an offer. */
export function bullIdOf(id: string, attempt: number): string {
  return `${id}-${attempt}`
}

/** The id of the job that was offered. */
export function idOfBull(bullId: string): string {
  return bullId.slice(0, bullId.lastIndexOf('-'))
}

/** BullMQ's priority for one of ours. */
export function bullPriorityOf(priority: number): number {
  return LEAST_PRIORITY - priority
}

function ignore(): void {}
