import type { JsonObject } from '../../../json/json-object.ts'
import { type ArgumentsText, beginsArguments } from './arguments-text.ts'
import type { ToolPiece } from './tool-piece.ts'

/** A tool call while it comes in pieces. */
export interface ToolCall {
  readonly index: number | undefined
  /** As events have it: the backend's, or made up. */
  id: string
  /** As the backend has it; empty where it has none. */
  sentId: string
  name: string
  type: string
  opened: boolean
  readonly args: ArgumentsText
  /** What came before the call could be opened. */
  held: { args: string; extra: JsonObject | undefined }[]
  heldBytes: number
  /** `{}` that may stand for arguments yet to come. */
  placeholder: string
}

/** Whether `piece` may be of `call`, as far as indices say. */
export function mayBeAt(call: ToolCall, index: number | undefined): boolean {
  return index === undefined || call.index === undefined || call.index === index
}

/** Whether `piece`, which nothing else keeps apart from `call`, goes on with it. `named`: the same list has named the call. */
export function goesOnWith(call: ToolCall, { name, id, index, args }: ToolPiece, named: boolean): boolean {
  if (name === '') return true
  const sameId = id !== '' && id === call.sentId
  // In one list, two names are two calls, unless one id joins what is not complete.
  if (named && !(sameId && call.args.state !== 'complete')) return false
  if (call.name === '') return true
  if (!call.opened) return name === call.name || sameId || index !== undefined
  if (name !== call.name) return false
  // The name is repeated: what comes after complete arguments is another call's, unless it is nothing, or the same again.
  if (call.args.state !== 'complete' || args.trim() === '') return true
  return sameId && (call.args.isRepeatedBy(args) || !beginsArguments(args))
}

/** Whether enough is known of a call to tell of it: a name may come in pieces, unless its arguments are spoken of. */
export function canOpen(call: ToolCall, piece: ToolPiece): boolean {
  if (piece.nameless) return true
  return call.name !== '' && (piece.speaksOfArgs || call.held.some(({ args, extra }) => args !== '' || extra))
}

/** What `piece` holds beyond our model; with the name of a call that had to be told of without one. */
export function extraWithLateName(call: ToolCall, { name, extra }: ToolPiece): JsonObject | undefined {
  if (name === '' || call.name !== '') return extra
  call.name = name
  return { ...extra, function: { ...(extra?.function as JsonObject | undefined), name } }
}

/** `extra` of an event of `call`, which remembers the call's shape. */
export function withShape(call: ToolCall, extra: JsonObject | undefined): JsonObject | undefined {
  return call.type === 'function' ? extra : { ...extra, type: call.type }
}
