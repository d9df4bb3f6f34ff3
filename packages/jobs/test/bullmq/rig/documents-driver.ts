import { redisDocuments, type RedisJobsOptions } from '../../../src/bullmq.ts'
import type { DocumentStore } from '../../../src/index.ts'
import type { DocumentStoreDriver } from '../../documents/suite/rig.ts'

let opened = 0

/** A prefix that nobody has had before. */
export function freshPrefix(): string {
  return `t${process.pid}-${opened++}`
}

/** Documents in this Redis; each store that is opened is on its own there. */
export function redisDriver(options: () => RedisJobsOptions, runs: number): DocumentStoreDriver {
  return {
    open() {
      const prefix = freshPrefix()
      const open = (): DocumentStore => redisDocuments({ ...options(), prefix })
      return {
        store: open(),
        passMs: (ms) => new Promise((resolve) => void setTimeout(resolve, ms + 1)),
        second: open,
        reopen: open,
      }
    },
    time: 'real',
    survives: true,
    runs,
  }
}
