import type { Instance } from './instance.ts'
import { createResumableInstance } from './resumable-instance.ts'
import type { StoreKind } from './roster.ts'
import { createSluiceInstance } from './sluice-instance.ts'

/** What a process is told of the store it is to share. */
export interface InstanceOptions {
  store: StoreKind
  url: string
  /** How long sluice keeps ended streams, where its default is too long. */
  retentionMs?: number
}

export function createInstance({ store, url, retentionMs }: InstanceOptions): Instance {
  if (store === 'resumable') return createResumableInstance(url)
  return createSluiceInstance(store === 'redis' ? url : undefined, retentionMs)
}
