/** What a path below a chat's mount names. */
export type ChatRoute = { is: 'start' } | { is: 'resume' | 'stop'; chatId: string }

/** The longest id of a chat, in UTF-16 units. */
export const MAX_CHAT_ID = 200

/** Ids as paths have them, each unit in up to nine characters; what a URL would resolve is no id. */
const ROUTE = /^\/([^/]{1,1800})\/(stream|stop)$/

export function matchChatRoute(path: string): ChatRoute | undefined {
  if (path === '/') return { is: 'start' }
  const [, sent, verb] = ROUTE.exec(path) ?? []
  const chatId = sent === undefined ? undefined : decoded(sent)
  if (chatId === undefined || chatId.length > MAX_CHAT_ID || chatId === '.' || chatId === '..') return undefined
  return { is: verb === 'stop' ? 'stop' : 'resume', chatId }
}

export function methodOf({ is }: ChatRoute): 'GET' | 'POST' {
  return is === 'resume' ? 'GET' : 'POST'
}

/** Where the answer of a chat is read again. */
export function streamPathOf(mount: string, chatId: string): string {
  return `${mount}/${encodeURIComponent(chatId.toWellFormed())}/stream`
}

function decoded(sent: string): string | undefined {
  try {
    return decodeURIComponent(sent)
  } catch {
    return undefined
  }
}
