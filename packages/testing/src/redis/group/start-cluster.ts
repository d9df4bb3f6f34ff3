import { CLUSTER_SLOTS, clusterSlotOf } from './cluster-slot.ts'
import { parseInfo } from '../server/info.ts'
import { type ClusterNode, moveClusterSlot, ownerIdOf } from './move-cluster-slot.ts'
import type { RedisServer } from '../server/redis-server.ts'
import { HOST } from '../server/redis-run.ts'
import { assertCount, closeAll, type GroupServerOptions, orClose, startAll } from './server-group.ts'
import { startNode } from '../server/start-redis-server.ts'
import { until } from '../server/until.ts'

/** How many nodes, and how patient. */
export interface ClusterOptions {
  /** @defaultValue 3 */
  masters?: number | undefined
  /**
   * After how long a silence a node counts as failed.
   * @defaultValue 2000
   */
  nodeTimeoutMs?: number | undefined
  /** For every node. */
  server?: GroupServerOptions | undefined
}

/** A Redis Cluster of masters without replicas. */
export interface ClusterRedis extends AsyncDisposable {
  /** In the order of their slots at the start. */
  readonly nodes: readonly RedisServer[]
  /** The slot of a key, as {@link clusterSlotOf} says. */
  slotOf(key: string): number
  /** The node that has a slot, as the first running node sees it. */
  ownerOf(slot: number): Promise<RedisServer>
  /**
   * Moves a slot and all its keys, one step after the other as in a live migration. `beforeSetSlot` is awaited when the
   * keys are at the new owner and the slot is not: the old one answers ASK. Resolves when all running nodes agree.
   */
  moveSlot(slot: number, to: RedisServer, beforeSetSlot?: () => unknown): Promise<void>
  /** Stops all servers, and removes what they wrote. */
  close(): Promise<void>
}

/**
 * Starts a Redis Cluster in which every node has an equal share of the slots, and waits until all nodes know it.
 *
 * @example
 * ```ts
 * await using cluster = await startCluster({ masters: 3 })
 * const slot = cluster.slotOf('{stream-1}:log')
 * const owner = await cluster.ownerOf(slot)
 * const other = cluster.nodes.find((node) => node !== owner)!
 * await cluster.moveSlot(slot, other, () => log('every client is sent on with ASK now'))
 * ```
 */
export async function startCluster(options: ClusterOptions = {}): Promise<ClusterRedis> {
  const { masters = 3, nodeTimeoutMs = 2000, server = {} } = options
  assertCount('masters', masters, 1)
  const more = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)]
  // Nodes would otherwise learn their own address from each other, and until then send clients to nowhere.
  more.push('--cluster-announce-ip', HOST)
  const servers = await startAll(masters, () => startNode(server, { more, withBus: true }))

  const close = (): Promise<void> => closeAll(servers)
  return orClose(servers, async () => {
    const nodes = await Promise.all(servers.map(giveSlots))
    await meet(servers)
    await Promise.all(servers.map((each) => untilComplete(each, masters)))

    function nodeOf(server: RedisServer): ClusterNode {
      return nodes.find((node) => node.server === server) ?? fail(`port ${server.port} is not one of this cluster`)
    }
    async function owner(slot: number): Promise<ClusterNode> {
      const witness = servers.find(({ state }) => state === 'running') ?? fail('no node runs')
      const id = await ownerIdOf(slot, witness)
      return nodes.find((node) => node.id === id) ?? fail(`slot ${slot} has no owner`)
    }
    return {
      nodes: servers,
      slotOf: clusterSlotOf,
      ownerOf: async (slot) => (await owner(slot)).server,
      moveSlot: async (slot, to, beforeSetSlot) =>
        moveClusterSlot(slot, {
          from: await owner(slot),
          to: nodeOf(to),
          nodes,
          password: server.password,
          beforeSetSlot,
        }),
      close,
      [Symbol.asyncDispose]: close,
    }
  })
}

function fail(message: string): never {
  throw new Error(message)
}

/** Its share of the slots, and an epoch of its own, without which nodes would first have to settle who is right. */
async function giveSlots(server: RedisServer, index: number, all: readonly RedisServer[]): Promise<ClusterNode> {
  const bound = (share: number): number => Math.floor((share * CLUSTER_SLOTS) / all.length)
  await server.command('CLUSTER', 'ADDSLOTSRANGE', String(bound(index)), String(bound(index + 1) - 1))
  await server.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  return { server, id: String(await server.command('CLUSTER', 'MYID')) }
}

/** Each two; gossip alone would take longer. */
async function meet(servers: readonly RedisServer[]): Promise<void> {
  for (const [index, server] of servers.entries()) {
    for (const other of servers.slice(index + 1))
      await server.command('CLUSTER', 'MEET', other.host, String(other.port))
  }
}

/** Until a node takes commands and knows where every slot is. */
async function untilComplete(server: RedisServer, masters: number): Promise<void> {
  await until(`cluster node ${server.port} sees all ${masters}`, async () => {
    const info = parseInfo(String(await server.command('CLUSTER', 'INFO')))
    const isComplete = info.get('cluster_state') === 'ok' && info.get('cluster_size') === String(masters)
    return (isComplete && info.get('cluster_slots_ok') === String(CLUSTER_SLOTS)) || undefined
  })
}
