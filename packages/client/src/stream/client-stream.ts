import type { EndEvent } from '@sluice/core'

import type { ClientEvent } from '../buffer/event-ring.ts'
import { ClientError } from '../errors/client-error.ts'
import type { ControlRequest } from '../link/link.ts'
import { postControl } from '../link/refusal.ts'
import { createBackoff } from '../machine/backoff.ts'
import { Reading } from './reading.ts'

/** How long a cancel may wait for an answer before room is made for it. */
const ROOM_MS = 1_000

/** What is told the server of a reading, now and then. */
export interface ClientAck {
  /** How many events past the cursor may come. */
  credit: number
  /** Tokens a second that are painted, above 0: the server's policy may keep to it. */
  paintRate?: number | undefined
  /** The round trip to the server, in milliseconds, above 0. */
  rttMs?: number | undefined
}

/**
 * A stream, and the one reading of it that this client makes: iterate it, ask for its {@link ClientStream.text}, or paint it.
 * Leaving it (`break`, `detach`, an aborted signal) is not cancelling it.
 *
 * @example
 * ```ts
 * const stream = start('/v1/streams', { messages })
 * for await (const event of stream) if (event.type === 'text') show(event.text)
 * ```
 */
export class ClientStream extends Reading implements AsyncIterable<ClientEvent> {
  #used = false

  /** The events, `end` last. Leaving the loop detaches; throws where reading is over without an end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ClientEvent, void, undefined> {
    if (this.#used) throw new ClientError('SLUICE_ERR_OPTION', 'It is read already: attach again.')
    this.#used = true
    try {
      for (;;) {
        const event = this.ring.take()
        this.taken()
        if (event) {
          yield event
          if (event.type === 'end') return
        } else if (this.status === 'ended') {
          if (this.error) throw this.error
          return
        } else await new Promise<void>((resolve) => (this.wake = resolve))
      }
    } finally {
      this.detach()
    }
  }

  /** Events that were read and are still at hand, under `onOverflow: 'drop-rendered'`. */
  rendered(): readonly ClientEvent[] {
    return this.ring.rendered()
  }

  /**
   * The whole text of choice 0.
   *
   * @throws SluiceError when the stream did not finish by itself, or a part was skipped: part of an answer never passes for
   * the whole
   */
  async text(): Promise<string> {
    const pieces: string[] = []
    let isPart = false
    for await (const event of this) {
      if (event.type === 'text' && !event.choice) pieces.push(event.text)
      isPart ||= event.type === 'skipped'
    }
    if (this.end?.complete && !isPart && !this.headless) return pieces.join('')
    const why = this.end?.complete ? 'a part is not kept' : `it ended with "${this.end?.reason ?? 'detach'}"`
    throw new ClientError('SLUICE_ERR_INTERRUPTED', `It is not whole: ${why}.`)
  }

  /**
   * Ends the stream for everyone, wherever it runs; gives its end, or the one there was before. Tried again while the server
   * does not answer.
   *
   * @throws SluiceError
   */
  async cancel(): Promise<EndEvent> {
    if (this.end) return this.end
    // A browser has six connections to an HTTP/1.1 server, for all tabs: with six streams open this one's own must make room.
    const callOff = this.environment.after(ROOM_MS, () => this.reattach())
    try {
      return (await this.#ask('cancel', {}, true)).end as EndEvent
    } finally {
      callOff()
    }
  }

  /** Sends a message to the running source. Not repeated: it may have arrived. @throws SluiceError */
  async send(message: unknown): Promise<void> {
    await this.#ask('send', message, false)
  }

  /**
   * Allows so many events past the cursor, and no more until the next time, and tells what was measured. Gives how many readings it was for: the answer to
   * the request that started a stream has no name, and cannot be held back like that.
   *
   * @throws SluiceError
   */
  async ack(ack: ClientAck): Promise<number> {
    const { readers } = await this.#ask('ack', { reader: this.name, cursor: this.cursor, ...ack }, true)
    return Number(readers)
  }

  /** Asks something of the stream, on its transport's own way, or by a post. */
  async #ask(verb: ControlRequest['verb'], body: unknown, repeats: boolean): Promise<Record<string, unknown>> {
    const url = await this.located
    const { environment } = this
    const { resume, transport, credentials } = this.options
    const backoff = createBackoff(resume, environment.random)
    for (let attempt = 1; ; attempt++) {
      const request = { url, verb, body, headers: this.headers, credentials, environment }
      const { answer, refusal } = await (transport.control?.(request) ?? postControl(request))
      if (!refusal) return answer!
      const { error, type } = refusal
      if (error.status === 401 && attempt === 1) await this.renew()
      else if (type === 'refused' || !repeats || attempt > resume.maxAttempts) throw error
      else await new Promise<void>((resolve) => environment.after(backoff.nextMs(error.retryAfterMs), resolve))
    }
  }
}
