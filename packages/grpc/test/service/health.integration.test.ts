import { expect, test } from 'vitest'

import { ask, connect, type Message, open, saying, sayingForEver, startRig } from '../rig/rig.ts'

const HEALTH = ['grpc/health/v1/health.proto', 'grpc.health.v1.Health'] as const
const SERVICE = 'sluice.v1.TokenStreamService'

test('says SERVING for the server and its service, NOT_FOUND for others, and lists what there is', async () => {
  await using rig = await startRig(saying('x'))
  using health = connect(rig, ...HEALTH)
  expect(await ask(health, 'Check', {})).toEqual({ status: 'SERVING' })
  expect(await ask(health, 'Check', { service: SERVICE })).toEqual({ status: 'SERVING' })
  await expect(ask(health, 'Check', { service: 'other.Service' })).rejects.toMatchObject({ code: 5 })
  expect(await ask(health, 'List', {})).toEqual({
    statuses: { '': { status: 'SERVING' }, [SERVICE]: { status: 'SERVING' } },
  })
})

test('tells who watches, at once and when it changes; an unknown service is SERVICE_UNKNOWN and stays open', async () => {
  await using rig = await startRig(sayingForEver('x'))
  using health = connect(rig, ...HEALTH)
  const told: string[] = []
  const watch = open(health, 'Watch', { service: SERVICE })
  watch.on('data', (message: Message) => told.push(String(message['status']))).on('error', () => {})
  const other: string[] = []
  const unknown = open(health, 'Watch', { service: 'other.Service' })
  unknown.on('data', (message: Message) => other.push(String(message['status']))).on('error', () => {})
  await expect.poll(() => [...told, ...other]).toEqual(['SERVING', 'SERVICE_UNKNOWN'])
  const running = await rig.sluice.start(sayingForEver('x'), { as: 'server' })
  const drained = rig.server.drain({ withinMs: 300 })
  await expect.poll(() => told).toEqual(['SERVING', 'NOT_SERVING'])
  expect(await ask(health, 'Check', {})).toEqual({ status: 'NOT_SERVING' })
  await drained
  expect(other).toEqual(['SERVICE_UNKNOWN'])
  expect(await running.ended).toMatchObject({ reason: 'interrupted', cause: 'drain' })
})
