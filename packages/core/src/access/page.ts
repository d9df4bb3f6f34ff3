/** What a request says of where it comes from: values of its headers. */
export interface PageHeaders {
  /** `Origin`: of the page that sent it. Absent where no page did, and in some old browsers. */
  readonly origin: string | undefined
  /** `Host`: what the sender calls this server. */
  readonly host: string | undefined
  /** `Sec-Fetch-Site`: how the page's site is related to this server's, as its browser sees it. */
  readonly fetchSite?: string | undefined
  /** `Referer`: the address of the page. */
  readonly referer?: string | undefined
}

/**
 * Whether the page of an origin was served by the host that its request names. A name that an attacker has pointed at this
 * server (DNS rebinding) passes for such a host: see {@link isForeignHost}.
 */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin)
  if (!page || host === undefined || !/^https?:$/.test(page.protocol)) return false
  return page.host === URL.parse(`${page.protocol}//${host}`)?.host
}

/**
 * Whether a request was sent by a page of elsewhere, as far as it tells. All browsers of today send `Origin` with whatever
 * may change something; older ones give themselves away by `Referer`.
 */
export function isFromElsewhere({ origin, host, fetchSite, referer }: PageHeaders): boolean {
  if (origin !== undefined) return !isSameOrigin(origin, host)
  if (fetchSite !== undefined) return fetchSite === 'cross-site' || fetchSite === 'same-site'
  return referer !== undefined && !isSameOrigin(referer, host)
}

/**
 * Whether `host` (a `Host` header) names somebody else than a server that only its own machine can reach: a page whose name
 * an attacker has pointed at loopback (DNS rebinding) sends that name, and its browser takes the answer for the page's own.
 * Addresses are nobody's name. `known` are the names of this server, without ports, in lower case; `localhost` stands for
 * names below it, too.
 */
export function isForeignHost(host: string, known: ReadonlySet<string>): boolean {
  const url = URL.parse(`http://${host}`)
  // What is no host at all, no browser sends.
  if (!url || url.username !== '' || url.password !== '' || url.pathname !== '/') return true
  const name = url.hostname.replace(/\.$/, '').replace(/^.+\.localhost$/, 'localhost')
  return !/^\[.*\]$|^\d+\.\d+\.\d+\.\d+$/.test(name) && !known.has(name)
}
