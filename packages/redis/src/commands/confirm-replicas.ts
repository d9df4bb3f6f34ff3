import type { StoredStream } from '@sluice/core'

import { SCRIPTS } from '../protocol/scripts.ts'
import type { StoreContext } from '../context/store-context.ts'
import { SILENT_MS } from '../protocol/times.ts'

/** How long replicas may take before they are asked again. */
const REPLICAS_MS = SILENT_MS / 2

/** Readers here and elsewhere are shown nothing that fewer replicas have. Throws while there are too few. */
export async function confirmReplicas(
  { connection, keys }: StoreContext,
  { facts, log }: StoredStream,
  replicas: number,
  seq: number,
): Promise<void> {
  const meta = keys.meta(facts)
  const reached = await connection.ask(() => waitFor(connection.commands, meta, replicas))
  if (reached < replicas) throw new Error(`only ${reached} of ${replicas} replicas have it`)
  await connection.run(SCRIPTS.confirm, [meta], [log.epoch, seq, keys.channel(facts)])
}

/** `WAIT` on the node that has `key`: a cluster would else ask any. */
async function waitFor(client: StoreContext['connection']['commands'], key: string, replicas: number): Promise<number> {
  const results = await client.pipeline().exists(key).wait(replicas, REPLICAS_MS).exec()
  const [error, reached] = results?.[1] ?? [new Error('no answer to WAIT')]
  if (error) throw error
  return Number(reached)
}
