import type { RedisServer } from '../server/redis-server.ts'
import { until } from '../server/until.ts'

const KEYS_AT_ONCE = '100'
const MIGRATE_MS = '10000'

export interface ClusterNode {
  readonly server: RedisServer
  readonly id: string
}

/** From where to where, and who must learn of it. */
export interface SlotMove {
  readonly from: ClusterNode
  readonly to: ClusterNode
  readonly nodes: readonly ClusterNode[]
  readonly password: string | undefined
  readonly beforeSetSlot: (() => unknown) | undefined
}

/** Moves a slot as redis-cli does: the target imports, the source migrates, keys move, then everyone is told. */
export async function moveClusterSlot(slot: number, move: SlotMove): Promise<void> {
  const { from, to, nodes } = move
  if (from === to) return
  await to.server.command('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', from.id)
  await from.server.command('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', to.id)
  await migrateKeys(slot, move)
  await move.beforeSetSlot?.()
  // The new owner first: were it to fail after the old one had been told, nobody would have the slot.
  const others = nodes.filter((node) => node !== from && node !== to && node.server.state === 'running')
  for (const { server } of [to, from, ...others])
    await server.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', to.id)
  await Promise.all(
    [to, from, ...others].map(({ server }) =>
      until(`node ${server.port} knows the new owner of slot ${slot}`, async () => {
        return (await ownerIdOf(slot, server)) === to.id || undefined
      }),
    ),
  )
}

/** The id of the node that has a slot, as one node sees it. */
export async function ownerIdOf(slot: number, witness: RedisServer): Promise<string | undefined> {
  type Range = [first: number, last: number, master: [host: string, port: number, id: string]]
  const ranges = (await witness.command('CLUSTER', 'SLOTS')) as Range[]
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][2]
}

async function migrateKeys(slot: number, { from, to, password }: SlotMove): Promise<void> {
  const { host, port } = to.server
  const login = password === undefined ? [] : ['AUTH', password]
  for (;;) {
    const listed = await from.server.command('CLUSTER', 'GETKEYSINSLOT', String(slot), KEYS_AT_ONCE)
    const keys = listed as string[]
    if (keys.length === 0) return
    await from.server.command('MIGRATE', host, String(port), '', '0', MIGRATE_MS, ...login, 'KEYS', ...keys)
  }
}
