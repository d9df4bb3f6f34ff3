import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

const SAMPLE_US = 200

/** A V8 CPU profile of this process, from `start` to `stop`: start-up and warm-up stay out of it. */
export class Profiler {
  #session: Session | undefined

  async start(): Promise<void> {
    const session = new Session()
    this.#session = session
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US })
    await session.post('Profiler.start')
  }

  async stop(path: string): Promise<void> {
    const { profile } = await this.#session!.post('Profiler.stop')
    writeFileSync(path, JSON.stringify(profile))
    this.#session!.disconnect()
  }
}
