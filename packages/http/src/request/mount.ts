import { invalidOption } from '@sluice/core/extend'

import type { MountOptions } from './http-request.ts'

const MOUNT = /^(?:\/[^/?#\s]+)*$/
const PUBLIC_MOUNT = /^(?:https?:\/\/[^/?#\s]+)?(?:\/[^/?#\s]+)*$/

/**
 * Checks where a resource is to be mounted: for packages that mount it in a framework.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * requireMount({ mount: '/v1' })
 * ```
 */
export function requireMount({ mount = '', publicMount }: MountOptions): void {
  if (!MOUNT.test(mount)) throw invalidOption('mount', mount, 'a path such as "/v1", without a slash at its end')
  if (publicMount !== undefined && !PUBLIC_MOUNT.test(publicMount)) {
    throw invalidOption('publicMount', publicMount, 'a path such as "/chat/v1", or a URL, without a slash at its end')
  }
}
