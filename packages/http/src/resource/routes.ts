import type { ErrorFormat } from '../response/problem.ts'

/** What a path below the mount names. */
export type Route =
  | { is: 'chat' | 'streams' | 'tickets' }
  /** `ref` is an id or a cursor, as it was sent. */
  | { is: 'stream' | 'cancel' | 'ack' | 'send'; ref: string }

const VERBS: ReadonlySet<string> = new Set(['cancel', 'ack', 'send'])

const METHODS: Readonly<Record<Route['is'], readonly string[]>> = {
  chat: ['POST'],
  streams: ['GET', 'HEAD', 'POST'],
  tickets: ['POST'],
  stream: ['GET', 'HEAD', 'DELETE'],
  cancel: ['POST'],
  ack: ['POST'],
  send: ['POST'],
}

/** The route of `path`, matched exactly: no trailing slash, no suffix, nothing decoded. */
export function matchRoute(path: string): Route | undefined {
  if (path === '/chat/completions') return { is: 'chat' }
  if (path === '/tickets') return { is: 'tickets' }
  if (path === '/streams') return { is: 'streams' }
  if (!path.startsWith('/streams/')) return undefined
  const [ref = '', verb, ...rest] = path.slice('/streams/'.length).split('/')
  if (ref === '' || rest.length > 0) return undefined
  if (verb === undefined) return { is: 'stream', ref }
  return VERBS.has(verb) ? { is: verb as 'cancel' | 'ack' | 'send', ref } : undefined
}

/** The methods of a route. Without a runner nothing can be started. */
export function methodsOf({ is }: Route, canStart: boolean): readonly string[] {
  return is === 'streams' && !canStart ? METHODS.streams.filter((method) => method !== 'POST') : METHODS[is]
}

/** In whose words a route tells of errors. */
export function formatOf(route: Route | undefined): ErrorFormat {
  return route?.is === 'chat' ? 'openai' : 'problem'
}
