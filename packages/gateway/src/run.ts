import { readFileSync } from 'node:fs'

import { isSluiceError } from '@sluice/core'

import { outliveReader } from './log/standard-error.ts'
import type { GatewayOptions } from './options/gateway-options.ts'
import { startGateway } from './serve/gateway.ts'
import { startWorker } from './serve/worker.ts'
import { helpText, parseGatewayOptions } from './options/options.ts'

/** Runs the gateway as its command line and its environment say, until it is told to stop. */
export async function run(): Promise<void> {
  outliveReader(process.stdout)
  outliveReader(process.stderr)
  try {
    await main()
  } catch (error) {
    // Whatever is still open: a gateway that does not serve is none.
    process.stderr.write(`${describe(error)}\n`, () => process.exit(1))
  }
}

/** Jobs of gateways on the same Redis, and no port. */
const WORKER = 'worker'

async function main(): Promise<void> {
  const [command, ...rest] = process.argv.slice(2)
  const isWorker = command === WORKER
  const options = parseGatewayOptions(isWorker ? rest : process.argv.slice(2), process.env)
  if (options.help) return void process.stdout.write(helpText())
  if (options.version) return void process.stdout.write(`${versionOf()}\n`)
  return isWorker ? runWorker(options) : runGateway(options)
}

async function runWorker(options: GatewayOptions): Promise<void> {
  const worker = await startWorker(options)
  stopWith(() => worker.close())
  const backend = options.upstream ?? 'the demo runner'
  process.stdout.write(`sluice worker ready (${backend}, ${options.jobConcurrency} jobs at a time)\n`)
}

/** The first signal stops what runs, the second one ends the process at once. */
function stopWith(close: () => Promise<void>): void {
  let asked = false
  const stop = (): void => {
    if (asked) process.exit(1)
    asked = true
    void close().then(() => process.exit(0))
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}

async function runGateway(options: GatewayOptions): Promise<void> {
  const gateway = await startGateway(options)
  // Before it is said that it is ready: whoever reads that may stop it at once.
  stopWith(() => gateway.close())
  const backend = options.upstream ?? 'the demo runner'
  const grpc = gateway.grpcAddress === undefined ? '' : `, gRPC at ${gateway.grpcAddress}`
  const kept = options.redis ? 'on Redis' : options.data ? `in ${options.data}` : 'in memory'
  process.stdout.write(`sluice gateway ready at ${gateway.url} (${backend}, streams ${kept}${grpc})\n`)
}

function describe(error: unknown): string {
  if (isSluiceError(error)) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return 'The port is in use; choose another with --port (PORT) or --grpc-port (SLUICE_GRPC_PORT), or 0 for any free one.'
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return 'The address is not one of this machine; choose another with --host (HOST).'
  return message
}

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
