import type { Json } from '@sluice/core'
import { editJsonText, jsonMembersOf } from '@sluice/core/extend'

import { isJsonObject, type JsonObject } from '../format/chat-extra.ts'
import type { Addition } from './additions.ts'

/** A client's request for a chat completion, as it is shown to a backend. */
export class ChatRequest {
  /** What sluice would add, in the order in which it is left out where a backend refuses. */
  readonly additions: readonly Addition[]
  readonly #text: string
  /** Text of the client's own `stream_options`. */
  readonly #options: string | undefined

  /** `text` is the JSON that the client sent; of its members those that `body` has go through, as they were written. */
  constructor(body: JsonObject, text: string | undefined) {
    const { stream, stream_options: options } = body
    const counts = isJsonObject(options) && options.include_usage === true
    this.additions = [...(counts ? [] : (['usage'] as const)), ...(stream === true ? [] : (['stream'] as const))]
    this.#text = text === undefined ? JSON.stringify(body) : onlyMembers(text, body)
    this.#options = isJsonObject(options) ? lastMember(this.#text, 'stream_options') : undefined
  }

  /** The JSON to send with these additions: what else there is of the client's own, digit for digit. */
  textWith(added: ReadonlySet<Addition>): string {
    const streams = added.has('stream') || !this.additions.includes('stream')
    if (!streams) return this.#text
    const stream = { stream: 'true' }
    if (!added.has('usage')) return editJsonText(this.#text, stream)
    const options = editJsonText(this.#options ?? '{}', { include_usage: 'true' })
    return editJsonText(this.#text, { ...stream, stream_options: options })
  }
}

function onlyMembers(text: string, body: { readonly [name: string]: Json | undefined }): string {
  const foreign = jsonMembersOf(text).filter(({ name }) => !Object.hasOwn(body, name))
  return foreign.length === 0
    ? text
    : editJsonText(text, Object.fromEntries(foreign.map(({ name }) => [name, undefined])))
}

function lastMember(text: string, name: string): string | undefined {
  return jsonMembersOf(text).findLast((member) => member.name === name)?.value
}
