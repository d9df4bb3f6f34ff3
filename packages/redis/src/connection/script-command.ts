import { setTimeout as sleep } from 'node:timers/promises'

import type { Cluster, Redis } from 'ioredis'

import type { ChannelMode } from '../protocol/channel-mode.ts'
import { answerIn } from '../protocol/correlation.ts'
import type { Script } from '../protocol/scripts.ts'
import type { OutstandingCommand } from './outstanding-commands.ts'

/** Arguments of a command: everything is text for Redis. */
export type Argument = string | number

/** What a command is made of. */
export type CommandParts = Pick<OutstandingCommand, 'once' | 'send' | 'retry' | 'refused' | 'read'>

/** One run of a script. */
export interface ScriptRun {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly Argument[]
  readonly channels: ChannelMode
  readonly id: string
}

/** How long a cluster's nodes may take to tell each other who owns a slot. */
const MOVED_PAUSE_MS = 50

/**
 * Whether the slot of a key belongs to another node by now. ioredis goes there by itself, but for commands that it had sent in one
 * piece with others.
 */
export function hasMoved(message: string): boolean {
  return message.startsWith('MOVED ')
}

/** The command that runs a script: by its hash while Redis knows it, and without what a cluster is moving. */
export function scriptCommand(client: Redis | Cluster, { script, keys, args, channels, id }: ScriptRun): CommandParts {
  const { texts, once = false, essentialKeys = keys.length } = script
  const { lua, sha } = texts[channels]
  return {
    once,
    send: () => client.evalsha(sha, keys.length, ...keys, ...args, id),
    retry: (message) => {
      if (hasMoved(message))
        return () => sleep(MOVED_PAUSE_MS).then(() => client.eval(lua, keys.length, ...keys, ...args, id))
      if (message.startsWith('NOSCRIPT')) return () => client.eval(lua, keys.length, ...keys, ...args, id)
      if (!message.startsWith('TRYAGAIN') || essentialKeys === keys.length) return undefined
      return () => client.eval(lua, essentialKeys, ...keys.slice(0, essentialKeys), ...args, id)
    },
    read: (reply) => answerIn(reply, id),
  }
}
