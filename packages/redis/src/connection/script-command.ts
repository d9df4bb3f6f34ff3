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

/** The command that runs a script: by its hash while Redis knows it, and without what a cluster is moving. */
export function scriptCommand(client: Redis | Cluster, { script, keys, args, channels, id }: ScriptRun): CommandParts {
  const { texts, once = false, essentialKeys = keys.length } = script
  const { lua, sha } = texts[channels]
  return {
    once,
    send: () => client.evalsha(sha, keys.length, ...keys, ...args, id),
    retry: (message) => {
      if (message.startsWith('NOSCRIPT')) return () => client.eval(lua, keys.length, ...keys, ...args, id)
      if (!message.startsWith('TRYAGAIN') || essentialKeys === keys.length) return undefined
      return () => client.eval(lua, essentialKeys, ...keys.slice(0, essentialKeys), ...args, id)
    },
    read: (reply) => answerIn(reply, id),
  }
}
