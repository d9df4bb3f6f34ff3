import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchRedis } from '../server/launch-redis.ts'
import { HOST, type RedisPlan } from '../server/redis-run.ts'
import type { RedisServer } from '../server/redis-server.ts'
import { assertCount, closeAll, type GroupServerOptions, orClose, startAll } from './server-group.ts'
import { startReplicated } from './start-replicated.ts'
import { until } from '../server/until.ts'

const MASTER_NAME = 'sluice'
/**
 * How often sentinels look around; by default they take ten seconds to learn of each other and of the replicas. The ping
 * period stays as it is: who has not been heard of for five of it is not promoted, and the last word may be a second old.
 */
const LOOKING_MS = { 'publish-period': 200, 'info-period': 500 }

/** How many of each, and how patient. */
export interface SentinelOptions {
  /**
   * More than half of them must agree.
   * @defaultValue 3
   */
  sentinels?: number | undefined
  /** @defaultValue 1 */
  replicas?: number | undefined
  /**
   * After how long a silence a server counts as down.
   * @defaultValue 1000
   */
  downAfterMs?: number | undefined
  /** @defaultValue 3000 */
  failoverTimeoutMs?: number | undefined
  /** For the primary and the replicas alike. */
  server?: GroupServerOptions | undefined
}

/**
 * A primary with replicas, watched by sentinels. When sentinels change a server's role they close all its connections, that
 * of {@link RedisServer.command} too: a command may fail in that moment.
 */
export interface SentinelRedis extends AsyncDisposable {
  /** The primary of the start. */
  readonly primary: RedisServer
  /** The replicas of the start. */
  readonly replicas: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** Where the sentinels are, as clients take it. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** Under which name clients ask for the primary. */
  readonly masterName: string
  /** Whom most of the running sentinels name. */
  primaryNow(): Promise<RedisServer>
  /** Resolves with the new primary when all running sentinels name one, other than `of`, that takes writes. */
  successor(of: RedisServer): Promise<RedisServer>
  /** Stops all servers, and removes what they wrote. */
  close(): Promise<void>
}

/**
 * Starts a primary, replicas and sentinels, and waits until every sentinel knows all of them.
 *
 * @example
 * ```ts
 * await using redis = await startSentinel()
 * const client = new Redis({ sentinels: [...redis.addresses], name: redis.masterName })
 * await redis.primary.kill()
 * await redis.successor(redis.primary)
 * ```
 */
export async function startSentinel(options: SentinelOptions = {}): Promise<SentinelRedis> {
  const { sentinels: count = 3, replicas = 1, server } = options
  assertCount('sentinels', count, 1)
  const data = await startReplicated({ replicas, server })
  const plan = planOf(options, { port: data.primary.port, quorum: Math.floor(count / 2) + 1 })
  const sentinels = await orClose([data], () => startAll(count, () => launchRedis(plan)))
  const watched = [data.primary, ...data.replicas]

  /** Whom each running sentinel names. */
  async function named(): Promise<RedisServer[]> {
    const running = sentinels.filter(({ state }) => state === 'running')
    if (running.length === 0) throw new Error('no sentinel runs')
    return Promise.all(
      running.map(async (sentinel) => {
        const [, port] = (await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as string[]
        return watched.find((each) => String(each.port) === port)!
      }),
    )
  }

  async function primaryNow(): Promise<RedisServer> {
    const votes = await named()
    const votesFor = (server: RedisServer): number => votes.filter((vote) => vote === server).length
    return votes.reduce((most, vote) => (votesFor(vote) > votesFor(most) ? vote : most))
  }

  function successor(of: RedisServer): Promise<RedisServer> {
    return until(`the sentinels agree on another primary than ${of.port}`, async () => {
      const [first, ...others] = (await named()) as [RedisServer, ...RedisServer[]]
      if (first === of || others.some((other) => other !== first)) return undefined
      return (await first.info('replication')).get('role') === 'master' ? first : undefined
    })
  }

  const close = (): Promise<void> => closeAll([...sentinels, data])
  return orClose([...sentinels, data], async () => {
    await Promise.all(sentinels.map((sentinel) => untilSettled(sentinel, { others: count - 1, replicas })))
    return {
      primary: data.primary,
      replicas: data.replicas,
      sentinels,
      addresses: sentinels.map(({ host, port }) => ({ host, port })),
      masterName: MASTER_NAME,
      primaryNow,
      successor,
      close,
      [Symbol.asyncDispose]: close,
    }
  })
}

function planOf(options: SentinelOptions, { port: primaryPort, quorum }: { port: number; quorum: number }): RedisPlan {
  const { downAfterMs = 1000, failoverTimeoutMs = 3000, server: { password } = {} } = options
  return {
    args(directory, port) {
      const file = join(directory, 'sentinel.conf')
      const lines = [
        `sentinel monitor ${MASTER_NAME} ${HOST} ${primaryPort} ${quorum}`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
        ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${JSON.stringify(password)}`]),
      ]
      // A sentinel writes what it learns to its file; after a restart that counts.
      if (!existsSync(file)) writeFileSync(file, lines.join('\n'))
      return [file, '--port', String(port), '--bind', HOST, '--dir', directory, '--sentinel']
    },
  }
}

/** Until a sentinel sees the primary, every replica and every other sentinel, all of them well. */
async function untilSettled(sentinel: RedisServer, wanted: { others: number; replicas: number }): Promise<void> {
  await sentinel.command('SENTINEL', 'DEBUG', ...Object.entries(LOOKING_MS).flat().map(String))
  const healthy = async (what: 'MASTERS' | 'REPLICAS' | 'SENTINELS', flags: string): Promise<number> => {
    const name = what === 'MASTERS' ? [] : [MASTER_NAME]
    const listed = (await sentinel.command('SENTINEL', what, ...name)) as string[][]
    return listed.filter((fields) => fields[fields.indexOf('flags') + 1] === flags).length
  }
  await until(`sentinel ${sentinel.port} sees all others`, async () => {
    const counts = [
      await healthy('MASTERS', 'master'),
      await healthy('REPLICAS', 'slave'),
      await healthy('SENTINELS', 'sentinel'),
    ]
    return String(counts) === String([1, wanted.replicas, wanted.others]) || undefined
  })
}
