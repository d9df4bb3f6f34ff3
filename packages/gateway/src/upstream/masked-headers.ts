import type { OutgoingHttpHeaders } from 'node:http'

import { isHidden, SecretMask } from './secret-mask.ts'

/** Headers in which the gateway's own key does not stand, whatever the backend wrote there. */
export function maskedHeaders(headers: OutgoingHttpHeaders, key: string | undefined): OutgoingHttpHeaders {
  if (!isHidden(key, 400)) return headers
  const mask = new SecretMask(key)
  const inValue = (value: string | string[] | number | undefined): string | string[] | number | undefined =>
    Array.isArray(value) ? value.map((one) => mask.inText(one)) : typeof value === 'string' ? mask.inText(value) : value
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, inValue(value)]))
}
