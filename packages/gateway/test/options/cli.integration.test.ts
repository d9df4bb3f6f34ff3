import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { runCli, spawnGateway } from '../rig/spawned-gateway.ts'

describe('what is printed', () => {
  test('ready: one line, with the address', async () => {
    await using gateway = await spawnGateway([])
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200)
    await fetch(`${gateway.url}/v1/models`)
    expect(gateway.stdout).toMatch(/^sluice gateway ready at http:\/\/127\.0\.0\.1:\d+ \(.*\)\n$/)
    expect(gateway.stderr).toBe('')
  })

  test('--help: every option, on stdout', async () => {
    const run = runCli(['--help'], { PORT: 'nonsense' })
    expect(await run.exited).toEqual({ code: 0, signal: null })
    for (const flag of ['--port', '--host', '--upstream', '--redis', '--on-disconnect', '--auth', '--insecure'])
      expect(run.stdout).toContain(flag)
    for (const name of ['--cors-origin', '--drain-ms', 'SLUICE_UPSTREAM_KEY', 'SLUICE_REDIS_URL', 'HOST'])
      expect(run.stdout).toContain(name)
    expect(run.stderr).toBe('')
  })

  test('--version: the version, and nothing else', async () => {
    const run = runCli(['--version'])
    expect(await run.exited).toEqual({ code: 0, signal: null })
    expect(run.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

test('an older Node: exit 1 and a sentence, before anything is loaded that it could not run', async () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  const run = runCli([], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` })
  expect(await run.exited).toEqual({ code: 1, signal: null })
  expect(run.stderr).toMatch(/^sluice-gateway needs Node 22\.12 or newer and was started with Node 20\.20\.2; .*\n$/)
  expect(run.stdout).toBe('')
})

test('--data on a Node without SQLite: exit 1 and a sentence that names the oldest one with it', async () => {
  const without = 'process.getBuiltinModule = () => undefined'
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(without)}` }
  const run = runCli(['--data', '/nowhere/at/all'], env)
  expect(await run.exited).toEqual({ code: 1, signal: null })
  expect(run.stderr).toMatch(/^The directory of --data \(SLUICE_DATA\) cannot be used\. .* from 22\.13 on, .*\n$/)
  expect(run.stdout).toBe('')
})

describe('options that cannot be', () => {
  test.each([
    [['--port', 'abc'], {}, ['--port', 'PORT', '"abc"', '0 to 65535']],
    [[], { PORT: '80a' }, ['PORT', '"80a"']],
    [['--upstreem', 'http://x'], {}, ['--upstreem', '--upstream']],
    [['--upstream', 'localhost:8000'], {}, ['--upstream', 'SLUICE_UPSTREAM', 'http']],
    [['--host', '0.0.0.0'], {}, ['--auth', '--host', '--insecure']],
    [[], { HOST: '::' }, ['HOST', '--insecure']],
    [
      ['--redis', 'redis://127.0.0.1:1', '--redis-wait-ms', '0', '--redis-command-ms', '500', '--log', 'quiet'],
      {},
      ['--redis', 'SLUICE_REDIS_URL', 'no answer', 'ECONNREFUSED'],
    ],
    [['--upstream-key', 'sk secret'], {}, ['--upstream-key', 'SLUICE_UPSTREAM_KEY']],
  ] as const)('%j %j: exit 1 and a message that says which', async (args, env, words) => {
    const run = runCli(args, env)
    expect(await run.exited).toEqual({ code: 1, signal: null })
    for (const word of words) expect(run.stderr).toContain(word)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(run.stderr).not.toMatch(/secret|\bat file:/)
    expect(run.stdout).toBe('')
  })

  test('a port that is taken: exit 1 and the way out', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const run = runCli(['--port', String((server.address() as AddressInfo).port)])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    expect(run.stderr).toContain('--port')
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    server.close()
  })

  test('an address that is not ours: exit 1 and the way out', async () => {
    const run = runCli(['--host', '192.0.2.1', '--insecure', '--port', '0'])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    expect(run.stderr).toContain('--host')
  })
})

describe('options that can be', () => {
  test.each([
    [['--host', '0.0.0.0', '--insecure'], {}],
    [['--host', '0.0.0.0', '--auth', 'bearer'], {}],
    [['--cors-origin', '*'], {}],
    [['--cors-origin', 'https://a.example', '--cors-origin', 'https://b.example'], {}],
    [['--host', 'localhost'], { SLUICE_ON_DISCONNECT: 'continue', SLUICE_DRAIN_MS: '0', SLUICE_LOG: 'quiet' }],
    [['--on-disconnect', '0'], {}],
  ] as const)('%j %j', async (args, env) => {
    await using gateway = await spawnGateway(args, env)
    const response = await fetch(`http://127.0.0.1:${gateway.port}/healthz`)
    expect(response.status).toBe(200)
  })

  test('--cors-origin "*" lets every page read', async () => {
    await using gateway = await spawnGateway(['--cors-origin', '*'])
    const response = await fetch(`${gateway.url}/v1/streams/unknown`, { headers: { origin: 'https://x.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('the environment names the port, and a flag wins', async () => {
    await using gateway = await spawnGateway([], { PORT: '1' })
    expect(gateway.port).toBeGreaterThan(1)
  })
})
