import { Hub, type Runtime } from '@sluice/core'

import type { AppendOutcome } from '../../src/connection/append-batcher.ts'
import type { Mailbox } from '../../src/connection/subscriptions.ts'
import { Names } from '../../src/protocol/keys.ts'
import { type Script, SCRIPTS } from '../../src/protocol/scripts.ts'
import type { Shop } from '../../src/context/store-context.ts'

/** How often a silent stream is looked at. */
export const LOOK_EVERY_MS = 1_000

/** What becomes of a script that the store's parts want to be run. */
export type Run = (script: Script, keys: readonly string[], args: readonly unknown[]) => Promise<unknown>

const DEAF = { listen: () => Promise.resolve(), forget: () => {} } as unknown as Mailbox

/** What the parts of one process's store share, without a Redis: a search answers. */
export function createShop(instance: string, runtime: Runtime, parts: { run: Run; mailbox?: Mailbox }): Shop {
  const { run, mailbox = DEAF } = parts
  const shop: Pick<Shop, 'instance' | 'hub' | 'names' | 'mailbox' | 'account' | 'hosts'> = {
    instance,
    hub: new Hub(runtime, false),
    names: new Names(''),
    mailbox,
    account: { bytes: 0 },
    hosts: [],
  }
  const options = { lookEveryMs: LOOK_EVERY_MS, onStoreOutage: 'end', outageMs: 30_000 }
  const append: Shop['appends']['append'] = (one) => run(SCRIPTS.append, one.keys, [one]) as Promise<AppendOutcome>
  return { ...shop, link: { run }, appends: { append }, options } as unknown as Shop
}
