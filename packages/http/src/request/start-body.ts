import { type Json, parseClientOptions, type ParsedClientOptions, SluiceError } from '@sluice/core'
import { type JsonLimits, requireSafeJson, type WireFacts } from '@sluice/core/extend'
import { z } from 'zod'

/** The body of a request to start a stream, as a runner gets it: everything the client sent but what was meant for us. */
export type RunnerBody = { readonly [name: string]: Json | undefined }

/** A body that was understood. */
export interface StartBody {
  /** All of it, for its fingerprint. */
  whole: Json
  /** What the runner gets. */
  body: RunnerBody
  mode: 'stream' | 'json' | 'background'
  /** What the client says of its stream, by who takes it. */
  client: ParsedClientOptions
  /** What wires need to write the same bytes anywhere. */
  facts: WireFacts & { created: number; model: string }
}

const MAX_MESSAGE_CHARS = 200

const common = {
  model: z.string().max(512).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
}

const chatBody = z.looseObject(common)
const nativeBody = z.looseObject({ ...common, background: z.boolean().nullish() })

/**
 * Reads the body of a request to start a stream. `limits`: what it may consist of, as `bodies` of the sluice has it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseStartBody(value: unknown, route: 'chat' | 'native', limits?: JsonLimits): StartBody {
  const whole = requireSafeJson(value, 'The body', { limits })
  const parsed = parseWith(route === 'chat' ? chatBody : nativeBody, whole)
  // `background` is ours on our own route; on a provider's it is the provider's.
  const { sluice, ...forRunner } = whole as RunnerBody
  const { background, ...withoutMode } = forRunner
  const body = route === 'chat' ? forRunner : withoutMode
  const includeUsage = parsed.stream_options?.include_usage === true
  return {
    whole,
    body,
    mode:
      route === 'native' && background === true ? 'background' : isStreaming(parsed.stream, route) ? 'stream' : 'json',
    client: parseClientOptions(sluice),
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
