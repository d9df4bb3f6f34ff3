import type { StreamName } from '@sluice/core'

import { look } from './read-record.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { liveMs, nameOf, type Shop } from '../context/store-context.ts'

/** Erases all there is of a stream but its tombstone. `false`: nothing is known of it. @throws SluiceError `SLUICE_ERR_STORE` */
export async function eraseStream({ link, names }: Shop, stream: StreamName): Promise<boolean> {
  const found = await look(link, names, stream)
  if (found.is !== 'stream') return false
  const { id, tenant, owner, key } = found.state.facts
  const keys = [names.meta(stream), names.log(stream), names.readers(stream), names.inbox(stream), names.grants(stream)]
  const facts = JSON.stringify({ id, tenant, owner, key })
  const args = [facts, names.channel(stream), names.instances, liveMs(found.state.keeping), nameOf(stream)]
  await link.run(SCRIPTS.erase, keys, args)
  return true
}
