// A model for a machine that has none: the architecture of Llama with random weights, half a megabyte. It says real words in an
// order that means nothing, and for as long as it is let: what is shown with it is the engine, not what it says.
import { writeFileSync } from 'node:fs'

import { type GgufTensor, toGguf } from './gguf.ts'

const WIDTH = 64
const LAYERS = 2
const INNER_WIDTH = 128
const HEADS = 4
const CONTEXT = 4096

const WORDS =
  `the water flows over a gate and under an old bridge where two rivers meet while one boat waits for its turn in
  quiet rain then goes on past reeds stones herons mills and gardens until evening comes with wind from the sea`.split(
    /\s+/,
  )
const LETTERS = '▁abcdefghijklmnopqrstuvwxyz0123456789.,:;!?\'"()-'.split('')

/** How the vocabulary of SentencePiece calls its kinds of token. */
const NORMAL = 1
const UNKNOWN = 2
const CONTROL = 3
const BYTE = 6

const SPECIAL = ['<unk>', '<s>', '</s>']
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
const SPOKEN = [...new Set(WORDS)].map((word) => `▁${word}`)
/** Letters and bytes are there so that any prompt can be read. */
const TOKENS = [...SPECIAL, ...BYTES, ...LETTERS, ...SPOKEN]
const KINDS = [UNKNOWN, CONTROL, CONTROL, ...BYTES.map(() => BYTE), ...[...LETTERS, ...SPOKEN].map(() => NORMAL)]
/** Rows of what the model may say. All others stay at zero: the model says words, and does not end by itself. */
const UNSPOKEN = TOKENS.length - SPOKEN.length
/** How sure it is of its next word: enough that zero never wins, and not so much that it repeats itself. */
const CERTAINTY = 1.2

/**
 * Writes the model to a file; the same bytes each time.
 *
 * @example
 * ```ts
 * writeTinyModel('tiny.gguf')
 * ```
 */
export function writeTinyModel(path: string): void {
  const random = seeded(1)
  const matrix = (name: string, [columns, rows]: [number, number], scale = Math.sqrt(3 / columns)): GgufTensor => ({
    name,
    shape: [columns, rows],
    values: Float32Array.from({ length: columns * rows }, () => (2 * random() - 1) * scale),
  })
  const ones = (name: string): GgufTensor => ({ name, shape: [WIDTH], values: new Float32Array(WIDTH).fill(1) })

  const output = matrix('output.weight', [WIDTH, TOKENS.length], CERTAINTY)
  output.values.fill(0, 0, UNSPOKEN * WIDTH)
  const layers = Array.from({ length: LAYERS }, (_, index) => `blk.${index}`).flatMap((layer) => [
    ones(`${layer}.attn_norm.weight`),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`${layer}.attn_${part}.weight`, [WIDTH, WIDTH])),
    ones(`${layer}.ffn_norm.weight`),
    matrix(`${layer}.ffn_gate.weight`, [WIDTH, INNER_WIDTH]),
    matrix(`${layer}.ffn_up.weight`, [WIDTH, INNER_WIDTH]),
    matrix(`${layer}.ffn_down.weight`, [INNER_WIDTH, WIDTH]),
  ])
  const embedding = matrix('token_embd.weight', [WIDTH, TOKENS.length], 1)
  writeFileSync(path, toGguf(VALUES, [embedding, ones('output_norm.weight'), output, ...layers]))
}

const VALUES = {
  'general.architecture': { string: 'llama' },
  'general.name': { string: 'tiny, of random weights' },
  'llama.context_length': { u32: CONTEXT },
  'llama.embedding_length': { u32: WIDTH },
  'llama.block_count': { u32: LAYERS },
  'llama.feed_forward_length': { u32: INNER_WIDTH },
  'llama.attention.head_count': { u32: HEADS },
  'llama.attention.head_count_kv': { u32: HEADS },
  'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
  'llama.rope.dimension_count': { u32: WIDTH / HEADS },
  'llama.vocab_size': { u32: TOKENS.length },
  'tokenizer.ggml.model': { string: 'llama' },
  'tokenizer.ggml.tokens': { strings: TOKENS },
  // Pieces that are likelier come first.
  'tokenizer.ggml.scores': { f32s: TOKENS.map((_, index) => -index) },
  'tokenizer.ggml.token_type': { i32s: KINDS },
  'tokenizer.ggml.bos_token_id': { u32: SPECIAL.indexOf('<s>') },
  'tokenizer.ggml.eos_token_id': { u32: SPECIAL.indexOf('</s>') },
  'tokenizer.ggml.unknown_token_id': { u32: SPECIAL.indexOf('<unk>') },
}

/** Numbers from 0 to below 1 that are the same on every machine: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
