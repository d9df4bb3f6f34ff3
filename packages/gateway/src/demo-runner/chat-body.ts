import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { PASSAGE_NAMES } from './passages.ts'
import type { PassageName } from './passages.ts'

/** What the demo runner can be asked for in a body's `sluice_demo`. */
export interface DemoOptions {
  /** Milliseconds to the first token, exactly. Left out: around 250. */
  ttftMs?: number | undefined
  /** Mean milliseconds between tokens; 0 is as fast as it is read. Default 25. */
  interTokenMs?: number | undefined
  /** So many tokens always arrive together. Left out: one by one, now and then some at once. */
  burst?: number | undefined
  /** Length of the text in tokens; the passage is cut or said again. Left out: the passage once; without `sluice_demo` its first sentences. */
  tokens?: number | undefined
  /** Which passage. Left out: one in the script of the last question. */
  text?: PassageName | undefined
  /** Whether to call a tool. Left out: when there are `tools` and the last message is no tool's result. */
  toolCall?: boolean | undefined
  /** Whether to think aloud first. Default false. */
  reasoning?: boolean | undefined
  /** Fail after so many tokens of each choice, when there are so many; 0 fails before the stream opens. */
  failAfter?: number | undefined
  /** Fall silent after so many tokens of each choice, until the signal aborts. */
  hangAfter?: number | undefined
}

/** A tool as an OpenAI body offers it. */
export interface OfferedTool {
  type?: string | undefined
  function: { name: string; parameters?: unknown }
}

/** The body of an OpenAI chat completion, as far as the demo runner reads it. */
export interface ChatBody {
  model?: string | undefined
  messages: readonly { role: string; content?: unknown }[]
  n?: number | null | undefined
  max_tokens?: number | null | undefined
  max_completion_tokens?: number | null | undefined
  seed?: number | null | undefined
  tools?: readonly OfferedTool[] | null | undefined
  tool_choice?: unknown
  sluice_demo?: DemoOptions | null | undefined
  [field: string]: unknown
}

const milliseconds = z.number().min(0).max(3_600_000)
const count = z.number().int().min(0).max(1_000_000)
const limit = z.number().int().min(1)

const chatBody = z.looseObject({
  model: z.string().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })).min(1),
  n: z.number().int().min(1).max(128).nullish(),
  max_tokens: limit.nullish(),
  max_completion_tokens: limit.nullish(),
  seed: z.number().int().nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string().min(1) }) })).nullish(),
  tool_choice: z.unknown().optional(),
  sluice_demo: z
    .strictObject({
      ttftMs: milliseconds,
      interTokenMs: milliseconds,
      burst: z.number().int().min(1).max(1000),
      tokens: count,
      text: z.enum(PASSAGE_NAMES),
      toolCall: z.boolean(),
      reasoning: z.boolean(),
      failAfter: count,
      hangAfter: count,
    })
    .partial()
    .nullish(),
})

/** `body`, if it is one; else an error that names the first wrong field. */
export function parseChatBody(body: unknown): ChatBody {
  const parsed = chatBody.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue === undefined || issue.path.length === 0 ? 'The body' : `The field "${issue.path.join('.')}"`
  throw new SluiceError('SLUICE_ERR_REQUEST', `${field} is not usable: ${issue?.message ?? 'unknown reason'}.`)
}
