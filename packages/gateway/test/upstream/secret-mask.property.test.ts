import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isHidden, MaskStream, SecretMask } from '../../src/upstream/secret-mask.ts'

const KEYS = ['sk-aaab', 'aaaa', 'abababc', 'x']

/** A text in which the key, and pieces of it, stand anywhere, and where it is cut. */
const told = fc.constantFrom(...KEYS).chain((key) =>
  fc.record({
    key: fc.constant(key),
    text: fc
      .array(
        fc.oneof(
          fc.constant(key),
          fc.nat(key.length).map((n) => key.slice(0, n)),
          fc.constantFrom('a', 'b', '日', '"'),
        ),
      )
      .map((pieces) => pieces.join('')),
    cuts: fc.array(fc.nat(40)),
  }),
)

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.filter((place) => place < bytes.length).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).map((place, index) => Buffer.from(bytes.subarray(places[index], place)))
}

test('a key is hidden wherever it is cut, and nothing else is', () => {
  fc.assert(
    fc.property(told, ({ key, text, cuts }) => {
      const mask = new SecretMask(key)
      const pieces = cut(Buffer.from(text), cuts).map((piece) => Buffer.from(mask.push(piece)))
      const shown = String(Buffer.concat([...pieces, mask.flush()]))
      expect(shown).toBe(text.replaceAll(key, '*'.repeat(key.length)))
      expect(mask.inText(text)).toBe(shown)
    }),
  )
})

test('what cannot be the beginning of a key is told at once', () => {
  const mask = new SecretMask('sk-secret')
  expect(String(mask.push(Buffer.from('data: {"a":"sk-"}\n\n')))).toBe('data: {"a":"sk-"}\n\n')
  expect(String(mask.push(Buffer.from('a sk-s')))).toBe('a ')
})

test('a stream is masked to its end', async () => {
  const stream = new MaskStream('sk-secret')
  const pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  stream.write('you sent sk-sec')
  stream.write('ret, and sk-s')
  stream.end()
  await once(stream, 'end')
  expect(String(Buffer.concat(pieces))).toBe('you sent *********, and sk-s')
})

test.each([
  [undefined, 500, false],
  ['EMPTY', 500, false],
  ['ollama-is-fine', 500, true],
  ['sk-no-key-required', 200, false],
  ['sk-proj-0123456789abcdef', 200, true],
])('%j is hidden in an answer with status %i: %j', (key, status, hidden) => {
  expect(isHidden(key, status)).toBe(hidden)
})
