import { startNginx } from '@sluice/testing/proxy'

import type { IntegrationDriver } from './driver.ts'

/** A way to set up nginx. */
export interface NginxSetup {
  readonly name: string
  /** Lines of its `location`. */
  readonly location: readonly string[]
  readonly compressesStreams?: true
}

/** As Debian has it, which buffers and speaks HTTP/1.0 to what is behind it; and compressing whatever it can. */
export const NGINX_SETUPS: readonly NginxSetup[] = [
  { name: 'as it comes', location: [] },
  {
    name: 'compressing event streams',
    location: ['gzip on;', 'gzip_types *;', 'gzip_min_length 0;', 'gzip_proxied any;'],
    compressesStreams: true,
  },
]

/** The same integration, reached through a real nginx. */
export function behindNginx(driver: IntegrationDriver, { location, compressesStreams }: NginxSetup): IntegrationDriver {
  return {
    ...driver,
    compressesStreams,
    async serve() {
      const served = await driver.serve()
      const nginx = await startNginx(Number(new URL(served.url).port), location)
      return {
        url: nginx.url,
        async close() {
          await nginx[Symbol.asyncDispose]()
          await served.close()
        },
      }
    },
  }
}
