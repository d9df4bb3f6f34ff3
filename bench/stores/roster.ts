/** What keeps the streams. */
export type StoreKind = 'redis' | 'memory' | 'resumable'

/** A store, and who reads: the producing process reads each of its streams once, others beside it. */
export interface StoreContestant {
  readonly name: string
  readonly store: StoreKind
  /** Readers of each stream in another process. */
  readonly remoteReaders: number
}

/** The store in this process's memory: what all that is asked of Redis is added to. */
export const MEMORY: StoreContestant = { name: 'memory store', store: 'memory', remoteReaders: 0 }
export const REDIS: StoreContestant = { name: 'sluice redis', store: 'redis', remoteReaders: 1 }
/** Nobody reads elsewhere. */
export const REDIS_ALONE: StoreContestant = { name: 'sluice redis, no remote reader', store: 'redis', remoteReaders: 0 }
export const RESUMABLE: StoreContestant = { name: 'resumable-stream', store: 'resumable', remoteReaders: 1 }
export const RESUMABLE_ALONE: StoreContestant = {
  name: 'resumable-stream, no resumed reader',
  store: 'resumable',
  remoteReaders: 0,
}
