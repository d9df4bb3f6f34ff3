import { createSystemRuntime, SluiceError } from '@sluice/core'
import type { Runtime, Source, SourceItem } from '@sluice/core'
import { parseChatBody } from './chat-body.ts'
import type { ChatBody } from './chat-body.ts'
import { createPace } from './pace.ts'
import { passageFor, shortLength } from './passage-choice.ts'
import { PASSAGES } from './passages.ts'
import { countPromptTokens } from './prompt-tokens.ts'
import { createRandom } from './random.ts'
import { resumeVoice } from './resume.ts'
import type { ResumedVoice } from './resume.ts'
import { reasoning } from './texts/reasoning.ts'
import { loadTokenizer } from './tokenizer.ts'
import type { Token, Tokenizer } from './tokenizer.ts'
import { chooseToolCall } from './tool-call.ts'
import { createVoice } from './voice.ts'
import type { Part, Speech } from './voice.ts'
import { createWaiter } from './waiter.ts'

/** How a demo runner is made. */
export interface DemoRunnerOptions {
  /** The same seed gives the same texts, tokens and delays; a body's own `seed` goes before it. Default 0. */
  seed?: number | undefined
  /** Clock and timers. Default: the host's. */
  runtime?: Runtime | undefined
}

/** Stands in for a model: real text, real tokens, realistic times. */
export interface DemoRunner {
  /** A source that answers `body`. Throws `SLUICE_ERR_REQUEST` for a body that is none. */
  chat(body: ChatBody): Source
  /** Ids of the models it offers. Any other is answered all the same. */
  models(): readonly string[]
}

/** Tokens that come without a wait before the event loop gets a turn. */
const TOKENS_PER_TURN = 64
const PASSAGE_BREAK = '\n\n'

/**
 * A model runner that needs no model.
 *
 * @example
 * ```ts
 * const runner = createDemoRunner({ seed: 7 })
 * const source = runner.chat({ model: 'sluice-demo', messages: [{ role: 'user', content: 'Tell me a story' }] })
 * ```
 */
export function createDemoRunner(options: DemoRunnerOptions = {}): DemoRunner {
  const { seed = 0, runtime = createSystemRuntime() } = options
  let loading: Promise<Tokenizer> | undefined
  const splits = new Map<string, readonly Token[]>()
  const split = (tokenizer: Tokenizer, text: string): readonly Token[] => {
    const tokens = splits.get(text) ?? tokenizer.split(text)
    splits.set(text, tokens)
    return tokens
  }

  return {
    models: () => ['sluice-demo'],
    chat(body) {
      const chat = parseChatBody(body)
      const seeds = [chat.seed ?? seed, chat.messages]
      return async (context) => {
        const tokenizer = await (loading ??= loadTokenizer())
        const speeches = compose(chat, seeds, (text) => split(tokenizer, text), tokenizer)
        const prefix = speeches.length === 1 ? context.prefix : ''
        const bytes = speeches.length === 1 && prefix === ''
        const voices = speeches.map((speech, choice) => resumeVoice(createVoice(speech, choice, bytes), prefix))
        failWhenAsked(chat, 0)
        const inputTokens = countPromptTokens(chat, tokenizer)
        return speak({ chat, voices, seeds, runtime, signal: context.signal, inputTokens })
      }
    },
  }
}

/** What every choice says. */
function compose(
  chat: ChatBody,
  seeds: readonly unknown[],
  split: (text: string) => readonly Token[],
  tokenizer: Tokenizer,
): Speech[] {
  const demo = chat.sluice_demo ?? {}
  const random = createRandom('speech', ...seeds)
  const maxTokens = chat.max_completion_tokens ?? chat.max_tokens ?? undefined
  const whole = (kind: Part['kind'], tokens: readonly Token[]): Part => ({ kind, tokens, length: tokens.length })
  return Array.from({ length: chat.n ?? 1 }, (_, choice) => {
    const thoughts = demo.reasoning ? [whole('reasoning', split(reasoning))] : []
    const call = chooseToolCall(chat, random)
    if (call) return { parts: [...thoughts, whole('args', tokenizer.split(call.arguments))], call, maxTokens }
    const passage = split(PASSAGES[demo.text ?? passageFor(chat, choice)])
    const tokens = [...passage, ...split(PASSAGE_BREAK)]
    // Who asks for nothing in particular wants to see an answer, and not to wait for its end.
    const usual = chat.sluice_demo ? passage.length : shortLength(passage)
    return { parts: [...thoughts, { kind: 'text', tokens, length: demo.tokens ?? usual }], maxTokens }
  })
}

interface Performance {
  readonly chat: ChatBody
  readonly voices: readonly ResumedVoice[]
  readonly seeds: readonly unknown[]
  readonly runtime: Runtime
  readonly signal: AbortSignal
  readonly inputTokens: number
}

/** Like a batch on a GPU: every step brings one token for each choice that still speaks. */
async function* speak(performance: Performance): AsyncGenerator<SourceItem> {
  const { chat, seeds, runtime, signal, inputTokens } = performance
  const demo = chat.sluice_demo ?? {}
  const pace = createPace(createRandom('pace', ...seeds), demo)
  const voices = performance.voices.map(({ voice }) => voice)
  const start = Math.min(...performance.voices.map((resumed) => resumed.start))
  const steps = Math.max(1, ...voices.map(({ length }) => length))
  const waiter = createWaiter(runtime, signal)
  try {
    await waiter.wait(pace.beforeFirst())
    if (demo.hangAfter === 0) await waiter.hang()
    for (let step = start; step < steps; step++) {
      const delayMs = step === start ? 0 : pace.beforeNext()
      if (delayMs > 0) await waiter.wait(delayMs)
      else if (step % TOKENS_PER_TURN === TOKENS_PER_TURN - 1) await waiter.turn()
      for (const voice of voices) {
        const item = step < voice.length ? voice.at(step) : undefined
        if (item !== undefined) yield item
        // The reader may have taken its time, and left meanwhile.
        signal.throwIfAborted()
      }
      if (demo.hangAfter === step + 1) await waiter.hang()
      failWhenAsked(chat, step + 1)
      for (const [choice, voice] of voices.entries()) {
        if (step === Math.max(voice.length - 1, 0)) yield { type: 'finish', reason: voice.finish, choice }
      }
    }
    const outputTokens = voices.reduce((sum, { length }) => sum + length, 0)
    yield { type: 'usage', usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens } }
  } finally {
    waiter.close()
  }
}

function failWhenAsked({ sluice_demo: demo }: ChatBody, tokens: number): void {
  if (demo?.failAfter !== tokens) return
  throw new SluiceError('SLUICE_ERR_BACKEND', `The demo runner failed after ${tokens} tokens, as it was asked to.`)
}
