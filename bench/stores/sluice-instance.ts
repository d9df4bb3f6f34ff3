import { createMemoryStore, createSluice, type TokenStream } from '@sluice/core'
import { formatCursor } from '@sluice/core/extend'
import { redisStore } from '@sluice/redis'
import { Redis } from 'ioredis'

import { NO_LIMITS } from '../contestants/sluice-setup.ts'
import { COMPLETE, type Instance, LEFT, type Reading } from './instance.ts'

const AS = { owner: 'bench' }

/** Sluice with everything at its default but the limits; without a URL its store is this process's memory. */
export function createSluiceInstance(url: string | undefined, retentionMs?: number): Instance {
  const store = url === undefined ? createMemoryStore() : redisStore(url)
  const sluice = createSluice({ store, limits: NO_LIMITS, stream: { retentionMs } })
  return {
    // The store makes its own connections; one that was made after them and answers says that they stand.
    ready: async () => url !== undefined && (await answers(url)),
    async start(source) {
      const stream = await sluice.start(source, { as: AS })
      return { id: stream.id, reading: readingOf(stream) }
    },
    async attach(id, from) {
      const after = from === 0 ? undefined : formatCursor(id, 1, from)
      return readingOf(await sluice.attach({ id }, { as: AS, after }))
    },
    async cancel(id) {
      await sluice.cancel({ id }, { as: AS })
    },
  }
}

function readingOf(stream: TokenStream): Reading {
  return {
    leave: () => stream.detach(),
    async read(onText) {
      let ending = LEFT
      try {
        for await (const event of stream) {
          if (event.type === 'text') onText(event.text)
          else if (event.type === 'end') ending = event.complete ? COMPLETE : `${event.reason}: ${event.cause}`
        }
      } catch (error) {
        return String(error)
      }
      return ending
    },
  }
}

async function answers(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.ping()
  redis.disconnect()
}
