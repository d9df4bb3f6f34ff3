import { parseInfo } from './info.ts'
import type { OrphanGuard } from './orphan-guard.ts'
import { RedisProcess } from './redis-process.ts'
import { RespClient } from './resp-client.ts'
import { until } from './until.ts'

export const HOST = '127.0.0.1'

/** How to run one server. */
export interface RedisPlan {
  /** Arguments of `redis-server`, asked for at every start. */
  args(directory: string, port: number): readonly string[]
  /** Without one, a free port is found. */
  readonly port?: number | undefined
  readonly password?: string | undefined
  /** Whether it also listens on the port of the cluster bus. */
  readonly withBus?: boolean | undefined
}

/** What stays from one run to the next. */
export interface RedisHome {
  readonly plan: RedisPlan
  readonly directory: string
  readonly guard: OrphanGuard
}

/** A process that answers on the port, and the connection it answers on. */
export interface RedisRun {
  readonly process: RedisProcess
  readonly client: RespClient
}

/** Starts a process; resolves when it answers. */
export async function runRedis({ plan, directory, guard }: RedisHome, port: number): Promise<RedisRun | 'port in use'> {
  const process = await RedisProcess.start(plan.args(directory, port), directory, guard)
  const client = new RespClient({ host: HOST, port, password: plan.password })
  try {
    const outcome = await until(`redis-server answers on port ${port}`, async () => {
      if (process.state === 'ended') return 'ended'
      // Refused until it listens, LOADING until it has read its file.
      await client.command(['PING'])
      // Someone else's server may have the port, in which case ours is about to give up.
      const info = parseInfo(String(await client.command(['INFO', 'server'])))
      return Number(info.get('process_id')) === process.pid ? 'ready' : undefined
    })
    if (outcome === 'ready') return { process, client }
    client.close()
    await process.kill()
    if (process.log.includes('Address already in use')) return 'port in use'
    throw new Error('redis-server ended instead of starting')
  } catch (error) {
    client.close()
    await process.kill()
    throw new Error(`${(error as Error).message}; ${process.lastWords}`, { cause: error })
  }
}
