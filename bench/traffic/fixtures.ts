/** What sources say: the same on every machine and in every process, so that a reader knows what it should have read. */

export const TOKEN_CHARS = 4
export const FAT_TOKEN_BYTES = 4096

const VOCABULARY_SIZE = 4096
const ALPHABET = ' abcdefghijklmnopqrstuvwxyz'
const VOCABULARY = createVocabulary()

/** Token `index` of stream `stream`: four characters of ASCII that no wire has to escape. */
export function tokenOf(stream: number, index: number): string {
  return VOCABULARY[(Math.imul(stream + 1, 40_503) + Math.imul(index, 2_531)) & (VOCABULARY_SIZE - 1)]!
}

/** All that stream `stream` says in `tokens` tokens. */
export function textOf(stream: number, tokens: number): string {
  let text = ''
  for (let index = 0; index < tokens; index++) text += tokenOf(stream, index)
  return text
}

/** All that stream `stream` says in `tokens` tokens of 4 KiB. */
export function fatTextOf(stream: number, tokens: number): string {
  return Array.from({ length: tokens }, (_, index) => fatTokenOf(stream, index)).join('')
}

const FAT_BYTES = Buffer.alloc(FAT_TOKEN_BYTES, 'the quick brown fox jumps over the lazy dog ')

/** A token of 4 KiB that shares its characters with no other: what is kept of it is memory. */
export function fatTokenOf(stream: number, index: number): string {
  FAT_BYTES.write(`${stream}:${index}:`.padEnd(24, ' '), 0, 'latin1')
  return FAT_BYTES.toString('latin1')
}

function createVocabulary(): readonly string[] {
  let state = 0x2545f491
  const next = (): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return (state >>> 8) % ALPHABET.length
  }
  return Array.from({ length: VOCABULARY_SIZE }, () => {
    let token = ''
    while (token.length < TOKEN_CHARS) token += ALPHABET[next()]!
    return token
  })
}
