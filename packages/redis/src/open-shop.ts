import { Hub, type Runtime } from '@sluice/core'

import { Appends } from './appends.ts'
import { createInstanceId } from './begin-stream.ts'
import { Link } from './link.ts'
import { Mailbox, type Notice } from './mailbox.ts'
import { Names } from './names.ts'
import type { ResolvedRedisStoreOptions } from './redis-store-options.ts'
import type { Shop } from './shop.ts'

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
