import { invalidOption, requireInteger, requireKnownNames } from '@sluice/core/extend'

/** One of the addresses that a name leads to. */
export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** Finds the addresses of a name; rejects, or gives none, where there are none. */
export type ResolveHost = (hostname: string, signal: AbortSignal) => Promise<readonly HostAddress[]>

/** Which addresses may be called. The names that begin with `dangerously` are for tests and for networks without strangers. */
export interface WebhookAddressOptions {
  /**
   * Ports that may be named.
   * @defaultValue `[443]`
   */
  ports?: readonly number[] | undefined
  /**
   * Also `http`: anybody on the way reads and changes what is sent.
   * @defaultValue false
   */
  dangerouslyAllowHttp?: boolean | undefined
  /**
   * Also addresses and names of this machine and its network: whoever may register a webhook can then send requests to
   * everything this process can reach, such as databases and the cloud's metadata service.
   * @defaultValue false
   */
  dangerouslyAllowPrivate?: boolean | undefined
  /** Certificates of authorities to trust instead of the well-known ones, in PEM: for networks that have their own. */
  ca?: string | readonly string[] | undefined
  /**
   * Finds the addresses of a name.
   * @defaultValue DNS, by the servers of the machine's configuration: no hosts file, no search list
   */
  resolve?: ResolveHost | undefined
}

/** {@link WebhookAddressOptions}, checked. */
export interface AddressRules {
  readonly ports: readonly number[]
  readonly allowHttp: boolean
  readonly allowPrivate: boolean
  readonly ca?: readonly string[] | undefined
  readonly resolve?: ResolveHost | undefined
}

const NAMES = ['ports', 'dangerouslyAllowHttp', 'dangerouslyAllowPrivate', 'ca', 'resolve']

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveAddressRules(options: WebhookAddressOptions = {}): AddressRules {
  requireKnownNames('addresses', options, NAMES)
  const { ports = [443], ca, resolve } = options
  if (!Array.isArray(ports) || ports.length === 0) throw invalidOption('ports', ports, 'a list of ports')
  if (resolve !== undefined && typeof resolve !== 'function') throw invalidOption('resolve', resolve, 'a function')
  return {
    ports: ports.map((port: unknown) => requireInteger('ports', port, 1, 65_535)),
    allowHttp: isAllowed('dangerouslyAllowHttp', options.dangerouslyAllowHttp),
    allowPrivate: isAllowed('dangerouslyAllowPrivate', options.dangerouslyAllowPrivate),
    ca: ca === undefined ? undefined : [ca].flat(),
    resolve,
  }
}

/** What is dangerous is allowed by `true` alone, not by a text such as "false". */
function isAllowed(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw invalidOption(name, value, 'true or false')
}
