import fc from 'fast-check'
import { check, RUNS } from '@sluice/testing'
import { afterEach, describe, expect, test } from 'vitest'

import type { FileStore } from '../../../../src/batch.ts'

/** A store that is empty, and how it is opened again: as after a crash, what it had is still there. */
export interface FileStoreRig {
  readonly open: () => FileStore
}

let count = 0
const newName = (): string => `file-${process.pid}-${count++}`

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

export async function whole(store: FileStore, name: string, range?: { from?: number; to?: number }): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of store.read(name, range)) parts.push(part)
  return Buffer.concat(parts)
}

/** What every store of files must do. */
export function fileStoreSuite(title: string, rig: FileStoreRig): void {
  describe(`the store of files in ${title}`, () => {
    const opened: FileStore[] = []
    const open = (): FileStore => {
      const store = rig.open()
      opened.push(store)
      return store
    }
    afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))

    test('a file has the bytes that came, wherever they were cut, and any range of them', async () => {
      const store = open()
      const sizes = [0, 1, 65_535, 65_536, 524_288, 524_289, 1_200_000]
      const part = fc.constantFrom(...sizes).map((size) => Buffer.alloc(size, `${size}-`))
      await check(
        fc.asyncProperty(fc.array(part, { maxLength: 3 }), fc.nat(), fc.nat(), async (parts, one, other) => {
          const name = newName()
          const all = Buffer.concat(parts)
          expect(await store.create(name, pieces(...parts))).toBe(all.length)
          expect(await store.size(name)).toBe(all.length)
          expect((await whole(store, name)).equals(all)).toBe(true)
          const from = one % (all.length + 1)
          const to = other % (all.length + 10)
          expect((await whole(store, name, { from, to })).equals(all.subarray(from, Math.max(from, to)))).toBe(true)
          await store.remove(name)
          expect(await store.size(name)).toBeUndefined()
        }),
        { numRuns: Math.ceil(RUNS / 50) },
      )
    })

    test('a piece is asked for once the one before is written, and a file whose bytes end in an error is not there', async () => {
      const store = open()
      const name = newName()
      async function* cut(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(600_000, 'a')
        expect(await store.size(name)).toBeUndefined()
        throw new Error('The client has left.')
      }
      await expect(store.create(name, cut())).rejects.toThrow('The client has left.')
      expect(await store.size(name)).toBeUndefined()
      await expect(whole(store, name)).rejects.toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND' })
      expect(await store.create(name, pieces(bytesOf('b')))).toBe(1)
      expect(String(await whole(store, name))).toBe('b')
    })

    test('pieces go to the ends of several files, or to none when one of them is not as long as said', async () => {
      const step = fc.record({
        at: fc.constantFrom('right', 'before', 'behind'),
        one: fc.nat(700_000),
        other: fc.nat(700_000),
        synced: fc.boolean(),
        opened: fc.boolean(),
      })
      await check(
        fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
          const group = newName()
          const [one, other] = [`${group}.output`, `${group}.errors`]
          let store = open()
          let [first, second] = [Buffer.alloc(0), Buffer.alloc(0)]
          for (const { at, one: more, other: rest, synced, opened } of steps) {
            if (opened) {
              await store.close()
              store = open()
            }
            const off = at === 'right' ? 0 : at === 'before' ? -1 : 1
            const added = [Buffer.alloc(more, `${more}.`), Buffer.alloc(rest, `${rest},`)] as const
            const done = await store.append([
              { name: one, at: first.length, bytes: added[0] },
              { name: other, at: Math.max(0, second.length + off), bytes: added[1] },
            ])
            expect(done).toBe(Math.max(0, second.length + off) === second.length)
            if (synced) await store.sync([one, other, `${group}.never`])
            if (!done) continue
            first = Buffer.concat([first, added[0]])
            second = Buffer.concat([second, added[1]])
          }
          if (steps.length === 0) return
          expect((await store.size(one)) ?? 0).toBe(first.length)
          if (first.length > 0) expect((await whole(store, one)).equals(first)).toBe(true)
          if (second.length > 0) expect((await whole(store, other)).equals(second)).toBe(true)
          await Promise.all([store.remove(one), store.remove(other)])
        }),
        { numRuns: Math.ceil(RUNS / 50) },
      )
    })

    test('of several who append at one place one has its way', async () => {
      const store = open()
      const name = newName()
      const answers = await Promise.all(
        ['a', 'b', 'c'].map((text) => store.append([{ name, at: 0, bytes: bytesOf(text) }])),
      )
      expect(answers.filter(Boolean)).toHaveLength(1)
      expect(await store.size(name)).toBe(1)
    })

    test('what is truncated is gone, and what is appended then comes in its place', async () => {
      const store = open()
      for (const [size, kept] of [
        [1_200_000, 600_000],
        [1_200_000, 524_288],
        [10, 0],
      ] as const) {
        const name = newName()
        await store.append([{ name, at: 0, bytes: Buffer.alloc(size, 'a') }])
        await store.truncate(name, kept)
        expect(await store.size(name)).toBe(kept)
        expect(await store.append([{ name, at: kept, bytes: bytesOf('end') }])).toBe(true)
        expect(String(await whole(store, name))).toBe(`${'a'.repeat(kept)}end`)
      }
    })

    test('removing is done once, and again does nothing', async () => {
      const store = open()
      const name = newName()
      await store.create(name, pieces(bytesOf('a')))
      await store.append([{ name, at: 1, bytes: bytesOf('b') }])
      await store.remove(name)
      await store.remove(name)
      expect(await store.size(name)).toBeUndefined()
      expect(await store.append([{ name, at: 0, bytes: bytesOf('c') }])).toBe(true)
      expect(String(await whole(store, name))).toBe('c')
    })

    test.each(['', '../a', 'a/b', 'a.b.c', 'a.OUT', '~a', 'a'.repeat(65)])('%j is no name', async (name) => {
      const store = open()
      await expect(store.create(name, pieces())).rejects.toMatchObject({ code: 'SLUICE_ERR_OPTION' })
      await expect(store.append([{ name, at: 0, bytes: bytesOf('a') }])).rejects.toMatchObject({
        code: 'SLUICE_ERR_OPTION',
      })
    })
  })
}
