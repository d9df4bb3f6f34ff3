import type { ErrorFormat } from '../response/problem.ts'

/** What a path below the mount names. */
export type Route =
  | { is: 'chat' | 'responses' | 'messages' | 'streams' | 'tickets' }
  /** `ref` is an id or a cursor, as it was sent. */
  | { is: 'stream' | 'cancel' | 'ack' | 'send'; ref: string }
  /** `ref` is the id of the response's stream. */
  | { is: 'response' | 'response-cancel'; ref: string }

/** Providers whose routes a resource may serve beside OpenAI's chat completions. */
export type ProviderRoute = 'responses' | 'messages'

const VERBS: ReadonlySet<string> = new Set(['cancel', 'ack', 'send'])

const METHODS: Readonly<Record<Route['is'], readonly string[]>> = {
  chat: ['POST'],
  responses: ['POST'],
  messages: ['POST'],
  response: ['GET', 'HEAD', 'DELETE'],
  'response-cancel': ['POST'],
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
  if (path === '/responses') return { is: 'responses' }
  if (path === '/messages') return { is: 'messages' }
  if (path.startsWith(RESPONSES)) return matchResponse(path.slice(RESPONSES.length))
  if (path === '/tickets') return { is: 'tickets' }
  if (path === '/streams') return { is: 'streams' }
  if (!path.startsWith('/streams/')) return undefined
  const [ref = '', verb, ...rest] = path.slice('/streams/'.length).split('/')
  if (ref === '' || rest.length > 0) return undefined
  if (verb === undefined) return { is: 'stream', ref }
  return VERBS.has(verb) ? { is: verb as 'cancel' | 'ack' | 'send', ref } : undefined
}

const RESPONSES = '/responses/resp_'
/** Responses that were started here have ids of our own: others, and other paths below, are somebody else's. */
const OWN_ID = /^[0-9a-z]{26}$/

function matchResponse(rest: string): Route | undefined {
  const [ref = '', verb, ...more] = rest.split('/')
  if (!OWN_ID.test(ref) || more.length > 0) return undefined
  if (verb === undefined) return { is: 'response', ref }
  return verb === 'cancel' ? { is: 'response-cancel', ref } : undefined
}

/** Whose route it is, where it is a provider's that not every resource serves. */
export function providerOf({ is }: Route): ProviderRoute | undefined {
  if (is === 'response' || is === 'response-cancel') return 'responses'
  return is === 'responses' || is === 'messages' ? is : undefined
}

/** The methods of a route. Without a runner nothing can be started. */
export function methodsOf({ is }: Route, canStart: boolean): readonly string[] {
  return is === 'streams' && !canStart ? METHODS.streams.filter((method) => method !== 'POST') : METHODS[is]
}

/** In whose words a route tells of errors. */
export function formatOf(route: Route | undefined): ErrorFormat {
  switch (route?.is) {
    case 'chat':
    case 'responses':
    case 'response':
    case 'response-cancel':
      return 'openai'
    case 'messages':
      return 'anthropic'
    default:
      return 'problem'
  }
}
