import type { SourceEvent } from '@sluice/core'
import type { JsonObject } from '../../../json/json-object.ts'
import { ArgumentsText, beginsArguments } from './arguments-text.ts'
import type { HeldBytes } from '../../../backend/held-bytes.ts'
import { canOpen, extraWithLateName, goesOnWith, mayBeAt, type ToolCall, withShape } from './tool-call.ts'
import { readToolPiece, type ToolPiece } from './tool-piece.ts'

/**
 * Takes an event of a tool call, and what the backend sent of the call beyond our model. `late`: the event tells what an
 * earlier chunk had said.
 */
export type EmitTool = (
  event: Extract<SourceEvent, { type: 'tool'; phase: 'call' | 'args' }>,
  extra: JsonObject | undefined,
  late: boolean,
) => void

/** Index under which a call in the deprecated shape is kept: there is only one, and it has neither index nor id. */
const LEGACY_INDEX = -1
const CALL_COST_BYTES = 64

/**
 * Puts the tool calls of one choice together from deltas, in whichever way backends cut them. Calls are told apart by
 * index, id and name, as far as a backend has them: each may be missing, or the same for all calls. Where they say
 * nothing, a name that comes after complete arguments is another call.
 */
export class ChatTools {
  readonly #choice: number
  readonly #emit: EmitTool
  readonly #held: HeldBytes
  readonly #calls: ToolCall[] = []
  readonly #ids: Set<string> = new Set()
  /** Calls that the present delta has named. */
  readonly #named: Set<ToolCall> = new Set()
  #latest: ToolCall | undefined
  #late = false
  /** The piece that is read names its call: `{}` beside the name may only stand for arguments. */
  #naming = false

  constructor(choice: number, held: HeldBytes, emit: EmitTool) {
    this.#choice = choice
    this.#held = held
    this.#emit = emit
  }

  /** Takes a delta's `tool_calls`. */
  take(deltas: readonly JsonObject[]): void {
    this.#named.clear()
    for (const delta of deltas) this.#take(readToolPiece(delta))
  }

  /** Takes a delta's deprecated `function_call`. */
  takeLegacy(delta: JsonObject): void {
    this.take([{ index: LEGACY_INDEX, type: 'function_call', function: delta }])
  }

  /** Something else is said: of the latest call no name and no arguments are awaited any more. No other call waits. */
  flush(): void {
    const call = this.#latest
    if (!call || (call.opened && call.placeholder === '')) return
    this.#late = true
    this.#naming = false
    if (!call.opened) this.#open(call)
    this.#givePlaceholder(call)
    this.#late = false
  }

  #take(piece: ToolPiece): void {
    const call = this.#find(piece) ?? this.#begin(piece)
    if (call !== this.#latest) this.flush()
    this.#latest = call
    this.#naming = piece.name !== ''
    if (this.#naming) this.#named.add(call)
    if (piece.type !== '') call.type = piece.type
    // The input of a custom tool is text of any kind.
    if (call.type === 'custom') call.args.state = 'other'
    if (call.opened) return this.#give(call, piece.args, extraWithLateName(call, piece))
    this.#adopt(call, piece)
    if (canOpen(call, piece)) this.#open(call)
    else this.#hold(call, piece)
  }

  #find(piece: ToolPiece): ToolCall | undefined {
    const { index, id, name } = piece
    const sameId = id === '' ? undefined : this.#calls.findLast((call) => call.sentId === id && mayBeAt(call, index))
    if (sameId) return this.#goesOn(sameId, piece) ? sameId : undefined
    const here = index === undefined ? this.#latest : this.#calls.findLast((call) => call.index === index)
    if (!here) return undefined
    // Some backends make up an id for every delta: a new call at an index has a name as well.
    if (id !== '' && here.sentId !== '' && (name !== '' || index === undefined)) return undefined
    if (name === '' || index === undefined) return this.#goesOn(here, piece) ? here : undefined
    const waits = (call: ToolCall): boolean => call === here || call.args.state !== 'complete'
    return this.#calls.findLast((call) => call.index === index && waits(call) && this.#goesOn(call, piece))
  }

