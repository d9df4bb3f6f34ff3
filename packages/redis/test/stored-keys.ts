import type { RedisServer } from '@sluice/testing/redis'

import { ID } from '../../conformance/test/bytes/played-stream.ts'

/** A key as it is found: how many minutes it has left, to the nearest, and what it holds. */
export interface StoredKey {
  type: string
  minutes: number
  value: unknown
}

/** Replaces what differs from run to run: the stream's id, names of instances, times of day, durations. */
export function normalise(text: string, id: string): string {
  return text
    .replaceAll(id, ID)
    .replaceAll(/\b[0-9a-f]{24}\b/g, '<instance>')
    .replaceAll(/\b\d{13}\b/g, '<ms>')
    .replaceAll(/(?<="(?:openMs|firstEventMs|durationMs)":)[\d.e-]+/g, '<ms>')
}

function normaliseAll(reply: unknown, id: string): unknown {
  if (Array.isArray(reply)) return reply.map((item) => normaliseAll(item, id))
  return typeof reply === 'string' ? normalise(reply, id) : reply
}

/** All keys of a server, with what they hold. */
export async function readKeys(server: RedisServer, id: string): Promise<Record<string, StoredKey>> {
  const found: Record<string, StoredKey> = {}
  for (const key of ((await server.command('KEYS', '*')) as string[]).toSorted()) {
    const type = String(await server.command('TYPE', key))
    const minutes = Math.round(Number(await server.command('PTTL', key)) / 60_000)
    const value = shown(type, normaliseAll(await server.command(...commandFor(type, key)), id))
    found[normalise(key, id)] = { type, minutes, value }
  }
  return found
}

function commandFor(type: string, key: string): [string, ...string[]] {
  if (type === 'string') return ['GET', key]
  if (type === 'stream') return ['XRANGE', key, '-', '+']
  if (type === 'list') return ['LRANGE', key, '0', '-1']
  return type === 'hash' ? ['HGETALL', key] : ['ZRANGE', key, '0', '-1', 'WITHSCORES']
}

/** Entries as one text each; hashes and sets as pairs in order, since a large hash has none of its own. */
function shown(type: string, reply: unknown): unknown {
  if (type === 'stream') {
    return (reply as [string, string[]][]).map(([entry, fields]) => {
      return [entry, ...pairsOf(fields).map(([name, value]) => `${name}=${value}`)].join(' ')
    })
  }
  if (type !== 'hash' && type !== 'zset') return reply
  return Object.fromEntries(pairsOf(reply as string[]).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function pairsOf(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, flat[at + 1]!]] : []))
}
