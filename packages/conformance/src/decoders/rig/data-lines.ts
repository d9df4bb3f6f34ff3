import type { LineReader } from './decoder.ts'

/** Makes a message of every line that begins with `data: `, and passes over all others: who reads so knows no blocks and no ids. */
export function dataLines(): LineReader {
  return {
    lastEventId: '',
    line: (line) => (line.startsWith('data: ') ? { event: '', data: line.slice(6), id: '' } : undefined),
  }
}
