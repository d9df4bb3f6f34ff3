import { type FinishReason, type Json, isTextual, type StreamEvent } from '@sluice/core'
import {
  type ChoiceState,
  type KnownTool,
  createResumeState,
  foldResumeState,
  isOfChoice,
  isStreamEvent,
  type Logged,
  type LogHead,
  type ResumeState,
} from '@sluice/core/extend'

import { foreign } from './foreign.ts'
import { decodeField } from './record-codec.ts'
import { fromStoredJson, toStoredJson } from './stored-json.ts'
import { countIn } from './stored-number.ts'

/**
 * What an entry changes in what is known of a log's head, once it is trimmed: fields of the stream's meta, without their
 * prefix. Redis adds it up, and need not know what it means.
 */
interface HeadFold {
  /** The latest entry counts. */
  set: Record<string, string>
  /** The earliest entry counts; left out where a choice begins with the entry. */
  first: Record<string, string> | undefined
  /** Events that are no piece of text: these are summed. */
  other: number | undefined
}

/** Begins the fields of a meta that are about the head, and the version of what is in them. */
const PREFIX = 'head:'
const VERSION = '1'

// Fields: `c<choice>` kind of its latest event and, where there is one, its tool call; `b<choice>` seq of its first event;
// `f<choice>` it has finished; `t<choice>:<seq>` id, name and, where there was one, `extra` of the tool call that began there; `usage`, `finish`, `other`;
// `epoch` of the last event, `next` seq of what follows.

/**
 * What `events` say beside plain text, as JSON; `undefined` where they are nothing else. A fold is stored with each entry, of
 * single tokens mostly: for those of choice 0 alone it is no more than the value of `c0`.
 */
export function foldOf(events: readonly Logged[], firstSeq: number): string | undefined {
  // With the end comes the last entry, which is never trimmed.
  if (events.every((event) => typeof event === 'string' || event.type === 'end')) return undefined
  const fold: HeadFold = { set: {}, first: undefined, other: undefined }
  const state = createResumeState()
  for (const [index, logged] of events.entries()) {
    const event: StreamEvent = typeof logged === 'string' ? { type: 'text', text: logged } : logged
    addEvent(fold, state, { event, seq: firstSeq + index, begins: index === 0 })
  }
  for (const [index, { latest, latestTool, finished }] of state.choices) {
    fold.set[`c${index}`] = toStoredJson(latestTool === undefined ? [latest] : [latest, latestTool])
    if (finished) fold.set[`f${index}`] = '1'
  }
  const isLatestAlone = !fold.first && !fold.other && Object.keys(fold.set).length === 1
  return (isLatestAlone && fold.set.c0) || toStoredJson(fold)
}

/** An event with its place in its stream and, if so, at the beginning of its entry. */
interface PlacedEvent {
  event: StreamEvent
  seq: number
  begins: boolean
}

function addEvent(fold: HeadFold, state: ResumeState, { event, seq, begins }: PlacedEvent): void {
  if (!isTextual(event)) fold.other = (fold.other ?? 0) + 1
  if (event.type === 'usage') fold.set.usage = toStoredJson(event.usage)
  if (!isOfChoice(event)) return
  const index = event.choice ?? 0
  if (!state.choices.has(index) && !begins) (fold.first ??= {})[`b${index}`] = String(seq)
  foldResumeState(state, event)
  if (event.type === 'finish' && index === 0) fold.set.finish = event.reason
  if (event.type === 'tool' && event.phase === 'call') {
    const { id, name, extra } = event
    fold.set[`t${index}:${seq}`] = toStoredJson(extra === undefined ? [id, name] : [id, name, extra])
  }
}

/** What is known of a log's head, and the epoch of its last event. */
export interface StoredHead extends LogHead {
  epoch: number
  /** Of the event that follows. Where the oldest entry begins later, somebody else has cut the log. */
  nextSeq: number
}

const WHAT = 'The head of a log'

/** A choice, and the place of what began there, where the field names one: in digits as we write them. */
const FIELD = /^(?:([bcf])(0|[1-9]\d*)|t(0|[1-9]\d*):([1-9]\d*))$/
const SINGLE: ReadonlySet<string> = new Set(['v', 'usage', 'finish', 'other', 'epoch', 'next'])

