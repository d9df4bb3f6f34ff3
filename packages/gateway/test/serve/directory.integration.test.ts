import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { askJson, attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { runCli, type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'
import { type BehavingBackend, chunk, DONE, startBehavingBackend } from '../rig/stage.ts'

let backend: BehavingBackend
const root = mkdtempSync(join(tmpdir(), 'sluice-gateway-'))
const directory = join(root, 'data')
const spawn = (): Promise<SpawnedGateway> => spawnGateway(['--upstream', backend.baseUrl, '--data', directory])

beforeAll(async () => void (backend = await startBehavingBackend()))
afterAll(async () => {
  await backend[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

test('contract 1, 3 and 4: a gateway that is killed finds in its directory what it had served, and says how that ended', async () => {
  const whole = backend.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'all of it' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  const half = backend.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'half of it' }))
  })
  const first = await spawn()
  expect(first.stdout).toContain(`streams in ${directory}`)
  const ended = await startNative(`${first.url}/v1`, { model: whole.model })
  await readUntil(ended, 'end')
  await using running = await startNative(`${first.url}/v1`, { model: half.model })
  await readUntil(running, 'text')

  const second = runCli(['--port', '0', '--data', directory, '--log', 'quiet'])
  expect(await second.exited).toEqual({ code: 1, signal: null })
  expect(second.stderr).toContain('--data (SLUICE_DATA)')
  expect(second.stderr).toContain(`process ${first.process.pid}`)

  first.process.kill('SIGKILL')
  await first.exited
  await using again = await spawn()
  const on = (location: string): string => `${again.url}${new URL(location).pathname}`
  await using later = await attachNative(on(ended.location))
  const all = await readUntil(later, 'end')
  expect(textOf(all)).toBe('all of it')
  await using rest = await attachNative(on(running.location))
  const left = await readUntil(rest, 'end')
  expect(textOf(left)).toBe('half of it')
  expect(JSON.parse(left.at(-1)!.data)).toMatchObject({ reason: 'interrupted', cause: 'lease', complete: false })
  expect(await askJson(`${again.url}/readyz`)).toMatchObject({ status: 200 })
})

test('a gateway that is stopped gives its directory up', async () => {
  const first = await spawn()
  first.process.kill('SIGTERM')
  expect(await first.exited).toEqual({ code: 0, signal: null })
  await using again = await spawn()
  expect(await askJson(`${again.url}/readyz`)).toMatchObject({ status: 200 })
})
