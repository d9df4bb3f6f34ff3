import { check, RUNS } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { DocumentStore, DocumentWrite } from '../../../src/index.ts'
import { inOrder, ModelDocuments } from './model.ts'
import type { DocumentStoreDriver, OpenedDocuments } from './rig.ts'
import { arbitrarySteps, IDS, KINDS, SCOPES, STATES, type Step } from './steps.ts'

/** So many come to everything. */
const ENOUGH_RUNS = 50

function expectSame(found: unknown, expected: unknown): void {
  expect(found).toEqual(expected)
}

/** One run: a store and the model beside it. */
class Run {
  readonly #opened: OpenedDocuments
  readonly #model: ModelDocuments
  readonly #isExact: boolean
  /** What happened: a run without it says nothing of it. */
  readonly #seen: Set<string>
  store: DocumentStore

  constructor(opened: OpenedDocuments, isExact: boolean, seen: Set<string>) {
    this.#opened = opened
    this.#model = new ModelDocuments(isExact)
    this.#isExact = isExact
    this.#seen = seen
    this.store = opened.store
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.#write(step)
      case 'claim': {
        const { do: _, ...options } = step
        const answer = await this.store.claim(options)
        expectSame(this.#model.claim(options, answer), undefined)
        if (answer.length > 0) this.#seen.add('claimed')
        return
      }
      case 'renew': {
        const lease = (this.#model.read(step)?.lease ?? 1) - step.back
        const is = this.#model.renew(step, lease, step.leaseMs)
        expectSame(await this.store.renew(step, lease, step.leaseMs), is)
        if (is) this.#seen.add('renewed')
        return
      }
      case 'list': {
        const { do: _, ...options } = step
        expectSame(await this.store.list(options), this.#model.list(options))
        return
      }
      case 'pass':
        await this.#opened.passMs(step.ms)
        this.#model.nowMs += step.ms
        return
      case 'restart':
        await this.store.close()
        this.store = await this.#opened.reopen!()
        return
    }
  }

  async #write({ writes, bound }: Step & { do: 'write' }): Promise<void> {
    const given = writes.map(({ off, ...write }): DocumentWrite => {
      const version = this.#model.read(write)?.version ?? 0
      return { ...write, after: Math.max(0, version + off) }
    })
    const isNew = given.filter((write) => !this.#model.read(write) && write.value !== undefined)
    const written = this.#model.write(given, bound ? [bound] : [])
    expectSame(await this.store.write(given, bound && [bound]), written)
    this.#seen.add(written.is)
    if (written.is !== 'ok') return
    for (const name of isNew) {
      const stored = await this.store.read(name)
      if (stored) this.#model.created(stored)
    }
  }

  /** All that there is to be seen is as the model has it. */
  async compare(): Promise<void> {
    const found: unknown[] = []
    const expected: unknown[] = []
    for (const kind of KINDS) {
      for (const id of IDS) {
        const stored = await this.store.read({ kind, id })
        found.push(stored && inOrder(stored))
        expected.push(this.#model.read({ kind, id }))
      }
      for (const state of STATES) {
        for (const scope of [undefined, ...SCOPES]) {
          found.push(await this.store.count(kind, { scope, state }))
          expected.push(this.#model.count(kind, { scope, state }))
        }
        found.push(this.#inTime(await this.store.nextDueInMs(kind, [state])))
        expected.push(this.#inTime(this.#model.nextDueInMs(kind, [state])))
      }
      for (const scope of SCOPES) {
        const asked = { kind, scope, limit: 100 }
        found.push(await this.store.list(asked))
        expected.push(this.#model.list(asked))
      }
    }
    // Once for all: it is what a run takes its time for.
    expectSame(found, expected)
  }

  #inTime(ms: number | undefined): number | 'later' | undefined {
    return this.#isExact || ms === undefined || ms === 0 ? ms : 'later'
  }
}

/** After how many steps all is compared: what differs once, differs later too, mostly. */
const COMPARE_EVERY = 5

export function describeModel(driver: DocumentStoreDriver): void {
  test('whatever is written, claimed, renewed and forgotten, all is as in the model', async () => {
    const seen = new Set<string>()
    const isExact = driver.time === 'virtual'
    const property = fc.asyncProperty(arbitrarySteps(driver), async (steps) => {
      const opened = await driver.open()
      const run = new Run(opened, isExact, seen)
      try {
        for (const [index, step] of steps.entries()) {
          await run.step(step)
          if (index % COMPARE_EVERY === 0) await run.compare()
        }
        await run.compare()
      } finally {
        await run.store.close()
        await opened.close?.()
      }
    })
    const numRuns = driver.runs ?? RUNS
    await check(property, { numRuns })
    // Few runs come to few of these.
    if (numRuns < ENOUGH_RUNS) return
    for (const what of ['ok', 'conflict', 'full', 'claimed', 'renewed']) expect(seen).toContain(what)
  })
}
