import { readFileSync } from 'node:fs'

import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Tap } from '../faults/rig/counting-source.ts'
import { Instance } from '../faults/rig/instance.ts'
import { Reading } from '../faults/rig/reading.ts'
import { eventually } from '../faults/rig/watched.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
/** The documented line, as words; the password and the name are the test's. */
const DOCUMENTED = /^ACL SETUSER sluice on >\S+ (.*)$/m.exec(README)![1]!.split(' ')
/** What a server that is no cluster, knows all scripts and is not asked for replicas can do without. */
const GONE_WITHOUT = /^.(?:ping|info|wait|eval|select|asking|cluster.*|unsubscribe|s(?:publish|subscribe|unsubscribe))$/

let server: RedisServer
let users = 0
beforeAll(async () => void (server = await startRedisServer()))
afterAll(() => server.close())

/** The URL of a new user with these rights. */
async function urlOf(rules: readonly string[]): Promise<string> {
  const user = `user${users++}`
  await server.command('ACL', 'SETUSER', user, 'on', '>p@ss/w#1', ...rules)
  return server.url.replace('redis://', `redis://${user}:${encodeURIComponent('p@ss/w#1')}@`)
}

async function readyError(url: string): Promise<unknown> {
  await using instance = new Instance({ url, commandMs: 2_000, waitMs: 0 })
  return await instance.store.ready().catch((error: unknown) => error)
}

