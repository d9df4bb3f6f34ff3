import type { StreamName } from '@sluice/core'

import { readRecord } from './read-record.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { liveMs } from '../protocol/times.ts'

/** Erases all there is of a stream but its tombstone. `false`: nothing is known of it. @throws SluiceError `SLUICE_ERR_STORE` */
export async function eraseStream({ connection, keys }: StoreContext, stream: StreamName): Promise<boolean> {
  const found = await readRecord(connection, keys, stream)
  if (found.is !== 'stream') return false
  const { id, tenant, owner, key } = found.state.facts
  const recordKeys = [
    keys.meta(stream),
    keys.log(stream),
    keys.readers(stream),
    keys.inbox(stream),
    keys.grants(stream),
  ]
  const facts = JSON.stringify({ id, tenant, owner, key })
  const args = [facts, keys.channel(stream), keys.instances, liveMs(found.state.keeping), nameOf(stream)]
  await connection.run(SCRIPTS.erase, recordKeys, args)
  return true
}
