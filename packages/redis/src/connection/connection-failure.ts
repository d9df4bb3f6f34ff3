/** Why there is no connection to Redis. */
export interface ConnectionFailure {
  readonly kind: 'name' | 'refused' | 'TLS' | 'login' | 'closed' | 'wrong server' | 'other'
  /** For the operator: what happened, and the way out. */
  readonly words: string
  /** Whether waiting does not help: somebody must change something. */
  readonly isHopeless: boolean
}

const UNANSWERED =
  /TLS handshake was not answered|closed before it answered|ECONNRESET|EPIPE|before secure TLS connection/

/** Kinds, by what Node, OpenSSL and Redis say; the first that fits. */
const KINDS: readonly (readonly [RegExp, ConnectionFailure['kind'], advice: string])[] = [
  [/ENOTFOUND|EAI_AGAIN/, 'name', 'The name of the host is not known; check it, and the DNS of this machine'],
  [/ECONNREFUSED/, 'refused', 'Nothing listens there; start Redis, or check host and port'],
  [
    /wrong version number|packet length too long|EPROTO|ERR_SSL_(?:WRONG_VERSION|PACKET)/i,
    'TLS',
    'The server does not speak TLS there: write redis in place of rediss, or its TLS port',
  ],
  [
    /certificate required|handshake failure|bad certificate/i,
    'TLS',
    'The server asks for a client certificate that it accepts: give one with its key',
  ],
  [
    /certificate|self.signed|altname|ERR_TLS|ERR_SSL|CERT_/i,
    'TLS',
    'The certificate of the server is not trusted: give the authority that has signed it, and the name it is made out to',
  ],
  [/WRONGPASS|NOAUTH|invalid password|NOPERM/, 'login', "Check the user and password of the store's URL"],
  [/cluster support disabled/i, 'wrong server', 'This Redis is no Cluster: leave "+cluster" out of the URL'],
  [/unknown command .?sentinel/i, 'wrong server', 'This Redis is no Sentinel: leave "+sentinel" and the name out'],
  [/DB index is out of range/, 'wrong server', 'This Redis has no database of that number: check the end of the URL'],
  [/^READONLY/, 'other', 'This server is a replica: name the primary, or the Sentinels that know it'],
  [
    /invalid reply: null|No such master/,
    'other',
    'The Sentinels know no primary of that name; check the name in the URL',
  ],
  [
    UNANSWERED,
    'closed',
    // What a server says of a missing client certificate is lost where it resets the connection before that is read.
    'Where the port expects TLS, write rediss in place of redis; with rediss it may ask for a client certificate; else something between closes the connection',
  ],
]

const HOPELESS: ReadonlySet<ConnectionFailure['kind']> = new Set(['TLS', 'login', 'wrong server'])

/** What a failure to connect means. Of a server that has answered before it is known what it speaks. */
export function explainFailure(error: Error, hasAnswered = false): ConnectionFailure {
  const said = saidBy(error)
  const found = KINDS.find(([pattern]) => pattern.test(said) && !(hasAnswered && pattern === UNANSWERED))
  const [, kind, advice] = found ?? [undefined, 'other' as const, undefined]
  const sentence = withoutArguments(said)
  const words = advice === undefined ? `${sentence}.` : `${sentence}. ${advice}.`
  return { kind, words, isHopeless: HOPELESS.has(kind) }
}

/** Whether ioredis says no more than that there is no connection. */
export function isVague(error: Error): boolean {
  return /Connection is closed|closed before it answered|^timeout$/.test(saidBy(error))
}

/** What Redis says of a failed command, without the command's arguments and its place in a script. */
export function withoutArguments(message: string): string {
  return message
    .replace(/,? with args beginning with: [^]*$/, '')
    .replace(/[. ]*script: [\da-f]{40}[^]*$/, '')
    .replace(/[.\s]+$/, '')
}

/** What it says, with its code, or what its first cause says where it is empty itself. */
function saidBy(error: Error): string {
  const { code, lastNodeError, message } = error as NodeJS.ErrnoException & { lastNodeError?: Error | null }
  if (lastNodeError) return saidBy(lastNodeError)
  // Where several addresses were tried, each failure is an error of its own.
  if (error instanceof AggregateError && message === '') return saidBy((error.errors as Error[])[0] ?? new Error(code))
  // OpenSSL tells a thread, a number, a library and a place in its source, too.
  const words = /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message
  return code === undefined || words.includes(code) ? words : `${words} (${code})`
}
