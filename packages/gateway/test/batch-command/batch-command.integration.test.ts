import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'

import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { answerOk, type Answering, idsTo, newBatch, runBatch, startBackend } from './batch-rig.ts'

describe('a batch from file to file', () => {
  test('each line is sent once, digit for digit, and what was answered is written', async () => {
    const backend = await startBackend()
    const batch = newBatch(300)
    const ran = await runBatch(batch, ['--upstream', backend.url, '--concurrency', '12', '--key', 'sk-test'])
    expect(ran).toMatchObject({ status: 0, err: '' })
    expect(ran.out).toMatch(/^300 of 300 lines were done, 0 failed \(300 in [\d.]+ s, [\d.]+ a second\)\.\n$/)
    expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(300).toSorted())
    expect(readFileSync(batch.path('out.errors.jsonl'), 'utf8')).toBe('')
    const [first] = batch.read('out.jsonl').filter(({ custom_id: id }) => id === 'line 7')
    expect(first).toMatchObject({
      response: { status_code: 200, request_id: 'req_7', body: { answers: 7 } },
      error: null,
    })
    expect(backend.asked).toHaveLength(300)
    expect(backend.most).toBeLessThanOrEqual(12)
    expect(backend.asked[0]).toMatchObject({
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-test' },
    })
    expect(backend.asked.map(({ text }) => text)).toContain('{"model":"m","n":7}')
  })

  test('--ordered puts the lines in the order of the input, in the end', async () => {
    const backend = await startBackend(
      (asked, response, nth) => void setTimeout(() => answerOk(asked, response, nth), (asked.body.n * 37) % 40),
    )
    const batch = newBatch(60)
    await runBatch(batch, ['--upstream', backend.url, '--ordered'])
    expect(batch.ids('out.jsonl')).toEqual(idsTo(60))
    expect(existsSync(batch.path('out.jsonl.new'))).toBe(false)
  })

  test('--format vllm has all lines in one file, in order', async () => {
    const backend = await startBackend(refusing)
    const batch = newBatch(10, (n) => (n === 4 ? 'refuse' : undefined))
    expect((await runBatch(batch, ['--upstream', backend.url, '--format', 'vllm'])).status).toBe(1)
    expect(batch.ids('out.jsonl')).toEqual(idsTo(10))
    expect(existsSync(batch.path('out.errors.jsonl'))).toBe(false)
    expect(batch.read('out.jsonl')[3]).toMatchObject({
      response: { status_code: 400, body: null },
      error: { error: { message: 'no' } },
    })
  })
})

const refusing: Answering = (asked, response, nth) => {
  if (asked.body.does !== 'refuse') return answerOk(asked, response, nth)
  response.statusCode = 400
  response.end('{"error":{"message":"no"}}')
}

describe('a backend that is in trouble', () => {
  test('429, 5xx, cut connections and hangs are tried again, and every line comes to its end', async () => {
    const backend = await startBackend((asked, response, nth) => {
      const { does } = asked.body
      if (nth > 1 || does === undefined) return void setTimeout(() => answerOk(asked, response, nth), asked.body.n % 7)
      if (does === 'hang') return undefined
      if (does === 'cut') return void response.destroy()
      if (does === 'half') {
        response.writeHead(200, { 'content-length': 100 })
        response.write('{"ans')
        return void setTimeout(() => response.destroy(), 5)
      }
      response.statusCode = Number(does)
      if (does === '429') response.setHeader('retry-after-ms', '50')
      response.end('<html>busy</html>')
    })
    const troubles = ['429', '500', '503', 'hang', 'cut', 'half', '502']
    const batch = newBatch(120, (n) => (n % 8 === 0 ? troubles[(n / 8) % troubles.length] : undefined))
    const ran = await runBatch(batch, ['--upstream', backend.url, '--timeout-ms', '1000'])
    expect(ran).toMatchObject({ status: 0, err: '' })
    expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(120).toSorted())
    expect(backend.asked).toHaveLength(120 + 15)
  })

  test('what is not to be mended is written among the errors, and is done again only when that is asked for', async () => {
    let isMended = false
    const backend = await startBackend((asked, response, nth) => {
      if (isMended || asked.body.does === undefined) return answerOk(asked, response, nth)
      if (asked.body.does === 'page') return void response.end('<html>')
      response.statusCode = asked.body.does === 'refuse' ? 400 : 500
      response.end('{"error":{"message":"no"}}')
    })
    const batch = newBatch(20, (n) => ({ 3: 'refuse', 5: 'break', 8: 'page' })[n])
    const flags = ['--upstream', backend.url, '--attempts', '1']
    const first = await runBatch(batch, flags)
    expect(first.status).toBe(1)
    expect(first.out).toContain('17 of 20 lines were done, 3 failed')
    expect(first.out).toContain('--retry-failed')
    const failed = batch.read('out.errors.jsonl').toSorted((a, b) => a.custom_id.localeCompare(b.custom_id))
    expect(failed).toMatchObject([
      { custom_id: 'line 3', response: { status_code: 400, body: { error: { message: 'no' } } }, error: null },
      { custom_id: 'line 5', response: { status_code: 500 }, error: null },
      { custom_id: 'line 8', response: null, error: { code: 'invalid_answer' } },
    ])

    expect((await runBatch(batch, flags)).status).toBe(1)
    expect(backend.asked).toHaveLength(20)

    isMended = true
    expect((await runBatch(batch, [...flags, '--retry-failed'])).status).toBe(0)
    expect(backend.asked).toHaveLength(23)
    expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(20).toSorted())
    expect(statSync(batch.path('out.errors.jsonl')).size).toBe(0)
  })

  test('a key that is refused, and a backend that is not there, stop the run: no line is spent on them', async () => {
    const strict = await startBackend((_asked, response) => void response.writeHead(401).end('{}'))
    const batch = newBatch(5)
    const refused = await runBatch(batch, ['--upstream', strict.url])
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('SLUICE_UPSTREAM_KEY') })
    const gone = await runBatch(batch, ['--upstream', 'http://127.0.0.1:1/v1', '--attempts', '2'])
    expect(gone).toMatchObject({ status: 1, err: expect.stringContaining('cannot be reached') })
    expect(batch.ids('out.jsonl')).toEqual([])
    expect(batch.ids('out.errors.jsonl')).toEqual([])
    const backend = await startBackend()
    expect((await runBatch(batch, ['--upstream', backend.url])).status).toBe(0)
  })
})

