import { isSluiceError } from '@sluice/core'
import { invalidOption, type JsonLimits, JsonObjectText, readJson, requireKnownNames } from '@sluice/core/extend'

import { IdTable } from './id-table.ts'
import type { LineError, LineErrorCode } from './line-error.ts'
import type { SplitLine } from './line-splitter.ts'

/** A request of a batch, as its line says it. */
export interface BatchRequest {
  readonly line: number
  /** Where its line begins in the file, in bytes. */
  readonly offset: number
  readonly customId: string
  readonly url: string
  readonly model: string | undefined
  /** The line, without what ends it. */
  readonly bytes: Uint8Array
}

/** What {@link BatchInput} asks of a file. */
export interface BatchInputRules {
  /** The `url` that each line must have. Left out: that of the first line, one of `endpoints`. */
  readonly endpoint?: string | undefined
  /**
   * Which `url` a file may have.
   * @defaultValue {@link BATCH_ENDPOINTS}
   */
  readonly endpoints?: readonly string[] | undefined
  /**
   * How many requests a file may have.
   * @defaultValue 50,000
   */
  readonly maxLines?: number | undefined
  /** Bounds of the JSON of a line: as those of a request's body. */
  readonly json?: JsonLimits | undefined
}

/** Endpoints whose requests can be in a batch. */
export const BATCH_ENDPOINTS: readonly string[] = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
  '/v1/embeddings',
  '/v1/completions',
]

const DEFAULT_MAX_LINES = 50_000
const NAMES = ['endpoint', 'endpoints', 'maxLines', 'json']

type JsonObject = Readonly<Record<string, unknown>>

/**
 * Looks at the lines of one file, one after the other, as a batch demands them: a `custom_id` that no other line has, `POST`, one url,
 * an object as body that asks for no stream, one model. What it remembers of a line is 12 bytes.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for a rule that is none
 * @example
 * ```ts
 * const input = new BatchInput({ endpoint: '/v1/chat/completions' })
 * const { body } = await fetch('https://example.com/in.jsonl')
 * for await (const line of readLines(body!)) {
 *   const found = input.take(line)
 *   console.log('code' in found ? found.message : requestBody(found))
 * }
 * const error = input.end()
 * ```
 */
export class BatchInput {
  readonly ids: IdTable = new IdTable()
  readonly #endpoints: readonly string[]
  readonly #maxLines: number
  readonly #json: JsonLimits | undefined
  #endpoint: string | undefined
  #model: string | undefined
  #modelLine = 0
  #lines = 0

  constructor(rules: BatchInputRules = {}) {
    requireKnownNames('batch input', rules, NAMES)
    const { endpoint, endpoints = BATCH_ENDPOINTS, maxLines = DEFAULT_MAX_LINES, json } = rules
    if (!Number.isSafeInteger(maxLines) || maxLines < 1)
      throw invalidOption('maxLines', maxLines, 'a whole number above 0')
    this.#endpoint = endpoint
    this.#endpoints = endpoints
    this.#maxLines = maxLines
    this.#json = json
  }

  /** How many lines there were, good or bad, without blank ones. */
  get lines(): number {
    return this.#lines
  }

  /** The `url` of the file, once it is known. */
  get endpoint(): string | undefined {
    return this.#endpoint
  }

  /** The model of the file, once a line has named one. */
  get model(): string | undefined {
    return this.#model
  }

  /** The request of the next line, or what is wrong with it: the first thing. Lines after one with `too_many_lines` are not worth reading. */
  take(line: SplitLine): BatchRequest | LineError {
    this.#lines++
    if (this.#lines > this.#maxLines) {
      const message = `The file has more than ${this.#maxLines} lines, which is all that a batch may have. Split it into several.`
      return { code: 'too_many_lines', message, line: line.number }
    }
    if (line.fault) return line.fault
    const value = this.#parse(line)
    return isLineError(value) ? value : this.#judge(line, value)
  }

