import type { SourceEvent } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../format/chat-extra.ts'

/** Takes an event of a tool call, and what the backend sent of the call beyond our model. */
export type EmitTool = (
  event: Extract<SourceEvent, { type: 'tool'; phase: 'call' | 'args' }>,
  extra: JsonObject | undefined,
) => void

interface Call {
  id: string
  /** The backend named the id; a made-up one gives way to it as long as nobody has seen it. */
  named: boolean
  name: string
  type: string
  /** Arguments that came before the name. */
  args: string
  extra: JsonObject | undefined
  opened: boolean
}

/** Index under which a call in the deprecated shape is kept: there is only one, and it has neither index nor id. */
const LEGACY_INDEX = -1

/**
 * Puts the tool calls of one choice together from deltas, in whichever way backends cut them: ids only in the first delta
 * or in all, or none; names late or in pieces; indices missing, or the same for all calls.
 */
export class ChatTools {
  readonly #choice: number
  readonly #emit: EmitTool
  readonly #calls: Map<number, Call> = new Map()
  #latest: Call | undefined
  #made = 0

  constructor(choice: number, emit: EmitTool) {
    this.#choice = choice
    this.#emit = emit
  }

  /** Takes one member of `tool_calls`. */
  take(delta: JsonObject): void {
    const { index, id, type, function: called, custom, ...more } = delta
    const body = isJsonObject(custom) ? custom : isJsonObject(called) ? called : {}
    const call = this.#callOf(typeof index === 'number' ? index : undefined, textOf(id), textOf(body.name))
    if (call !== this.#latest) this.flush()
    if (typeof type === 'string' && type !== '') call.type = type
    else if (isJsonObject(custom)) call.type = 'custom'
    this.#name(call, textOf(body.name))
    const extra = withoutNulls(more)
    const piece = argumentsOf(isJsonObject(custom) ? custom.input : body.arguments)
    if (!call.opened) {
      call.extra = extra ? { ...call.extra, ...extra } : call.extra
      call.args += piece
      // A name may come in pieces; arguments say that it is whole.
      if (call.args !== '' && call.name !== '') this.#open(call)
    } else if (piece !== '' || extra) this.#emitArgs(call, piece, extra)
  }

  /** Takes a delta's deprecated `function_call`. */
  takeLegacy(delta: JsonObject): void {
    this.take({ index: LEGACY_INDEX, type: 'function_call', function: delta })
  }

  /** Nothing more will be said of the latest call's name. No other call can be unopened. */
  flush(): void {
    if (this.#latest && !this.#latest.opened) this.#open(this.#latest)
  }

  #callOf(index: number | undefined, id: string, name: string): Call {
    const known = index === undefined ? this.#latest : this.#calls.get(index)
    // Some backends give all calls index 0; others make up an id for every delta. A new call has a name.
    const other = known && id !== '' && known.named && known.id !== id && (name !== '' || index === undefined)
    if (known && !other) {
      if (id !== '' && !known.named && !known.opened) {
        known.id = id
        known.named = true
      }
      return known
    }
    this.flush()
    const at = index ?? this.#calls.size
    const call: Call = {
      id: id || this.#madeUpId(at),
      named: id !== '',
      name: '',
      type: 'function',
      args: '',
      extra: undefined,
      opened: false,
    }
    this.#calls.set(at, call)
    this.#latest = call
    return call
  }

  #name(call: Call, piece: string): void {
    // Some backends repeat the whole name in every delta.
    if (!call.opened && piece !== call.name) call.name += piece
  }

  #open(call: Call): void {
    call.opened = true
    this.#emit({ type: 'tool', phase: 'call', id: call.id, name: call.name }, this.#extraOf(call, call.extra))
    if (call.args !== '') this.#emitArgs(call, call.args, undefined)
    call.args = ''
    call.extra = undefined
  }

  #emitArgs(call: Call, text: string, extra: JsonObject | undefined): void {
    const shaped = call.type === 'custom' || call.type === 'function_call'
    this.#emit({ type: 'tool', phase: 'args', id: call.id, text }, shaped ? this.#extraOf(call, extra) : extra)
  }

  #extraOf(call: Call, extra: JsonObject | undefined): JsonObject | undefined {
    return call.type === 'function' ? extra : { ...extra, type: call.type }
  }

  #madeUpId(index: number): string {
    const id = `call_${this.#choice}_${index === LEGACY_INDEX ? 'function' : index}`
    return this.#made++ === 0 || !this.#calls.has(index) ? id : `${id}_${this.#made}`
  }
}

/** Members of `object` that say something. */
export function withoutNulls(object: JsonObject): JsonObject | undefined {
  const members = Object.entries(object).filter(([, value]) => value !== null && value !== undefined)
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Some backends send arguments as an object instead of as its text. */
function argumentsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
