import { TokenStore, type TokenStreamOptions } from './token-store.ts'

/** Streams that are at hand for components which come back. */
const MOST_STORES = 64

const stores = new Map<string, TokenStore>()

/** The store of a key: the same one for all components of a page. */
export function storeOf(key: string, options: TokenStreamOptions): TokenStore {
  const known = stores.get(key)
  const store = known ?? new TokenStore(options)
  // The latest one is the last to go.
  stores.delete(key)
  stores.set(key, store)
  for (const [other, { isUsed }] of stores) {
    if (stores.size <= MOST_STORES) break
    if (!isUsed && other !== key) stores.delete(other)
  }
  return store
}
