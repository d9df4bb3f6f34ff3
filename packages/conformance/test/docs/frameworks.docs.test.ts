import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { until } from '@sluice/testing/patience'
import { freePort } from '@sluice/testing/proxy'
import { describe, expect, onTestFinished, test } from 'vitest'

import { serverDiffs, tableOf } from './lines-to-add.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const DOCUMENT = readFileSync(join(ROOT, 'docs/frameworks.md'), 'utf8')
const MAX_LINES = 3
const WORDS = ['You ', 'said ', 'hi ', 'and ', 'more.']
const diffs = serverDiffs(DOCUMENT)

/** Says a word; the first call says the others when `/next` is asked for, a later one waits until it is stopped. What is asked of it is counted. */
const MODEL = `
import { createServer } from 'node:http'
let calls = 0, stopped = 0
const next = Promise.withResolvers()
createServer((request, response) => {
  if (request.url === '/next') next.resolve()
  response.end(JSON.stringify({ calls, stopped }))
}).listen(process.env.MODEL_PORT, '127.0.0.1')
export async function* generate(prompt, signal) {
  const stop = Promise.withResolvers()
  signal?.addEventListener('abort', () => { stopped++; stop.resolve() })
  yield 'You '
  await (++calls === 1 ? next.promise : stop.promise)
  yield* ['said ', prompt + ' ', 'and ', 'more.']
}
`
/** What Next.js does with routes: it asks the one of the path, and else the catch-all. */
const NEXT_ROUTER = `
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { NextRequest } from 'next/server.js'
import * as chat from './app/chat/route.js'
const none = () => new Response(null, { status: 404 })
const rest = await import('./app/[...sluice]/route.js').catch(() => ({ GET: none }))
createServer(async (request, response) => {
  const asked = new NextRequest('http://localhost' + request.url, { method: request.method, headers: request.headers })
  const answer = await (request.url.startsWith('/chat') ? chat : rest)[request.method](asked)
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.flushHeaders()
  answer.body ? Readable.fromWeb(answer.body).pipe(response) : response.end()
}).listen(process.env.PORT)
`

/** Runs the files of a server of this framework; resolves once it answers. */
async function serve(framework: string, files: Readonly<Record<string, string>>) {
  const name = framework.toLowerCase().replace('.js', '')
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lines-'))
  symlinkSync(join(ROOT, `examples/${name}-chat/node_modules`), join(folder, 'node_modules'))
  const extra = name === 'next' ? { 'lib/model.js': MODEL, 'server.js': NEXT_ROUTER } : { 'model.js': MODEL }
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files, ...extra })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const [port, modelPort] = [await freePort(), await freePort()]
  const child = spawn(
    process.execPath,
    ['--conditions=@sluice/source', '--disable-warning=ExperimentalWarning', 'server.js'],
    {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '', PORT: String(port), MODEL_PORT: String(modelPort) },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let printed = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://localhost:${port}`
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`it has ended: ${printed}`)
    return fetch(`${url}/nothing`).then(
      () => true,
      () => false,
    )
  }
  await until(answers, () => `it listens: ${printed}`)
  const model = async (path = '') =>
    (await (await fetch(`http://127.0.0.1:${modelPort}/${path}`)).json()) as { calls: number; stopped: number }
  return { url, model }
}

/** Reads until `words` are there, and leaves. */
async function readUntil(response: Response, words: string): Promise<string> {
  let read = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    read += text
    if (read.includes(words)) break
  }
  return read
}

const textsIn = (body: string): string =>
  [...body.matchAll(/^data: {"text":(.*)}$/gm)].map(([, text]) => JSON.parse(text!) as string).join('')

test('the document has the lines of each framework, and no framework takes more than three', () => {
  expect(diffs.map(({ framework }) => framework)).toEqual(['Express', 'Fastify', 'Hono', 'Next.js'])
  const table = tableOf(diffs)
  console.log(table)
  expect(DOCUMENT).toContain(table)
  expect(Math.max(...diffs.map(({ lines }) => lines))).toBeLessThanOrEqual(MAX_LINES)
})

/** Where each row of the README's table that is about an application is a program that runs. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'Fastify 5': 'fastify-chat/server.ts',
  'Express 5': 'express-chat/server.ts',
  'Hono 4': 'hono-chat/server.ts',
  'Next.js 16': 'next-chat/app/api/chat/route.js',
  'RxJS 7': 'rxjs-search/search.ts',
  'a page alone, its model on the device': 'browser-only/page.ts',
}

test.each(Object.entries(EXAMPLES))('what the README says of %s is what its example does', (row, path) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, call] = new RegExp(`^\\| ${row} \\|.*\\| \`(\\w+(?:\\.\\w+)?\\().*\` \\|$`, 'm').exec(readme)!
  expect(readFileSync(join(ROOT, 'examples', path), 'utf8')).toContain(call)
})

describe.each(diffs.map((diff) => [diff.framework, diff] as const))('%s', (framework, { before, after }) => {
  test('streams before', async () => {
    const { url, model } = await serve(framework, before)
    const answer = await fetch(`${url}/chat?prompt=hi`)
    await model('next')
    const body = await answer.text()
    expect([...body.matchAll(/^data: (.*)$/gm)].map(([, word]) => JSON.parse(word!) as string)).toEqual(WORDS)
  })

  test('resumes after, without asking the model twice, and stops it', async () => {
    const { url, model } = await serve(framework, after)
    const first = await readUntil(await fetch(`${url}/chat?prompt=hi`), '"You "}\n\n')
    const headers = { 'last-event-id': /^id: (.*)\nevent: text/m.exec(first)![1]! }
    const again = await fetch(`${url}/chat?prompt=hi`, { headers })
    await model('next')
    expect(textsIn(first) + textsIn(await again.text())).toBe(WORDS.join(''))
    expect(await model()).toEqual({ calls: 1, stopped: 0 })

    const other = await fetch(`${url}/chat?prompt=hi`)
    const cancelled = await fetch(`${url}${other.headers.get('content-location')}/cancel`, { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ end: { reason: 'cancelled' } })
    expect(await other.text()).toContain('"reason":"cancelled"')
    expect((await model()).stopped).toBe(1)
  })
})
