import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { startCluster, startRedisServer } from '@sluice/testing/redis'
import { Cluster, Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { RedisConnection } from '../src/connection/redis-connection.ts'
import { type RedisStoreOptions, resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'

function connectTo(options: RedisStoreOptions): RedisConnection {
  return new RedisConnection(new Scheduler(createSystemRuntime(), false), resolveRedisStoreOptions(options))
}

test('contract 2: what is asked in the moment in which a connection breaks waits for the next one', async () => {
  await using server = await startRedisServer()
  const connection = connectTo({ url: server.url })
  try {
    await connection.ping()
    if ('stream' in connection.commands) connection.commands.stream.destroy()
    // It still counts as ready, and nothing can be written to it.
    expect(connection.commands.status).toBe('ready')
    await connection.ping()
  } finally {
    connection.close()
  }
})

test('numbers in replies are numbers, whatever the settings of the client that is given', async () => {
  await using server = await startRedisServer()
  const connection = connectTo({ client: new Redis(server.url, { lazyConnect: true, stringNumbers: true }) })
  try {
    expect(await connection.run(SCRIPTS.grant, ['none', 'none:grants'], ['', 0, 1, '', '', 1, ''])).toBe(-1)
  } finally {
    connection.close()
  }
})

test('a cluster’s client of one’s own: numbers are numbers, masters are asked, and a lost cluster is looked for again', async () => {
  await using cluster = await startCluster({ masters: 1 })
  const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
  const client = new Cluster(nodes, {
    lazyConnect: true,
    scaleReads: 'slave',
    clusterRetryStrategy: () => null,
    redisOptions: { stringNumbers: true },
  })
  const connection = connectTo({ client })
  try {
    expect(await connection.run(SCRIPTS.grant, ['{none}', '{none}:grants'], ['', 0, 1, '', '', 1, ''])).toBe(-1)
    const { options } = connection.commands as Cluster
    expect([options.scaleReads, typeof options.clusterRetryStrategy?.(1)]).toEqual(['master', 'number'])
  } finally {
    connection.close()
  }
})

test('contract 12: a cluster whose reply answers another command is connected to anew, and works', async () => {
  await using cluster = await startCluster({ masters: 1 })
  const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }))
  const warnings: string[] = []
  const onWarning = (warning: string): void => void warnings.push(warning)
  const connection = connectTo({ client: new Cluster(nodes, { lazyConnect: true }), onWarning })
  const read = (): Promise<unknown> => connection.run(SCRIPTS.readPointer, ['nothing'], [])
  const connections = async (): Promise<number> => {
    const info = await cluster.nodes[0]!.info('stats')
    return Number(info.get('total_connections_received'))
  }
  try {
    expect(await read()).toBe('')
    const before = await connections()
    const { commands } = connection
    const evalsha = commands.evalsha.bind(commands)
    commands.evalsha = () => Promise.resolve(['another', 'reply'])
    const misplaced = read()
    commands.evalsha = evalsha
    // It is asked again, on the new one.
    expect(await misplaced).toBe('')
    expect(await connections()).toBeGreaterThan(before)
    expect(warnings).toEqual([expect.stringContaining('answers another command')])
  } finally {
    connection.close()
  }
})
