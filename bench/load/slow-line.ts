import type { NetworkLink } from '@sluice/testing/network-link'

import { Child } from '../process/child.ts'
import type { LinkInput } from './links.ts'

/** A poor line. */
export const SLOW_LINE: NetworkLink = { latencyMs: 100, jitterMs: 50, up: 100_000, down: 8_000 }
const SEED = 1

/** A line before a server, in a process of its own; each connection through it is as slow as if it were alone. */
export class SlowLine implements AsyncDisposable {
  readonly port: number
  readonly #child: Child

  private constructor(child: Child, port: number) {
    this.#child = child
    this.port = port
  }

  /** `down`: bytes a second, where it is not those of {@link SLOW_LINE}. */
  static async before(port: number, down = SLOW_LINE.down): Promise<SlowLine> {
    const child = new Child('load/links.ts', [])
    const input: LinkInput = { port, link: { ...SLOW_LINE, down }, seed: SEED }
    return new SlowLine(child, (await child.ask<{ port: number }>('open', input)).port)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child.stop()
  }
}
