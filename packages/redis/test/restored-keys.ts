import type { RedisServer } from '@sluice/testing/redis'

import type { StoredKey } from './stored-keys.ts'

/** The stream that is put back. */
export const RESTORED_ID = 'abcdefgh0123456789jkmnpqrs'

/** Puts back what {@link readKeys} has read, with something in the places of what differs from run to run. */
export async function restoreKeys(server: RedisServer, keys: Readonly<Record<string, StoredKey>>): Promise<void> {
  await server.command('FLUSHALL')
  for (const [name, { type, minutes, value }] of Object.entries(keys)) {
    const key = filled(name)
    for (const command of commandsFor(type, key, value)) await server.command(...command)
    await server.command('PEXPIRE', key, String(Math.max(1, minutes) * 60_000))
  }
}

/** An entry of a log as it was written down: its payload is JSON, and what sums it up may follow. */
export function entryIn(text: string): { id: string; payload: string; fold: string | undefined } {
  const [, id = '', rest = ''] = /^(\S+) c=(.*)$/s.exec(text)!
  const at = rest.lastIndexOf(' s=')
  const summed = at > 0 && isJson(rest.slice(0, at))
  return summed ? { id, payload: rest.slice(0, at), fold: rest.slice(at + 3) } : { id, payload: rest, fold: undefined }
}

function commandsFor(type: string, key: string, value: unknown): [string, ...string[]][] {
  if (type === 'string') return [['SET', key, filled(String(value))]]
  if (type === 'list') return (value as string[]).map((item) => ['RPUSH', key, filled(item)])
  if (type === 'stream') {
    return (value as string[]).map((entry) => {
      const { id, payload, fold } = entryIn(entry)
      return ['XADD', key, id, 'c', filled(payload), ...(fold === undefined ? [] : ['s', filled(fold)])]
    })
  }
  const pairs = Object.entries(value as Record<string, string>)
  return pairs.map(([name, text]) =>
    type === 'hash' ? ['HSET', key, filled(name), filled(text)] : ['ZADD', key, filled(text), filled(name)],
  )
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function filled(text: string): string {
  return text
    .replaceAll('<id>', RESTORED_ID)
    .replaceAll('<instance>', '0123456789abcdef01234567')
    .replaceAll('<ms>', String(Date.now() + 3_600_000))
}
