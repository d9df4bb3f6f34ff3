import { ownTimeMs, until } from '@sluice/testing/patience'
import { startRedisServer } from '@sluice/testing/redis'

import { askJson, readUntil, startNative } from '../../../../packages/gateway/test/rig/native-client.ts'
import { type SpawnedGateway, spawnGateway } from '../../../../packages/gateway/test/rig/spawned-gateway.ts'
import type { Engine } from '../../engine.ts'
import { startOpenAiServer } from './open-ai-server.ts'
import { openTinyEngine } from './tiny-engine.ts'

/** Two gateways on one Redis before one inference server. */
export interface TwoGateways extends AsyncDisposable {
  readonly engine: Engine
  readonly here: SpawnedGateway
  readonly there: SpawnedGateway
}

export async function startTwoGateways(slots: number): Promise<TwoGateways> {
  await using closing = new AsyncDisposableStack()
  const engine = closing.use(await openTinyEngine(slots))
  const server = closing.use(await startOpenAiServer(engine))
  const redis = closing.use(await startRedisServer())
  const spawn = () => spawnGateway(['--upstream', server.baseUrl, '--redis', redis.url])
  const here = closing.use(await spawn())
  const there = closing.use(await spawn())
  const rest = closing.move()
  return { engine, here, there, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

/** What a cancel at another gateway than the one that asks the engine did. */
export interface FarCancel {
  /** From the request to cancel until the engine's slot is free. */
  readonly freedMs: number
  /** What the answer to the cancel was. */
  readonly answer: { readonly status: number; readonly value: object }
}

/** Starts a stream at one gateway, reads some of it, and cancels it at the other. */
export async function cancelFromAfar({ engine, here, there }: TwoGateways): Promise<FarCancel> {
  const free = engine.freeSlots
  await using started = await startNative(`${here.url}/v1`, { model: 'tiny', max_tokens: 1_000_000 })
  await readUntil(started, 'text')
  await until(() => engine.freeSlots === free - 1, 'the engine decodes')
  const askedMs = ownTimeMs()
  const freed = until(() => engine.freeSlots === free, 'the slot is free again').then(() => ownTimeMs() - askedMs)
  const path = new URL(started.location).pathname
  const answer = await askJson(`${there.url}${path}/cancel`, { method: 'POST' })
  return { freedMs: await freed, answer }
}
