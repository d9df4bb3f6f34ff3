/** Where Redis is, as a URL says it. */
export interface RedisTarget {
  /** One server; several of which Sentinels know the primary; or the nodes of a Cluster. */
  readonly kind: 'server' | 'sentinel' | 'cluster'
  readonly tls: boolean
  /** Servers, Sentinels, or some nodes of the Cluster. */
  readonly nodes: readonly RedisNode[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  /** How the Sentinels call the primary. */
  readonly name: string | undefined
  /** IP version of addresses that are looked up, 0 for any. */
  readonly family: number | undefined
  readonly sentinelUsername: string | undefined
  readonly sentinelPassword: string | undefined
}

/** One address. */
export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** What a URL must look like, after "must be". */
export const REDIS_URL_RULE =
  'redis://host:port/db, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/name/db; rediss for TLS, user:password@ before the host, percent-encoded'

const SHAPE = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^/?#]*)@)?([^@/?#]+)((?:\/[^/?#]*){0,2})\/?(?:\?([^#]*))?$/
const PORT = 6379
const SENTINEL_PORT = 26379
const PARAMETERS: readonly string[] = ['family', 'sentinelUsername', 'sentinelPassword']

/** What a Redis URL says; `undefined` when it is none. */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const [, scheme, kind = 'server', login, hosts, path, query] = SHAPE.exec(url.trim()) ?? []
  if (scheme === undefined || hosts === undefined) return undefined
  const nodes = hosts.split(',').map((host) => parseNode(host, kind === 'sentinel' ? SENTINEL_PORT : PORT))
  const words = (path ?? '').split('/').slice(1)
  const name = kind === 'sentinel' ? decoded(words.shift()) : undefined
  const [dbText = ''] = words
  const parameters = new URLSearchParams(query)
  const family = parameters.get('family') ?? undefined
  const user = credentials(login)
  const fits =
    user !== undefined &&
    nodes.every((node) => node !== undefined) &&
    (nodes.length === 1 || kind !== 'server') &&
    (kind !== 'sentinel' || Boolean(name)) &&
    words.length <= 1 &&
    /^\d{0,5}$/.test(dbText) &&
    (kind !== 'cluster' || Number(dbText) === 0) &&
    (family === undefined || /^[046]$/.test(family)) &&
    [...parameters.keys()].every((parameter) => PARAMETERS.includes(parameter)) &&
    (kind === 'sentinel' || !(parameters.has('sentinelUsername') || parameters.has('sentinelPassword')))
  if (!fits) return undefined
  return {
    kind: kind as RedisTarget['kind'],
    tls: scheme === 'rediss',
    nodes: nodes as RedisNode[],
    ...user,
    db: Number(dbText),
    name,
    family: family === undefined ? undefined : Number(family),
    sentinelUsername: parameters.get('sentinelUsername') ?? undefined,
    sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
  }
}

/** `host`, `host:port` or `[address]:port`. */
function parseNode(text: string, defaultPort: number): RedisNode | undefined {
  const [, address, name, portText] = /^(?:\[([\da-f:.%]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = address ?? name
  const port = portText === undefined ? defaultPort : Number(portText)
  return host !== undefined && port > 0 && port < 65_536 ? { host, port } : undefined
}

type Credentials = Pick<RedisTarget, 'username' | 'password'>

function credentials(login: string | undefined): Credentials | undefined {
  if (login === undefined) return { username: undefined, password: undefined }
  const colon = login.indexOf(':')
  const username = decoded(colon < 0 ? login : login.slice(0, colon))
  const password = colon < 0 ? '' : decoded(login.slice(colon + 1))
  if (username === undefined || password === undefined) return undefined
  return { username: username === '' ? undefined : username, password: password === '' ? undefined : password }
}

/** `undefined` where a percent sign does not begin what it should. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return undefined
  }
}
