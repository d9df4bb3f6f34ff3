import { numberOf } from '../server/info.ts'
import type { RedisServer } from '../server/redis-server.ts'
import { assertCount, closeAll, type GroupServerOptions, orClose, pick, startAll } from './server-group.ts'
import { startRedisServer } from '../server/start-redis-server.ts'
import { until } from '../server/until.ts'

/** How many replicas, of what kind of server. */
export interface ReplicatedOptions {
  /** @defaultValue 1 */
  replicas?: number | undefined
  /** For the primary and the replicas alike. */
  server?: GroupServerOptions | undefined
}

/** A primary with replicas. The names are those of the start: a promoted replica is still among the replicas here. */
export interface ReplicatedRedis extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replicas: readonly RedisServer[]
  /** Resolves when one replica, or all, have what the primary had acknowledged at the call, in their files too. */
  caughtUp(index?: number): Promise<void>
  /**
   * Points a replica to where nothing listens, after it has caught up: it has what was acknowledged before the call, and
   * nothing of what is written after it resolves. (A replica that is only paused loses nothing: the kernel buffers.)
   */
  cutReplica(index: number): Promise<void>
  /** Makes a replica a primary. */
  promote(index: number): Promise<void>
  /**
   * A failover that loses acknowledged writes: cuts a replica, lets `write` write, kills the primary, promotes the
   * replica and gives it. Exactly what `write` wrote is lost, if nobody else writes.
   */
  loseWrites(write: (primary: RedisServer) => Promise<unknown>, index?: number): Promise<RedisServer>
  /** Stops all servers, and removes what they wrote. */
  close(): Promise<void>
}

/**
 * Starts a primary with replicas, and waits until these follow it.
 *
 * @example
 * ```ts
 * await using redis = await startReplicated({ replicas: 1 })
 * await redis.primary.command('SET', 'kept', '1')
 * const promoted = await redis.loseWrites((primary) => primary.command('SET', 'lost', '1'))
 * await promoted.command('MGET', 'kept', 'lost')
 * ```
 */
export async function startReplicated(options: ReplicatedOptions = {}): Promise<ReplicatedRedis> {
  const { replicas: count = 1, server = {} } = options
  assertCount('replicas', count, 0)
  const servers = await startAll(count + 1, () => startRedisServer(server))
  const [primary, ...replicas] = servers as [RedisServer, ...RedisServer[]]

  async function caughtUp(index?: number): Promise<void> {
    const awaited = index === undefined ? replicas : [pick(replicas, index, 'replica')]
    const acknowledged = numberOf(await primary.info('replication'), 'master_repl_offset')
    await Promise.all(
      awaited.map((replica) =>
        until(`replica ${replica.port} has what its primary ${primary.port} has`, async () => {
          const info = await replica.info('replication')
          const isLinked = info.get('master_link_status') === 'up'
          const hasAll = isLinked && numberOf(info, 'slave_repl_offset') >= acknowledged
          return (hasAll && (await keepsItsFile(replica))) || undefined
        }),
      ),
    )
  }

  async function cutReplica(index: number): Promise<void> {
    await caughtUp(index)
    await follow(pick(replicas, index, 'replica'), '127.0.0.1', '1')
  }

  async function promote(index: number): Promise<void> {
    await follow(pick(replicas, index, 'replica'), 'NO', 'ONE')
  }

  async function loseWrites(write: (primary: RedisServer) => Promise<unknown>, index = 0): Promise<RedisServer> {
    await cutReplica(index)
    await write(primary)
    await primary.kill()
    await promote(index)
    return pick(replicas, index, 'replica')
  }

  const close = (): Promise<void> => closeAll(servers)
  return orClose(servers, async () => {
    await Promise.all(replicas.map((replica) => follow(replica, primary.host, String(primary.port))))
    // A primary may send the first copy, and for up to a second nothing after it. So something must arrive that came later.
    await primary.command('PUBLISH', 'sluice:started', '')
    await caughtUp()
    return {
      primary,
      replicas,
      caughtUp,
      cutReplica,
      promote,
      loseWrites,
      close,
      [Symbol.asyncDispose]: close,
    }
  })
}

/** Whether its append-only file, if it has one, is in use: after the first copy a replica writes it anew, in a child. */
async function keepsItsFile(replica: RedisServer): Promise<boolean> {
  const info = await replica.info('persistence')
  return ['aof_rewrite_in_progress', 'aof_rewrite_scheduled', 'rdb_bgsave_in_progress'].every(
    (name) => numberOf(info, name) === 0,
  )
}

/** Changes whom a server follows, in its file too: a restart keeps the role. */
async function follow(server: RedisServer, host: string, port: string): Promise<void> {
  await server.command('REPLICAOF', host, port)
  await server.command('CONFIG', 'REWRITE')
}
