import { crc32 } from 'node:zlib'

import { damaged } from '../file/store-error.ts'

/** `value` as the file has it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value)
}

/** A name as a column has it: no character of it is special, whatever reads the column. */
export function nameText(name: string): string {
  return JSON.stringify(name)
}

/** The value of which {@link toJson} has made `text`. @throws SluiceError `SLUICE_ERR_STORE` */
export function fromJson<Value>(text: unknown, what: string): Value {
  try {
    if (typeof text === 'string') return JSON.parse(text) as Value
  } catch {
    // Said below.
  }
  throw damaged(what)
}

/** What a text is told from another by, when it is read again. */
export function checksumOf(text: string): number {
  return crc32(text)
}

/** The same where the text has a checksum beside it: what differs from it is not read (contract 2). @throws SluiceError `SLUICE_ERR_STORE` */
export function fromCheckedJson<Value>(text: unknown, checksum: unknown, what: string): Value {
  if (typeof text !== 'string' || checksumOf(text) !== checksum) throw damaged(what)
  return fromJson(text, what)
}
