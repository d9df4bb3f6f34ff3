import type { EndEvent, StreamTiming, Usage } from '@sluice/core'
import { isEndEvent, isStreamId, type Keeping, type StreamFacts, resolveStreamOptions } from '@sluice/core/extend'

import { foreign } from './foreign.ts'
import { fromStoredJson } from './stored-json.ts'
import { countIn, isCount } from './stored-number.ts'

/** The fields of a stream's record that are JSON, each as it is written. */
interface JsonFields {
  facts: StreamFacts
  /** Of a stream that was erased. */
  identity: Pick<StreamFacts, 'id' | 'tenant' | 'owner' | 'key'>
  keeping: Keeping
  end: EndEvent
  usage: Usage
  timing: StreamTiming
}

/** What the JSON of a field must be. */
const IS: { readonly [Name in keyof JsonFields]: (value: unknown) => value is JsonFields[Name] } = {
  facts: isFacts,
  identity: isIdentity,
  keeping: isKeeping,
  end: isEndEvent,
  usage: isObject as (value: unknown) => value is Usage,
  timing: isTiming,
}

/** Reads a field of a record. @throws SluiceError `SLUICE_ERR_STORE` for what was not written as one */
export function decodeField<Name extends keyof JsonFields>(name: Name, text: string): JsonFields[Name] {
  const what = `The field "${name === 'identity' ? 'facts' : name}" of a stream`
  const value = fromStoredJson(text, what)
  if (IS[name](value)) return value
  throw foreign(what, 'a member of it is missing, or is something else')
}

/** The fields of a record, read one by one. */
export class RecordFields {
  readonly #fields: ReadonlyMap<string, string>

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields
  }

  /** Whether there is nothing at all. */
  get empty(): boolean {
    return this.#fields.size === 0
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** @throws SluiceError `SLUICE_ERR_STORE` */
  text(name: string): string {
    const text = this.#fields.get(name)
    if (text) return text
    throw foreign(`The field "${name}" of a stream`, 'it is not there')
  }

  /** @throws SluiceError `SLUICE_ERR_STORE` unless it is a whole number from `min` to `max` */
  count(name: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
    const count = countIn(this.#fields.get(name), `The field "${name}" of a stream`)
    if (count >= min && count <= max) return count
    throw foreign(`The field "${name}" of a stream`, `it is not from ${min} to ${max}`)
  }

  /** @throws SluiceError `SLUICE_ERR_STORE` */
  optional<Name extends keyof JsonFields>(name: Name): JsonFields[Name] | undefined {
    const text = this.#fields.get(name)
    return text === undefined ? undefined : decodeField(name, text)
  }

  /** @throws SluiceError `SLUICE_ERR_STORE`, also where it is not there */
  json<Name extends keyof JsonFields>(name: Name): JsonFields[Name] {
    return decodeField(name, this.text(name === 'identity' ? 'facts' : name))
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIdentity(value: unknown): value is JsonFields['identity'] {
  if (!isObject(value)) return false
  const { id, tenant, owner, key } = value
  return isId(id) && typeof tenant === 'string' && typeof owner === 'string' && isTextOrNothing(key)
}

function isFacts(value: unknown): value is StreamFacts {
  if (!isIdentity(value)) return false
  const { meta, wire, createdAtMs, idempotency, source, options } = value as Partial<StreamFacts>
  return (
    isObject(meta) &&
    Number.isFinite(createdAtMs) &&
    (wire === undefined || (isObject(wire) && typeof wire.name === 'string' && isObject(wire.facts))) &&
    (idempotency === undefined ||
      (isObject(idempotency) && typeof idempotency.key === 'string' && typeof idempotency.fingerprint === 'string')) &&
    (source === undefined || (isObject(source) && typeof source.name === 'string')) &&
    (options === undefined || (isObject(options) && areOptions(options)))
  )
}

function isKeeping(value: unknown): value is Keeping {
  if (!isObject(value)) return false
  const { retentionBytes, retentionMs, leaseMs, windowBytes, durability } = value
  const counts = [retentionBytes, retentionMs, leaseMs, windowBytes]
  return counts.every(isCount) && durability !== undefined && areOptions({ durability })
}

function isTiming(value: unknown): value is StreamTiming {
  if (!isObject(value)) return false
  const { openMs, firstEventMs, durationMs } = value
  return [openMs, firstEventMs, durationMs].every((ms) => ms === undefined || Number.isFinite(ms))
}

/** Whether a stream can be gone on with by them: they are checked as they were when they were given. */
function areOptions(options: object): boolean {
  try {
    resolveStreamOptions(options)
    return true
  } catch {
    return false
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isStreamId(value)
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}
