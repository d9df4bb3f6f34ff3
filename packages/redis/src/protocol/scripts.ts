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
  append: load('append', 'head'),
  close: { ...load('close'), essentialKeys: 2 },
  readRecord: { ...load('read-record'), essentialKeys: 2 },
  renew: { ...load('renew'), essentialKeys: 2 },
  present: load('present'),
  takeOver: load('take-over'),
  erase: load('erase'),
  send: load('send'),
  takeMessages: load('take-messages'),
  grant: load('grant'),
  readPointer: load('read-pointer'),
  claim: load('claim'),
  withdraw: load('withdraw'),
  watch: load('watch'),
  unwatch: load('unwatch'),
  takeDue: load('take-due'),
  confirm: load('confirm'),
  trim: load('trim', 'head'),
  settled: load('settled'),
  agree: load('agree'),
}

/** `beginning`: a file whose functions the script calls. */
function load(name: string, beginning?: string): Script {
  const lua = correlated(textOf(name), beginning && textOf(beginning))
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') }
}

function textOf(name: string): string {
  return readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
}
