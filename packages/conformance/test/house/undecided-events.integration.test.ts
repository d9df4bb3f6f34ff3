import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { PACKAGES, ROOT } from './imports.ts'

/** Where it matters which type an event has: each of these must be told of a new one. */
const DECIDE_ON_TYPE = [
  'client/src/link/connect/connect-event.ts',
  'client/src/link/native-message.ts',
  'core/src/events/event-kind.ts',
  'core/src/events/source-event.ts',
  'core/src/log/log-summary.ts',
  'core/src/wire/native-json.ts',
  'grpc/src/message/event-encoder.ts',
  'grpc/src/message/event-message.ts',
  'redis/src/protocol/chunk-codec.ts',
  'rxjs/src/operators/accumulate.ts',
  'sse/src/wire/native-wire.ts',
  'testing/src/source/source-events.ts',
  'websocket/src/message/native-ws-wire.ts',
  'wires/src/openai/encoder/chat-collector.ts',
]
/** Where it matters besides, when the new type is part of a choice, and when it is said of the answer as a whole. */
const DECIDE_IN_A_CHOICE = [
  'core/src/events/resume-state.ts',
  'wires/src/blocks/answer-blocks.ts',
  'wires/src/openai/encoder/chat-delta.ts',
]
const DECIDE_IN_AN_ANSWER = [
  'wires/src/ai-sdk/encoder/ui-parts.ts',
  'wires/src/anthropic/encoder/message-answer.ts',
  'wires/src/openai-responses/encoder/response-answer.ts',
  'wires/src/openai/encoder/chat-encoder.ts',
]
/** Where it matters which phase of a tool call an event is. */
const DECIDE_ON_PHASE = [
  'core/src/events/event-kind.ts',
  'core/src/events/resume-state.ts',
  'core/src/events/source-event.ts',
  'grpc/src/message/event-message.ts',
  'rxjs/src/operators/accumulate.ts',
  'testing/src/source/source-events.ts',
  'wires/src/blocks/answer-blocks.ts',
  'wires/src/openai/encoder/chat-collector.ts',
  'wires/src/openai/encoder/chat-delta.ts',
]

/** A place in the source of core, and what is put there. */
interface Change {
  file: string
  before: string
  after: string
}

const CITATION: Change = {
  file: 'core/src/events/event.ts',
  before: '  | FinishEvent\n',
  after: `  | FinishEvent | CitationEvent
export interface CitationEvent extends EventOptions { type: 'citation'; url: string }
`,
}
const OF_THE_ANSWER: Change = {
  file: 'core/src/events/event-kind.ts',
  before: 'export type AnswerEvent =',
  after: `import type { CitationEvent } from './event.ts'\nexport type AnswerEvent = CitationEvent |`,
}
const PROGRESS: Change = {
  file: 'core/src/events/event.ts',
  before: '| ToolErrorEvent\n',
  after: `| ToolErrorEvent | ToolProgressEvent
export interface ToolProgressEvent extends EventOptions { type: 'tool'; phase: 'progress'; id: string }
`,
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-events-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a type of event that is added does not compile before every wire, codec and transport has said what it does with it', async () => {
  expect(await complaintsAfter(CITATION)).toEqual([...DECIDE_ON_TYPE, ...DECIDE_IN_A_CHOICE].toSorted())
})

test('neither does one that is said of the answer as a whole', async () => {
  expect(await complaintsAfter(CITATION, OF_THE_ANSWER)).toEqual([...DECIDE_ON_TYPE, ...DECIDE_IN_AN_ANSWER].toSorted())
})

test('neither does a phase of a tool call', async () => {
  expect(await complaintsAfter(PROGRESS)).toEqual(DECIDE_ON_PHASE)
})

/** The files of all packages that the compiler complains of when this is changed in a copy of them. */
async function complaintsAfter(...changes: readonly Change[]): Promise<string[]> {
  const copy = mkdtempSync(join(folder, 'packages-'))
  const names = readdirSync(PACKAGES)
  for (const name of names) {
    mkdirSync(join(copy, name))
    cpSync(join(PACKAGES, name, 'src'), join(copy, name, 'src'), { recursive: true })
    cpSync(join(PACKAGES, name, 'package.json'), join(copy, name, 'package.json'))
    symlinkSync(join(PACKAGES, name, 'node_modules'), join(copy, name, 'node_modules'))
  }
  for (const { file, before, after } of changes) {
    const parts = readFileSync(join(copy, file), 'utf8').split(before)
    expect(parts, `${file} has the place that is to be changed`).toHaveLength(2)
    writeFileSync(join(copy, file), parts.join(after))
  }
  writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(configOf(names)))
  const output = await compile(copy)
  return [...new Set(output.matchAll(/^(\S+)\(\d+,\d+\): error /gm).map(([, path]) => path!))].toSorted()
}

/** All packages in one program, each seen by the others in this copy. */
function configOf(names: readonly string[]): object {
  return {
    extends: join(ROOT, 'tsconfig.noemit.json'),
    compilerOptions: {
      lib: ['esnext', 'dom', 'dom.iterable', 'dom.asynciterable'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      paths: Object.fromEntries(names.flatMap(sourcesOf)),
    },
    include: names.map((name) => `${name}/src`),
  }
}

/** The sources of a package's doors, by the names they are imported under. */
function sourcesOf(name: string): [specifier: string, sources: string[]][] {
  const manifest = readFileSync(join(PACKAGES, name, 'package.json'), 'utf8')
  const { exports } = JSON.parse(manifest) as { exports: Record<string, string | Record<string, string>> }
  return Object.entries(exports).flatMap(([door, target]) =>
    typeof target === 'string' ? [] : [[`@sluice/${name}${door.slice(1)}`, [`./${name}/${target['@sluice/source']}`]]],
  )
}

function compile(project: string): Promise<string> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: project }, (_, output) =>
      resolve(output),
    )
  })
}
