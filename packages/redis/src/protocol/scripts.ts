import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { correlated } from './correlation.ts'

/** One of the scripts in `lua/`, correlated: what it takes and returns stands in its head. */
export interface Script {
  readonly name: string
  readonly lua: string
  readonly sha: string
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

/** The scripts by name. */
export const SCRIPTS: Readonly<Record<ScriptName, Script>> = {
  begin: load('begin'),
  append: load('append'),
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
  trim: { ...load('trim'), once: true },
  settled: load('settled'),
  agree: load('agree'),
}

function load(name: string): Script {
  const lua = correlated(readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8'))
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}
