import { resolveByteLimit } from '../../backend/answer-limits.ts'

/**
 * What {@link openAiChatSource} takes of an answer at most. Over a limit the stream ends with an error that names it. What a
 * chunk holds beyond our model is one event: the stream's own `maxDataBytes` has to allow for it, too.
 */
export interface OpenAiChatLimits {
  /**
   * Bytes of one chunk of a streamed answer. A generated image or a piece of audio comes in one chunk, and takes several
   * times its size while it is read.
   *
   * @defaultValue 16777216
   */
  maxChunkBytes?: number | undefined
  /**
   * Bytes of an answer that comes in one piece instead of as a stream.
   *
   * @defaultValue 16777216
   */
  maxCompletionBytes?: number | undefined
  /**
   * Bytes that are kept from one chunk to the next: the ids and names of an answer's tool calls, and arguments that come
   * before their call's name.
   *
   * @defaultValue 1048576
   */
  maxHeldBytes?: number | undefined
}

/** {@link OpenAiChatLimits} with nothing left open. */
export type ResolvedOpenAiChatLimits = { readonly [Name in keyof OpenAiChatLimits]-?: number }

const MIB = 1024 * 1024

/** Defaults of {@link OpenAiChatLimits}. */
export const DEFAULT_OPEN_AI_CHAT_LIMITS: ResolvedOpenAiChatLimits = {
  maxChunkBytes: 16 * MIB,
  maxCompletionBytes: 16 * MIB,
  maxHeldBytes: MIB,
}

/** The limits with defaults filled in, or an error that names the wrong one. */
export function resolveChatLimits(limits: OpenAiChatLimits): ResolvedOpenAiChatLimits {
  const resolve = (name: keyof OpenAiChatLimits): number =>
    resolveByteLimit(name, limits[name], DEFAULT_OPEN_AI_CHAT_LIMITS[name])
  return {
    maxChunkBytes: resolve('maxChunkBytes'),
    maxCompletionBytes: resolve('maxCompletionBytes'),
    maxHeldBytes: resolve('maxHeldBytes'),
  }
}
