import type { ChatBody } from './chat-body.ts'
import { PASSAGE_NAMES, type PassageName } from './passages.ts'
import type { Token } from './tokenizer.ts'
import { textOf } from './prompt-tokens.ts'

/** How each script is known; the first that matches counts, and what matches none is answered in English. */
const SCRIPTS: readonly [PassageName, RegExp][] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['ko', /\p{Script=Hangul}/u],
  ['zh', /\p{Script=Han}/u],
  ['ru', /\p{Script=Cyrillic}/u],
  ['el', /\p{Script=Greek}/u],
  ['ar', /\p{Script=Arabic}/u],
  ['hi', /\p{Script=Devanagari}/u],
  ['th', /\p{Script=Thai}/u],
  ['de', /[äöüß]/i],
  ['en', /\p{Letter}/u],
  ['emoji', /\p{Extended_Pictographic}/u],
]

/** So much of a prompt is looked at. */
const READ_CHARACTERS = 2_000

/** The passage that a question is answered with: in its own script. Further choices get those that come after it. */
export function passageFor({ messages }: ChatBody, choice: number): PassageName {
  const asked = messages.findLast(({ role }) => role === 'user')
  const text = textOf(asked?.content).slice(0, READ_CHARACTERS)
  const name = SCRIPTS.find(([, script]) => script.test(text))?.[0] ?? 'en'
  const index = (PASSAGE_NAMES.indexOf(name) + choice) % PASSAGE_NAMES.length
  return PASSAGE_NAMES[index] ?? name
}

/** As long as somebody waits who wanted to see whether it works: some four seconds at the usual pace. */
const SHORT_TOKENS = 100
const SENTENCE_END = /[.!?。！？।\n]["”»)]*\s*$/

/** How many tokens of a passage are a short answer: whole sentences, where there are any. */
export function shortLength(tokens: readonly Token[]): number {
  const end = tokens.slice(0, SHORT_TOKENS).findLastIndex(({ text, whole }) => whole && SENTENCE_END.test(text))
  return end === -1 ? Math.min(SHORT_TOKENS, tokens.length) : end + 1
}
