import {
  clusterSlotOf,
  type ClusterRedis,
  type RedisServer,
  startCluster,
  startReplicated,
  startSentinel,
} from '@sluice/testing/redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

const SLOTS = 16_384
const POLL = { interval: 50 }

const disposables: AsyncDisposable[] = []
afterEach(async () => {
  for (const disposable of disposables.splice(0).reverse()) await disposable[Symbol.asyncDispose]()
})
function closing<Group extends AsyncDisposable>(group: Group): Group {
  disposables.push(group)
  return group
}

async function append(server: RedisServer, { from, to }: { from: number; to: number }): Promise<void> {
  for (let seq = from; seq <= to; seq++) await server.command('XADD', 'stream', `${seq}-0`, 'seq', String(seq))
}

async function idsOf(server: RedisServer): Promise<string[]> {
  const entries = (await server.command('XRANGE', 'stream', '-', '+')) as [string, string[]][]
  return entries.map(([id]) => id)
}

const idsUpTo = (last: number): string[] => Array.from({ length: last }, (_, index) => `${index + 1}-0`)
const roleOf = async (server: RedisServer): Promise<string | undefined> =>
  (await server.info('replication')).get('role')

describe('replicated', () => {
  test('replicas follow; a cut one has what was acknowledged before the cut, and nothing after', async () => {
    const { primary, replicas, caughtUp, cutReplica, promote } = closing(await startReplicated({ replicas: 2 }))
    await append(primary, { from: 1, to: 100 })
    await cutReplica(1)
    await append(primary, { from: 101, to: 110 })
    await caughtUp(0)
    await primary.kill()
    await promote(1)
    expect(await Promise.all(replicas.map(roleOf))).toEqual(['slave', 'master'])
    expect(await idsOf(replicas[0]!)).toEqual(idsUpTo(110))
    expect(await idsOf(replicas[1]!)).toEqual(idsUpTo(100))
    expect(await replicas[1]!.command('XADD', 'stream', '101-0', 'seq', 'again')).toBe('101-0')
  })

  test('a lossy failover loses exactly what was written in it', async () => {
    const redis = closing(await startReplicated({ server: { appendOnly: true, password: 'secret' } }))
    await append(redis.primary, { from: 1, to: 50 })
    const promoted = await redis.loseWrites((primary) => append(primary, { from: 51, to: 60 }))
    expect(promoted).toBe(redis.replicas[0])
    expect(redis.primary.state).toBe('ended')
    expect(await idsOf(promoted)).toEqual(idsUpTo(50))
    await promoted.restart()
    expect([await roleOf(promoted), await idsOf(promoted)]).toEqual(['master', idsUpTo(50)])
    await redis.primary.restart()
    expect(await idsOf(redis.primary)).toEqual(idsUpTo(60))
  })

  test('says which replicas there are', async () => {
    const redis = closing(await startReplicated({ replicas: 0 }))
    await expect(redis.promote(0)).rejects.toThrow('replica 0 is not there: there are 0')
    await expect(startReplicated({ replicas: -1 })).rejects.toThrow('replicas is -1')
  })
})

describe('sentinel', () => {
  test('the sentinels agree on a primary, and on its successor after it was killed', async () => {
    const redis = closing(await startSentinel({ sentinels: 3, replicas: 1 }))
    const { primary, replicas, sentinels, addresses, masterName } = redis
    expect(addresses).toEqual(sentinels.map(({ host, port }) => ({ host, port })))
    expect(await redis.primaryNow()).toBe(primary)
    const first = sentinels[0]!
    expect(await first.command('SENTINEL', 'CKQUORUM', masterName)).toMatch(/^OK 3 usable/)

    await primary.kill()
    const successor = await redis.successor(primary)
    expect(successor).toBe(replicas[0])
    expect(await redis.primaryNow()).toBe(successor)
    expect(await successor.command('SET', 'key', 'text')).toBe('OK')

    await primary.restart()
    await expect.poll(() => roleOf(primary), POLL).toBe('slave')
    await expect.poll(() => primary.command('GET', 'key'), POLL).toBe('text')
  })

  test('two of three sentinels are enough, with a password too', async () => {
    const redis = closing(await startSentinel({ server: { password: 'a b"c' } }))
    await redis.sentinels[1]!.kill()
    await redis.primary.kill()
    expect(await redis.successor(redis.primary)).toBe(redis.replicas[0])
  })
})

