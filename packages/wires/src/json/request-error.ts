import { SluiceError } from '@sluice/core'
import { isJsonObject, type JsonObject } from './json-object.ts'

/** A client asks for something that a backend of chat completions does not have. */
export function notTranslatable(what: string, way: string): SluiceError {
  const message = `${what} has no counterpart in a chat completion, which is all that the backend here speaks: ${way}.`
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}

/** `value` as a text; what is not there is none. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function textIn(value: unknown, name: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw new SluiceError('SLUICE_ERR_REQUEST', `The field "${name}" is not usable: it must be a text.`)
}

/** `value` as a list of objects. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function objectsIn(value: unknown, name: string): JsonObject[] {
  if (Array.isArray(value) && value.every(isJsonObject)) return value
  throw new SluiceError('SLUICE_ERR_REQUEST', `The field "${name}" is not usable: it must be a list of objects.`)
}
