/**
 * The value of a header that lists things, such as `Vary`, out of several; empty where there is none.
 *
 * @example
 * ```ts
 * joinHeaderLists('Accept', undefined, 'Cookie, Origin') // 'Accept, Cookie, Origin'
 * ```
 */
export function joinHeaderLists(...lists: readonly (string | undefined)[]): string {
  return lists.filter((list) => list !== undefined).join(', ')
}