/**
 * Reads what a meta has of its log's head; `undefined` where that is not all: somebody else has cut the log, or a process of
 * another version wrote what was trimmed. Then a wire that depends on the head cannot go on, and the others can.
 *
 * @throws SluiceError `SLUICE_ERR_STORE` where a part of it was not written as one: all of it or nothing
 */
export function headIn(meta: ReadonlyMap<string, string>): StoredHead | undefined {
  const version = meta.get(`${PREFIX}v`)
  if (version === undefined) return { resumeState: createResumeState(), otherEvents: 0, epoch: 0, nextSeq: 1 }
  if (version !== VERSION) return undefined
  const nextSeq = countIn(meta.get(`${PREFIX}next`), WHAT)
  const epoch = countIn(meta.get(`${PREFIX}epoch`), WHAT)
  if (nextSeq < 2 || epoch < 1) throw foreign(WHAT, 'it is of no event')
  const choices: { index: number; beganAt: number; state: ChoiceState }[] = []
  const tools: { index: number; seq: number; tool: KnownTool }[] = []
  for (const [field, value] of meta) {
    if (!field.startsWith(PREFIX)) continue
    const name = field.slice(PREFIX.length)
    const [, kind, digits, ofTool, at] = FIELD.exec(name) ?? []
    if (kind === 'b') {
      const [index, beganAt] = [countIn(digits, WHAT), seqIn(value, nextSeq)]
      choices.push({ index, beganAt, state: choiceIn(meta, index) })
    } else if (at !== undefined)
      tools.push({ index: countIn(ofTool, WHAT), seq: seqIn(at, nextSeq), tool: toolIn(value) })
    else if (kind === 'f' && value !== '1') throw foreign(WHAT, 'how a choice ended is not known')
    else if (kind === undefined && !SINGLE.has(name)) throw foreign(WHAT, 'a part of it is not known')
    // What is known of a choice means nothing without its beginning.
    else if (kind !== undefined && !meta.has(`${PREFIX}b${digits}`)) throw foreign(WHAT, 'a choice has no beginning')
  }
  const states = choices.toSorted((one, other) => one.beganAt - other.beganAt)
  const resumeState: ResumeState = { choices: new Map(states.map(({ index, state }) => [index, state])) }
  for (const { index, tool } of tools.toSorted((one, other) => one.seq - other.seq)) {
    const choice = resumeState.choices.get(index)
    if (!choice) throw foreign(WHAT, 'a tool call is of no choice')
    choice.tools.push(tool)
  }
  const usage = meta.get(`${PREFIX}usage`)
  return {
    resumeState,
    otherEvents: countIn(meta.get(`${PREFIX}other`), WHAT),
    usage: usage === undefined ? undefined : decodeField('usage', usage),
    finishReason: reasonIn(meta.get(`${PREFIX}finish`)),
    epoch,
    nextSeq,
  }
}

/** The seq of an event before `nextSeq`. */
function seqIn(text: string, nextSeq: number): number {
  const seq = countIn(text, WHAT)
  if (seq >= 1 && seq < nextSeq) return seq
  throw foreign(WHAT, 'something began where the log had not come to')
}

function reasonIn(reason: string | undefined): FinishReason | undefined {
  if (reason === undefined || isStreamEvent({ type: 'finish', reason })) return reason as FinishReason | undefined
  throw foreign(WHAT, 'why the answer finished is not known')
}

function choiceIn(meta: ReadonlyMap<string, string>, index: number): ChoiceState {
  const value = fromStoredJson(meta.get(`${PREFIX}c${index}`) ?? '', WHAT)
  const [latest, latestTool, ...more] = Array.isArray(value) ? (value as unknown[]) : []
  const isTool = latest === 'tool' ? typeof latestTool === 'string' : latestTool === undefined
  if (!isOfChoice({ type: latest } as StreamEvent) || !isTool || more.length > 0)
    throw foreign(WHAT, 'what a choice said last is not known')
  return { tools: [], latest, latestTool, finished: meta.has(`${PREFIX}f${index}`) } as ChoiceState
}

function toolIn(text: string): KnownTool {
  const value = fromStoredJson(text, WHAT)
  const [id, name, ...extras] = Array.isArray(value) ? (value as Json[]) : []
  if (typeof id === 'string' && typeof name === 'string' && extras.length <= 1)
    return extras.length === 0 ? { id, name } : { id, name, extra: extras[0] }
  throw foreign(WHAT, 'a tool call has no id or no name')
}
