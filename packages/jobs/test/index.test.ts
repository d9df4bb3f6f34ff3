import * as jobs from '@sluice/jobs'
import * as batch from '@sluice/jobs/batch'
import * as bullmq from '@sluice/jobs/bullmq'
import * as http from '@sluice/jobs/http'
import * as memory from '@sluice/jobs/memory'
import * as sqlite from '@sluice/jobs/sqlite'
import * as webhooks from '@sluice/jobs/webhooks'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(
    Object.fromEntries(
      Object.entries({ jobs, batch, bullmq, http, memory, sqlite, webhooks }).map(([entry, all]) => [
        entry,
        Object.keys(all).sort(),
      ]),
    ),
  ).toMatchInlineSnapshot(`
    {
      "batch": [
        "AdaptiveConcurrency",
        "BATCH_ENDPOINTS",
        "BatchInput",
        "Batches",
        "DEFAULT_BATCH_LIMITS",
        "DEFAULT_LINE_OPTIONS",
        "DEFAULT_WORK_OPTIONS",
        "IdTable",
        "LEAST_DONE",
        "LineSplitter",
        "NO_PLACE",
        "RateLog",
        "batchRoutes",
        "createBatches",
        "directoryFiles",
        "estimateEnd",
        "isBusyStatus",
        "isFailingStatus",
        "isLineError",
        "isSuccess",
        "newLineId",
        "openAiLine",
        "readLines",
        "readOutputLine",
        "redisFiles",
        "requestBody",
        "vllmLine",
      ],
      "bullmq": [
        "bullmqQueue",
        "redisClient",
        "redisDocuments",
      ],
      "http": [
        "jobRoutes",
        "webhookRoutes",
      ],
      "jobs": [
        "DEFAULT_JOBS_OPTIONS",
        "Jobs",
        "beginJob",
        "createJobs",
        "isOver",
        "scopeOf",
        "stepJob",
      ],
      "memory": [
        "DEFAULT_MEMORY_QUEUE_OPTIONS",
        "memoryQueue",
      ],
      "sqlite": [
        "DEFAULT_SQLITE_DOCUMENTS_OPTIONS",
        "sqliteDocuments",
        "sqliteQueue",
      ],
      "webhooks": [
        "DEFAULT_WEBHOOK_DELIVERY",
        "DEFAULT_WEBHOOK_LIMITS",
        "WEBHOOK_EVENTS",
        "createWebhookSecret",
        "createWebhooks",
        "verifyWebhook",
      ],
    }
  `)
})
