import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { type ChannelMode, PUBLISHING } from './channel-mode.ts'
import { correlated } from './correlation.ts'

/** What Redis is given of a script. */
export interface ScriptText {
  readonly lua: string
  readonly sha: string
}

/** One of the scripts in `lua/`, correlated: what it takes and returns stands in its head. */
export interface Script extends ScriptText {
  readonly name: string
  /** By the way in which it wakes others; the script itself is the plain one. */
  readonly texts: Readonly<Record<ChannelMode, ScriptText>>
  /**
   * How many of its keys it cannot do without. While a cluster moves a slot, it refuses a command that names a key which
   * does not exist, and the keys beside a stream need not exist.
   */
  readonly essentialKeys?: number | undefined
  /**
   * True where it is not asked again when another command's reply came in place of its own: by then it would undo something
   * newer, or take something once more.
   */
  readonly once?: boolean | undefined
}

/** Keys of the scripts. */
export type ScriptName =
  | 'begin'
  | 'append'
  | 'close'
  | 'readRecord'
  | 'renew'
  | 'present'
  | 'takeOver'
  | 'erase'
  | 'send'
  | 'takeMessages'
  | 'grant'
  | 'readPointer'
  | 'claim'
  | 'withdraw'
  | 'watch'
  | 'unwatch'
  | 'takeDue'
  | 'confirm'
  | 'trim'
  | 'settled'
  | 'agree'
  | 'check'
  | 'say'

/** The scripts by name. */
export const SCRIPTS: Readonly<Record<ScriptName, Script>> = {
  begin: load('begin'),
  append: load('append', 'head'),
  close: { ...load('close'), essentialKeys: 2 },
  readRecord: { ...load('read-record'), essentialKeys: 2 },
  renew: { ...load('renew'), essentialKeys: 2 },
  present: { ...load('present'), once: true },
  takeOver: { ...load('take-over'), once: true },
  erase: load('erase'),
  send: load('send'),
  takeMessages: load('take-messages'),
  grant: { ...load('grant'), once: true },
  readPointer: load('read-pointer'),
  claim: load('claim'),
  withdraw: load('withdraw'),
  watch: load('watch'),
  unwatch: load('unwatch'),
  takeDue: { ...load('take-due'), once: true },
  confirm: load('confirm'),
  trim: { ...load('trim', 'head'), once: true },
  settled: load('settled'),
  agree: load('agree'),
  check: load('check'),
  say: load('say'),
}

/** `beginning`: a file whose functions the script calls. */
function load(name: string, beginning?: string): Script {
  const body = fileOf(name)
  const prelude = beginning ? fileOf(beginning) : ''
  const text = (mode: ChannelMode): ScriptText => textOf(body, prelude, mode)
  const plain = text('plain')
  return { name, ...plain, texts: { plain, sharded: text('sharded'), none: text('none') } }
}

function textOf(body: string, prelude: string, mode: ChannelMode): ScriptText {
  const publishes = /\b(?:publish|notify)\(/.test(body)
  const lua = correlated(body, (publishes ? PUBLISHING[mode] : '') + prelude)
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

function fileOf(name: string): string {
  return readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
}
