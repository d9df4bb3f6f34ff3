/** One token of a real vocabulary. */
export interface Token {
  /** Exactly what the token is: text, or bytes where it holds part of a code point. */
  readonly item: string | Uint8Array
  /** The text that can be read with this token, code points joined: empty when one is still incomplete. */
  readonly text: string
  /** Whether no part of a code point is pending after it. */
  readonly whole: boolean
}

/** Splits text as a model would have made it. */
export interface Tokenizer {
  split(text: string): Token[]
  /** How many tokens `text` has. Of a very long text, an estimate from its beginning. */
  count(text: string): number
}

/** Counting reads so much of a text; the rest is taken to be alike. */
const COUNTED_CHARACTERS = 8192
/** One word costs the tokenizer the square of its length, and prompts come from strangers. */
const WINDOW_CHARACTERS = 256
/** Words kept with their tokens; the package's default of 100,000 would keep strangers' prompts. */
const KEPT_WORDS = 1000
/** What looks like a control token in a prompt is text like any other; by default the package throws. */
const PLAIN = { disallowedSpecial: new Set<string>() }

/** Loads the vocabulary `cl100k_base` from the installed package: about 0.1 s and 11 MB, once per process, no network. */
export async function loadTokenizer(): Promise<Tokenizer> {
  const [encoding, ranks] = await Promise.all([
    import('gpt-tokenizer/encoding/cl100k_base'),
    import('gpt-tokenizer/bpeRanks/cl100k_base'),
  ])
  encoding.setMergeCacheSize(KEPT_WORDS)
  return {
    split: (text) => toTokens(encoding.encode(text.toWellFormed(), PLAIN), ranks.default),
    count(text) {
      if (text.length === 0) return 0
      let tokens = 0
      for (const piece of cutIntoWindows(text.slice(0, COUNTED_CHARACTERS)))
        tokens += encoding.countTokens(piece, PLAIN)
      return Math.round((tokens * text.length) / Math.min(text.length, COUNTED_CHARACTERS))
    },
  }
}

function toTokens(ids: readonly number[], ranks: readonly (string | readonly number[] | undefined)[]): Token[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoder = new TextEncoder()
  let pendingBytes = 0
  return ids.map((id) => {
    const piece = ranks[id] ?? ''
    if (typeof piece === 'string') return { item: piece, text: piece, whole: true }
    const item = Uint8Array.from(piece)
    const text = decoder.decode(item, { stream: true })
    pendingBytes += item.length - encoder.encode(text).length
    return { item, text, whole: pendingBytes === 0 }
  })
}

/** Cuts before a space where there is one, since a word's token includes the space before it. */
function* cutIntoWindows(text: string): Generator<string> {
  let start = 0
  while (text.length - start > WINDOW_CHARACTERS) {
    const space = text.lastIndexOf(' ', start + WINDOW_CHARACTERS)
    const end = space > start ? space : start + WINDOW_CHARACTERS
    yield text.slice(start, end)
    start = end
  }
  yield text.slice(start)
}
