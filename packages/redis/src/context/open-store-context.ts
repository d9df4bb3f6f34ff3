import { Hub, type Runtime } from '@sluice/core'

import { Appends } from '../connection/append-batcher.ts'
import { createInstanceId } from '../commands/begin-stream.ts'
import { Link } from '../connection/redis-connection.ts'
import { Mailbox, type Notice } from '../connection/subscriptions.ts'
import { Names } from '../protocol/keys.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'
import type { Shop } from './store-context.ts'

/** What the owner of a shop is told. */
export interface ShopOwner {
  noticed(notice: Notice): void
  /** All logs together are larger than they were. */
  grown(): void
}

/** Connects to Redis, and puts together what the parts of one store share. */
export function openShop(options: ResolvedRedisStoreOptions, runtime: Runtime, owner: ShopOwner): Shop {
  const hub = new Hub(runtime, false)
  const link = new Link(hub, options)
  const names = new Names(options.prefix)
  const instance = createInstanceId()
  const account = { bytes: 0, grown: () => owner.grown() }
  const mailbox = new Mailbox(link, names, instance, (notice) => owner.noticed(notice))
  return { instance, hub, link, appends: new Appends(hub, link), names, mailbox, options, account, hosts: [] }
}
