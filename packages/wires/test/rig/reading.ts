import type { EndEvent, Source, SourceContext, SourceEvent, SourceItem, StreamEvent } from '@sluice/core'
import {
  createResumeState,
  type EncoderStart,
  type Entry,
  foldResumeState,
  type ResumeState,
  type Wire,
  type WireFacts,
} from '@sluice/core/extend'
import { type ChatFacts, openAiChat, openAiChatSource } from '@sluice/wires/openai'
import { answering } from './answering.ts'

export const FACTS: ChatFacts = { created: 1_700_000_000, model: 'm', includeUsage: false }
export const STREAM_ID = 's1'
export const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }

export const text = (value: string): SourceEvent => ({ type: 'text', text: value })
export const call = (id: string, name: string): SourceEvent => ({ type: 'tool', phase: 'call', id, name })
export const args = (id: string, value: string): SourceEvent => ({ type: 'tool', phase: 'args', id, text: value })

export function toEntries(events: readonly StreamEvent[]): Entry[] {
  return events.map((event, index) => ({ event, epoch: 1, seq: index + 1 }))
}

export function outlineOf(events: readonly StreamEvent[]): ResumeState {
  const resumeState = createResumeState()
  for (const event of events) foldResumeState(resumeState, event)
  return resumeState
}

export function startOf(mode: EncoderStart['mode'], before: readonly StreamEvent[] = []): EncoderStart {
  const opened = { type: 'opened', id: STREAM_ID, cursor: `${STREAM_ID}.1.${before.length}`, meta: {} } as const
  return { opened, resumeState: outlineOf(before), past: toEntries(before), mode, ended: false }
}

/** All bytes of one reading of a wire from the start. */
export function writeOn(
  wire: Wire,
  events: readonly StreamEvent[],
  { facts = FACTS, ids = false }: { facts?: WireFacts; ids?: boolean } = {},
): string {
  const encoder = wire.create(facts, { ids })
  return `${String(encoder.open(startOf('start')))}${String(encoder.encode(toEntries(events)))}`
}

/** All bytes of one reading from the start. */
export function write(events: readonly StreamEvent[], facts: ChatFacts = FACTS, ids = false): string {
  const encoder = openAiChat.create(facts, { ids })
  return `${String(encoder.open(startOf('start')))}${String(encoder.encode(toEntries(events)))}`
}

/** The JSON of all data blocks of `bytes`; `[DONE]` stays as it is. */
export function dataOf(bytes: string): unknown[] {
  const lines = bytes.split('\n').filter((line) => line.startsWith('data: '))
  return lines.map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice(6))))
}

export function contextOf(signal: AbortSignal): SourceContext {
  return {
    id: STREAM_ID,
    meta: {},
    signal,
    inbox: (async function* () {})(),
    touch: () => {},
    prefix: '',
    input: undefined,
  }
}

/** Runs `source` and gives its items one by one, arrays opened. */
export async function* itemsOf(
  source: Source,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<SourceEvent> {
  const items = (await source(contextOf(signal))) as AsyncIterable<SourceItem>
  for await (const item of items) for (const one of Array.isArray(item) ? item : [item]) yield toEvent(one)
}

export async function eventsOf(source: Source, signal?: AbortSignal): Promise<SourceEvent[]> {
  return await listOf(itemsOf(source, signal))
}

export async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** What was read before the source failed, and its failure. */
export async function readUntilError(source: Source): Promise<{ events: SourceEvent[]; error: unknown }> {
  const events: SourceEvent[] = []
  try {
    for await (const event of itemsOf(source)) events.push(event)
  } catch (error) {
    return { events, error }
  }
  return { events, error: undefined }
}

function toEvent(item: SourceItem): SourceEvent {
  return typeof item === 'string' ? { type: 'text', text: item } : (item as SourceEvent)
}

/** What a source says of a backend's body that comes in these pieces. */
export async function readPieces(...pieces: (string | Uint8Array)[]): Promise<SourceEvent[]> {
  return await eventsOf(
    openAiChatSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering(pieces) }),
  )
}
