import { Scheduler } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { storeError } from '../../src/connection/store-error.ts'
import type { ChannelMode } from '../../src/protocol/channel-mode.ts'
import { Keys } from '../../src/protocol/keys.ts'
import { type WakeUpParts, WakeUps } from '../../src/start-up/wake-ups.ts'

const COMMAND_MS = 1_000

/** A cluster that hears a word, keeps it back, denies the way, or does not answer. */
type Answer = 'heard' | 'silent' | 'denied' | 'gone'

class Scene {
  readonly runtime = createVirtualRuntime()
  readonly answers: Record<ChannelMode, Answer>
  readonly warnings: string[] = []
  readonly used: ChannelMode[] = []
  readonly wakeUps: WakeUps
  readonly #parts: WakeUpParts

  constructor(sharded: Answer, plain: Answer) {
    this.answers = { sharded, plain, none: 'gone' }
    const subscriptions = {
      onWord: (_word: string) => {},
      ownChannel: (mode: ChannelMode) => mode,
      use: (mode: ChannelMode) => {
        this.used.push(mode)
        return Promise.resolve()
      },
    }
    const tryOut = (
      _script: unknown,
      _keys: unknown,
      [, word]: [string, string],
      mode: ChannelMode,
    ): Promise<unknown> => {
      const answer = this.answers[mode]
      const cause = answer === 'denied' ? Object.assign(new Error('NOPERM'), { name: 'ReplyError' }) : undefined
      if (answer === 'denied' || answer === 'gone') return Promise.reject(storeError('it failed', cause))
      if (answer === 'heard') queueMicrotask(() => subscriptions.onWord(word))
      return Promise.resolve(1)
    }
    const options = {
      commandMs: COMMAND_MS,
      lookEveryMs: 1,
      prefix: '',
      onWarning: (it: string) => this.warnings.push(it),
    }
    const connection = { sharded: true, channels: 'sharded', tryOut }
    const scheduler = new Scheduler(this.runtime, false)
    const parts = { connection, subscriptions, options, scheduler, keys: new Keys(''), instance: 'here' }
    this.#parts = parts as unknown as WakeUpParts
    this.wakeUps = new WakeUps(this.#parts)
  }

  /** How it wakes others then, and whether it is woken. */
  async established(): Promise<readonly [ChannelMode, 'deaf' | 'woken']> {
    const established = this.wakeUps.establish().catch(() => {})
    await this.runtime.advance(3 * COMMAND_MS)
    await established
    return [this.#parts.connection.channels, this.wakeUps.isDeaf ? 'deaf' : 'woken']
  }
}

test.for([
  ['heard', 'heard', 'sharded', 'woken'],
  ['denied', 'heard', 'plain', 'woken'],
  ['denied', 'denied', 'none', 'deaf'],
  ['denied', 'silent', 'plain', 'deaf'],
  ['silent', 'heard', 'sharded', 'deaf'],
] as const)(
  'sharded channels are %s, those of the whole cluster %s: %s, and %s',
  async ([sharded, plain, mode, is]) => {
    expect(await new Scene(sharded, plain).established()).toEqual([mode, is])
  },
)

test('a process that hears nothing for a while does not leave the way that all others go', async () => {
  const scene = new Scene('heard', 'heard')
  await scene.established()
  scene.answers.sharded = 'silent'
  expect(await scene.established()).toEqual(['sharded', 'deaf'])
  scene.answers.sharded = 'gone'
  expect(await scene.established()).toEqual(['sharded', 'deaf'])
  scene.answers.sharded = 'heard'
  expect(await scene.established()).toEqual(['sharded', 'woken'])
  expect(new Set(scene.used)).toEqual(new Set(['sharded']))
  expect(scene.warnings).toEqual([expect.stringContaining('does not wake'), 'Redis wakes this process again.'])
})
