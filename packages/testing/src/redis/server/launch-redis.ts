import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { callsOf, numberOf, parseInfo } from './info.ts'
import { OrphanGuard } from './orphan-guard.ts'
import { HOST, type RedisHome, type RedisPlan, type RedisRun, runRedis } from './redis-run.ts'
import type { RedisServer } from './redis-server.ts'

const MAX_TRIES = 20
const RETRY_MS = 100

/** Starts what the plan says; resolves when it answers. */
export async function launchRedis(plan: RedisPlan): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-redis-'))
  const home = { plan, directory, guard: new OrphanGuard(directory) }
  try {
    for (let tries = 1; ; tries++) {
      const port = plan.port ?? (await freePort(plan.withBus ?? false))
      const started = await runRedis(home, port)
      if (started !== 'port in use') return new LaunchedRedis(home, port, started)
      if (plan.port !== undefined || tries === MAX_TRIES) throw new Error(`port ${port} of ${HOST} is in use`)
    }
  } catch (error) {
    await leave(home)
    throw error
  }
}

async function leave({ directory, guard }: RedisHome): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  guard.dismiss()
}

class LaunchedRedis implements RedisServer {
  readonly host = HOST
  readonly port: number
  readonly url: string
  readonly #home: RedisHome
  #run: RedisRun
  #restarting: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(home: RedisHome, port: number, run: RedisRun) {
    const { password } = home.plan
    this.#home = home
    this.#run = run
    this.port = port
    const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    this.url = `redis://${login}${HOST}:${port}`
  }

  get pid(): number {
    return this.#run.process.pid
  }

  get state(): 'running' | 'paused' | 'ended' {
    return this.#run.process.state
  }

  get log(): string {
    return this.#run.process.log
  }

  async command(...args: string[]): Promise<unknown> {
    if (this.state === 'ended') throw new Error(`${args[0]}: redis-server on port ${this.port} has ended`)
    return this.#run.client.command(args)
  }

  async info(section: string): Promise<ReadonlyMap<string, string>> {
    return parseInfo(String(await this.command('INFO', section)))
  }

  async kill(): Promise<void> {
    this.#run.client.close()
    await this.#run.process.kill()
  }

  pause(): Promise<void> {
    return this.#run.process.pause()
  }

  resume(): void {
    this.#run.process.resume()
  }

  restart({ empty = false }: { empty?: boolean | undefined } = {}): Promise<void> {
    this.#restarting = this.#restart(empty)
    return this.#restarting
  }

  async killConnections(type: 'normal' | 'pubsub' | 'replica' | 'master' = 'normal'): Promise<number> {
    return Number(await this.command('CLIENT', 'KILL', 'TYPE', type))
  }

  async commandsProcessed(): Promise<ReadonlyMap<string, number>> {
    return callsOf(await this.info('commandstats'))
  }

  async cpuSeconds(): Promise<number> {
    const info = await this.info('cpu')
    return numberOf(info, 'used_cpu_user') + numberOf(info, 'used_cpu_sys')
  }

  async usedMemory(): Promise<number> {
    return numberOf(await this.info('memory'), 'used_memory')
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #restart(empty: boolean): Promise<void> {
    if (this.#closing) throw new Error(`redis-server on port ${this.port} is closed`)
    await this.kill()
    if (empty) await this.#removeData()
    for (let tries = 1; ; tries++) {
      const started = await runRedis(this.#home, this.port)
      if (started !== 'port in use') return void (this.#run = started)
      // Another process that looks for a free port may hold it for a moment.
      if (tries === MAX_TRIES) throw new Error(`port ${this.port} of ${HOST} is in use by another process`)
      await sleep(RETRY_MS)
    }
  }

  /** The data, not the roles: `redis.conf`, `nodes.conf` and `sentinel.conf` stay. */
  async #removeData(): Promise<void> {
    for (const name of ['appendonlydir', 'dump.rdb'])
      await rm(join(this.#home.directory, name), { recursive: true, force: true })
  }

  async #close(): Promise<void> {
    // A test that gave up may have left one under way; its process must end too.
    await this.#restarting?.catch(() => {})
    await this.kill()
    await leave(this.#home)
  }
}
