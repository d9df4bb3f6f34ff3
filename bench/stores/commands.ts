import { readdirSync, readFileSync } from 'node:fs'

import type { RedisServer } from '@sluice/testing/redis'

/** Calls by command, as `INFO commandstats` counts them: those that scripts make are among them. */
export type Calls = ReadonlyMap<string, number>

const LUA = new URL('../../packages/redis/lua/', import.meta.url)
/** What scripts publish with. */
const PUBLISHING = new URL('../../packages/redis/src/protocol/channel-mode.ts', import.meta.url)
/** What the bench itself sends to Redis. */
const OWN: readonly string[] = ['info', 'flushall', 'memory|usage', 'keys', 'xlen', 'monitor', 'dbsize']

/** Calls since an earlier count. */
export function callsSince(before: Calls, after: Calls): Calls {
  return new Map([...after].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)]))
}

/**
 * Commands that clients sent. A script's own calls are counted by Redis like anybody's; so where scripts ran, every
 * command that one of them uses (read from the scripts themselves) is taken for theirs. What sluice sends directly is not
 * among those, as long as streams have no key: a test compares with what MONITOR sees.
 */
export function sentCommands(calls: Calls): number {
  const scripts = (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0) > 0
  const internal = scripts ? commandsOfScripts() : new Set<string>()
  let sent = 0
  for (const [name, count] of calls) if (!internal.has(name) && !OWN.includes(name)) sent += count
  return sent
}

/** Counts what goes on in Redis while `task` runs, and for `settleMs` after it. */
export async function countCalls(redis: RedisServer, task: () => Promise<unknown>, settleMs = 0): Promise<Calls> {
  const before = await redis.commandsProcessed()
  await task()
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  return callsSince(before, await redis.commandsProcessed())
}

function commandsOfScripts(): Set<string> {
  const names = new Set<string>()
  for (const file of [...readdirSync(LUA).map((name) => new URL(name, LUA)), PUBLISHING]) {
    const lua = readFileSync(file, 'utf8')
    for (const [, name] of lua.matchAll(/redis\.call\('(\w+)'/g)) names.add(name!.toLowerCase())
  }
  return names
}
