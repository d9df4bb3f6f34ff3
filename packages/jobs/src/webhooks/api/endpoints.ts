import { SluiceError } from '@sluice/core'
import { requireInteger, withDefault, withinTime } from '@sluice/core/extend'

import type { DocumentBound } from '../../documents/document-store.ts'
import { checkUrl, hostOf, refusedUrl } from '../address/check-url.ts'
import { resolveAllowed } from '../address/resolve-host.ts'
import { TEST_EVENT } from '../context/event-types.ts'
import type { WebhookContext } from '../context/webhook-context.ts'
import { HEALTHY, stepHealth } from '../machine/health-machine.ts'
import { firstWrite } from '../outbox/outbox.ts'
import { newId } from '../outbox/event.ts'
import { PENDING } from '../record/delivery-record.ts'
import {
  ENDPOINT_KIND,
  endpointName,
  type EndpointRecord,
  endpointWrite,
  rotated,
  type StoredEndpoint,
  toEndpoint,
} from '../record/endpoint-record.ts'
import { createWebhookSecret } from '../signature/secret.ts'
import { type AskedBy, busy, isId, isTheirs, notFound, type Page, requireLimit, requireScope } from './asked-by.ts'
import { forgetDeliveries } from './deliveries.ts'
import { type DeliveryInfo, deliveryInfo } from './delivery-info.ts'
import { checkChanges, requireEvents, type WebhookChanges, type WebhookOptions } from './endpoint-options.ts'
import { type WebhookInfo, webhookInfo, type WebhookWithSecret } from './webhook-info.ts'

const TRIES = 8
const RESOLVE_MS = 5_000
const DAY_MS = 86_400_000

/** The webhooks of owners: each sees its own, the application all. What is not there and what is somebody else's is one answer. */
export class WebhookEndpoints {
  readonly #context: WebhookContext

  /** Made by `createWebhooks`. */
  constructor(context: WebhookContext) {
    this.#context = context
  }

