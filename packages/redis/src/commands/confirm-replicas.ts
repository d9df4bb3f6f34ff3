import type { StoredStream } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { SILENT_MS } from '../protocol/times.ts'

/** How long replicas may take before they are asked again. */
const REPLICAS_MS = SILENT_MS / 2

/** Lets readers, here and elsewhere, be shown what enough replicas have. Throws while there are too few. */
export async function confirmReplicas(
  { connection, keys }: StoreContext,
  { facts, log }: StoredStream,
  replicas: number,
  seq: number,
): Promise<void> {
  const meta = keys.meta(facts)
  const [, reached] = await connection.ask((id) => waitFor(connection.commands, [meta, id], replicas), isReached)
  if (reached < replicas) throw new Error(`only ${reached} of ${replicas} replicas have it`)
  await connection.run(SCRIPTS.confirm, [meta], [log.epoch, seq, keys.channel(facts)])
}

/** Returns what it is given. It goes before `WAIT`, whose reply is a mere number and carries no id. */
const ECHO = 'return ARGV[1]'

/** `WAIT` on the node that has `key`: a cluster would else ask any node. */
async function waitFor(
  client: StoreContext['connection']['commands'],
  [key, id]: readonly [string, string],
  replicas: number,
): Promise<readonly [echo: unknown, reached: number]> {
  const results = await client.pipeline().eval(ECHO, 1, key, id).wait(replicas, REPLICAS_MS).exec()
  const [[error, echo], [waitError, reached]] = results as [[Error | null, unknown], [Error | null, number]]
  if (error ?? waitError) throw (error ?? waitError)!
  return [echo, reached]
}

/** Whether a reply is that to `WAIT`. No other reply that can follow the echo is a number. */
function isReached([echo, reached]: readonly [unknown, unknown], id: string): boolean {
  return echo === id && typeof reached === 'number'
}