  /** The file is over. What is wrong with it as a whole. */
  end(): LineError | undefined {
    if (this.#lines > 0) return undefined
    const message = 'The file has no lines. Write one request a line, as a JSON object.'
    return { code: 'empty_file', message, line: null }
  }

  #parse({ bytes, number }: SplitLine): JsonObject | LineError {
    try {
      const { value } = readJson(bytes, { subject: `Line ${number}`, limits: this.#json })
      if (isObject(value)) return value
      return wrong('invalid_json_line', number, 'is no JSON object. Write one request a line, as an object.')
    } catch (error) {
      if (!isSluiceError(error)) throw error
      const code = error.code === 'SLUICE_ERR_TOO_LARGE' ? 'line_too_large' : 'invalid_json_line'
      const message = `${error.message} Write one request a line, as a JSON object.`
      return { code, message, line: number }
    }
  }

  #judge({ number, offset, bytes }: SplitLine, value: JsonObject): BatchRequest | LineError {
    const { custom_id: customId, method, url, body } = value
    if (typeof customId !== 'string' || customId === '')
      return wrong(
        'missing_custom_id',
        number,
        'has no "custom_id". Give it one: a text that no other line has.',
        'custom_id',
      )
    const before = this.ids.add(customId, number)
    if (before !== undefined) {
      const rest = `has the "custom_id" ${show(customId)}, as line ${before} has. Answers are told apart by it: give each line its own.`
      return wrong('duplicate_custom_id', number, rest, 'custom_id')
    }
    if (method !== 'POST')
      return wrong('mismatched_method', number, `${has('method', method)}. It must be "POST".`, 'method')
    const urlRule = this.#urlRule(url)
    if (urlRule !== undefined)
      return wrong('mismatched_url', number, `${has('url', url)}. It must be ${urlRule}.`, 'url')
    if (!isObject(body))
      return wrong(
        'invalid_body',
        number,
        'has no object as "body". Write the request there, as it would be sent.',
        'body',
      )
    if (body.stream === true) {
      const rest = 'asks for a stream. A batch has whole answers: leave out "stream".'
      return wrong('stream_not_allowed', number, rest, 'body.stream')
    }
    const { model } = body
    if (model !== undefined && typeof model !== 'string')
      return wrong('invalid_body', number, `has the "model" ${show(model)}. It must be a text.`, 'body.model')
    if (model !== undefined && model !== (this.#model ??= model)) {
      const rest = `has the model ${show(model)}, while line ${this.#modelLine} has ${show(this.#model)}. A batch has one model: split the file by models.`
      return wrong('mismatched_model', number, rest, 'body.model')
    }
    if (model !== undefined) this.#modelLine ||= number
    return { line: number, offset, customId, url: url as string, model, bytes }
  }

  /** What a url breaks, if it does. The first good one is that of the file, unless that was said. */
  #urlRule(url: unknown): string | undefined {
    if (this.#endpoint !== undefined) {
      return url === this.#endpoint ? undefined : `${show(this.#endpoint)}, as that of every line`
    }
    if (typeof url !== 'string' || !this.#endpoints.includes(url)) return `one of ${this.#endpoints.join(', ')}`
    this.#endpoint = url
    return undefined
  }
}

/** Whether a line is wrong. */
export function isLineError(found: object): found is LineError {
  return 'code' in found && 'message' in found
}

/** The body of a request, digit for digit as its line has it. */
export function requestBody({ bytes }: Pick<BatchRequest, 'bytes'>): string {
  // A line was read as an object with a body before it became a request.
  return JsonObjectText.of(bytes).valueOf('body')!
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(code: LineErrorCode, line: number, rest: string, param?: string): LineError {
  return { code, message: `Line ${line} ${rest}`, line, ...(param !== undefined && { param }) }
}

function has(name: string, value: unknown): string {
  return value === undefined ? `has no "${name}"` : `has the "${name}" ${show(value)}`
}

/** A value as a message can have it. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
