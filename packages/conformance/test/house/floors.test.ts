import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { importGraph, PACKAGES, ROOT } from './imports.ts'

/**
 * The floors of each house, from the top: a folder imports from its own floor only what is in itself, and else from
 * floors below. `.` is the files beside the folders. Names on one line share a floor and do not import each other.
 */
const FLOORS: Record<string, readonly string[]> = {
  'packages/core/src': [
    '.',
    'sluice',
    'producer',
    'source',
    'reader',
    'chunking',
    'wire',
    'store',
    'log',
    'observe',
    'access',
    'events',
    'clock',
  ],
  'packages/redis/src': [
    '.',
    'upkeep',
    'producing',
    'replica',
    'commands',
    'context',
    'start-up',
    'connection',
    'protocol',
  ],
  'packages/sqlite/src': ['.', 'upkeep', 'producing', 'kept', 'context', 'records', 'file'],
  'packages/jobs/src': ['.', 'http', 'batch webhooks', 'jobs', 'memory sqlite bullmq', 'queue', 'documents job'],
  'packages/jobs/src/webhooks': ['.', 'api worker', 'outbox', 'record context', 'sending', 'address signature machine'],
  'packages/jobs/src/batch': ['http', 'engine', 'asking', 'state', 'files', 'lines rate'],
  'packages/http/src': ['.', 'resource chat', 'reading', 'response', 'request'],
  'packages/gateway/src': [
    '.',
    'demo-tour',
    'serve batch-command',
    'engine',
    'jobs',
    'asking passing watching page',
    'door',
    'upstream',
    'log',
    'demo-runner',
    'options',
  ],
  'packages/websocket/src': ['.', 'session chat', 'handshake', 'message'],
  'packages/grpc/src': ['.', 'call', 'service', 'message', 'gen'],
  'packages/sse/src': ['.', 'node', 'response', 'wire', 'parser'],
  'packages/wires/src': ['.', 'sdk', 'openai-responses anthropic ai-sdk', 'openai', 'blocks backend', 'json'],
  'packages/wires/src/backend': ['.', 'error'],
  'packages/wires/src/openai': ['encoder source', 'format'],
  'packages/client/src': ['.', 'paint chat', 'stream', 'link buffer', 'machine', 'clock', 'errors'],
  'packages/simulator/src': ['.', 'world', 'client network', 'trace'],
  'packages/page/src': ['.', 'compare second live batches policies', 'chart', 'panes', 'network server', 'dom'],
  'packages/express/src': ['.'],
  'packages/fastify/src': ['.'],
  'packages/hono/src': ['.'],
  'packages/next/src': ['.'],
  'packages/rxjs/src': ['.', 'operators', 'observable'],
  'packages/testing/src': ['.', 'redis proxy', 'chaos', 'arbitrary', 'sink', 'source', 'runtime', 'patience'],
  'packages/testing/src/redis': ['group', 'server replies'],
  'packages/conformance/src': ['.', 'transport store sink integration', 'decoders', 'sse'],
  'packages/conformance/src/decoders': ['.', 'originals cases', 'rig'],
  'packages/conformance/src/transport': ['.', 'cases', 'rig'],
  'packages/conformance/src/integration': ['.', 'cases', 'rig'],
  'packages/conformance/src/store': ['.', 'cases', 'rig'],
  bench: [
    '.',
    'test',
    'report',
    'soak rows simulator',
    'trials',
    'batches lines',
    'stores steps pages hops',
    'load',
    'contestants',
    'traffic',
    'process peers',
  ],
  'bench/rows': ['.', 'redis socket steps pages wires versus batch', 'http'],
  'bench/simulator': ['.', 'report real', 'matrix', 'network trace'],
  'bench/contestants': ['peers', 'grpc websocket frameworks ai-sdk', '.'],
}

const MOST_FILES = 16
/** What a folder holds beside its modules. */
const NO_MODULES = ['node_modules', 'dist', 'results', '.artifacts']

/** The folder directly below the house that a file is in. */
function roomOf(file: string): string {
  const [first = ''] = file.split('/')
  return file.includes('/') ? first : '.'
}

function floorsOf(house: string): Map<string, number> {
  return new Map(FLOORS[house]!.flatMap((floor, index) => floor.split(' ').map((room) => [room, index] as const)))
}

/** The first circle found among the files of a house, as the path that closes it. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const target of graph.get(file) ?? []) {
      const circle = visit(target, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}

function foldersBelow(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NO_MODULES.includes(entry.name))
    .map(({ name }) => name)
  return [folder, ...names.flatMap((name) => foldersBelow(join(folder, name)))]
}

test('a circle is found, and a tree has none', () => {
  const tree = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d']],
    ['d', []],
  ])
  expect(circleIn(tree)).toBeUndefined()
  expect(circleIn(new Map([...tree, ['d', ['a']]]))).toEqual(['a', 'b', 'd', 'a'])
})

describe.each(Object.keys(FLOORS))('the floors of %s', (house) => {
  const graph = importGraph(join(ROOT, house))
  const floors = floorsOf(house)

  test('every folder has its floor', () => {
    expect([...new Set([...graph.keys()].map(roomOf))].filter((room) => !floors.has(room))).toEqual([])
  })

  test('every floor has its folder', () => {
    expect([...floors.keys()].filter((room) => room !== '.' && ![...graph.keys()].map(roomOf).includes(room))).toEqual(
      [],
    )
  })

  test('no import runs upward, or across to another folder of the floor', () => {
    const wrong = [...graph].flatMap(([file, targets]) =>
      targets
        .filter((target) => roomOf(target) !== roomOf(file))
        .filter((target) => floors.get(roomOf(target))! <= floors.get(roomOf(file))!)
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong.join('\n')).toBe('')
  })

  test('has no circle', () => {
    expect(circleIn(graph)?.join(' → ')).toBeUndefined()
  })
})

const packages = readdirSync(PACKAGES).map((name) => join('packages', name, 'src'))

test('every package of more than one folder has its floors in the table', () => {
  const houses = packages.filter((house) => foldersBelow(join(ROOT, house)).length > 1)
  expect(houses.filter((house) => !(house in FLOORS))).toEqual([])
})

test.each([...packages, 'bench'])(`no folder of %s holds more than ${MOST_FILES} files`, (house) => {
  const crowded = foldersBelow(join(ROOT, house)).filter(
    (folder) =>
      !folder.includes('/src/gen') &&
      readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
        .length > MOST_FILES,
  )
  expect(crowded.map((folder) => folder.slice(dirname(ROOT).length))).toEqual([])
})