describe('a batch that was stopped', () => {
  test('on Ctrl-C: what was answered is kept, what was under way is done again, in one line', async () => {
    let isStuck = true
    const backend = await startBackend((asked, response, nth) => {
      if (asked.body.n <= 30 || !isStuck) answerOk(asked, response, nth)
    })
    const batch = newBatch(40)
    const stop = new AbortController()
    const running = runBatch(batch, ['--upstream', backend.url, '--concurrency', '4'], { signal: stop.signal })
    await until(() => backend.asked.length === 34)
    stop.abort()
    const ran = await running
    expect(ran).toMatchObject({ status: 130, err: '' })
    expect(ran.out).toBe(
      'Stopped: 30 of 40 lines are done. 4 that were under way are given up, and are done again by the same command.\n',
    )
    isStuck = false
    const again = await runBatch(batch, ['--upstream', backend.url])
    expect(again).toMatchObject({ status: 0, err: '' })
    expect(again.out).toContain('30 of 40 lines are done already')
    expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(40).toSorted())
    for (let n = 1; n <= 30; n++) expect(backend.countOf(n)).toBe(1)
  })

  test('within a line: what was torn is cut off, and that line is done again', async () => {
    const backend = await startBackend()
    const batch = newBatch(6)
    await runBatch(batch, ['--upstream', backend.url])
    const whole = readFileSync(batch.path('out.jsonl'), 'utf8')
    const lines = whole.split('\n').slice(0, -1)
    // As it is with each beginning of its last line.
    for (const length of [1, 40, lines.at(-1)!.length - 1, lines.at(-1)!.length]) {
      const torn = `${lines.slice(0, -1).join('\n')}\n${lines.at(-1)!.slice(0, length)}`
      writeFileSync(batch.path('out.jsonl'), torn)
      const before = backend.asked.length
      expect((await runBatch(batch, ['--upstream', backend.url])).status).toBe(0)
      expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(6).toSorted())
      // A line that lacks its end alone is whole.
      expect(backend.asked.length - before).toBe(length === lines.at(-1)!.length ? 0 : 1)
    }
  })
})

describe('with exit 2 and nothing sent', () => {
  test.each<[string, (path: (name: string) => string) => void, string[]]>([
    [
      'lines that are wrong',
      (path) => appendFileSync(path('in.jsonl'), '{}\n\n{"custom_id":"line 1"}\nnot JSON\n'),
      ['Line 3', 'custom_id', 'Line 5', 'as line 1 has', 'Line 6'],
    ],
    ['no lines', (path) => writeFileSync(path('in.jsonl'), '\n'), ['has no lines']],
    [
      'another file as the output',
      (path) => writeFileSync(path('out.jsonl'), '{"precious":1}\n{"precious":2}\n'),
      ['Line 1 of', 'no line of an output'],
    ],
    [
      'the output of another batch',
      (path) => writeFileSync(path('out.jsonl'), '{"custom_id":"else","response":null,"error":"x"}\n'),
      ['"else"', 'another batch'],
    ],
  ])('%s', async (_name, spoil, told) => {
    const backend = await startBackend()
    const batch = newBatch(2)
    spoil(batch.path)
    const before = existsSync(batch.path('out.jsonl')) ? readFileSync(batch.path('out.jsonl'), 'utf8') : undefined
    const ran = await runBatch(batch, ['--upstream', backend.url])
    expect(ran.status).toBe(2)
    for (const words of told) expect(ran.err).toContain(words)
    expect(backend.asked).toEqual([])
    if (before !== undefined) expect(readFileSync(batch.path('out.jsonl'), 'utf8')).toBe(before)
  })

  test('a file that is not there, and files that are one', async () => {
    const backend = await startBackend()
    const batch = newBatch(1)
    const run = {
      ...batch,
      path: (name: string) => (name === 'in.jsonl' ? batch.path('none.jsonl') : batch.path(name)),
    }
    expect(await runBatch(run, ['--upstream', backend.url])).toMatchObject({
      status: 2,
      err: expect.stringContaining('none.jsonl'),
    })
    const twice = await runBatch(batch, ['--upstream', backend.url, '--errors', batch.path('out.jsonl')])
    expect(twice).toMatchObject({ status: 2, err: expect.stringContaining('named twice') })
  })
})
