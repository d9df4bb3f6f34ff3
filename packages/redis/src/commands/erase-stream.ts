import type { StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { nameOf } from '../protocol/notice.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { toStoredJson } from '../protocol/stored-json.ts'
import { liveMs } from '../protocol/times.ts'
import { readRecord } from './read-record.ts'

/** Erases a stream but for its tombstone. `false`: no such stream is known. @throws SluiceError `SLUICE_ERR_STORE` */
export async function eraseStream({ connection, keys }: StoreContext, stream: StreamName): Promise<boolean> {
  const record = await readRecord(connection, keys, stream)
  if (record.is !== 'stream') return false
  const { id, tenant, owner, key } = record.state.facts
  const facts = toStoredJson({ id, tenant, owner, key })
  const args = [facts, keys.channel(stream), keys.instances, liveMs(record.state.keeping), nameOf(stream)]
  await connection.run(SCRIPTS.erase, keys.all(stream), args)
  return true
}
