import { type Json, SluiceError } from '@sluice/core'
import { type JsonLimits, JsonObjectText, readJson } from '@sluice/core/extend'
import { z } from 'zod'

const MAX_MESSAGE_CHARS = 200

type Shape = Record<string, z.ZodType>
type Message<Type extends string, Fields extends Shape> = z.ZodObject<
  { type: z.ZodLiteral<Type> } & Fields,
  z.core.$strict
>
type Text = z.ZodString
type Maybe<Schema extends z.ZodType> = z.ZodOptional<Schema>
/** A JSON object, as it was sent. */
type JsonObject = { readonly [name: string]: Json | undefined }

const ref: Text = z.string().min(1).max(64)
/** A stream's id, or any cursor of it. */
const stream: Text = z.string().min(1).max(256)
const cursor: Text = z.string().min(1).max(256)
const key: Text = z.string().min(1).max(256)
const name: Text = z.string().min(1).max(128)
const credit: z.ZodNumber = z
  .number()
  .int()
  .min(0)
  .max(2 ** 52)
const json: z.ZodType<Json> = z.custom<Json>((value) => value !== undefined)
const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object was expected',
)

type Wishes = { name: Maybe<Text>; credit: Maybe<z.ZodNumber> }
const wishes: Wishes = { name: name.optional(), credit: credit.optional() }

/** Milliseconds, or tokens a second. */
const measure: z.ZodNumber = z.number().positive().max(1_000_000)
type Report = { rttMs: Maybe<z.ZodNumber>; paintRate: Maybe<z.ZodNumber> }
const report: Report = { rttMs: measure.optional(), paintRate: measure.optional() }

type Target = { ref: Maybe<Text>; stream: Maybe<Text> }
const target: Target = { ref: ref.optional(), stream: stream.optional() }
const TARGET_EXPECTED = '"stream", or the "ref" of a reading, was expected'

function hasTarget(message: { ref?: string | undefined; stream?: string | undefined }): boolean {
  return message.ref !== undefined || message.stream !== undefined
}

/** Begins a stream and reads it; `ref` names the reading from then on. */
export const startMessage: Message<
  'start',
  { ref: Text; body: z.ZodType<JsonObject>; idempotencyKey: Maybe<Text> } & Wishes
> = z.strictObject({
  type: z.literal('start'),
  ref,
  body: jsonObject,
  idempotencyKey: key.optional(),
  ...wishes,
})

/** Joins a stream, by id, cursor or key; `ref` names the reading from then on. */
export const attachMessage: Message<
  'attach',
  {
    ref: Text
    stream: Maybe<Text>
    cursor: Maybe<Text>
    key: Maybe<Text>
    after: Maybe<Text>
    sluice: Maybe<z.ZodType<JsonObject>>
  } & Wishes
> = z
  .strictObject({
    type: z.literal('attach'),
    ref,
    stream: stream.optional(),
    cursor: cursor.optional(),
    key: key.optional(),
    after: cursor.optional(),
    sluice: jsonObject.optional(),
    ...wishes,
  })
  .refine(
    (message) => [message.stream, message.cursor, message.key].filter((given) => given !== undefined).length === 1,
    {
      message: 'one of "stream", "cursor" and "key" was expected',
    },
  )

/** Leaves a reading; the stream may live on. */
export const detachMessage: Message<'detach', Target> = z
  .strictObject({ type: z.literal('detach'), ...target })
  .refine(hasTarget, { message: TARGET_EXPECTED })

/** Ends a stream for everyone, whatever carries its data. */
export const cancelMessage: Message<'cancel', Target> = z
  .strictObject({ type: z.literal('cancel'), ...target })
  .refine(hasTarget, { message: TARGET_EXPECTED })

/**
 * Grants credit: that many events past the cursor may be sent. `reader` names a reading elsewhere. It tells, too, what the client has
 * measured.
 */
export const ackMessage: Message<
  'ack',
  { ref: Maybe<Text>; cursor: Text; credit: z.ZodNumber; reader: Maybe<Text> } & Report
> = z.strictObject({ type: z.literal('ack'), ref: ref.optional(), cursor, credit, reader: name.optional(), ...report })

/** Feedback for the inbox of the stream's source. */
export const sendMessage: Message<'send', Target & { message: z.ZodType<Json> }> = z
  .strictObject({ type: z.literal('send'), ...target, message: json })
  .refine(hasTarget, { message: TARGET_EXPECTED })

/** Asks for a `pong`: browsers cannot send a ping of the protocol. */
export const pingMessage: Message<'ping', { ref: Maybe<Text> }> = z.strictObject({
  type: z.literal('ping'),
  ref: ref.optional(),
})

/** A fresh ticket, before the credential of the socket expires. */
export const authenticateMessage: Message<'authenticate', { ref: Maybe<Text>; ticket: Text }> = z.strictObject({
  type: z.literal('authenticate'),
  ref: ref.optional(),
  ticket: z.string().min(1).max(2_048),
})

/** Everything a client may say. */
export const clientMessage: z.ZodDiscriminatedUnion<
  [
    typeof startMessage,
    typeof attachMessage,
    typeof detachMessage,
    typeof cancelMessage,
    typeof ackMessage,
    typeof sendMessage,
    typeof pingMessage,
    typeof authenticateMessage,
  ],
  'type'
> = z.discriminatedUnion('type', [
  startMessage,
  attachMessage,
  detachMessage,
  cancelMessage,
  ackMessage,
  sendMessage,
  pingMessage,
  authenticateMessage,
])

/** Something a client said. */
export type ClientMessage = z.infer<typeof clientMessage>
/** A message of one type. */
export type ClientMessageOf<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>

/**
 * The message that `text` holds. `limits`: what its JSON may consist of, as `bodies` of the sluice has it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`
 * @example
 * ```ts
 * parseClientMessage('{"type":"cancel","ref":"1"}') // { type: 'cancel', ref: '1' }
 * ```
 */
export function parseClientMessage(text: string, limits?: JsonLimits): ClientMessage {
  return readClientMessage(ENCODER.encode(text), limits)
}

const ENCODER = new TextEncoder()

/** The same of its bytes. */
export function readClientMessage(bytes: Uint8Array, limits?: JsonLimits): ClientMessage {
  const { value, text } = readJson(bytes, { subject: 'The message', limits })
  const parsed = clientMessage.safeParse(value)
  if (parsed.success) {
    if (parsed.data.type === 'start') bodyTexts.set(parsed.data.body, JsonObjectText.of(text).valueOf('body'))
    return parsed.data
  }
  const issue = parsed.error.issues[0]
  const field = issue === undefined || issue.path.length === 0 ? 'The message' : `The field "${issue.path.join('.')}"`
  const message = (issue?.message ?? 'unknown reason').slice(0, MAX_MESSAGE_CHARS)
  throw malformed(`${field.slice(0, MAX_MESSAGE_CHARS)} is not usable: ${message}.`)
}

const bodyTexts = new WeakMap<JsonObject, string | undefined>()

/** The text that the body of a `start` was parsed from: numbers stand there as they were written. */
export function bodyTextOf({ body }: ClientMessageOf<'start'>): string | undefined {
  return bodyTexts.get(body)
}

function malformed(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
