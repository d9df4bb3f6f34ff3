import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What Redis is given of a script. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

/** Names of the scripts in `lua/`: what they take and return stands in their heads. */
export type ScriptName = 'write' | 'write-new' | 'claim' | 'read' | 'list' | 'count' | 'renew' | 'next-due'

let loaded: Readonly<Record<ScriptName, Script>> | undefined

/** Redis runs it though its memory is full: what is there already may go on, and end. */
const ALSO_WHEN_FULL = '#!lua flags=allow-oom\n'

/** The scripts by name. Each may be run twice: a repetition has the id of the first run. */
export function scripts(): Readonly<Record<ScriptName, Script>> {
  loaded ??= load()
  return loaded
}

function load(): Record<ScriptName, Script> {
  const beginning = fileOf('documents')
  const scriptOf = (name: ScriptName, whenFull = ALSO_WHEN_FULL): Script => {
    const lua = whenFull + beginning + fileOf(name)
    return { lua, sha: createHash('sha1').update(lua).digest('hex') }
  }
  return {
    write: scriptOf('write'),
    // More is refused.
    'write-new': scriptOf('write', ''),
    claim: scriptOf('claim'),
    read: scriptOf('read'),
    list: scriptOf('list'),
    count: scriptOf('count'),
    renew: scriptOf('renew'),
    'next-due': scriptOf('next-due'),
  }
}

function fileOf(name: string): string {
  return readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), 'utf8')
}
