import {
  createWebhooks,
  DEFAULT_WEBHOOK_DELIVERY,
  DEFAULT_WEBHOOK_LIMITS,
  type WebhooksOptions,
} from '@sluice/jobs/webhooks'
import { describe, expect, test } from 'vitest'

import { MemoryDocuments } from '../../src/memory/memory-documents.ts'
import { retryAfterMs } from '../../src/webhooks/sending/retry-after.ts'

const documents = new MemoryDocuments({ maxBytes: 1024 * 1024 })
const refused = expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }) as Error

describe('options of webhooks', () => {
  test.each<[string, object]>([
    ['no documents', { documents: undefined }],
    ['an unknown name', { retries: 3 }],
    ['an unknown limit', { limits: { webhooks: 3 } }],
    ['no schedule', { delivery: { scheduleMs: [] } }],
    ['a schedule of texts', { delivery: { scheduleMs: ['1'] } }],
    ['a negative delay', { delivery: { scheduleMs: [-1] } }],
    ['an endless time', { delivery: { totalMs: Infinity } }],
    ['no concurrency', { delivery: { perEndpoint: 0 } }],
    ['a payload that holds nothing', { limits: { payloadBytes: 10 } }],
  ])('%s is refused', (_, options) => {
    expect(() => createWebhooks({ documents, ...options } as WebhooksOptions)).toThrow(refused)
  })

  test('have defaults of which every one is finite', () => {
    const { scheduleMs, ...delivery } = DEFAULT_WEBHOOK_DELIVERY
    for (const value of [...scheduleMs, ...Object.values(delivery), ...Object.values(DEFAULT_WEBHOOK_LIMITS)])
      expect(Number.isFinite(value)).toBe(true)
    const totalMs = scheduleMs.reduce((sum, ms) => sum + ms, 0)
    expect(totalMs).toBeGreaterThan(86_400_000)
    expect(totalMs * 1.2).toBeLessThan(delivery.maxAgeMs)
  })
})

describe('Retry-After', () => {
  const NOW_MS = Date.UTC(2026, 10, 1, 12)
  test.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['120', 120_000],
    [' 3 ', 3_000],
    ['0', 0],
    ['Sun, 01 Nov 2026 12:01:00 GMT', 60_000],
    ['Sun, 01 Nov 2026 11:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e9', undefined],
    ['soon', undefined],
    ['9999999999', undefined],
  ])('%j asks for %j ms', (header, ms) => expect(retryAfterMs(header, NOW_MS)).toBe(ms))
})
