import type { Trace } from './trace.ts'

/** How one kind of source behaves. */
export interface SourceKind {
  /** Until the first token: a model reads its prompt first. */
  readonly prefillMs: number
  /** Steps a second: in each comes one token, or several. */
  readonly stepsPerSecond: number
  /** The least and the most tokens of a step. Default one. */
  readonly perStep?: readonly [number, number] | undefined
  /** Part of a step by which it comes sooner or later. Default 0.3. */
  readonly jitter?: number | undefined
  /** Now and then the model stops for so long, once in so many steps: other requests read their prompts. */
  readonly pause?: { readonly ms: number; readonly everySteps: number } | undefined
}

/** Sources as they are met. */
export const SOURCE_KINDS: Readonly<Record<string, SourceKind>> = {
  /** A person reads along: 40 tokens a second. */
  chat: { prefillMs: 350, stepsPerSecond: 40 },
  slow: { prefillMs: 900, stepsPerSecond: 12 },
  quick: { prefillMs: 250, stepsPerSecond: 100 },
  fast: { prefillMs: 200, stepsPerSecond: 200 },
  /** 3 to 5 tokens of a draft are accepted at once. */
  speculative: { prefillMs: 300, stepsPerSecond: 25, perStep: [3, 5] },
  /** A provider that gathers: about 50 tokens each 450 ms. */
  bursts: { prefillMs: 600, stepsPerSecond: 1 / 0.45, perStep: [35, 65], jitter: 0.15 },
  /** Shares its machine: stands still while others' prompts are read. */
  shared: { prefillMs: 500, stepsPerSecond: 60, pause: { ms: 400, everySteps: 80 } },
}

const MAX_CHARS = 9

/** A trace of so many tokens, the same for the same numbers of `random`. */
export function synthetic(name: string, kind: SourceKind, tokens: number, random: () => number): Trace {
  const { prefillMs, stepsPerSecond, perStep: [least, most] = [1, 1], jitter = 0.3, pause } = kind
  const atMs = new Float64Array(tokens)
  const stepMs = 1_000 / stepsPerSecond
  let nowMs = prefillMs * (0.8 + 0.4 * random())
  for (let token = 0, step = 0; token < tokens; step++) {
    const together = least + Math.floor(random() * (most - least + 1))
    for (let index = 0; index < together && token < tokens; index++) atMs[token++] = nowMs
    nowMs += stepMs * (1 + jitter * (2 * random() - 1))
    if (pause && (step + 1) % pause.everySteps === 0) nowMs += pause.ms
  }
  // Tokens of English are short: four characters on average, a space among them.
  const chars = Uint16Array.from(
    { length: tokens },
    () => 1 + Math.floor(random() * random() * MAX_CHARS + random() * 3),
  )
  return { name, atMs, chars }
}
