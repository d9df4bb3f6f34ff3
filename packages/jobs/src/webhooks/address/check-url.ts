import { isIP } from 'node:net'

import { SluiceError } from '@sluice/core'

import type { AddressRules } from './address-options.ts'
import { isPublicAddress } from './public-address.ts'

const MOST_CHARACTERS = 2048
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }
/** Last labels of names that mean something else in every network. */
const INTERNAL = [
  'alt',
  'arpa',
  'corp',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'onion',
  'private',
  'svc',
  'test',
]

/**
 * The URL of a webhook, if it may be called as far as its text says; where its name leads is another check.
 *
 * The text is looked at only once it is parsed: `2130706433`, `0x7f.1` and full-width digits are all 127.0.0.1 then.
 *
 * @throws SluiceError `SLUICE_ERR_WEBHOOK_URL`
 */
export function checkUrl(text: unknown, rules: AddressRules): URL {
  if (typeof text !== 'string' || text.length > MOST_CHARACTERS || !URL.canParse(text))
    throw refusedUrl(`is not a URL of at most ${MOST_CHARACTERS} characters`)
  const url = new URL(text)
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port)
  if (port === undefined || (url.protocol === 'http:' && !rules.allowHttp))
    throw refusedUrl('does not begin with https://')
  // A default port of http is meant by whoever allows http.
  if (!rules.ports.includes(port) && !(url.protocol === 'http:' && url.port === ''))
    throw refusedUrl(`names a port that is not ${rules.ports.join(' or ')}`)
  if (url.username !== '' || url.password !== '') throw refusedUrl('has a user name or a password in it')
  if (!rules.allowPrivate && !isPublicHost(url.hostname)) throw refusedUrl('names no host of the public internet')
  return url
}

/** The host of a URL as a socket wants it: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** The error for an address that may not be called. */
export function refusedUrl(why: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_WEBHOOK_URL',
    `The address of a webhook must be one of the public internet, and this one ${why}; give a public https address.`,
  )
}

function isPublicHost(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return isPublicAddress(host)
  const labels = host.replace(/\.$/, '').split('.')
  return labels.length > 1 && !labels.includes('') && !INTERNAL.includes(labels.at(-1)!)
}
