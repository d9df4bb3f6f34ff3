import { spawnSync } from 'node:child_process'

/** Why rows with a Redis of their own cannot be measured here, if so. */
export function missingRedis(): string | undefined {
  const { error } = spawnSync('redis-server', ['--version'])
  return error && 'there is no redis-server (`npm run setup` tells how to get it)'
}
