import { createSluice, isSluiceError, type OnDisconnect, type Sluice, type EndEvent } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'
import { redisStore, type RedisStore } from '@sluice/redis'
import { type ChaosProxy, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { ownTimeMs } from '@sluice/testing/patience'

import { createFastRuntime } from './fast-runtime.ts'
import { type Speaker, tokensOf } from './speaker.ts'

/** What a reader was given. */
export interface Reading {
  readonly at: Process
  /** Tokens before the first one. */
  readonly from: number
  readonly tokens: string[]
  readonly sinceMs: number
  /** Where it is. */
  cursor: string
  end: EndEvent | undefined
  /** How it is over, if not by an end: `detached`, or what it was told. */
  over: string | undefined
  detach(): void
}

/** One process: its own connections, through a network of its own. */
export class Process {
  readonly name: string
  readonly sluice: Sluice
  readonly store: RedisStore
  readonly proxy: ChaosProxy
  alive = true
  /** Since when nothing was done to it or its network, in this process's own time. */
  calmSinceMs = ownTimeMs()

  constructor(name: string, proxy: ChaosProxy, { prefix, speaker, onDisconnect }: ProcessOptions) {
    this.name = name
    this.proxy = proxy
    const runtime = createFastRuntime()
    this.store = redisStore(
      { url: `redis://${proxy.host}:${proxy.port}`, prefix, commandMs: 16_000, outageMs: 120_000 },
      runtime,
    )
    this.sluice = createSluice({
      store: this.store,
      runtime,
      sources: { speak: speaker.source(name) },
      stream: { onDisconnect, takeoverMs: 500, deadlines: { firstTokenMs: false, idleMs: false } },
    })
  }

  static async start(name: string, port: number, options: ProcessOptions): Promise<Process> {
    return new Process(name, await startChaosProxy({ target: { port } }), options)
  }

  /** Reads until it is over. Gives why it could not begin, if so. */
  async read(id: string, after: string | undefined): Promise<Reading | string> {
    try {
      const stream = await this.sluice.attach({ id }, { as: 'server', after })
      const { exhausted } = stream
      stream.hold()
      const reading: Reading = {
        at: this,
        from: parseCursor(stream.position).seq,
        tokens: [],
        sinceMs: ownTimeMs(),
        cursor: stream.position,
        end: undefined,
        over: undefined,
        detach: () => {
          reading.over ??= 'detached'
          stream.detach()
        },
      }
      void this.#follow(reading, stream).then(() => {
        // Begun after the end: there was nothing to read.
        if (!reading.end) reading.over ??= exhausted ? 'detached' : 'nothing more'
      })
      return reading
    } catch (error) {
      if (!isSluiceError(error)) throw error
      return error.code
    }
  }

  async #follow(reading: Reading, stream: Awaited<ReturnType<Sluice['attach']>>): Promise<void> {
    try {
      for await (const event of stream) {
        if (reading.end) throw new Error('something followed the end')
        if (event.type === 'text') reading.tokens.push(...tokensOf(event.text))
        if (event.type === 'end') reading.end = event
        reading.cursor = stream.position
      }
    } catch (error) {
      reading.over ??= /cannot go on \((\w+)\)/.exec(String(error))?.[1] ?? String(error)
    }
  }

  disturb(): void {
    this.calmSinceMs = Infinity
  }

  calm(): void {
    this.calmSinceMs = ownTimeMs()
  }

  /** What `kill -9` leaves: a store that says nothing more, and readers that are gone with it. */
  crash(): void {
    this.alive = false
    void this.store.dispose()
  }

  async close(): Promise<void> {
    await this.store.dispose()
    await this.proxy.close()
  }
}

/** What all processes of a world have in common. */
export interface ProcessOptions {
  readonly prefix: string
  readonly speaker: Speaker
  readonly onDisconnect: OnDisconnect
}
