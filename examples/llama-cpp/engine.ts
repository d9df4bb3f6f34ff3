import { getLlama, type LlamaContextSequence, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp'

import { Slots } from './slots.ts'

/** What an answer is made from. */
export interface Generation {
  readonly prompt: string
  /** It ends after so many, where the model does not end it before. */
  readonly maxTokens: number
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal
}

/** A model in this process: llama.cpp, which decodes for as many requests at once as it has sequences. */
export interface Engine extends AsyncDisposable {
  /** Sequences on which nothing is decoded. */
  readonly freeSlots: number
  /** Steps of decoding so far, of all requests: llama.cpp's own count. */
  readonly decoded: number
  /**
   * The text of an answer, token by token. It waits for a free sequence first, decodes only when it is asked for the next
   * token, and gives the sequence back when it is left.
   */
  generate(generation: Generation): AsyncGenerator<string>
}

/** So many tokens before a new one decide whether a space comes first. */
const REMEMBERED_TOKENS = 8
/** What an incomplete code point looks like; the model says the rest of it next. */
const INCOMPLETE = '\ufffd'

/**
 * Opens a model's file on the CPU. The binary is the one that npm installed: nothing is built, and nothing fetched.
 *
 * @example
 * ```ts
 * await using engine = await openEngine('tiny.gguf', { slots: 2 })
 * for await (const text of engine.generate({ prompt: 'Hi', maxTokens: 20, signal })) process.stdout.write(text)
 * ```
 */
export async function openEngine(modelPath: string, options: EngineOptions): Promise<Engine> {
  const { slots, contextTokens = 2048, threads = 1 } = options
  const binary = { build: 'never', skipDownload: true, gpu: false } as const
  const llama = await getLlama({ ...binary, maxThreads: threads, logLevel: LlamaLogLevel.error })
  const model = await llama.loadModel({ modelPath })
  const context = await model.createContext({ sequences: slots, contextSize: contextTokens })
  const free = new Slots(context)
  const running = new Set<LlamaContextSequence>()
  let decodedBefore = 0

  async function take(signal: AbortSignal): Promise<LlamaContextSequence> {
    const sequence = await free.take(signal)
    running.add(sequence)
    return sequence
  }

  async function giveBack(sequence: LlamaContextSequence): Promise<void> {
    running.delete(sequence)
    decodedBefore += stepsOf(sequence)
    await free.giveBack(sequence)
  }

  return {
    get freeSlots() {
      return context.sequencesLeft
    },
    get decoded() {
      return [...running].reduce((sum, sequence) => sum + stepsOf(sequence), decodedBefore)
    },
    async *generate({ prompt, maxTokens, signal }) {
      const sequence = await take(signal)
      try {
        const toText = textJoiner(model)
        let left = maxTokens
        for await (const token of sequence.evaluate(model.tokenize(prompt), { temperature: 0.8, seed: 1 })) {
          const text = toText(token)
          // Between two steps nothing is decoded: whoever takes no more text stops the model here.
          if (text !== '') yield text
          if (signal.aborted || --left <= 0) return
        }
      } finally {
        await giveBack(sequence)
      }
    },
    async [Symbol.asyncDispose]() {
      await context.dispose()
      await model.dispose()
      await llama.dispose()
    },
  }
}

/** How {@link openEngine} divides the machine. */
export interface EngineOptions {
  /** Requests that are decoded at once; others wait. */
  readonly slots: number
  /** Tokens of each request that the model has in mind: its prompt and its answer. */
  readonly contextTokens?: number
  /** Cores. They wait for one another by spinning: one more than is idle has made each step a thousand times as long. */
  readonly threads?: number
}

function stepsOf({ tokenMeter }: LlamaContextSequence): number {
  return tokenMeter.usedOutputTokens
}

/** Text of one token after another: with the spaces between words, and no half a character. */
function textJoiner(model: LlamaModel): (token: Token) => string {
  let before: Token[] = []
  let pending: Token[] = []
  return (token) => {
    pending.push(token)
    const text = model.detokenize(pending, false, before)
    if (text.endsWith(INCOMPLETE)) return ''
    before = [...before, ...pending].slice(-REMEMBERED_TOKENS)
    pending = []
    return text
  }
}
