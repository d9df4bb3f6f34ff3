import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sseDecoders } from '@sluice/conformance/sse'
import { expect, test } from 'vitest'

import { decodedWires } from './decoded-wires.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const wires = Object.entries(decodedWires)

/** What the table says of a decoder and a wire. */
function cellOf(
  decoder: (typeof sseDecoders)[number],
  { ids, unread = {}, unresumed = {} }: (typeof wires)[number][1],
): string {
  if (decoder.name in unread) return 'no'
  return ids && decoder.ids && !(decoder.name in unresumed) ? 'resumes' : 'reads'
}

/** The rows of the table, and the list of reasons below it. */
function documented(): { rows: string[][]; reasons: string[] } {
  const section = README.split('### Which decoders read which wire')[1]!.split('\n## ')[0]!
  const lines = section.split('\n')
  const rows = lines
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return {
    rows: rows.filter(([first]) => !first!.startsWith('---')),
    reasons: lines.filter((line) => line.startsWith('- ')),
  }
}

test('the table of decoders says what is tested, of all of them, in their order', () => {
  expect(documented().rows).toEqual([
    ['decoder', 'stands for', ...wires.map(([name]) => name)],
    ...sseDecoders.map((decoder) => [
      decoder.name,
      decoder.original,
      ...wires.map(([, wire]) => cellOf(decoder, wire)),
    ]),
  ])
})

test('each exception has its reason', () => {
  const exceptions = wires.flatMap(([wire, { unread = {}, unresumed = {} }]) =>
    Object.entries({ ...unread, ...unresumed }).map(([name, why]) => ({ name, wire, why })),
  )
  const wanted = Object.values(Object.groupBy(exceptions, ({ why }) => why)).map((same) => {
    const names = [...new Set(same!.map(({ name }) => name))]
    const where = [...new Set(same!.map(({ wire }) => wire))]
    return `- ${names.join(', ')} on ${where.join(', ')}: ${same![0]!.why}.`
  })
  expect(documented().reasons.toSorted()).toEqual(wanted.toSorted())
})
