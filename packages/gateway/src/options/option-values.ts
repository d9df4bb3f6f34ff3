import { isIP } from 'node:net'

import { isOrigin } from '@sluice/core/extend'

/** A whole number up to `max`; nothing when `text` is none. */
export function parseWholeNumber(text: string, max: number): number | undefined {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  return number <= max ? number : undefined
}

/** An address or a name, without scheme and port; an IPv6 address may be in brackets. */
export function parseHost(text: string): string | undefined {
  const host = text.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return isIP(host) > 0 || /^[a-z\d_-]+(\.[a-z\d_-]+)*\.?$/.test(host) ? host : undefined
}

/** Hosts, or `*`, with commas between them. */
export function parseHosts(text: string): readonly string[] | undefined {
  const hosts = text.split(',').map((part) => (part.trim() === '*' ? '*' : parseHost(part.trim())))
  return hosts.every((host) => host !== undefined) ? [...new Set(hosts)] : undefined
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^::ffff:/, '')
  return host === 'localhost' || host === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

/** A URL that `fetch` takes, without the slash at its end, so that paths can be put after it. */
export function parseBaseUrl(text: string): string | undefined {
  const url = parseUrl(text, ['http:', 'https:'])
  if (!url || url.username || url.password || url.search || url.hash) return undefined
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

/** Origins, or `*`, with commas between them. */
export function parseOrigins(text: string): readonly string[] | undefined {
  const origins = text.split(',').map((part) => parseOrigin(part.trim()))
  return origins.every((origin) => origin !== undefined) ? [...new Set(origins)] : undefined
}

function parseOrigin(text: string): string | undefined {
  if (text === '*' || isOrigin(text)) return text
  const url = parseUrl(text, ['http:', 'https:'])
  // A slash too many is no other meaning; a path is: browsers never send one.
  return url && url.href === `${url.origin}/` ? url.origin : undefined
}

function parseUrl(text: string, protocols: readonly string[]): URL | undefined {
  const url = URL.parse(text)
  return url && url.hostname !== '' && protocols.includes(url.protocol) ? url : undefined
}
