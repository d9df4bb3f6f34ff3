import { type FinishReason, isSluiceError, type Json, SluiceError, type SourceEvent, type Usage } from '@sluice/core'
import { isJsonObject } from '../../json/json-object.ts'

type Item = string | SourceEvent

const REASONS: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool-calls', 'tool_calls'],
  ['content-filter', 'content_filter'],
])

/** Parts that say nothing that is not said elsewhere. */
const SILENT: ReadonlySet<unknown> = new Set([
  'start',
  'start-step',
  'finish-step',
  'stream-start',
  'response-metadata',
  'text-start',
  'text-end',
  'reasoning-start',
  'reasoning-end',
  'tool-input-end',
  'raw',
])

/**
 * Reads parts of the AI SDK's streams, those of `streamText` and those of a language model, by what they hold: the members'
 * names have changed between versions, and what is not known is passed over.
 */
export class AiSdkParts {
  /** Calls that were told of, and whether any of their input was. */
  readonly #calls: Map<string, boolean> = new Map()
  /** A language model has begun, and says in the end why it stopped. */
  #isUnfinished = false

  /** @throws SluiceError `SLUICE_ERR_BACKEND` for a part that says that the answer failed */
  take(part: unknown): readonly Item[] {
    if (typeof part !== 'object' || part === null) return []
    const { type, ...members } = part as { type?: unknown } & Record<string, unknown>
    if (type === 'stream-start') this.#isUnfinished = true
    if (SILENT.has(type)) return []
    switch (type) {
      case 'text-delta':
        return textOf(members) === '' ? [] : [textOf(members)]
      case 'reasoning-delta':
        return textOf(members) === '' ? [] : [{ type: 'reasoning', text: textOf(members) }]
      case 'tool-input-start':
        return this.#begin(wordOf(members.id ?? members.toolCallId), wordOf(members.toolName))
      case 'tool-input-delta':
        return this.#input(wordOf(members.id ?? members.toolCallId), wordOf(members.delta ?? members.inputTextDelta))
      case 'tool-call':
      case 'tool-input-available':
      case 'tool-input-error':
        return this.#call(wordOf(members.toolCallId), wordOf(members.toolName), members.input ?? members.args)
      case 'tool-result':
      case 'tool-output-available':
        // A result that is still growing comes again as a whole.
        return members.preliminary === true ? [] : [this.#result(members)]
      case 'tool-error':
      case 'tool-output-error':
        return [{ type: 'tool', phase: 'error', id: wordOf(members.toolCallId), message: messageOf(members) }]
      case 'finish':
        this.#isUnfinished = false
        return finishOf(members)
      case 'abort':
        throw new SluiceError('SLUICE_ERR_BACKEND', 'The AI SDK has aborted this answer before it was complete.')
      case 'error':
        throw failureOf(members.error ?? members.errorText)
      default:
        return dataOf(type, members)
    }
  }

  /** Nothing more comes. @throws SluiceError `SLUICE_ERR_BACKEND` where the answer is not whole */
  end(): void {
    if (!this.#isUnfinished) return
    throw new SluiceError('SLUICE_ERR_BACKEND', 'The model behind the AI SDK has ended its answer without a finish.')
  }

  #begin(id: string, name: string): Item[] {
    if (this.#calls.has(id)) return []
    this.#calls.set(id, false)
    return [{ type: 'tool', phase: 'call', id, name }]
  }

  #input(id: string, text: string): Item[] {
    if (text === '') return []
    this.#calls.set(id, true)
    return [{ type: 'tool', phase: 'args', id, text }]
  }

  /** The input as a whole: news where it did not come piece by piece. */
  #call(id: string, name: string, input: unknown): Item[] {
    const begun = this.#begin(id, name)
    if (this.#calls.get(id)) return begun
    const text = typeof input === 'string' ? input : (JSON.stringify(input) ?? '')
    return [...begun, ...this.#input(id, text)]
  }

  #result(members: Record<string, unknown>): SourceEvent {
    const result = (members.output ?? members.result ?? null) as Json
    return { type: 'tool', phase: 'result', id: wordOf(members.toolCallId), result }
  }
}

function finishOf({ finishReason, totalUsage, usage, messageMetadata }: Record<string, unknown>): Item[] {
  // Language models since version 3 say what their provider said beside it.
  const word = isJsonObject(finishReason) ? finishReason.unified : finishReason
  if (word === 'error') throw failureOf('its model failed')
  // What a page has marked so goes on, or not: as it stands, it is no whole answer.
  if (word === 'interrupted')
    throw new SluiceError('SLUICE_ERR_BACKEND', 'The AI SDK says that this answer was interrupted.')
  const counted = usageOf(totalUsage ?? usage ?? (isJsonObject(messageMetadata) ? messageMetadata.usage : undefined))
  const finish: SourceEvent = { type: 'finish', reason: REASONS.get(word) ?? 'stop' }
  return counted ? [{ type: 'usage', usage: counted }, finish] : [finish]
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isJsonObject(usage)) return undefined
  const { inputTokens, outputTokens, totalTokens } = usage
  const counted = {
    inputTokens: countOf(inputTokens),
    outputTokens: countOf(outputTokens),
    totalTokens: countOf(totalTokens),
  }
  const known = Object.entries(counted).filter(([, count]) => count !== undefined)
  return known.length > 0 ? (Object.fromEntries(known) as Usage) : undefined
}

/** A count, or, since version 3 of language models, one with its parts. */
function countOf(count: Json | undefined): number | undefined {
  const value = isJsonObject(count) ? count.total : count
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** What an application may want to show: sources, files, its own data. */
function dataOf(type: unknown, members: Record<string, unknown>): Item[] {
  if (typeof type !== 'string' || type === '') return []
  const name = type.startsWith('data-') ? type.slice('data-'.length) : `ai-sdk.${type}`
  const data = type.startsWith('data-') ? members.data : members
  return [{ type: 'data', name, data: JSON.parse(JSON.stringify(data ?? null)) as Json }]
}

function textOf({ text, delta, textDelta }: Record<string, unknown>): string {
  return wordOf(text ?? delta ?? textDelta)
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function messageOf({ error, errorText }: Record<string, unknown>): string {
  if (typeof errorText === 'string') return errorText
  return error instanceof Error ? error.message : 'The tool failed.'
}

/** What the provider threw may hold keys and addresses: readers are told that it failed, the log why. */
function failureOf(error: unknown): SluiceError {
  if (isSluiceError(error)) return error
  return new SluiceError('SLUICE_ERR_BACKEND', 'The model behind the AI SDK has failed.', { cause: error })
}
