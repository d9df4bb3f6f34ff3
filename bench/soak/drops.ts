import type { Carries, ReplyMeddler } from '@sluice/testing/redis'

const EVERY_MS = 2_000
/** One that finds nothing to drop, as where nobody greets, gives up its turn. */
const AT_MOST_MS = 1_000
/** What is dropped: mostly what most connections carry. */
const CARRIED: readonly Carries[] = ['commands', 'commands', 'messages', 'messages', 'greetings']

/**
 * Drops a reply to a command, or a message, now and then, at whichever instance, on a connection that lives on; gives the
 * function that stops it and says how many.
 */
export function dropReplies(meddlers: readonly ReplyMeddler[]): () => Promise<number> {
  let stopped = false
  let drops = 0
  const dropping = (async () => {
    while (!stopped) {
      await sleep(EVERY_MS * (0.5 + Math.random()))
      const meddler = anyOf(meddlers)
      const dropped = meddler.meddle('swallow', () => true, anyOf(CARRIED)).then(() => drops++)
      await Promise.race([dropped, sleep(AT_MOST_MS)])
      meddler.leaveOff()
    }
  })()
  return async () => {
    stopped = true
    await dropping
    return drops
  }
}

function anyOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)]!
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
