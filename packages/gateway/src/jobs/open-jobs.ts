import type { Observer, Sluice } from '@sluice/core'
import { createJobs, type JobWorker } from '@sluice/jobs'
import { jobRoutes, webhookRoutes } from '@sluice/jobs/http'
import { createWebhooks, type WebhookAddressOptions, type WebhookWorker } from '@sluice/jobs/webhooks'
import type { ResourceExtension } from '@sluice/http'
import type { FastifyRequest } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { answerJobOf, answerSource, FORMATS, submittedAnswer } from './answer-job.ts'
import { openKeyVault } from './key-vault.ts'
import { openBatches } from './open-batches.ts'
import { openQueue } from './open-queue.ts'

/** The gateway's jobs: answers that nobody waits for. */
export interface OpenJobs {
  readonly routes: readonly ResourceExtension<FastifyRequest>[]
  /** Attempts jobs in this process, if the options say so; lines of batches are asked of the gateway at this address. */
  work(address?: string): void
  /** Takes no more jobs; settles when those it has are over. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** What jobs need of the gateway. */
export interface OpenJobsParts {
  readonly options: GatewayOptions
  readonly sluice: Sluice
  readonly runnerFor: RunnerFor
  /** Are told of the answers to lines of batches. */
  readonly observers: readonly Observer[]
  readonly log: Log
  /** Whether this process has routes. Lines of batches are asked over them: a worker leaves batches to gateways. */
  readonly serves: boolean
}

/** The jobs of the options: where streams are kept, jobs are. @throws SluiceError when that cannot be used */
export async function openJobs(parts: OpenJobsParts): Promise<OpenJobs> {
  const { options, sluice, runnerFor, log, serves } = parts
  const queue = await openQueue(options, log)
  const vault = await openKeyVault(queue.documents, options.ticketSecret)
  const webhooks = createWebhooks({
    documents: queue.documents,
    addresses: addressesOf(options),
    onError: (error) => log.error('Webhooks could not be seen to', { error: describeError(error) }),
  })
  const batches = serves ? await openBatches({ ...parts, queue, vault }) : undefined
  const source = answerSource(sluice, { runnerFor, vault })
  const jobs = createJobs({
    sluice,
    queue,
    sources: Object.fromEntries(FORMATS.map((format) => [format, source])),
    job: { attempts: options.jobAttempts, waitMs: options.jobWaitMs, keepMs: options.jobKeepMs },
    limits: {
      queuedPerOwner: options.jobsQueuedPerOwner,
      queued: options.jobsQueued,
      runningPerOwner: options.jobsPerOwner,
      inputBytes: options.maxBodyBytes,
    },
    outbox: webhooks.jobOutbox,
    onError: (error) => log.error('A job could not be seen to', { error: describeError(error) }),
  })
  let worker: JobWorker | undefined
  let sender: WebhookWorker | undefined
  return {
    routes: [
      jobRoutes<FastifyRequest>({
        jobs,
        later: (asked) => answerJobOf(asked, vault),
        submit: (format, body, asked) => answerJobOf(submittedAnswer(format, body, asked), vault),
      }),
      webhookRoutes<FastifyRequest>(webhooks),
      ...(batches ? [batches.routes] : []),
    ],
    work(address) {
      if (options.jobConcurrency > 0) worker = jobs.work({ concurrency: options.jobConcurrency })
      // Whoever ends a job may be told to leave the answers to workers; to send word of it costs little.
      sender = webhooks.work()
      if (address !== undefined) batches?.work(address)
    },
    async stop() {
      await Promise.all([worker?.stop(), batches?.stop()])
    },
    async close() {
      await batches?.stop()
      await sender?.stop()
      await jobs.close()
    },
  }
}

/** Of strangers' networks only, or of every one: then whoever may register a webhook can reach what this process can. */
function addressesOf({ webhooksAnywhere, webhookPort }: GatewayOptions): WebhookAddressOptions {
  const ports = webhookPort.length === 0 ? undefined : webhookPort
  return webhooksAnywhere ? { ports, dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true } : { ports }
}
