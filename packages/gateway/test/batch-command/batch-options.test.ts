import { describe, expect, test } from 'vitest'

import { batchHelp, parseBatchOptions } from '../../src/batch-command/batch-options.ts'

const FILES = ['in.jsonl', 'out.jsonl']
const UPSTREAM = ['--upstream', 'http://127.0.0.1:8000/v1/']

describe('the options of batch', () => {
  test('are read from flags, before variables, before defaults', () => {
    expect(parseBatchOptions([...FILES, ...UPSTREAM], {})).toEqual({
      input: 'in.jsonl',
      output: 'out.jsonl',
      flags: {
        upstream: 'http://127.0.0.1:8000/v1',
        key: undefined,
        concurrency: 64,
        format: 'openai',
        errors: undefined,
        ordered: false,
        retryFailed: false,
        attempts: 8,
        timeoutMs: 600_000,
      },
    })
    const env = {
      SLUICE_UPSTREAM: 'http://a/v1',
      SLUICE_UPSTREAM_KEY: 'k',
      SLUICE_BATCH_CONCURRENCY: '3',
      SLUICE_BATCH_ATTEMPTS: ' ',
    }
    const { flags } = parseBatchOptions(['--concurrency=5', '--ordered', ...FILES, '--retry-failed'], env)!
    expect(flags).toMatchObject({
      upstream: 'http://a/v1',
      key: 'k',
      concurrency: 5,
      attempts: 8,
      ordered: true,
      retryFailed: true,
    })
  })

  test('help is given whatever else is wrong, and names every flag', () => {
    expect(parseBatchOptions(['--nonsense', '--help'], {})).toBeUndefined()
    for (const flag of [
      '--upstream <url>',
      'SLUICE_UPSTREAM_KEY',
      '--concurrency',
      '--errors',
      '--ordered',
      '--retry-failed',
      '--attempts',
      '--timeout-ms',
      'default 64',
      '130 on Ctrl-C',
    ])
      expect(batchHelp()).toContain(flag)
  })

  test.each<[string[], string[]]>([
    [['in.jsonl'], ['two files', 'has 1']],
    [['a', 'b', 'c', ...UPSTREAM], ['has 3']],
    [FILES, ['--upstream', 'SLUICE_UPSTREAM']],
    [
      [...FILES, ...UPSTREAM, '--concurency', '3'],
      ['--concurency', 'Did you mean --concurrency?'],
    ],
    [
      [...FILES, ...UPSTREAM, '--concurrency', '0'],
      ['"0"', '1 to 10000'],
    ],
    [
      [...FILES, ...UPSTREAM, '--format', 'csv'],
      ['"csv"', 'vllm'],
    ],
    [
      [...FILES, ...UPSTREAM, '--format', 'vllm', '--errors', 'e'],
      ['--errors', 'one file'],
    ],
    [[...FILES, '--upstream', '--ordered'], ['--upstream has no value']],
    [
      [...FILES, ...UPSTREAM, '--ordered=7'],
      ['--ordered', 'without a value'],
    ],
  ])('%j is refused with a sentence', (argv, told) => {
    const refuse = (): unknown => parseBatchOptions(argv, {})
    expect(refuse).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
    for (const words of told) expect(refuse).toThrow(words)
  })

  test('a key is never shown', () => {
    expect(() => parseBatchOptions([...FILES, ...UPSTREAM], { SLUICE_UPSTREAM_KEY: 'se cret' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('se cret') }),
    )
  })

  test('nor is a password in a URL', () => {
    expect(() => parseBatchOptions([...FILES, '--upstream', 'http://u:secret@host/v1'], {})).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    )
  })
})
