/** What a server says of itself, judged. */
export interface ServerJudgement {
  /** Why it cannot be used; `undefined` where nothing speaks against it. */
  readonly refusal?: string | undefined
  readonly warning?: string | undefined
}

const MIN_MAJOR = 7

/** Judges a server by its reply to INFO. */
export function judgeServer(info: string): ServerJudgement {
  const version = field(info, 'valkey_version') ?? field(info, 'redis_version') ?? ''
  if (Number.parseInt(version, 10) < MIN_MAJOR) {
    return { refusal: `The store needs Redis ${MIN_MAJOR}.0 or newer, or Valkey; the server is ${version}.` }
  }
  const policy = field(info, 'maxmemory_policy')
  if (policy === undefined || policy === 'noeviction') return {}
  return {
    warning: `This Redis may evict keys when its memory is full (maxmemory-policy ${policy}), and running streams with them. Set it to noeviction, or give streams a Redis of their own.`,
  }
}

/** Whether a reply is that to INFO. No other reply is a text of names and values. */
export function isInfo(reply: string): boolean {
  return typeof reply === 'string' && reply.includes(':')
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}
