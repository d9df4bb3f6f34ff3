import { Deadline } from '@sluice/core/extend'

import type { StoredDocument } from '../../documents/document-store.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import { DELIVERY_KIND, PENDING, SENDING, toDelivery } from '../record/delivery-record.ts'
import { attempt, holdBack } from './attempt.ts'

/** Sends what is due, until it is stopped. */
export interface WebhookWorker {
  /** Begins no more attempts; settles when those on their way are over. Idempotent. */
  stop(): Promise<void>
}

const STATES: readonly string[] = [PENDING, SENDING]
/** Claimed at once. */
const MOST_CLAIMED = 32
/** How often it is looked for what nobody has told of. */
const POLL_MS = 5_000
/** And where what is due has to wait for others of its webhook, which may be on their way in another process. */
const BLOCKED_MS = 1_000
/** A worker that has said nothing for so long beyond an attempt's time is gone. */
const LEASE_SLACK_MS = 5_000
/** For how long a delivery is put back whose owner has enough on the way. */
const OWNER_HOLD_MS = 1_000

/** Takes deliveries that are due and makes attempts. */
export class DeliveryWorker implements WebhookWorker {
  readonly #context: WebhookContext
  readonly #running = new Map<string, Promise<void>>()
  readonly #perOwner = new Map<string, number>()
  readonly #unwatch: () => void
  readonly #done: Promise<void>
  readonly #deadline: Deadline = new Deadline({ due: () => this.#wake() })
  #stopped = false
  #woken = false
  #goOn: (() => void) | undefined

  constructor(context: WebhookContext) {
    this.#context = context
    this.#unwatch = context.documents.watch(DELIVERY_KIND, () => this.#wake())
    this.#done = this.#loop()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch()
    this.#wake()
    await this.#done
    await Promise.all(this.#running.values())
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      let waitMs = POLL_MS
      try {
        const claimed = await this.#claim()
        for (const document of claimed) this.#begin(document)
        if (claimed.length > 0) continue
        const dueInMs = await this.#context.documents.nextDueInMs(DELIVERY_KIND, STATES)
        if (dueInMs !== undefined) waitMs = dueInMs === 0 ? BLOCKED_MS : Math.min(dueInMs, POLL_MS)
      } catch (error) {
        this.#context.onError(error)
        this.#woken = false
      }
      await this.#sleep(waitMs)
    }
  }

  async #claim(): Promise<readonly StoredDocument[]> {
    const { documents, delivery } = this.#context
    const free = delivery.concurrency - this.#running.size
    if (free <= 0) return []
    return documents.claim({
      kind: DELIVERY_KIND,
      from: STATES,
      to: SENDING,
      leaseMs: delivery.totalMs + LEASE_SLACK_MS,
      limit: Math.min(free, MOST_CLAIMED),
      perScope: delivery.perEndpoint,
    })
  }

  #begin(document: StoredDocument): void {
    const { owner } = toDelivery(document)
    const onTheirWay = this.#perOwner.get(owner) ?? 0
    const isTooMuch = onTheirWay >= this.#context.delivery.perOwner
    this.#perOwner.set(owner, onTheirWay + 1)
    // A lease that has run out may bring one again that is still on its way here.
    const key = `${document.id} ${document.lease}`
    const work = isTooMuch ? holdBack(this.#context, document, OWNER_HOLD_MS) : attempt(this.#context, document)
    const settled = work
      .catch((error: unknown) => this.#context.onError(error))
      .then(() => {
        this.#running.delete(key)
        const left = this.#perOwner.get(owner)! - 1
        if (left === 0) this.#perOwner.delete(owner)
        else this.#perOwner.set(owner, left)
        this.#wake()
      })
    this.#running.set(key, settled)
  }

  #wake(): void {
    this.#woken = true
    this.#goOn?.()
  }

  async #sleep(ms: number): Promise<void> {
    if (!this.#woken && !this.#stopped) {
      const { scheduler } = this.#context
      await new Promise<void>((resolve) => {
        this.#goOn = resolve
        scheduler.schedule(this.#deadline, scheduler.now() + ms)
      })
      this.#goOn = undefined
      scheduler.cancel(this.#deadline)
    }
    this.#woken = false
  }
}
