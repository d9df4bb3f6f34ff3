import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchRedis } from './launch-redis.ts'
import { HOST } from './redis-run.ts'
import type { RedisServer } from './redis-server.ts'

/** What differs from an empty Redis that keeps everything in memory. */
export interface RedisServerOptions {
  /**
   * Whether {@link RedisServer.restart} finds what was acknowledged before.
   * @defaultValue false
   */
  appendOnly?: boolean | undefined
  /**
   * As in redis.conf: `'2mb'`.
   * @defaultValue no limit
   */
  maxMemory?: string | undefined
  /**
   * As in redis.conf.
   * @defaultValue `'noeviction'`
   */
  maxMemoryPolicy?: string | undefined
  /**
   * Where to listen; it is an error when the port is in use.
   * @defaultValue a free port of 127.0.0.1
   */
  port?: number | undefined
  /** What clients must authenticate with; {@link RedisServer.command} does. */
  password?: string | undefined
  /** More arguments, which win over those made from the other options: `['--maxclients', '10']`. */
  args?: readonly string[] | undefined
}

/**
 * Starts a `redis-server` for the test alone, on a free port and in a folder of its own. It ends with
 * {@link RedisServer.close}, and at the latest with this process.
 *
 * @example
 * ```ts
 * await using server = await startRedisServer({ appendOnly: true })
 * const redis = new Redis(server.url)
 * await redis.xadd('stream', '1-0', 'text', 'Hello')
 * await server.restart()
 * await redis.xlen('stream')
 * ```
 */
export function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  return startNode(options)
}

/** One server, perhaps as a part of something larger. */
export function startNode(
  options: RedisServerOptions,
  { more = [], withBus = false }: { more?: readonly string[]; withBus?: boolean } = {},
): Promise<RedisServer> {
  const { port, password } = options
  return launchRedis({
    port,
    password,
    withBus,
    args(directory, onPort) {
      const file = join(directory, 'redis.conf')
      // Empty, for CONFIG REWRITE to write the role to. A later start keeps what is there.
      writeFileSync(file, '', { flag: 'a' })
      return [file, ...fixed(directory, onPort), ...more, ...chosen(options)]
    },
  })
}

function fixed(directory: string, port: number): string[] {
  return Object.entries({
    bind: HOST,
    port: String(port),
    dir: directory,
    save: '',
    // Written before it is acknowledged, so that SIGKILL loses nothing. The default, everysec, may hold writes back while
    // the disk is busy; and against the loss of power, which is what fsync is for, no test needs to insure itself.
    appendfsync: 'no',
    'auto-aof-rewrite-percentage': '0',
    'enable-debug-command': 'yes',
    // A replica that asks for a copy gets it at once, not five seconds later together with others.
    'repl-diskless-sync-delay': '0',
  }).flatMap(([name, value]) => [`--${name}`, value])
}

function chosen({ appendOnly = false, maxMemory, maxMemoryPolicy, password, args = [] }: RedisServerOptions): string[] {
  return [
    ...['--appendonly', appendOnly ? 'yes' : 'no'],
    ...(maxMemory === undefined ? [] : ['--maxmemory', maxMemory]),
    ...(maxMemoryPolicy === undefined ? [] : ['--maxmemory-policy', maxMemoryPolicy]),
    ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
    ...args,
  ]
}
