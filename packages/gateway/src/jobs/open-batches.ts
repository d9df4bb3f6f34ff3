import { join } from 'node:path'

import { type Observer, type Sluice, SluiceError } from '@sluice/core'
import type { ExtensionAsked, ResourceExtension } from '@sluice/http'
import type { JobQueue } from '@sluice/jobs'
import {
  type Batches,
  batchRoutes,
  createBatches,
  directoryFiles,
  type FileStore,
  redisFiles,
} from '@sluice/jobs/batch'
import type { FastifyRequest } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import { describeError } from '../log/describe-error.ts'
import type { Log } from '../log/log.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { readRedisTls } from '../options/redis-files.ts'
import { credentialOf } from '../upstream/backend-key.ts'
import { answerLines, isAnsweredHere } from './answer-lines.ts'
import { askOwnRoute } from './ask-own-route.ts'
import { BatchKeys } from './batch-keys.ts'
import type { KeyVault } from './key-vault.ts'
import { PressureGauge } from './pressure-gauge.ts'
import { refusedBatches } from './refused-batches.ts'

/** The gateway's batches: routes that are there in any case, and what works at them. */
export interface OpenBatches {
  readonly routes: ResourceExtension<FastifyRequest>
  /** Begins to work at them; `address` is where the gateway's routes are. */
  work(address: string): void
  stop(): Promise<void>
}

/** What batches need of the gateway. */
export interface OpenBatchesParts {
  readonly options: GatewayOptions
  readonly queue: JobQueue
  readonly vault: KeyVault
  readonly sluice: Sluice
  readonly runnerFor: RunnerFor
  /** Are told of the answers to lines. */
  readonly observers: readonly Observer[]
  readonly log: Log
}

/** The batches of the options: in the directory of `--data`, or on Redis; without either their routes say so. */
export async function openBatches(parts: OpenBatchesParts): Promise<OpenBatches> {
  const { options, sluice, runnerFor, observers, queue, vault, log } = parts
  const store = await openFiles(options)
  if (!store) return { routes: refusedBatches(), work() {}, async stop() {} }
  const keys = new BatchKeys(queue.documents, vault)
  const address = Promise.withResolvers<string>()
  address.promise.catch(() => {})
  const answering = answerLines({ options, runnerFor, keys, sluice, observers })
  const passOn = askOwnRoute(address.promise, keys)
  const gauge = new PressureGauge(() => performance.now())
  const unobserve = sluice.observe(gauge)
  const batches: Batches = createBatches({
    documents: queue.documents,
    files: store.files,
    run: (line, context) => (isAnsweredHere(line.endpoint) ? answering.run : passOn)(line, context),
    work: { concurrency: options.batchConcurrency },
    pressure: () => gauge.pressure(),
    onError: (error) => log.error('A batch could not be seen to', { error: describeError(error) }),
  })
  const routes = batchRoutes<FastifyRequest>({ batches })
  return {
    routes: {
      ...routes,
      async handle(asked: ExtensionAsked<FastifyRequest>) {
        const { request, principal } = asked
        const begins = request.method === 'POST' && /^(?:\/messages)?\/batches$/.test(request.path)
        if (begins && options.auth === 'bearer') await keys.remember(principal, credentialOf(request.raw.headers))
        return routes.handle(asked)
      },
    },
    work: address.resolve,
    async stop() {
      // Lines that wait for a gateway that will not listen.
      address.reject(new SluiceError('SLUICE_ERR_DRAINING', 'The gateway is going away.'))
      unobserve()
      await batches.stop()
      await answering.close()
      await store.close()
    },
  }
}

interface OpenFiles {
  readonly files: FileStore
  close(): Promise<void>
}

async function openFiles(options: GatewayOptions): Promise<OpenFiles | undefined> {
  const { redis, data, redisCommandMs: commandMs } = options
  if (data !== undefined) {
    const files = directoryFiles({ directory: join(data, 'files') })
    return { files, close: () => files.close() }
  }
  if (redis === undefined) return undefined
  const { redisClient } = await import('@sluice/jobs/bullmq')
  const client = redisClient({ url: redis, tls: await readRedisTls(options), commandMs })
  return { files: redisFiles({ client }), close: async () => client.disconnect() }
}
