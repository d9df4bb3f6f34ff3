import { createSuiteServer } from './suite-server.ts'

const PORT = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env.PORT

/** What Bun and Deno serve. Bun gives up a connection on which nothing was said for ten seconds, unless it is told otherwise. */
export default { port: Number(PORT), hostname: '127.0.0.1', idleTimeout: 0, fetch: createSuiteServer().fetch }