describe('the user of the documented ACL line', () => {
  test('is the same wherever it is documented', () => {
    const deploying = readFileSync(new URL('../../../../docs/deploying.md', import.meta.url), 'utf8')
    expect(deploying).toContain(DOCUMENTED.join(' '))
  })

  test('streams, reads elsewhere, sends, grants, cancels, erases and agrees, and Redis denies it nothing', async () => {
    await server.command('ACL', 'LOG', 'RESET')
    const url = await urlOf(DOCUMENTED)
    await using here = new Instance({ url })
    await using there = new Instance({ url })
    await Promise.all([here.store.ready(), there.store.ready()])
    const tap = new Tap()
    const started = await here.start(tap.source, { key: 'chat', idempotency: { key: 'once', fingerprint: '' } })
    const local = new Reading(started, 0)
    const remote = await there.read({ key: 'chat' })
    tap.pour(20)
    await Promise.all([local.reached(20), remote.reached(20)])
    await there.sluice.send({ id: started.id }, { go: 'on' }, { as: 'server' })
    await there.store.grant!({ tenant: '', id: started.id }, 'reader', 5)
    await there.sluice.cancel({ id: started.id }, { as: 'server' })
    await here.abortOf(started.id, 5_000)
    await there.sluice.erase({ id: started.id }, { as: 'server' })
    expect(await here.store.agree('name', 'value', 1_000)).toBe('value')
    expect([here.warnings, there.warnings]).toEqual([[], []])
    expect([here.store.health!(), there.store.health!()]).toEqual(['ok', 'ok'])
    expect(await server.command('ACL', 'LOG')).toEqual([])
  })

  test.for(DOCUMENTED.filter((rule) => rule.startsWith('+') && !GONE_WITHOUT.test(rule)))(
    'has no right too many: without %s the start says so',
    async (rule) => {
      await using instance = new Instance({ url: await urlOf([...DOCUMENTED, `-${rule.slice(1)}`]), commandMs: 2_000 })
      const refused: unknown = await instance.store.ready().then(
        () => undefined,
        (error: unknown) => error,
      )
      // What only wakes others is told, and gone without.
      const told = [String(refused), ...instance.warnings].join(' ')
      expect(told).toMatch(/no permissions|can't run|not allowed|NOPERM|No permission/)
    },
  )
})

describe('a user who lacks something is told at the start, and clients are not', () => {
  test.for([
    ['keys of another prefix', ['+@all', '~other:*', '&*']],
    ['no scripts', ['+@all', '-@scripting', '~sluice:*', '&sluice:*']],
    ['no writes', ['+@all', '-@write', '+@scripting', '~sluice:*', '&sluice:*']],
    ['keys that may only be read', ['+@all', '%R~sluice:*', '&sluice:*']],
  ] as const)('%s', async ([, rules]) => {
    const refused = await readyError(await urlOf(rules))
    expect(refused).toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    expect(String(refused)).toMatch(/Redis cannot be used: .*ACL line.*~sluice:\*.*&sluice:\*/)
  })

  test('a right that is given later is found: nobody must start anew', async () => {
    const url = await urlOf(['+@all', '-@scripting', '~sluice:*', '&sluice:*'])
    await using instance = new Instance({ url })
    await expect(instance.start(new Tap().source)).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    await server.command('ACL', 'SETUSER', `user${users - 1}`, '+@scripting')
    expect((await instance.start(new Tap().source)).id).not.toBe('')
  })

  test('what Redis says of a command that fails while streams run is the cause, and not the message', async () => {
    const url = await urlOf(['+@all', '~sluice:*', '&sluice:*'])
    await using instance = new Instance({ url })
    await instance.store.ready()
    await server.command('ACL', 'SETUSER', `user${users - 1}`, '-@scripting')
    const refused = (await instance.start(new Tap().source).catch((error: unknown) => error)) as Error
    expect(refused).toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
    expect(refused.message).toBe('Redis did not do what it was asked: it was refused.')
    expect((refused.cause as Error).message).toContain('NOPERM')
    await instance.start(new Tap().source).catch(() => {})
    expect(instance.warnings.filter((warning) => warning.startsWith('Redis refuses a command: NOPERM'))).toHaveLength(1)
  })
})

describe('without channels streams are looked at', () => {
  test('which is a warning and `degraded`, and every command works; with them, it is over', async () => {
    const rules = ['+@all', '~sluice:*', 'resetchannels']
    await using here = new Instance({ url: await urlOf(rules), lookEveryMs: 200 })
    const name = `user${users - 1}`
    await using there = new Instance({ url: server.url, lookEveryMs: 200 })
    await Promise.all([here.store.ready(), there.store.ready()])
    expect(here.warnings).toEqual([expect.stringMatching(/does not wake this process.*every 200 ms.*&sluice:\*/)])
    expect([here.store.health!(), there.store.health!()]).toEqual(['degraded', 'ok'])
    const tap = new Tap()
    const started = await here.start(tap.source)
    const remote = await there.read({ id: started.id })
    tap.pour(20)
    await remote.reached(20)
    // The producer hears of it with the next look, though its source is silent.
    await there.sluice.cancel({ id: started.id }, { as: 'server' })
    await here.abortOf(started.id, 3_000)
    const second = await there.start(new Tap().source)
    await here.sluice.cancel({ id: second.id }, { as: 'server' })
    await there.abortOf(second.id, 5_000)
    await server.command('ACL', 'SETUSER', name, '&sluice:*')
    await eventually('wake-ups', () => (here.store.health!() === 'ok' ? true : undefined))
    expect(here.warnings).toEqual([expect.anything(), 'Redis wakes this process again.'])
  })

  test('rights that are taken away while it runs are noticed', async () => {
    await using instance = new Instance({ url: await urlOf(['+@all', '~sluice:*', '&sluice:*']) })
    await instance.store.ready()
    expect(instance.store.health!()).toBe('ok')
    await server.command('ACL', 'SETUSER', `user${users - 1}`, 'resetchannels')
    await eventually('its being noticed', () => (instance.store.health!() === 'degraded' ? true : undefined))
    expect(instance.warnings.join(' ')).toContain('does not wake this process')
  })

  test('a client with a key prefix is woken all the same, and its prefix begins every key', async () => {
    const { Redis } = await import('ioredis')
    const client = (): InstanceType<typeof Redis> => new Redis(server.url, { lazyConnect: true, keyPrefix: 'mine:' })
    await using here = new Instance({ client: client(), lookEveryMs: 60_000 })
    await using there = new Instance({ client: client(), lookEveryMs: 60_000 })
    const tap = new Tap()
    const started = await here.start(tap.source)
    const remote = await there.read({ id: started.id })
    tap.pour(20)
    await remote.reached(20)
    await there.sluice.cancel({ id: started.id }, { as: 'server' })
    await here.abortOf(started.id, 2_000)
    expect(await server.command('EXISTS', `mine:sluice:{0::${started.id}}`)).toBe(1)
    expect([here.warnings, there.warnings]).toEqual([[], []])
  })
})
