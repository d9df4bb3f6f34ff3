import { JsonObjectText } from '@sluice/core/extend'
import type { JsonObject } from '../json/json-object.ts'

const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * The JSON of a request: what `body` has of `text`, the client's own, digit for digit, and `edits` in it. Without a text `body` is
 * written anew. In bytes if it was given so.
 */
export async function requestText(
  body: JsonObject,
  text: string | Uint8Array | undefined,
  edits: { readonly [name: string]: string | undefined },
): Promise<string | Uint8Array<ArrayBuffer>> {
  const whole = await JsonObjectText.read(text ?? JSON.stringify(body))
  const foreign = whole.names.filter((name) => !Object.hasOwn(body, name))
  const bytes = whole.edited({ ...Object.fromEntries(foreign.map((name) => [name, undefined])), ...edits })
  return text instanceof Uint8Array ? (bytes as Uint8Array<ArrayBuffer>) : DECODER.decode(bytes)
}
