import type { EndEvent, FinishReason, Json, StreamEvent, ToolEvent, Usage } from '@sluice/core'
import { isOfChoice } from '@sluice/core/extend'
import { AnswerBlocks, type Block, type BlockStep, textOf } from '../../blocks/answer-blocks.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { toCutError } from '../../openai/format/errors.ts'

const FINISH_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
}

/**
 * Turns the events of one stream into parts of a UI message, in their order: for clients that read sluice's own wire and show it
 * by the AI SDK. `start` and `start-step` go before them.
 *
 * @example
 * ```ts
 * const parts = new UiParts()
 * const shown = myEvents.flatMap((event) => parts.take(event))
 * ```
 */
export class UiParts {
  readonly #blocks: AnswerBlocks = new AnswerBlocks({
    extraOf: () => undefined,
    begins: () => false,
    parts: () => false,
  })
  /** Calls whose input was given as a whole. */
  readonly #given: Set<Block> = new Set()
  #usage: Usage | undefined
  #finish: FinishReason | undefined

  constructor() {
    // A call's arguments are told once more as a whole; a text is not.
    this.#blocks.keepOnly((kind) => kind === 'tool')
  }

  /** The open text, to which a plain piece may be added without another look. @internal */
  get openText(): Block | undefined {
    const { open } = this.#blocks
    return open?.kind === 'text' ? open : undefined
  }

  /** Adds a piece to the open text, which the caller writes by itself. @internal */
  extend(text: string): void {
    this.#blocks.extend(text)
  }

  /** The parts that an event becomes: none, one or several. */
  take(event: StreamEvent): JsonObject[] {
    if (isOfChoice(event)) {
      if (event.choice) return []
      if (event.type === 'finish') this.#finish = event.reason
      const parts = this.#step(this.#blocks.take(event))
      return event.type === 'tool' ? [...parts, ...this.#output(event)] : parts
    }
    switch (event.type) {
      case 'usage':
        this.#usage = event.usage
        return []
      case 'data':
        // What only another provider's wire understands is none of the application's.
        return event.extra === undefined ? [{ type: `data-${event.name}`, data: event.data as Json }] : []
      case 'end':
        return this.#end(event)
      default:
        event satisfies never
        return []
    }
  }

  #step({ closed, block, begins, text }: BlockStep): JsonObject[] {
    const parts: JsonObject[] = closed ? this.#closed(closed) : []
    if (!block) return parts
    if (begins) parts.push(startOf(block))
    if (text !== '') parts.push(deltaOf(block, text))
    return parts
  }

  /** A call whose input is not whole JSON may still be taken up again. */
  #closed(block: Block): JsonObject[] {
    if (block.kind !== 'tool') return [{ type: `${kindOf(block)}-end`, id: idOf(block) }]
    return inputOf(block) === undefined ? [] : this.#give(block)
  }

  #give(block: Block): JsonObject[] {
    if (this.#given.has(block)) return []
    this.#given.add(block)
    const { id: toolCallId, name: toolName } = block.call!
    const input = inputOf(block)
    if (input !== undefined) return [{ type: 'tool-input-available', toolCallId, toolName, input }]
    const errorText = 'The arguments are no JSON.'
    return [{ type: 'tool-input-error', toolCallId, toolName, input: textOf(block), errorText }]
  }

  #output(event: ToolEvent): JsonObject[] {
    if (event.phase !== 'result' && event.phase !== 'error') return []
    const block = this.#blocks.all.find(({ call }) => call?.id === event.id)
    // An output without its call would stop the client's reading.
    if (!block) return []
    const output =
      event.phase === 'result'
        ? { type: 'tool-output-available', toolCallId: event.id, output: event.result }
        : { type: 'tool-output-error', toolCallId: event.id, errorText: event.message }
    return [...this.#give(block), output]
  }

  #end(end: EndEvent): JsonObject[] {
    const usage = end.usage ?? this.#usage
    const closed = this.#blocks.close()
    const open = closed && closed.kind !== 'tool' ? this.#closed(closed) : []
    if (!end.complete) return [...open, ...cutPartsOf(end)]
    const calls = this.#blocks.all.filter(({ kind }) => kind === 'tool').flatMap((block) => this.#give(block))
    const reason = isFinishReason(end.reason) ? end.reason : (this.#finish ?? 'stop')
    return [
      ...open,
      ...calls,
      { type: 'finish-step' },
      {
        type: 'finish',
        finishReason: FINISH_REASONS[reason],
        ...(usage && { messageMetadata: { usage: { ...usage } } }),
      },
    ]
  }
}

function cutPartsOf(end: EndEvent): JsonObject[] {
  if (end.reason === 'cancelled') return [{ type: 'abort', reason: `cancelled: ${end.cause ?? 'client'}` }]
  return [{ type: 'error', errorText: toCutError(end).message }]
}

function isFinishReason(reason: string): reason is FinishReason {
  return reason in FINISH_REASONS
}

function startOf(block: Block): JsonObject {
  if (!block.call) return { type: `${kindOf(block)}-start`, id: idOf(block) }
  return { type: 'tool-input-start', toolCallId: block.call.id, toolName: block.call.name }
}

function deltaOf(block: Block, text: string): JsonObject {
  if (block.call) return { type: 'tool-input-delta', toolCallId: block.call.id, inputTextDelta: text }
  return { type: `${kindOf(block)}-delta`, id: idOf(block), delta: text }
}

/** A refusal is what the model has to say: a text. */
function kindOf({ kind }: Block): 'text' | 'reasoning' {
  return kind === 'reasoning' ? 'reasoning' : 'text'
}

/** Names a block of text within its message, the same for every reader. */
export function idOf({ index }: Block): string {
  return String(index)
}

/** A call's arguments, where they are whole; without any it has none. */
function inputOf(block: Block): Json | undefined {
  const text = textOf(block)
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
