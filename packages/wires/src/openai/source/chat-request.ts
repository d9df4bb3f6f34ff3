import { JsonObjectText } from '@sluice/core/extend'

import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import type { Addition } from './additions.ts'

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })

/** A client's request for a chat completion, as it is shown to a backend. */
export class ChatRequest {
  /** What sluice would add, in the order in which it is left out where a backend refuses. */
  readonly additions: readonly Addition[]
  readonly #text: JsonObjectText
  /** What the client's text has and its body has not: meant for whoever stands before the backend. */
  readonly #foreign: { readonly [name: string]: undefined }
  /** Text of the client's own `stream_options`. */
  readonly #options: string | undefined
  readonly #inBytes: boolean

  private constructor(body: JsonObject, { text, inBytes }: { text: JsonObjectText; inBytes: boolean }) {
    const { stream, stream_options: options } = body
    const counts = isJsonObject(options) && options.include_usage === true
    this.additions = [...(counts ? [] : (['usage'] as const)), ...(stream === true ? [] : (['stream'] as const))]
    this.#text = text
    const foreign = text.names.filter((name) => !Object.hasOwn(body, name))
    this.#foreign = Object.fromEntries(foreign.map((name) => [name, undefined]))
    this.#options = isJsonObject(options) ? text.valueOf('stream_options') : undefined
    this.#inBytes = inBytes
  }

  /** `text` is the JSON that the client sent; of its members those that `body` has go through, as they were written. */
  static async read(body: JsonObject, text: string | Uint8Array | undefined): Promise<ChatRequest> {
    if (text instanceof Uint8Array)
      return new ChatRequest(body, { text: await JsonObjectText.read(text), inBytes: true })
    return new ChatRequest(body, { text: await JsonObjectText.read(text ?? JSON.stringify(body)), inBytes: false })
  }

  /** The JSON to send with these additions: what else there is of the client's own, digit for digit. In bytes if it was given so. */
  bodyWith(added: ReadonlySet<Addition>): string | Uint8Array<ArrayBuffer> {
    const bytes = this.#text.edited({ ...this.#foreign, ...this.#additionsWith(added) })
    return this.#inBytes ? (bytes as Uint8Array<ArrayBuffer>) : DECODER.decode(bytes)
  }

  #additionsWith(added: ReadonlySet<Addition>): { readonly [name: string]: string } {
    const streams = added.has('stream') || !this.additions.includes('stream')
    if (!streams) return {}
    const stream = { stream: 'true' }
    if (!added.has('usage')) return stream
    const options = JsonObjectText.of(this.#options ?? '{}').edited({ include_usage: 'true' })
    return { ...stream, stream_options: DECODER.decode(options) }
  }
}
