import { isSluiceError } from '@sluice/core'
import { hostTurn, jsonLine, JsonObjectText, readJson } from '@sluice/core/extend'

import { IdTable } from '../lines/id-table.ts'
import { wrongRequest } from './request-error.ts'
import { RequestSplitter } from './request-splitter.ts'

/** Where requests of Anthropic's batches are sent to. */
export const MESSAGES_ENDPOINT = '/v1/messages'

const CUSTOM_ID = /^[A-Za-z0-9_-]{1,64}$/
/** After so many requests others have a turn. */
const PER_TURN = 64

/** What bounds the requests of one batch. */
export interface RequestBounds {
  readonly maxRequests: number
  readonly maxRequestBytes: number
  readonly maxBytes: number
}

/**
 * The requests of a body as lines of an input file, as they come: each is looked at, none is kept.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`
 */
export class AnthropicRequests {
  readonly #bounds: RequestBounds
  readonly #splitter: RequestSplitter
  readonly #ids: IdTable = new IdTable()

  constructor(bounds: RequestBounds) {
    this.#bounds = bounds
    this.#splitter = new RequestSplitter(bounds.maxRequestBytes)
  }

  /** How many there were. */
  get count(): number {
    return this.#splitter.count
  }

  async *lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { maxBytes, maxRequests } = this.#bounds
    let bytes = 0
    let index = 0
    for await (const piece of body) {
      bytes += piece.length
      if (bytes > maxBytes) {
        const message = `The body of a batch may have ${maxBytes} bytes, which is what limits.fileBytes allows.`
        throw wrongRequest({ message, status: 413 })
      }
      for (const element of this.#splitter.push(piece)) {
        if (index === maxRequests) {
          const message = `A batch may have ${maxRequests} requests, which is what limits.batchLines allows.`
          throw wrongRequest({ message, status: 413 })
        }
        yield this.#lineOf(element, index++)
        if (index % PER_TURN === 0) await hostTurn()
      }
    }
    this.#splitter.end()
  }

  #lineOf(element: Uint8Array, index: number): Uint8Array {
    const at = `requests.${index}`
    const { custom_id: customId, params } = valueOf(element, at)
    if (typeof customId !== 'string' || !CUSTOM_ID.test(customId)) {
      throw wrong(`${at}.custom_id: must have 1 to 64 characters of A-Za-z0-9_-`)
    }
    const before = this.#ids.add(customId, index + 1)
    if (before !== undefined) {
      throw wrong(`${at}.custom_id: ${jsonLine(customId)} is that of requests.${before - 1}, too; give each its own`)
    }
    if (typeof params !== 'object' || params === null || Array.isArray(params)) {
      throw wrong(`${at}.params: must be an object`)
    }
    if ((params as { stream?: unknown }).stream === true) {
      throw wrong(`${at}.params.stream: a batch has whole answers; leave it out`)
    }
    const body = JsonObjectText.of(element).valueOf('params')!
    // Between its tokens JSON may have line ends; within texts they are escaped.
    const line = `{"custom_id":"${customId}","method":"POST","url":"${MESSAGES_ENDPOINT}","body":${body.replace(/[\r\n]/g, ' ')}}\n`
    return Buffer.from(line)
  }
}

type JsonObject = { readonly [name: string]: unknown }

function valueOf(element: Uint8Array, at: string): JsonObject {
  try {
    const { value } = readJson(element, { subject: at })
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch (error) {
    if (isSluiceError(error)) throw wrong(error.message)
    throw error
  }
  throw wrong(`${at}: must be an object`)
}

function wrong(message: string): Error {
  return wrongRequest({ message })
}
