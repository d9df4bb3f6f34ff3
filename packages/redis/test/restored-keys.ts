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

function commandsFor(type: string, key: string, value: unknown): [string, ...string[]][] {
  if (type === 'string') return [['SET', key, filled(String(value))]]
  if (type === 'list') return (value as string[]).map((item) => ['RPUSH', key, filled(item)])
  if (type === 'stream') {
    return (value as string[]).map((entry) => {
      const [, id = '', field = '', payload = ''] = /^(\S+) (\w+)=(.*)$/s.exec(entry)!
      return ['XADD', key, id, field, filled(payload)]
    })
  }
  const pairs = Object.entries(value as Record<string, string>)
  return pairs.map(([name, text]) =>
    type === 'hash' ? ['HSET', key, filled(name), filled(text)] : ['ZADD', key, filled(text), filled(name)],
  )
}

function filled(text: string): string {
  return text
    .replaceAll('<id>', RESTORED_ID)
    .replaceAll('<instance>', '0123456789abcdef01234567')
    .replaceAll('<ms>', String(Date.now() + 3_600_000))
}
