import type { RedisServer } from '@sluice/testing/redis'

const EVERY_MS = 1_500

/** Kills a connection to Redis now and then, whichever it hits; gives the function that stops it and says how many. */
export function killConnections(redis: RedisServer): () => Promise<number> {
  let stopped = false
  let kills = 0
  const killing = (async () => {
    const own = String(await redis.command('CLIENT', 'ID'))
    while (!stopped) {
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS * (0.5 + Math.random())))
      const list = String(await redis.command('CLIENT', 'LIST'))
      const ids = [...list.matchAll(/^id=(\d+) /gm)].map(([, id]) => id!).filter((id) => id !== own)
      const id = ids[Math.floor(Math.random() * ids.length)]
      if (id !== undefined) kills += Number(await redis.command('CLIENT', 'KILL', 'ID', id))
    }
  })()
  return async () => {
    stopped = true
    await killing
    return kills
  }
}
