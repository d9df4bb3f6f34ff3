import type { EndEvent, FinishReason, Json, StreamEvent, ToolEvent, Usage } from '@sluice/core'
import { type AnswerEvent, isOfChoice } from '@sluice/core/extend'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { type ChatExtra, chatExtraOf } from '../format/chat-extra.ts'

/** A tool call of a collected choice. */
export interface CollectedTool {
  readonly id: string
  readonly name: string
  args: string
  readonly extra: JsonObject[]
}

/** One collected choice. What a backend sent beyond our model is kept in pieces, in order. */
export interface CollectedChoice {
  text: string | undefined
  reasoning: string | undefined
  /** What the backend calls it. */
  reasoningAs: string | undefined
  refusal: string | undefined
  readonly tools: CollectedTool[]
  finish: FinishReason | undefined
  readonly extra: JsonObject[]
  readonly deltaExtra: JsonObject[]
  /** The text and the parts of content that are no text, in order; `undefined` while there is nothing but text. */
  parts: Json[] | undefined
}

/** Gathers a stream's events to what one JSON body needs. It holds all of the answer: bounded by whoever adds. */
export interface ChatCollector {
  /** Takes the next event of the stream. */
  add(event: StreamEvent): void
  readonly choices: ReadonlyMap<number, CollectedChoice>
  /** Members of the chunks that a backend sent beyond our model. */
  readonly extra: readonly JsonObject[]
  readonly usage: Usage | undefined
  readonly end: EndEvent | undefined
}

/**
 * A collector of one stream's events, in their order, merged or not.
 *
 * @example
 * ```ts
 * const collector = createChatCollector()
 * for await (const event of stream) collector.add(event)
 * const body = toChatCompletion(facts, stream.id, collector)
 * ```
 */
export function createChatCollector(): ChatCollector {
  return new Collector()
}

/** A choice of which nothing is known yet. */
export function createCollectedChoice(): CollectedChoice {
  return {
    text: undefined,
    reasoning: undefined,
    reasoningAs: undefined,
    refusal: undefined,
    tools: [],
    finish: undefined,
    extra: [],
    deltaExtra: [],
    parts: undefined,
  }
}

class Collector implements ChatCollector {
  readonly choices: Map<number, CollectedChoice> = new Map()
  readonly extra: JsonObject[] = []
  usage: Usage | undefined
  end: EndEvent | undefined

  add(event: StreamEvent): void {
    const extra = event.type === 'end' ? undefined : chatExtraOf(event.extra)
    if (extra?.chunk) this.extra.push(extra.chunk)
    if (!isOfChoice(event)) return this.#ofAnswer(event)
    const choice = this.#choice(event.choice ?? 0)
    if (extra?.choice) choice.extra.push(extra.choice)
    if (extra?.delta) addDelta(choice, extra.delta)
    switch (event.type) {
      case 'text':
        if (event.text !== '') addText(choice, event.text)
        break
      case 'reasoning':
        choice.reasoning = (choice.reasoning ?? '') + event.text
        choice.reasoningAs ??= event.as
        break
      case 'refusal':
        choice.refusal = (choice.refusal ?? '') + event.text
        break
      case 'finish':
        choice.finish = event.reason
        break
      case 'tool':
        addTool(choice.tools, event, extra)
        break
      default:
        event satisfies never
    }
  }

  #ofAnswer(event: AnswerEvent): void {
    switch (event.type) {
      case 'usage':
        this.usage = event.usage
        break
      case 'end':
        this.end = event
        this.usage = event.usage ?? this.usage
        break
      case 'data':
        break
      default:
        event satisfies never
    }
  }

  #choice(index: number): CollectedChoice {
    let choice = this.choices.get(index)
    if (!choice) {
      choice = createCollectedChoice()
      this.choices.set(index, choice)
    }
    return choice
  }
}

/** Text is one part as long as nothing else comes between. */
function addText(choice: CollectedChoice, text: string): void {
  choice.text = (choice.text ?? '') + text
  const last = choice.parts?.at(-1)
  if (isOwnText(last)) choice.parts!.splice(-1, 1, textPart(last.text + text))
  else choice.parts?.push(textPart(text))
}

function addDelta(choice: CollectedChoice, { content, ...rest }: JsonObject): void {
  if (content !== undefined && content !== null) {
    const before: Json[] = choice.parts ?? (choice.text === undefined ? [] : [textPart(choice.text)])
    choice.parts = before.concat(content)
  }
  if (Object.keys(rest).length > 0) choice.deltaExtra.push(rest)
}

function textPart(text: string): { type: 'text'; text: string } {
  return { type: 'text', text }
}

function isOwnText(part: Json | undefined): part is { type: 'text'; text: string } {
  return isJsonObject(part) && part.type === 'text' && typeof part.text === 'string' && Object.keys(part).length === 2
}

function addTool(tools: CollectedTool[], event: ToolEvent, extra: ChatExtra | undefined): void {
  switch (event.phase) {
    case 'call':
      tools.push({ id: event.id, name: event.name, args: '', extra: extra?.tool ? [extra.tool] : [] })
      break
    case 'args': {
      const tool = tools.findLast(({ id }) => id === event.id)
      if (!tool) return
      tool.args += event.text
      if (extra?.tool) tool.extra.push(extra.tool)
      break
    }
    case 'result':
    case 'error':
      break
    default:
      event satisfies never
  }
}
