import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

import { type CodeBlock, codeBlocks } from './code-blocks.ts'
import { readDocument, sampleDocuments } from './documents.ts'
import { firstMissingLine } from './loose-match.ts'
import { freePort, type Ran, ROOT, Sandbox } from './sandbox.ts'

const MAX_README_MS = 300_000
const GATEWAY = join(ROOT, 'packages/gateway/src/cli.ts')
/** Ports as documents name them: the gateway's, and that of a sample that is a server. */
const GATEWAY_PORT = '8080'
const SAMPLE_PORT = '3000'
const REDIS_PORT = '6379'

/** Runs the samples of one document in their order. */
class Reader implements AsyncDisposable {
  readonly #sandbox: Sandbox
  readonly #document: string
  readonly #ports: { readonly gateway: number; readonly sample: number }
  #gateway: Promise<unknown> | undefined
  #stopSample: (() => Promise<void>) | undefined
  #redis: RedisServer | undefined

  constructor(sandbox: Sandbox, document: string, ports: { gateway: number; sample: number }) {
    this.#sandbox = sandbox
    this.#document = document
    this.#ports = ports
  }

  async follow(block: CodeBlock): Promise<void> {
    if (!runs(block)) return
    const place = `${this.#document}:${block.line}`
    const isModule = block.language === 'ts'
    if (block.text.includes(REDIS_PORT)) this.#redis ??= await startRedisServer()
    if (block.text.includes(GATEWAY_PORT)) await this.#startGateway()
    if (isModule) await this.#runModule(place, block)
    else compare(place, await this.#sandbox.shell(this.#localize(block.text)), block.output)
  }

  async #startGateway(): Promise<void> {
    const { gateway } = this.#ports
    this.#gateway ??= this.#sandbox.serve([GATEWAY, '--port', String(gateway), '--log', 'quiet'], gateway)
    await this.#gateway
  }

  async #runModule(place: string, block: CodeBlock): Promise<void> {
    const file = this.#sandbox.write(`line-${block.line}.ts`, this.#localize(block.text))
    if (block.role === 'serve') {
      await this.#stopSample?.()
      this.#stopSample = await this.#sandbox.serve([file], this.#ports.sample)
      return
    }
    const ran = await this.#sandbox.run(file)
    if (ran.code !== 0 || ran.stderr !== '') throw new Error(`${place} fails (${ran.code}):\n${ran.stderr}`)
    compare(place, ran, block.output)
  }

  #localize(text: string): string {
    const { gateway, sample } = this.#ports
    const local = text.replaceAll(GATEWAY_PORT, String(gateway)).replaceAll(SAMPLE_PORT, String(sample))
    return this.#redis ? local.replaceAll(REDIS_PORT, String(this.#redis.port)) : local
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis?.close()
  }
}

function compare(place: string, { stdout, stderr }: Ran, output: string | undefined): void {
  if (output === undefined) return
  const missing = firstMissingLine(stdout, output)
  if (missing !== undefined) throw new Error(`${place} does not print: ${missing}\n\nIt prints:\n${stdout}\n${stderr}`)
}

const runs = ({ language, role }: CodeBlock): boolean => language === 'ts' || (language === 'sh' && role === 'run')
const documents = sampleDocuments().filter((file) => codeBlocks(readDocument(file)).some(runs))

test('the README, and that of every package, has a sample', () => {
  const packages = readdirSync(join(ROOT, 'packages')).filter((name) =>
    existsSync(join(ROOT, 'packages', name, 'package.json')),
  )
  const readmes = ['README.md', ...packages.map((name) => `packages/${name}/README.md`)]
  expect(readmes.filter((file) => !documents.includes(file))).toEqual([])
})

test.each(documents)(
  'every sample of %s runs, and prints what stands below it',
  async (document) => {
    await using sandbox = new Sandbox()
    await using reader = new Reader(sandbox, document, { gateway: await freePort(), sample: await freePort() })
    for (const block of codeBlocks(readDocument(document))) await reader.follow(block)
  },
  MAX_README_MS,
)
