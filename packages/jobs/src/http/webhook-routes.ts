import { SluiceError } from '@sluice/core'
import { type ExtensionAsked, jsonPlan, type Plan, type ResourceExtension } from '@sluice/http'

import type { ListedDeliveryState } from '../webhooks/api/delivery-info.ts'
import type { WebhookChanges, WebhookOptions } from '../webhooks/api/endpoint-options.ts'
import type { Webhooks } from '../webhooks/create-webhooks.ts'
import { pageOf, readPage } from './requests.ts'
import { deliveryView, webhookView } from './webhook-view.ts'

const WEBHOOK = /^\/webhooks\/([\w-]{1,128})(?:\/(rotate_secret|test|deliveries))?$/
const DELIVERY = /^\/webhooks\/([\w-]{1,128})\/deliveries\/([\w-]{1,128})(?:\/(replay))?$/
const STATES: readonly string[] = ['pending', 'sending', 'delivered', 'failed']

/**
 * Webhooks as routes of a stream resource: `POST /webhooks` registers one and shows its secret, `GET` lists them; `GET`, `POST` and `DELETE`
 * of `/webhooks/{id}`, its `rotate_secret` and `test`; its `deliveries`, and `replay` of one.
 *
 * @example
 * ```ts
 * const webhooks = createWebhooks({ documents: queue.documents })
 * const resource = createStreamResource({ sluice, identify, extensions: [webhookRoutes(webhooks)] })
 * ```
 */
export function webhookRoutes<Raw = unknown>(webhooks: Webhooks): ResourceExtension<Raw> {
  return {
    paths: ['/webhooks'],
    methodsOf(path) {
      if (path === '/webhooks') return ['GET', 'HEAD', 'POST']
      const one = WEBHOOK.exec(path)
      if (one)
        return one[2] === undefined
          ? ['GET', 'HEAD', 'POST', 'DELETE']
          : one[2] === 'deliveries'
            ? ['GET', 'HEAD']
            : ['POST']
      const delivery = DELIVERY.exec(path)
      if (!delivery) return undefined
      return delivery[3] === undefined ? ['GET', 'HEAD'] : ['POST']
    },
    handle(asked) {
      const { path } = asked.request
      if (path === '/webhooks') return all(webhooks, asked)
      const [, id, verb] = WEBHOOK.exec(path) ?? []
      return id === undefined ? ofDelivery(webhooks, asked) : ofWebhook(webhooks, asked, id, verb)
    },
  }
}

async function all<Raw>({ endpoints }: Webhooks, asked: ExtensionAsked<Raw>): Promise<Plan> {
  const { request, principal: as } = asked
  // What it may have is checked where it is registered, in words for its client.
  if (request.method === 'POST')
    return jsonPlan(201, webhookView(await endpoints.create((await asked.body()) as WebhookOptions, { as })))
  const { webhooks, more } = await endpoints.list({ as, ...readPage(request.query) })
  return jsonPlan(200, pageOf(webhooks.map(webhookView), more))
}

async function ofWebhook<Raw>(
  { endpoints, deliveries }: Webhooks,
  asked: ExtensionAsked<Raw>,
  id: string,
  verb: string | undefined,
): Promise<Plan> {
  const { request, principal: as } = asked
  if (verb === 'rotate_secret') {
    const overlapMs = overlapOf(await asked.body())
    return jsonPlan(200, webhookView(await endpoints.rotateSecret(id, { as, overlapMs })))
  }
  if (verb === 'test') return jsonPlan(202, deliveryView(await endpoints.test(id, { as })))
  if (verb === 'deliveries') {
    const state = stateOf(request.query.get('state'))
    const page = await deliveries.list(id, { as, state, ...readPage(request.query) })
    return jsonPlan(200, pageOf(page.deliveries.map(deliveryView), page.more))
  }
  if (request.method === 'DELETE') {
    await endpoints.remove(id, { as })
    return jsonPlan(200, { id, object: 'webhook', deleted: true })
  }
  const webhook =
    request.method === 'POST'
      ? await endpoints.update(id, (await asked.body()) as WebhookChanges, { as })
      : await endpoints.get(id, { as })
  return jsonPlan(200, webhookView(webhook))
}

async function ofDelivery<Raw>(
  { deliveries }: Webhooks,
  { request, principal: as }: ExtensionAsked<Raw>,
): Promise<Plan> {
  const [, webhook, id, verb] = DELIVERY.exec(request.path)!
  const delivery = await deliveries.get(id!, { as })
  if (delivery.webhook !== webhook)
    throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'There is no such delivery, or it is not yours.')
  if (verb === undefined) return jsonPlan(200, deliveryView(delivery))
  return jsonPlan(202, deliveryView(await deliveries.replay(id!, { as })))
}

function stateOf(state: string | null): ListedDeliveryState | undefined {
  if (state === null) return undefined
  if (STATES.includes(state)) return state as ListedDeliveryState
  throw new SluiceError('SLUICE_ERR_REQUEST', `"state" must be one of ${STATES.join(', ')}.`)
}

const MOST_OVERLAP_S = 7 * 86_400

function overlapOf(body: unknown): number | undefined {
  const { overlap_seconds: seconds } = (body ?? {}) as { overlap_seconds?: unknown }
  if (seconds === undefined) return undefined
  if (Number.isInteger(seconds) && (seconds as number) >= 0 && (seconds as number) <= MOST_OVERLAP_S)
    return (seconds as number) * 1_000
  throw new SluiceError('SLUICE_ERR_REQUEST', `"overlap_seconds" must be a whole number from 0 to ${MOST_OVERLAP_S}.`)
}
