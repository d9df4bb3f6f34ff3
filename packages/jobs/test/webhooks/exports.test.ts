import * as webhooks from '@sluice/jobs/webhooks'
import { expect, test } from 'vitest'

test('exports these names', () => {
  expect(Object.keys(webhooks).toSorted()).toEqual([
    'DEFAULT_WEBHOOK_DELIVERY',
    'DEFAULT_WEBHOOK_LIMITS',
    'WEBHOOK_EVENTS',
    'createWebhookSecret',
    'createWebhooks',
    'verifyWebhook',
  ])
})
