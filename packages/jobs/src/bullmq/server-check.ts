import type { Cluster, Redis } from 'ioredis'

import { isCluster } from './connect.ts'

const MIN_MAJOR = 7

/** What an operator should know of a server, by its reply to INFO. */
export function serverWarnings(info: string): string[] {
  const version = field(info, 'valkey_version') ?? field(info, 'redis_version')
  const policy = field(info, 'maxmemory_policy')
  const warnings: string[] = []
  if (version !== undefined && Number.parseInt(version, 10) < MIN_MAJOR)
    warnings.push(`Jobs need Redis ${MIN_MAJOR}.0 or newer, or Valkey; the server is ${version}.`)
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(
      `This Redis may evict keys when its memory is full (maxmemory-policy ${policy}), and jobs with them. Set it to noeviction, or give jobs a Redis of their own.`,
    )
  return warnings
}

/** Looks at each server once it is there. One that forbids INFO says nothing, and may be all right. */
export function checkServers(client: Redis | Cluster, tell: (warning: string) => void): void {
  const look = (): void => {
    const nodes = isCluster(client) ? client.nodes('master') : [client]
    for (const node of nodes) {
      node.info().then((info) => {
        for (const warning of serverWarnings(String(info))) tell(warning)
      }, ignore)
    }
  }
  client.once('ready', look)
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}

function ignore(): void {}
