import type { Runtime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'

import type { AppendOutcome } from '../../src/connection/append-batcher.ts'
import type { Subscriptions } from '../../src/connection/subscriptions.ts'
import { Keys } from '../../src/protocol/keys.ts'
import { type Script, SCRIPTS } from '../../src/protocol/scripts.ts'
import type { StoreContext } from '../../src/context/store-context.ts'

/** How often a silent stream is looked at. */
export const LOOK_EVERY_MS = 1_000

/** What becomes of a script that the store's parts want to be run. */
export type Run = (script: Script, keys: readonly string[], args: readonly unknown[]) => Promise<unknown>

const DEAF = {
  listen: () => Promise.resolve(),
  forget: () => {},
  produce: () => {},
  release: () => {},
} as unknown as Subscriptions

/** What the parts of one process's store share, without a Redis: a search answers. */
export function createContext(
  instance: string,
  runtime: Runtime,
  parts: { run: Run; subscriptions?: Subscriptions },
): StoreContext {
  const { run, subscriptions = DEAF } = parts
  const context: Pick<StoreContext, 'instance' | 'scheduler' | 'keys' | 'subscriptions' | 'account' | 'hosts'> = {
    instance,
    scheduler: new Scheduler(runtime, false),
    keys: new Keys(''),
    subscriptions,
    account: { bytes: 0 },
    hosts: [],
  }
  const options = { lookEveryMs: LOOK_EVERY_MS, onStoreOutage: 'end', outageMs: 30_000 }
  const append: StoreContext['appendBatcher']['append'] = (one) =>
    run(SCRIPTS.append, one.keys, [one]) as Promise<AppendOutcome>
  return { ...context, connection: { run }, appendBatcher: { append }, options } as unknown as StoreContext
}
