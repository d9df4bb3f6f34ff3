import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { expect } from 'vitest'

import { resolveAddressRules, type WebhookAddressOptions } from '../../../src/webhooks/address/address-options.ts'
import { post, type Posted, type PostLimits } from '../../../src/webhooks/sending/post.ts'

/** How a message is sent otherwise. */
export interface Sending {
  readonly addresses?: WebhookAddressOptions
  readonly limits?: Partial<PostLimits>
}

/** Sends to what strangers may not name, unless it is said otherwise; no deadline is left behind. */
export async function send(url: string, { addresses = {}, limits }: Sending = {}): Promise<Posted> {
  const { port } = new URL(url)
  const rules = resolveAddressRules({
    ...{ dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true, ports: [443, Number(port || 443)] },
    ...addresses,
  })
  const scheduler = new Scheduler(createSystemRuntime())
  const message = { url: new URL(url), headers: { 'content-type': 'application/json' }, body: '{"é":1}' }
  const posted = await post(message, {
    scheduler,
    rules,
    limits: { connectMs: 10_000, totalMs: 15_000, maxAnswerBytes: 64 * 1024, ...limits },
  })
  if (scheduler.pending > 0) throw new Error(`There are ${scheduler.pending} deadlines left.`)
  return posted
}

/** What is told of an answer with this status. */
export const answered = (status: number): unknown => expect.objectContaining({ is: 'answered', status }) as unknown
/** What is told where there was no answer. */
export const failed = (why: string): unknown => ({ is: 'failed', why })
