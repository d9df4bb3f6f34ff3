import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { EntryPoint } from './entry-points.ts'
import { ROOT } from './sandbox.ts'

/** An `@example` of a doc comment. */
export interface TsdocExample {
  readonly packageName: string
  /** From the package's `src` on. */
  readonly file: string
  readonly line: number
  readonly text: string
}

/**
 * What examples speak of without making it: the reader's own things. A name that is neither here, nor exported, nor made in
 * the example is a slip, and fails the type check.
 */
const AMBIENT: Readonly<Record<string, string>> = {
  sluice: "import('@sluice/core').Sluice",
  stream: "import('@sluice/core').TokenStream",
  source: "import('@sluice/core').Source",
  as: "import('@sluice/core').Actor",
  connection: "import('@sluice/core/extend').Connection",
  items: "readonly import('@sluice/core').SourceItem[]",
  start: "import('@sluice/core/extend').EncoderStart",
  chunk: "readonly import('@sluice/core/extend').Entry[]",
  resource: "import('@sluice/http').StreamResource<any>",
  deliver: "import('@sluice/sse').DeliveryPlan['deliver']",
  facts: "import('@sluice/wires/openai').ChatFacts",
  app: "import('fastify').FastifyInstance",
  fc: "typeof import('fast-check').default",
  test: "typeof import('vitest').test",
  createServer: "typeof import('node:http').createServer",
  queue: "import('@sluice/jobs').JobQueue",
  jobs: "import('@sluice/jobs').Jobs",
  documents: "import('@sluice/jobs').DocumentStore",
  batches: "import('@sluice/jobs/batch').Batches",
  run: "import('@sluice/jobs/batch').RunLine",
  createReadStream: "typeof import('node:fs').createReadStream",
  streamText: '(options: object) => { fullStream: AsyncIterable<unknown> }',
  runtime: "import('@sluice/core').Runtime & { flush(): Promise<void> }",
  scripted: 'any',
  body: '{ model: string }',
  messages: "{ role: 'user'; content: string }[]",
  prompt: 'string',
  url: 'string',
  document: '{ querySelector(selector: string): any }',
  baseUrl: 'string',
  streamId: 'string',
  order: 'string[]',
  model: '{ generate(prompt: string, options: object): AsyncIterable<{ text: string }> }',
  runner: '{ generate(prompt: unknown, options: object): AsyncIterable<string> }',
  client: 'any',
  request: 'any',
  response: 'any',
  reader: 'any',
  parser: 'any',
  parse: 'any',
  Redis: 'any',
  identify: "() => import('@sluice/core').Principal",
  userOf: '(request: unknown) => string',
  show: '(text: string) => void',
  log: '(...what: unknown[]) => void',
  encode: '(text: string) => Uint8Array',
  decode: '(bytes: Uint8Array) => string',
  textThrough: '(...what: unknown[]) => string',
  textOf: '(...what: unknown[]) => Promise<string>',
  join: '(tokens: unknown) => string',
  decodeAll: '(tokens: unknown) => string',
  roundTrip: '(...what: unknown[]) => boolean',
  deliversEverything: '(...what: unknown[]) => boolean',
  raceCancelAgainstEnd: '(...what: unknown[]) => { ends: number }',
}
/** So are names with "my" in them. */
const MINE = /^my|My/
const AUGMENT = "declare module 'fastify' { interface FastifyRequest { user: { id: string } } }"

/** Every `@example` of every package's source. */
export function tsdocExamples(): TsdocExample[] {
  return readdirSync(join(ROOT, 'packages')).flatMap((packageName) => {
    const src = join(ROOT, 'packages', packageName, 'src')
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    return files.flatMap((file) => examplesIn(readFileSync(join(src, file), 'utf8'), packageName, file))
  })
}

function examplesIn(source: string, packageName: string, file: string): TsdocExample[] {
  return [...source.matchAll(/@example\s*\n\s*\* ```ts\n([\s\S]*?)\n\s*\* ```/g)].map((match) => ({
    packageName,
    file,
    line: source.slice(0, match.index).split('\n').length,
    text: (match[1] ?? '').replace(/^\s*\* ?/gm, ''),
  }))
}

/** The example as a module: imports for what is exported, declarations for what is the reader's, the rest as it is. */
export function toModule(example: TsdocExample, entries: readonly EntryPoint[]): string {
  const { text } = example
  const made = new Set([...text.matchAll(/\b(?:const|let|function|class) (?:\{([^}]*)\}|(\w+))/g)].flatMap(boundNames))
  const parameters = new Set(
    [...text.matchAll(/\(([^()]*)\)\s*=>/g)].flatMap(([, list = '']) => list.match(/\w+/g) ?? []),
  )
  const words = new Set(text.replace(/(^|\s)\/\/.*$/gm, '').match(/(?<![.\w'])[A-Za-z]\w*/g))
  const wanted = [...words].filter((word) => !made.has(word))
  // A name that the reader's own thing has too is the package's where the package has it.
  const own = entries.filter(({ packageName }) => packageName === example.packageName)
  const isDeclared = (word: string): boolean => isAmbient(word) && !own.some(({ names }) => names.has(word))
  const imports = wanted.flatMap((word) => (isDeclared(word) ? [] : (importOf(word, example, entries) ?? [])))
  const declared = wanted.filter((word) => isDeclared(word) && !parameters.has(word))
  return [
    ...imports,
    ...declared.map((word) => `declare const ${word}: ${AMBIENT[word] ?? 'any'}`),
    ...(text.includes('sluicePlugin') ? [AUGMENT] : []),
    'export async function example(): Promise<unknown> {',
    text,
    'return undefined',
    '}',
    '',
  ].join('\n')
}

function isAmbient(word: string): boolean {
  return Object.hasOwn(AMBIENT, word) || MINE.test(word)
}

function boundNames([, list, name]: RegExpMatchArray): string[] {
  return list === undefined ? [name ?? ''] : (list.match(/\w+/g) ?? [])
}

/** From the entry point that hands on the example's own file, else from its package, else from anywhere. */
function importOf(word: string, example: TsdocExample, entries: readonly EntryPoint[]): string | undefined {
  const candidates = entries.filter(({ names }) => names.has(word))
  const isForNode = example.text.includes('createServer')
  const rank = ({ packageName, files, specifier }: EntryPoint): number => {
    if (packageName !== example.packageName) return 3
    if (isForNode && specifier.endsWith('/node')) return 0
    return files.has(example.file) ? 1 : 2
  }
  const entry = candidates.toSorted((a, b) => rank(a) - rank(b))[0]
  return entry && `import { ${entry.names.get(word) ? 'type ' : ''}${word} } from '${entry.specifier}'`
}
