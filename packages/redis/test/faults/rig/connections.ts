import type { RedisServer } from '@sluice/testing/redis'

/** Connections of clients, without the one that asks; replicas and sentinels do not count. */
export async function countConnections(server: RedisServer): Promise<number> {
  const list = String(await server.command('CLIENT', 'LIST'))
  const lines = list.split('\n').filter((line) => line !== '')
  return lines.filter((line) => !/ cmd=client\|list| flags=[^ ]*[SM]| name=sentinel/.test(line)).length
}
