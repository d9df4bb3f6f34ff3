import { createSystemRuntime, type Runtime } from '@sluice/core'
import { type DocumentStore, scopeOf } from '@sluice/jobs'
import {
  createWebhooks,
  type DeliveryInfo,
  type Webhooks,
  type WebhookDeliveryOptions,
  type WebhookEvent,
  type WebhookOptions,
  type WebhooksOptions,
  type WebhookWithSecret,
} from '@sluice/jobs/webhooks'
import { until } from '@sluice/testing/patience'

import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'

/** Who registers webhooks in tests. */
export const ADA = { owner: 'ada' }
export const BOB = { owner: 'bob' }

/** Webhooks over documents in memory. */
export interface WebhooksRig extends AsyncDisposable {
  readonly documents: DocumentStore
  readonly webhooks: Webhooks
  /** What the operator was told. */
  readonly errors: unknown[]
  /** Registers one for Ada. */
  hook(url: string, options?: Partial<WebhookOptions>): Promise<WebhookWithSecret>
  /** Writes what an event of Ada's asks for, and gives the ids of its deliveries. */
  say(event?: Partial<WebhookEvent>): Promise<string[]>
  /** The delivery, once it is in this state. */
  become(id: string, state: DeliveryInfo['state']): Promise<DeliveryInfo>
}

/** Options of {@link createWebhooksRig}. */
export type WebhooksRigOptions = Partial<WebhooksOptions> & {
  readonly ports?: readonly number[] | undefined
  readonly fast?: WebhookDeliveryOptions | undefined
}

/** Addresses of this machine may be called, unless it is said otherwise. */
export function createWebhooksRig(options: WebhooksRigOptions = {}): WebhooksRig {
  const { ports = [443], fast, ...rest } = options
  const runtime: Runtime = rest.runtime ?? createSystemRuntime()
  const documents = rest.documents ?? new MemoryDocuments({ maxBytes: 64 * 1024 * 1024, runtime })
  const errors: unknown[] = []
  const webhooks = createWebhooks({
    documents,
    onError: (error) => errors.push(error),
    addresses: { ports, dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true },
    ...(fast && { delivery: fast }),
    ...rest,
  })
  return {
    documents,
    webhooks,
    errors,
    hook: (url, more = {}) => webhooks.endpoints.create({ url, events: ['*'], ...more }, { as: ADA }),
    async say(event = {}) {
      const writes = await webhooks.outbox(
        { type: 'job.succeeded', about: 'job-1', sequence: 1, ...event },
        scopeOf(ADA),
      )
      const written = await documents.write(writes)
      if (written.is !== 'ok') throw new Error(`The outbox was not written: ${written.is}`)
      return writes.map(({ id }) => id)
    },
    become: (id, state) =>
      until(
        async () => {
          const info = await webhooks.deliveries.get(id, { as: ADA })
          return info.state === state ? info : undefined
        },
        `the delivery is ${state}`,
        30_000,
      ),
    [Symbol.asyncDispose]: () => documents.close(),
  }
}
