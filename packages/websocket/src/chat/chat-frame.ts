import { type Json, SluiceError } from '@sluice/core'
import { type JsonLimits, readJson } from '@sluice/core/extend'
import { z } from 'zod'

type JsonObject = { readonly [name: string]: Json | undefined }

/** A new turn of a chat. */
export interface SendFrame {
  readonly type: 'send'
  readonly requestId: string
  readonly id: string
  readonly messages: readonly Json[]
  readonly trigger?: string | undefined
  readonly messageId?: string | undefined
  readonly headers?: JsonObject | undefined
  readonly body?: JsonObject | undefined
  readonly metadata?: Json | undefined
}

/** What a `WebSocketChatTransport` sends. */
export type ChatFrame =
  | SendFrame
  | { readonly type: 'resume'; readonly requestId: string; readonly id: string }
  | { readonly type: 'abort'; readonly requestId: string }

const MAX_CHAT_ID = 200
const requestId = z.string().min(1).max(64)
const id = z
  .string()
  .min(1)
  .max(MAX_CHAT_ID)
  .refine((name) => name.isWellFormed(), 'it has half of a character')
const json = z.custom<Json>((value) => value !== undefined)
const object = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object was expected',
)
const chatFrame: z.ZodType<ChatFrame> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('send'),
    requestId,
    id,
    messages: z.array(json),
    trigger: z.string().max(64).optional(),
    messageId: z.string().max(MAX_CHAT_ID).optional(),
    headers: object.optional(),
    body: object.optional(),
    metadata: json.optional(),
  }),
  z.object({
    type: z.literal('resume'),
    requestId,
    id,
    // Where one text was cut into chunks differs from reading to reading: only all of them can be given again.
    lastSequence: z
      .undefined('it cannot be gone on from a number here: leave it out, and read from the beginning')
      .optional(),
  }),
  z.object({ type: z.literal('abort'), requestId }),
])

/** @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE` */
export function readChatFrame(bytes: Uint8Array, limits: JsonLimits): ChatFrame {
  const { value } = readJson(bytes, { subject: 'The frame', limits })
  const parsed = chatFrame.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue === undefined || issue.path.length === 0 ? 'The frame' : `The field "${issue.path.join('.')}"`
  throw new SluiceError(
    'SLUICE_ERR_REQUEST',
    `${field.slice(0, 200)} is not usable: ${(issue?.message ?? 'unknown reason').slice(0, 200)}.`,
  )
}
