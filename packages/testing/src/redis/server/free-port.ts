import { createServer } from 'node:net'

/** A cluster node listens for its peers this far above the port for clients. */
const BUS_OFFSET = 10_000
/**
 * Below what kernels give to outgoing connections (from 32768 on Linux, 49152 on macOS), the bus ports included: the port
 * of a killed server must still be free when it is started again. Ports for clients and bus ports never meet.
 */
const FIRST_PORT = 12_000
const PORTS = 10_000
/** Processes with neighbouring ids begin this far apart, so that test files that run at once seldom meet. */
const PORTS_PER_PROCESS = 97
const MAX_TRIES = 500

let given = 0

/** A port of 127.0.0.1 that was free a moment ago, not given before; with `withBus` its bus port was free as well. */
export async function freePort(withBus: boolean): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = FIRST_PORT + ((process.pid * PORTS_PER_PROCESS + given++) % PORTS)
    if ((await isFree(port)) && (!withBus || (await isFree(port + BUS_OFFSET)))) return port
  }
  throw new Error(`no free port: ${MAX_TRIES} of ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} are in use`)
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
