import type { RedisServer } from '../server/redis-server.ts'
import type { RedisServerOptions } from '../server/start-redis-server.ts'

/** What the servers of a group have in common. Each gets a free port. */
export type GroupServerOptions = Omit<RedisServerOptions, 'port'>

/** Starts so many at once. When one fails, the others end too. */
export async function startAll(count: number, start: () => Promise<RedisServer>): Promise<RedisServer[]> {
  const settled = await Promise.allSettled(Array.from({ length: count }, start))
  const servers = settled.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  const failed = settled.find((each) => each.status === 'rejected')
  return failed ? orClose(servers, () => Promise.reject(failed.reason as Error)) : servers
}

export async function closeAll(servers: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
}

/** What makes a group of servers; when it fails, they end. */
export async function orClose<Group>(
  servers: readonly AsyncDisposable[],
  makeGroup: () => Promise<Group>,
): Promise<Group> {
  try {
    return await makeGroup()
  } catch (error) {
    await closeAll(servers)
    throw error
  }
}

/** The server at `index`, or an error that says which there are. */
export function pick(servers: readonly RedisServer[], index: number, name: string): RedisServer {
  const server = servers[index]
  if (server) return server
  throw new RangeError(`${name} ${index} is not there: there are ${servers.length}, counted from 0`)
}

/** Checks an option that says how many. */
export function assertCount(name: string, count: number, min: number): void {
  if (Number.isInteger(count) && count >= min) return
  throw new RangeError(`${name} is ${count}, but must be an integer of at least ${min}`)
}