  /**
   * Registers a webhook, and shows its secret.
   *
   * @throws SluiceError `SLUICE_ERR_WEBHOOK_URL` for an address that may not be called, `SLUICE_ERR_REQUEST` for what else is
   * wrong, `SLUICE_ERR_QUEUE_FULL` (429) when its owner has as many as may be
   */
  async create(options: WebhookOptions, by: AskedBy): Promise<WebhookWithSecret> {
    const scope = await requireScope(this.#context.scheduler, by)
    const { events, payload = 'thin', description } = checkChanges(options, this.#context.eventTypes, false)
    const record: EndpointRecord = {
      url: await this.#requireUrl(options.url),
      events: requireEvents(events, this.#context.eventTypes),
      payload,
      ...(description !== undefined && { description }),
      secrets: [{ secret: createWebhookSecret() }],
      health: HEALTHY,
    }
    const id = newId('wh')
    await this.#write(id, scope, 0, record)
    return this.#withSecret(await this.#find(id, by))
  }

  /** Those of who asks, newest first. */
  async list(page: AskedBy & Page): Promise<{ readonly webhooks: readonly WebhookInfo[]; readonly more: boolean }> {
    const scope = await requireScope(this.#context.scheduler, page)
    const limit = requireLimit(page)
    const { documents, more } = await this.#context.documents.list({
      kind: ENDPOINT_KIND,
      scope,
      after: page.after,
      limit,
    })
    return { webhooks: documents.map((document) => this.#info(toEndpoint(document))), more }
  }

  /** @throws SluiceError `SLUICE_ERR_NOT_FOUND` */
  async get(id: string, by: AskedBy): Promise<WebhookInfo> {
    return this.#info(await this.#find(id, by))
  }

  /** Changes what is named, and leaves the rest. @throws SluiceError as {@link create} does, and `SLUICE_ERR_NOT_FOUND` */
  async update(id: string, changes: WebhookChanges, by: AskedBy): Promise<WebhookInfo> {
    await this.#find(id, by)
    const { url: given, enabled, ...rest } = checkChanges(changes, this.#context.eventTypes, true)
    const url = given === undefined ? undefined : await this.#requireUrl(given)
    const nowMs = this.#context.now()
    return this.#info(
      await this.#change(id, by, (record) => {
        // Another address is another receiver: nothing is known of it.
        const before = url === undefined || record.health.disabled ? record.health : HEALTHY
        const health =
          enabled === undefined
            ? before
            : stepHealth(before, enabled ? { type: 'enable' } : { type: 'disable', nowMs }, this.#context.healthRules)
        return { ...record, ...rest, ...(url !== undefined && { url }), health }
      }),
    )
  }

  /**
   * Gives a webhook a new secret, and shows it. Messages are signed with both for `overlapMs` (default a day, at most a week; 0: the
   * old one has leaked), so that a receiver can be changed in between. A secret before those ends at once.
   */
  async rotateSecret(
    id: string,
    by: AskedBy & { readonly overlapMs?: number | undefined },
  ): Promise<WebhookWithSecret> {
    const overlapMs = requireInteger('overlapMs', withDefault(by.overlapMs, DAY_MS), 0, 7 * DAY_MS)
    const secret = createWebhookSecret()
    const untilMs = this.#context.now() + overlapMs
    return this.#withSecret(
      await this.#change(id, by, (record) => ({ ...record, secrets: rotated(record.secrets, secret, untilMs) })),
    )
  }

  /** Removes a webhook with its deliveries. Those that are on their way may still arrive. */
  async remove(id: string, by: AskedBy): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { document } = await this.#find(id, by)
      const written = await this.#context.documents.write([{ ...endpointName(id), after: document.version }])
      if (written.is === 'ok') return forgetDeliveries(this.#context, id)
    }
    throw busy('webhook')
  }

  /**
   * Sends an event `webhook.test`, whatever the webhook asks for: a delivery as any other.
   *
   * @throws SluiceError `SLUICE_ERR_NOT_FOUND`; `SLUICE_ERR_QUEUE_FULL` when too many deliveries of the webhook wait
   */
  async test(id: string, by: AskedBy): Promise<DeliveryInfo> {
    const endpoint = await this.#find(id, by)
    const event = { type: TEST_EVENT, about: id, sequence: 0, id: newId('evt'), atMs: this.#context.now() }
    const write = await firstWrite(this.#context, event, endpoint)
    if (write?.place?.state !== PENDING) throw full('There wait as many deliveries of this webhook as may wait', 503)
    await this.#context.documents.write([write])
    const document = await this.#context.documents.read(write)
    if (!document) throw notFound('webhook')
    return deliveryInfo(document, this.#context.delivery.scheduleMs.length)
  }

  /** A URL that may be called, by its text and by where its name leads now. Where it leads is looked at in each attempt again. */
  async #requireUrl(text: unknown): Promise<string> {
    const { scheduler, rules } = this.#context.posting
    const url = checkUrl(text, rules)
    const stop = new AbortController()
    const tooLate = (): Error => refusedUrl('has a host that could not be looked up in time')
    await withinTime(scheduler, resolveAllowed(hostOf(url), rules, stop.signal), { ms: RESOLVE_MS, tooLate }).finally(
      () => stop.abort(),
    )
    return url.href
  }

  async #find(id: string, by: AskedBy): Promise<StoredEndpoint> {
    const scope = await requireScope(this.#context.scheduler, by)
    const document = isId(id) ? await this.#context.documents.read(endpointName(id)) : undefined
    if (document && isTheirs(document.scope, scope, by)) return toEndpoint(document)
    throw notFound('webhook')
  }

  async #change(id: string, by: AskedBy, change: (record: EndpointRecord) => EndpointRecord): Promise<StoredEndpoint> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { document, record } = await this.#find(id, by)
      if (await this.#write(id, document.scope, document.version, change(record))) return this.#find(id, by)
    }
    throw busy('webhook')
  }

  async #write(id: string, scope: string, after: number, record: EndpointRecord): Promise<boolean> {
    const { documents, limits } = this.#context
    const bound = (state: string): DocumentBound => ({ kind: ENDPOINT_KIND, scope, state, atMost: limits.endpoints })
    const write = endpointWrite({ id, scope, after }, record)
    const written = await documents.write([write], [bound(write.place!.state)])
    if (written.is === 'full')
      throw full(`There are ${limits.endpoints} webhooks already, which is as many as may be`, 429)
    return written.is === 'ok'
  }

  #info(endpoint: StoredEndpoint): WebhookInfo {
    return webhookInfo(endpoint, this.#context.now())
  }

  #withSecret(endpoint: StoredEndpoint): WebhookWithSecret {
    return { ...this.#info(endpoint), secret: endpoint.record.secrets[0]!.secret }
  }
}

function full(what: string, status: number): SluiceError {
  return new SluiceError('SLUICE_ERR_QUEUE_FULL', `${what}; remove one, or try again later.`, {
    status,
    retryAfterMs: 60_000,
  })
}
