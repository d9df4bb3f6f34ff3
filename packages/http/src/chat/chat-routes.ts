/** What a path below a chat's mount names. */
export type ChatRoute = { is: 'start' } | { is: 'resume' | 'stop'; chatId: string }

/** Ids as paths have them; what a URL would resolve is no id. */
const ROUTE = /^\/([^/]{1,600})\/(stream|stop)$/

export function matchChatRoute(path: string): ChatRoute | undefined {
  if (path === '' || path === '/') return { is: 'start' }
  const [, sent, verb] = ROUTE.exec(path) ?? []
  const chatId = sent === undefined ? undefined : decoded(sent)
  if (chatId === undefined || chatId === '.' || chatId === '..') return undefined
  return { is: verb === 'stop' ? 'stop' : 'resume', chatId }
}

export function methodOf({ is }: ChatRoute): 'GET' | 'POST' {
  return is === 'resume' ? 'GET' : 'POST'
}

function decoded(sent: string): string | undefined {
  try {
    return decodeURIComponent(sent)
  } catch {
    return undefined
  }
}
