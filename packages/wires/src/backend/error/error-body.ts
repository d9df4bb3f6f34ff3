import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import type { Redact } from './redact.ts'

/** What is told of a backend's error at most, in characters. */
const MAX_WORDS_CHARS = 2_000
/** An error body over this, as JSON text, is told without its details. */
const MAX_BODY_CHARS = 16 * 1024
/** Markup is searched for words only so far. */
const MAX_MARKUP_CHARS = 8 * 1024
const MAX_DEPTH = 6
const MAX_ITEMS = 10

/** Where backends put their words, the most telling member first. */
const WORD_MEMBERS = [
  'message',
  'error_message',
  'errorMessage',
  'error_msg',
  'msg',
  'status_msg',
  'detail',
  'details',
  'error',
  'errors',
  'error_description',
  'description',
  'reason',
  'title',
  'base_resp',
]
const STATUS_MEMBERS = ['code', 'status', 'status_code', 'statusCode', 'http_code']

/** A backend's error in the shape of OpenAI's, whatever shape it came in: `message` is always text. */
export interface ErrorBody {
  readonly error: JsonObject & { readonly message: string }
}

/** The error that `value` tells, redacted and bounded; `undefined` where it has no words at all. */
export function toErrorBody(value: Json, redact: Redact): ErrorBody | undefined {
  const body = firstObjectOf(value)
  const nested = isJsonObject(body.error) ? body.error : undefined
  const own = nested ?? withoutErrorText(body)
  const words = wordsOf(nested ?? value) || wordsOf(value) || jsonWordsOf(value)
  if (words === '') return undefined
  const { message: said } = own
  const message = bounded(redact(words))
  // What was a list or an object where the message belongs is told beside it.
  const structured = typeof said === 'object' && said !== null && own.detail === undefined ? { detail: said } : {}
  return { error: redactAll({ ...own, ...structured, message }, redact) }
}

/** What `value` says in words, from the member that tells most; the empty string where there are none. */
export function wordsOf(value: Json | undefined, depth = 0): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return ''
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).slice(0, MAX_ITEMS).map((item) => wordsOf(item, depth + 1))
    return items.filter((words) => words !== '').join('; ')
  }
  const body = value as JsonObject
  const all = WORD_MEMBERS.map((name) => (Object.hasOwn(body, name) ? wordsOf(body[name], depth + 1) : ''))
  const first = all.find((words) => words !== '') ?? ''
  return first === '' ? '' : withPlace(body, withCategory(body, first))
}

/** What the text of an error answer says: that of JSON, the title of a page, or the text itself. */
export function errorBodyOfText(text: string, redact: Redact): ErrorBody | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  const json = jsonOf(trimmed)
  if (json !== undefined && (typeof json === 'object' || typeof json === 'string')) return toErrorBody(json, redact)
  const words = trimmed.startsWith('<') ? markupWordsOf(trimmed) : trimmed
  return words === '' ? undefined : { error: { message: bounded(redact(words)) } }
}

/** The status that an error in a body names, if it names one. */
export function statusIn(value: Json): number | undefined {
  const body = firstObjectOf(value)
  const places = [isJsonObject(body.error) ? body.error : {}, body]
  for (const place of places) {
    for (const name of STATUS_MEMBERS) {
      const status = Number(Object.hasOwn(place, name) ? place[name] : Number.NaN)
      if (isErrorStatus(status)) return status
    }
  }
  return undefined
}

/** Whether `status` says that a request failed. */
export function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status < 600
}

/** `text`, cut where it is too long to be told, spaces run together. */
export function bounded(text: string, maxChars: number = MAX_WORDS_CHARS): string {
  const line = text
    .slice(0, 4 * maxChars)
    .replaceAll(/\s+/g, ' ')
    .trim()
  return line.length <= maxChars ? line : `${line.slice(0, maxChars).toWellFormed()}…`
}

/** FastAPI and others name the member that is wrong: `body.messages: Field required`. */
function withPlace(body: JsonObject, words: string): string {
  if (!Array.isArray(body.loc) || typeof body.msg !== 'string') return words
  return `${body.loc.slice(0, MAX_ITEMS).map(String).join('.')}: ${words}`
}

/** A mere text beside a longer one is its category: `invalid_request: …`. */
function withCategory(body: JsonObject, words: string): string {
  const { error, error_description: description } = body
  if (typeof error !== 'string' || error === '') return words
  if (words === error && typeof description === 'string' && description !== '') return `${error}: ${description}`
  return words === error || words.includes(error) ? words : `${error}: ${words}`
}

function withoutErrorText(body: JsonObject): JsonObject {
  return typeof body.error === 'string' ? { ...body, error: undefined } : body
}

function firstObjectOf(value: Json): JsonObject {
  if (isJsonObject(value)) return value
  return (Array.isArray(value) && (value as readonly Json[]).find(isJsonObject)) || {}
}

/** Where nothing is called a message, the whole is. */
function jsonWordsOf(value: Json): string {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return ''
  return JSON.stringify(value).slice(0, 4 * MAX_WORDS_CHARS)
}

function markupWordsOf(markup: string): string {
  const head = markup.slice(0, MAX_MARKUP_CHARS)
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(head) ?? []
  if (title.trim() !== '') return title.trim()
  return head
    .replaceAll(/<(script|style)\b[^]*?<\/\1>/gi, ' ')
    .replaceAll(/<[^>]*>?/g, ' ')
    .trim()
}

/** Names of members are redacted too, so this is done on the text. */
function redactAll<Body extends JsonObject & { message: string }>(body: Body, redact: Redact): Body {
  const { message } = body
  const text = JSON.stringify(body)
  const redacted = text.length <= MAX_BODY_CHARS ? jsonOf(redact(text)) : undefined
  if (isJsonObject(redacted)) return { ...redacted, message } as unknown as Body
  const short = (value: Json | undefined): Json | undefined =>
    typeof value === 'string' ? bounded(redact(value), 200) : typeof value === 'number' ? value : undefined
  const { type, param, code } = body
  return { message, type: short(type), param: short(param), code: short(code) } as unknown as Body
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