describe('cluster', () => {
  let cluster: ClusterRedis
  beforeAll(async () => {
    cluster = await startCluster({ masters: 3 })
  })
  afterAll(() => cluster?.close())

  const otherThan = (server: RedisServer): RedisServer => cluster.nodes.find((node) => node !== server)!
  const stateOf = async (server: RedisServer): Promise<string> =>
    /cluster_state:(\w+)/.exec(String(await server.command('CLUSTER', 'INFO')))![1]!

  test.each(['foo', '', '123456789', '{user}:a', 'a{user}b', '{}whole', 'a{b', 'a}b{c}', '{{x}}', 'ключ', '{😀}x'])(
    'the slot of %j is what Redis says',
    async (key) => {
      expect(clusterSlotOf(key)).toBe(await cluster.nodes[0]!.command('CLUSTER', 'KEYSLOT', key))
    },
  )

  test('the slots are split evenly', async () => {
    expect(await Promise.all(cluster.nodes.map(stateOf))).toEqual(['ok', 'ok', 'ok'])
    const owners = await Promise.all([0, 5460, 5461, 10_921, 10_922, SLOTS - 1].map(cluster.ownerOf))
    expect(owners.map((owner) => cluster.nodes.indexOf(owner))).toEqual([0, 0, 1, 1, 2, 2])
  })

  test('a slot moves with its keys: ASK while they travel, MOVED after', async () => {
    const slot = cluster.slotOf('{tag}')
    const from = await cluster.ownerOf(slot)
    const to = otherThan(from)
    for (let index = 0; index < 250; index++) await from.command('SET', `{tag}${index}`, String(index))

    let steps = 0
    await cluster.moveSlot(slot, to, async () => {
      steps++
      expect(await cluster.ownerOf(slot)).toBe(from)
      await expect(from.command('GET', '{tag}7')).rejects.toThrow(`ASK ${slot} ${to.host}:${to.port}`)
      await to.command('ASKING')
      expect(await to.command('GET', '{tag}7')).toBe('7')
    })
    expect(steps).toBe(1)
    expect(await cluster.ownerOf(slot)).toBe(to)
    await expect(from.command('GET', '{tag}7')).rejects.toThrow(`MOVED ${slot} ${to.host}:${to.port}`)
    expect(await to.command('CLUSTER', 'COUNTKEYSINSLOT', String(slot))).toBe(250)
    expect(await to.command('GET', '{tag}249')).toBe('249')

    await cluster.moveSlot(slot, from)
    expect(await from.command('GET', '{tag}0')).toBe('0')
    await cluster.moveSlot(slot, from)
    expect(await cluster.ownerOf(slot)).toBe(from)
  })

  test('refuses a server of another cluster', async () => {
    const stranger = { ...cluster.nodes[0]!, port: 1 }
    await expect(cluster.moveSlot(0, stranger)).rejects.toThrow('port 1 is not one of this cluster')
  })

  test('without one owner the cluster is down; the owner comes back with its slots', async () => {
    const [first, second] = cluster.nodes as [RedisServer, RedisServer]
    await first.kill()
    await expect.poll(() => stateOf(second), POLL).toBe('fail')
    await expect(second.command('SET', '{b}', 'text')).rejects.toThrow(/^(CLUSTERDOWN|MOVED) /)
    await first.restart()
    await expect.poll(() => Promise.all(cluster.nodes.map(stateOf)), POLL).toEqual(['ok', 'ok', 'ok'])
    expect(await cluster.ownerOf(0)).toBe(first)
  })
})
