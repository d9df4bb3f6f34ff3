import { type AnswerLimits, DEFAULT_ANSWER_LIMITS, type ResolvedAnswerLimits } from '../../backend/answer-limits.ts'

/**
 * What {@link openAiChatSource} takes of an answer at most. A generated image or a piece of audio comes in one chunk, and takes
 * several times its size while it is read. What is kept between chunks are the ids and names of tool calls, and arguments that
 * come before their call's name.
 */
export type OpenAiChatLimits = AnswerLimits

/** {@link OpenAiChatLimits} with nothing left open. */
export type ResolvedOpenAiChatLimits = ResolvedAnswerLimits

/** Defaults of {@link OpenAiChatLimits}. */
export const DEFAULT_OPEN_AI_CHAT_LIMITS: ResolvedOpenAiChatLimits = DEFAULT_ANSWER_LIMITS
