import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'

import { isLoopback } from '../options/option-values.ts'

/** Connections to the backend: those that are kept for the next request, and those that serve one alone. */
export interface Agents {
  readonly pooled: HttpAgent | HttpsAgent
  readonly fresh: HttpAgent | HttpsAgent
  close(): void
}

type Environment = Readonly<Record<string, string | undefined>>

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const

/** Makes the connections for a backend at `url`, through the proxy that the environment names for it. */
export function createAgents(url: URL, env: Environment): Agents {
  const Agent = url.protocol === 'https:' ? HttpsAgent : HttpAgent
  const proxyEnv = proxyEnvironment(url, env)
  const shared = proxyEnv === undefined ? {} : { proxyEnv }
  const pooled = new Agent({ keepAlive: true, ...shared })
  const fresh = new Agent({ keepAlive: false, ...shared })
  return {
    pooled,
    fresh,
    close() {
      pooled.destroy()
      fresh.destroy()
    },
  }
}

/**
 * The variables that name an egress proxy, for Node to follow. A backend on this machine is behind no proxy, unless
 * `NODE_USE_ENV_PROXY=1` asks for Node's own rule to the letter; with `0` there is none.
 */
export function proxyEnvironment(url: URL, env: Environment): Record<string, string> | undefined {
  const asked = env.NODE_USE_ENV_PROXY
  if (asked === '0' || (asked !== '1' && isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1')))) return undefined
  const named = PROXY_VARIABLES.flatMap((name) => {
    // As curl has it: the lower case wins.
    const value = env[name.toLowerCase()] ?? env[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return named.some(([name]) => name !== 'NO_PROXY') ? Object.fromEntries(named) : undefined
}