  #goesOn(call: ToolCall, piece: ToolPiece): boolean {
    return goesOnWith(call, piece, this.#named.has(call))
  }

  #begin(piece: Pick<ToolPiece, 'index' | 'id' | 'type'>): ToolCall {
    this.flush()
    const call: ToolCall = {
      index: piece.index,
      id: this.#freeId(piece),
      sentId: piece.id,
      name: '',
      type: piece.type || 'function',
      opened: false,
      args: new ArgumentsText(),
      held: [],
      heldBytes: 0,
      placeholder: '',
    }
    this.#held.add(CALL_COST_BYTES + 2 * call.id.length)
    this.#ids.add(call.id)
    this.#calls.push(call)
    return call
  }

  #adopt(call: ToolCall, { id, name, args, extra }: ToolPiece): void {
    // A made-up id gives way to the backend's as long as nobody has seen it.
    if (id !== '' && call.sentId === '') {
      call.sentId = id
      if (!this.#ids.has(id)) call.id = id
      this.#ids.add(call.id)
    }
    // Some backends repeat the whole name in every delta.
    if (name !== call.name) {
      call.name += name
      this.#held.add(name.length)
    }
    const last = call.held.at(-1)
    if (last && !extra) last.args += args
    else call.held.push({ args, extra })
  }

  #hold(call: ToolCall, { args, extra }: ToolPiece): void {
    const bytes = args.length + (extra ? JSON.stringify(extra).length : 0)
    call.heldBytes += bytes
    this.#held.add(bytes)
  }

  #open(call: ToolCall): void {
    call.opened = true
    const [first, ...others] = call.held
    this.#held.add(-call.heldBytes)
    call.held = []
    this.#emit({ type: 'tool', phase: 'call', id: call.id, name: call.name }, withShape(call, first?.extra), this.#late)
    if (first) this.#give(call, first.args, undefined)
    for (const { args, extra } of others) this.#give(call, args, extra)
  }

  /** More arguments of an opened call. What begins anew after they were complete is another call's, or says it again. */
  #give(call: ToolCall, args: string, extra: JsonObject | undefined): void {
    if (call.placeholder !== '' && beginsArguments(args)) {
      call.placeholder = ''
      call.args.restart()
    }
    const wasBlank = call.args.state === 'blank'
    const rest = args.slice(call.args.take(args))
    const anew = beginsArguments(rest)
    const own = anew ? args.slice(0, args.length - rest.length) : args
    if (this.#naming && wasBlank && !anew && own.trim() === '{}') {
      call.placeholder = own
      if (extra) this.#giveArgs(call, '', extra)
    } else this.#giveArgs(call, own, extra)
    if (!anew || call.args.isRepeatedBy(rest)) return
    const another = this.#begin({ index: call.index, id: '', type: call.type })
    another.name = call.name
    another.sentId = call.sentId
    this.#latest = another
    this.#open(another)
    this.#give(another, rest, undefined)
  }

  #givePlaceholder(call: ToolCall): void {
    const { placeholder } = call
    call.placeholder = ''
    this.#giveArgs(call, placeholder, undefined)
  }

  #giveArgs(call: ToolCall, text: string, extra: JsonObject | undefined): void {
    if (text === '' && !extra) return
    const shaped = call.type === 'custom' || call.type === 'function_call'
    this.#emit({ type: 'tool', phase: 'args', id: call.id, text }, shaped ? withShape(call, extra) : extra, this.#late)
  }

  /** The backend's id, or one of our own where it has none or has used it for another call. */
  #freeId({ index, id }: Pick<ToolPiece, 'index' | 'id'>): string {
    if (id !== '' && !this.#ids.has(id)) return id
    const base = `call_${this.#choice}_${index === LEGACY_INDEX ? 'function' : (index ?? this.#calls.length)}`
    let free = base
    for (let count = this.#calls.length + 1; this.#ids.has(free); count++) free = `${base}_${count}`
    return free
  }
}
