import { fingerprintOf } from '../events/json/canonical-json.ts'
import type { Principal } from './principal.ts'

/** Enough of a hash of the owner that no two have the same. */
const OWNER_CHARS = 32

/**
 * For adapters whose clients name streams: the key of what an owner calls `name`. A key is one for all owners of a tenant; by this
 * one nobody stands in the way of another.
 */
export async function ownedKey({ owner }: Pick<Principal, 'owner'>, kind: string, name: string): Promise<string> {
  return `${kind}:${(await fingerprintOf(owner)).slice(0, OWNER_CHARS)}:${name}`
}
