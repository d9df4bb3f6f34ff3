import { SluiceError } from '../events/errors.ts'
import type { SourceEvent, TextualEvent } from '../events/event.ts'
import { strandOf, isPlainText, isTextual } from '../events/event-kind.ts'
import { isDeeperThan } from '../events/json/json-depth.ts'
import { MAX_JSON_DEPTH } from '../events/json/json-limits.ts'
import { jsonOf } from '../events/json.ts'
import type { Logged } from '../log/segment.ts'
import { FREE_TEXT_UNITS, isOneLine, jsonUnitBytes, MAX_TEXT_JSON_BYTES } from '../log/one-line.ts'
import { fittingEnd, utf8Length } from '../events/utf8.ts'
import { requireSourceEvent } from '../events/source-event.ts'

/** Where admitted events go: a log, or what comes before it. */
export interface Admit {
  append(event: Logged): unknown
}

/** Half of a surrogate pair that waits for the other half, in the run of text it belongs to. */
interface Carry {
  half: string
  event: TextualEvent | undefined
}

/**
 * What a source yields becomes events fit to be logged: bytes are decoded, code points and surrogates that were split
 * over items are joined, what can never be joined is replaced once, empty text is dropped, long text is split.
 */
export class EventNormalizer {
  readonly #admit: Admit
  readonly #maxEventBytes: number
  readonly #maxDataBytes: number
  /** So many units are never too many, whatever they are. */
  readonly #freeUnits: number
  #decoder: TextDecoder | undefined
  #undecoded = false
  #carries: Map<string, Carry> | undefined

  constructor(options: { maxEventBytes: number; maxDataBytes: number }, admit: Admit) {
    this.#admit = admit
    this.#maxEventBytes = options.maxEventBytes
    this.#maxDataBytes = options.maxDataBytes
    this.#freeUnits = Math.min(Math.floor(options.maxEventBytes / 3), FREE_TEXT_UNITS)
  }

  /** Takes one item; arrays are the pump's business. */
  accept(item: unknown): void {
    if (typeof item === 'string') {
      if (item === '') return
      if (this.#undecoded) this.#flushBytes()
      if (this.#carries === undefined && !endsHigh(item) && item.isWellFormed()) this.#admitText(item)
      else this.#join(item, undefined)
    } else if (isBytes(item)) this.#decode(item)
    else this.#event(requireSourceEvent(item))
  }

  /** The source has finished: what still waits for its other half is replaced. */
  flush(): void {
    if (this.#undecoded) this.#flushBytes()
    const carries = this.#carries
    this.#carries = undefined
    for (const { event } of carries?.values() ?? []) this.#emit('\ufffd', event)
  }

  #decode(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    // A half that bytes can only follow, never complete.
    if (this.#carries?.has('')) this.#dropCarry('')
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    this.#undecoded = true
    const text = this.#decoder.decode(bytes, { stream: true })
    if (text !== '') this.#admitText(text)
  }

  #flushBytes(): void {
    this.#undecoded = false
    const rest = this.#decoder!.decode()
    if (rest !== '') this.#admitText(rest)
  }

  #event(event: SourceEvent): void {
    if (!isTextual(event)) return void this.#admit.append(this.#copy(event))
    if (isPlainText(event)) return this.accept(event.text)
    const copy = event.extra === undefined && event.type !== 'tool' ? { ...event } : this.#copy({ ...event, text: '' })
    if (this.#undecoded && event.text !== '' && event.type === 'text' && (event.choice ?? 0) === 0) this.#flushBytes()
    this.#join(event.text, copy)
  }

  /** The log's own copy of what is JSON: a source may go on using the object it gave. */
  #copy<Some extends SourceEvent>(event: Some): Some {
    const text = jsonOf(event)
    if (text === undefined) {
      throw new SluiceError(
        'SLUICE_ERR_SOURCE_ITEM',
        `The source gave a "${event.type}" event that cannot be written as JSON; its values must be plain, without circles, and nested no deeper than ${MAX_JSON_DEPTH} levels.`,
      )
    }
    const bytes = utf8Length(text)
    if (bytes <= this.#maxDataBytes) return requireShallow(JSON.parse(text) as Some)
    throw new SluiceError(
      'SLUICE_ERR_SOURCE_ITEM',
      `The source gave a "${event.type}" event of ${bytes} bytes, more than maxDataBytes (${this.#maxDataBytes}) allows. Raise it, or send a reference instead.`,
    )
  }

  #join(text: string, event: TextualEvent | undefined): void {
    const lane = laneOf(event)
    const carry = this.#carries?.get(lane)
    let joined = text
    if (carry && text !== '') {
      this.#carries!.delete(lane)
      if (this.#carries!.size === 0) this.#carries = undefined
      joined = carry.half + text
    }
    if (endsHigh(joined)) {
      this.#carries ??= new Map()
      this.#carries.set(lane, { half: joined.slice(-1), event: event && { ...event, extra: undefined } })
      joined = joined.slice(0, -1)
    }
    this.#emit(joined.toWellFormed(), event)
  }

  #dropCarry(lane: string): void {
    const carry = this.#carries!.get(lane)!
    this.#carries!.delete(lane)
    if (this.#carries!.size === 0) this.#carries = undefined
    this.#emit('\ufffd', carry.event)
  }

  #emit(text: string, event: TextualEvent | undefined): void {
    if (event === undefined || isPlainText(event)) return this.#admitText(text)
    if (text === '') {
      if (event.extra !== undefined) this.#admit.append({ ...event, text })
      return
    }
    let extra = event.extra
    for (const piece of this.#pieces(text)) {
      const { extra: _, ...rest } = event
      this.#admit.append(extra === undefined ? { ...rest, text: piece } : { ...rest, text: piece, extra })
      extra = undefined
    }
  }

  #admitText(text: string): void {
    if (text === '') return
    if (text.length <= this.#freeUnits) this.#admit.append(text)
    else for (const piece of this.#pieces(text)) this.#admit.append(piece)
  }

  *#pieces(text: string): Generator<string> {
    if (text.length <= this.#freeUnits || (utf8Length(text) <= this.#maxEventBytes && isOneLine(text)))
      return yield text
    for (let from = 0; from < text.length;) {
      const fitting = text.slice(from, fittingEnd(text, from, this.#maxEventBytes))
      const end = from + fittingEnd(fitting, 0, MAX_TEXT_JSON_BYTES, jsonUnitBytes)
      yield text.slice(from, end)
      from = end
    }
  }
}

/** Checked where it comes in: on its way to a reader every wire would have to. */
function requireShallow<Some extends SourceEvent>(event: Some): Some {
  if (!isDeeperThan(event, MAX_JSON_DEPTH + 1)) return event
  throw new SluiceError(
    'SLUICE_ERR_SOURCE_ITEM',
    `The source gave a "${event.type}" event whose JSON is nested deeper than ${MAX_JSON_DEPTH} levels, which no wire has to carry; send it as text, or a reference to it.`,
  )
}

/** Runs of text that may be joined with each other: the same type, choice and strand. */
function laneOf(event: TextualEvent | undefined): string {
  if (event === undefined || (event.type === 'text' && !event.choice)) return ''
  return `${event.type} ${event.choice ?? 0} ${strandOf(event)}`
}

function endsHigh(text: string): boolean {
  return text.length > 0 && (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800
}

/** Also bytes of another realm, for which `instanceof` fails. */
function isBytes(item: unknown): item is Uint8Array {
  return ArrayBuffer.isView(item) && Object.prototype.toString.call(item) === '[object Uint8Array]'
}
