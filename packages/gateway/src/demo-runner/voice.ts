import type { FinishReason, SourceItem } from '@sluice/core'
import type { Token } from './tokenizer.ts'
import type { DemoToolCall } from './tool-call.ts'

/** A run of tokens of one kind. */
export interface Part {
  readonly kind: 'reasoning' | 'text' | 'args'
  readonly tokens: readonly Token[]
  /** How many are said; more than there are starts again from the first. */
  readonly length: number
}

/** What one choice says. */
export interface Speech {
  readonly parts: readonly Part[]
  /** Announced before `args`, as a token of its own. */
  readonly call?: DemoToolCall | undefined
  readonly maxTokens?: number | undefined
}

/** One choice, token by token. */
export interface Voice {
  /** How many tokens it takes. */
  readonly length: number
  readonly finish: FinishReason
  /** What token `index` brings to the reader; nothing when it only begins or continues a code point. */
  at(index: number): SourceItem | undefined
}

/**
 * Says `speech` as choice `choice`.
 *
 * @param bytes - give the text's tokens as they are, split code points included. Only one choice can: bytes cannot say
 * which choice they belong to, so with several the code points are joined here
 */
export function createVoice(speech: Speech, choice: number, bytes: boolean): Voice {
  const { parts, call, maxTokens = Infinity } = speech
  const announced = call ? 1 : 0
  const wanted = parts.reduce((sum, part) => sum + part.length, announced)
  const length = Math.min(wanted, maxTokens)
  const readable = bytes ? readableLength(speech, length) : length

  const say = ({ kind }: Part, token: Token): SourceItem | undefined => {
    if (kind === 'text' && bytes) return token.item
    const { text } = token
    if (text === '') return undefined
    return kind === 'args'
      ? { type: 'tool', phase: 'args', id: call?.id ?? '', text, choice }
      : { type: kind, text, choice }
  }
  return {
    length,
    finish: length < wanted ? 'length' : call ? 'tool_calls' : 'stop',
    at(index) {
      if (index >= readable) return undefined
      const found = find(parts, index, announced)
      if (found) return say(...found)
      return call && { type: 'tool', phase: 'call', id: call.id, name: call.name, choice }
    },
  }
}

/** The part and token at `index`; neither where the call is announced. */
function find(parts: readonly Part[], index: number, announced: number): [Part, Token] | undefined {
  let before = 0
  for (const part of parts) {
    if (part.kind === 'args') before += announced
    const offset = index - before
    if (offset < 0) return undefined
    const token = offset < part.length ? part.tokens[offset % part.tokens.length] : undefined
    if (token) return [part, token]
    before += part.length
  }
  return undefined
}

/** Like a real server, a cut answer keeps the bytes of a code point that it could not finish to itself. */
function readableLength({ parts, call }: Speech, length: number): number {
  let end = length
  while (end > 0 && find(parts, end - 1, call ? 1 : 0)?.[1].whole === false) end -= 1
  return end
}
