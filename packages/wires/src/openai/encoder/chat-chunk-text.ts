import { jsonLine } from '@sluice/core/extend'

import type { JsonObject } from '../../json/json-object.ts'
import type { ChatFacts } from '../format/chat-facts.ts'

/**
 * The text of one answer's chunks, each a `data:` line: what is the same in all of them is made once. The blank line that
 * ends a block is left to the encoder, since an id may come before it.
 */
export class ChatChunkText {
  /** What stands before and after the JSON text of a plain token of choice 0. */
  readonly plainHead: string
  readonly plainTail: string
  readonly #facts: JsonObject
  readonly #identity: JsonObject
  readonly #head: string
  readonly #tail: string

  constructor(facts: ChatFacts, streamId: string) {
    const { created, model, service_tier, system_fingerprint, includeUsage } = facts
    this.#facts = { model, service_tier, system_fingerprint }
    this.#identity = { id: `chatcmpl-${streamId}`, object: 'chat.completion.chunk', created }
    this.#head = this.#headOf(undefined)
    this.#tail = includeUsage ? '],"usage":null}\n' : ']}\n'
    this.plainHead = `${this.#head}{"index":0,"delta":{"content":`
    this.plainTail = `},"finish_reason":null}${this.#tail}`
  }

  /** One chunk. `choices` is JSON text; `extra` are members of the chunk that a backend sent. */
  chunk(choices: string, extra: JsonObject | undefined): string {
    return (extra ? this.#headOf(extra) : this.#head) + choices + this.#tail
  }

  /** The chunk that only tells the usage. */
  usage(usage: JsonObject): string {
    return `${this.#head}],"usage":${jsonLine(usage)}}\n`
  }

  #headOf(extra: JsonObject | undefined): string {
    const chunk = {
      ...this.#identity,
      ...this.#facts,
      ...extra,
      ...this.#identity,
      choices: undefined,
      usage: undefined,
    }
    return `data: ${jsonLine(chunk).slice(0, -1)},"choices":[`
  }
}
