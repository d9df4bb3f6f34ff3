import type { Json } from '@sluice/core'

/** What a process that is about to be killed says of its documents, a line each. */
export type Told =
  /** It begins to write this; the version will be `version`, or 0 when it is removed. */
  | { readonly is: 'writing'; readonly ids: readonly string[]; readonly version: number }
  /** The store has said that it is written. */
  | { readonly is: 'written'; readonly ids: readonly string[]; readonly version: number }

/** What a document says in its version: nothing else can be there. */
export function valueOf(id: string, version: number): Json {
  return { id, version, text: `${id} ${version} `.repeat(version % 50) }
}
