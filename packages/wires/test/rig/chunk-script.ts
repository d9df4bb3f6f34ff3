import type { Json } from '@sluice/core'
import * as fc from 'fast-check'

/** Where in a chunk a member stands. */
export type Level = 'chunk' | 'choice' | 'delta' | 'tool' | 'function'

/** A member of a chunk that nobody models. */
export interface OddMember {
  readonly level: Level
  readonly name: string
  readonly value: Json
}

/** What one chunk of a backend's says. */
export interface ScriptedChunk {
  readonly choices: readonly ScriptedChoice[]
  readonly members: readonly OddMember[]
  readonly usage: boolean
}

export interface ScriptedChoice {
  readonly index: number
  readonly said: 'nothing' | 'empty' | 'text' | 'reasoning' | 'call' | 'finish'
  readonly members: readonly OddMember[]
}

const NAMES = ['audio', 'images', 'reasoning_details', 'prompt_progress', 'x_groq', '__proto__', 'constructor', 'name']
/** Shapes of a value; `TAG` becomes something that occurs nowhere else. */
const SHAPES: readonly ((tag: string) => Json)[] = [
  (tag) => tag,
  (tag) => [tag],
  (tag) => [{ text: tag, index: 0 }, null],
  (tag) => ({ data: tag, id: 'same' }),
  (tag) => ({ deep: { deeper: [[tag], { a: null, b: true, c: 1.5 }] } }),
  (tag) => Number(tag.slice(1)) + 0.5,
]

const member = (levels: readonly Level[]): fc.Arbitrary<OddMember> =>
  fc
    .record({ level: fc.constantFrom(...levels), name: fc.constantFrom(...NAMES), shape: fc.nat(SHAPES.length - 1) })
    .map(({ level, name, shape }) => ({ level, name, value: shape }))

const choice: fc.Arbitrary<ScriptedChoice> = fc.record({
  index: fc.nat(2),
  said: fc.constantFrom('nothing', 'empty', 'text', 'text', 'reasoning', 'call', 'finish'),
  members: fc.array(member(['choice', 'delta', 'delta', 'tool', 'function']), { maxLength: 3 }),
})

const chunk: fc.Arbitrary<ScriptedChunk> = fc.record({
  choices: fc.uniqueArray(choice, { maxLength: 2, selector: ({ index }) => index }),
  members: fc.array(member(['chunk']), { maxLength: 2 }),
  usage: fc.integer({ min: 0, max: 5 }).map((draw) => draw === 0),
})

/** Chunks in which every member that nobody models has a value of its own. The first makes the answer begin. */
export const chunkScript: fc.Arbitrary<ScriptedChunk[]> = fc
  .array(chunk, { maxLength: 12 })
  .map((chunks) =>
    withTags([{ choices: [{ index: 0, said: 'text', members: [] }], members: [], usage: false }, ...chunks]),
  )

function withTags(chunks: readonly ScriptedChunk[]): ScriptedChunk[] {
  let tags = 0
  const tagged = (members: readonly OddMember[], fits: (of: OddMember) => boolean): OddMember[] => {
    const names = new Set<string>()
    const own = members.filter((of) => fits(of) && !names.has(of.level + of.name) && names.add(of.level + of.name))
    return own.map((of) => ({ ...of, value: SHAPES[of.value as number]!(`t${++tags}`) }))
  }
  return chunks.map(({ choices, members, usage }) => ({
    choices: choices.map((one) => ({
      ...one,
      members: tagged(one.members, ({ level, name }) =>
        level === 'tool' || level === 'function'
          ? one.said === 'call' && !(level === 'function' && name === 'name')
          : true,
      ),
    })),
    members: tagged(members, () => true),
    usage,
  }))
}

/** The chunk as JSON text; each call has an id of its own. */
export function chunkText({ choices, members, usage }: ScriptedChunk, position: number): string {
  const of = (all: readonly OddMember[], level: Level): string[] =>
    all.filter((one) => one.level === level).map((one) => `${JSON.stringify(one.name)}:${JSON.stringify(one.value)}`)
  const object = (...parts: readonly string[]): string => `{${parts.filter((part) => part !== '').join(',')}}`
  const texts = choices.map(({ index, said, members: own }) => {
    const call = object(
      `"index":${position},"id":"call_${position}_${index}","type":"function"`,
      `"function":${object('"name":"f","arguments":"{\\"a\\":1}"', ...of(own, 'function'))}`,
      ...of(own, 'tool'),
    )
    const delta = {
      nothing: '',
      empty: '"role":"assistant","content":""',
      text: `"content":"text ${position}"`,
      reasoning: `"reasoning_content":"thought ${position}"`,
      call: `"tool_calls":[${call}]`,
      finish: '',
    }[said]
    const finish = said === 'finish' ? '"finish_reason":"stop"' : '"finish_reason":null'
    return object(`"index":${index}`, `"delta":${object(delta, ...of(own, 'delta'))}`, ...of(own, 'choice'), finish)
  })
  const counted = usage ? `"usage":{"completion_tokens":${position}}` : ''
  return object(
    '"id":"c","object":"chat.completion.chunk"',
    `"choices":[${texts.join(',')}]`,
    ...of(members, 'chunk'),
    counted,
  )
}

/** Where each member of a chunk is expected, in words: which choice, which level, which name, which value. */
export function expectedOf({ choices, members }: ScriptedChunk): string[] {
  const all = [
    ...members.map((of) => placeOf(undefined, of)),
    ...choices.flatMap(({ index, members: own }) => own.map((of) => placeOf(index, of))),
  ]
  return all.toSorted()
}

export function placeOf(choice: number | undefined, { level, name, value }: OddMember): string {
  return `${choice ?? '-'} ${level} ${name} ${JSON.stringify(value)}`
}
