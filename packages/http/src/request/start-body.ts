import {
  type Json,
  type OnDisconnect,
  requireSafeJson,
  SluiceError,
  type StartOptions,
  type WireFacts,
} from '@sluice/core'
import { z } from 'zod'

/** The body of a request to start a stream, as a runner gets it: everything the client sent but what was meant for us. */
export type RunnerBody = { readonly [name: string]: Json | undefined }

/** What a client may say of its stream in the body's `sluice`, on every route that starts one. */
export interface SluiceField {
  /** Name of the stream: at most one of that name runs at a time. */
  key?: string | undefined
  /** What to do when it runs already. Default `attach`. */
  ifRunning?: StartOptions['ifRunning']
  /** What happens when the last reader has gone. */
  onDisconnect?: OnDisconnect | undefined
  /** Small facts, shown to readers and given to the source. */
  meta?: { readonly [name: string]: Json | undefined } | undefined
}

/** A body that was understood. */
export interface StartBody {
  /** All of it, for its fingerprint. */
  whole: Json
  /** What the runner gets. */
  body: RunnerBody
  mode: 'stream' | 'json' | 'background'
  sluice: SluiceField
  /** What wires need to write the same bytes anywhere. */
  facts: WireFacts & { created: number; model: string }
}

const MAX_GRACE_MS = 3_600_000
const MAX_META_CHARS = 16 * 1024
const MAX_MESSAGE_CHARS = 200

const sluiceField = z
  .strictObject({
    key: z.string().min(1).max(256),
    ifRunning: z.enum(['attach', 'cancel', 'refuse']),
    onDisconnect: z.union([
      z.enum(['cancel', 'continue']),
      z.strictObject({ graceMs: z.number().int().min(0).max(MAX_GRACE_MS) }),
    ]),
    meta: z
      .record(z.string(), z.unknown())
      .refine((meta) => JSON.stringify(meta).length <= MAX_META_CHARS, `at most ${MAX_META_CHARS} characters of JSON`),
  })
  .partial()

const common = {
  model: z.string().max(512).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  sluice: sluiceField.nullish(),
}

const chatBody = z.looseObject(common)
const nativeBody = z.looseObject({ ...common, background: z.boolean().nullish() })

/**
 * Reads the body of a request to start a stream.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseStartBody(value: unknown, route: 'chat' | 'native'): StartBody {
  const whole = requireSafeJson(value, 'The body')
  const parsed = parseWith(route === 'chat' ? chatBody : nativeBody, whole)
  // `background` is ours on our own route; on a provider's it is the provider's.
  const { sluice: _, ...forRunner } = whole as RunnerBody
  const { background, ...withoutMode } = forRunner
  const body = route === 'chat' ? forRunner : withoutMode
  const includeUsage = parsed.stream_options?.include_usage === true
  return {
    whole,
    body,
    mode:
      route === 'native' && background === true ? 'background' : isStreaming(parsed.stream, route) ? 'stream' : 'json',
    sluice: (parsed.sluice ?? {}) as SluiceField,
    facts: { created: Math.floor(Date.now() / 1000), model: parsed.model ?? '', ...(includeUsage && { includeUsage }) },
  }
}

function isStreaming(stream: boolean | null | undefined, route: 'chat' | 'native'): boolean {
  return stream ?? route === 'native'
}

/**
 * `value`, if `schema` takes it; else an error that names the first wrong field.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue === undefined || issue.path.length === 0 ? 'The request' : `The field "${issue.path.join('.')}"`
  const message = (issue?.message ?? 'unknown reason').slice(0, MAX_MESSAGE_CHARS)
  throw new SluiceError('SLUICE_ERR_REQUEST', `${field.slice(0, MAX_MESSAGE_CHARS)} is not usable: ${message}.`)
}
