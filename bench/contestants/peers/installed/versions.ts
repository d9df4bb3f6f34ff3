import { existsSync, readFileSync } from 'node:fs'

/** Why nothing can be measured beside them, if so. */
export function missingPeers(): string | undefined {
  const folder = new URL('node_modules', import.meta.url)
  return existsSync(folder) ? undefined : 'its peers are not installed: npm run bench does that'
}

/** Those that the workspace has for other reasons. */
const OF_WORKSPACE = [
  'ai',
  'hono',
  'fastify',
  'resumable-stream',
  'ws',
  'socket.io',
  '@grpc/grpc-js',
  '@connectrpc/connect-node',
]
const BENCH = '../../../'

/** What sluice is measured beside, with versions. */
export function peerVersions(): string[] {
  const own = missingPeers() === undefined ? Object.keys(manifestIn('./').dependencies ?? {}) : []
  const named = (folder: string) => (name: string) => `${name} ${manifestIn(`${folder}node_modules/${name}/`).version}`
  return [...own.map(named('./')), ...OF_WORKSPACE.map(named(BENCH))]
}

function manifestIn(folder: string): { version: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(new URL(`${folder}package.json`, import.meta.url), 'utf8')) as {
    version: string
    dependencies?: Record<string, string>
  }
}
