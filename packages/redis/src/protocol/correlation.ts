import { randomInt } from 'node:crypto'

/** Ids have six digits to the base of 36, of which the first is a letter: no number is one. */
const BASE = 36
const FIRST_ID = 10 * BASE ** 5
/** After so many ids the first comes again: its command was answered long before. */
const IDS = 26 * BASE ** 5

/** Ids for commands, by which their replies are recognised. They begin anywhere, so that a reply to another process differs. */
export class CorrelationIds {
  #given: number = randomInt(IDS)

  next(): string {
    this.#given = (this.#given + 1) % IDS
    return (FIRST_ID + this.#given).toString(BASE)
  }
}

/** Stands for the answer where a reply is one to another command. */
export const MISPLACED: unique symbol = Symbol('misplaced')

/**
 * A script that takes a correlation id as its last argument, and returns it before what it would return itself. `prelude` is
 * what it calls.
 */
export function correlated(lua: string, prelude = ''): string {
  const [, shebang = '', body = ''] = /^(#!.*\n)?([\s\S]*)$/.exec(lua)!
  // An error is no value that an array can hold: it stays what it is, without an id. But where it says what is under the keys,
  // nobody else may take it for theirs: it is returned as a text, behind the id.
  return `${shebang}${prelude}local correlation = table.remove(ARGV)
local function run()
${body}
end
local done, reply = pcall(run)
local message = type(reply) == 'table' and reply.err
if not done then message = message or tostring(reply) end
if not message then return { correlation, reply } end
if string.find(message, '^WRONGTYPE') or string.find(message, '^user_script') then return { correlation, false, message } end
return redis.error_reply(message)
`
}

/** Stands for the answer where a script found something under its keys that is no stream of sluice. */
export class ForeignKeys {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** What a correlated script returned, if this is the reply to the command with that id. */
export function answerIn(reply: unknown, id: string): unknown {
  if (!Array.isArray(reply)) return MISPLACED
  if (reply.length === 2 && reply[0] === id) return reply[1] as unknown
  const [own, nothing, message] = reply as unknown[]
  const isForeign = reply.length === 3 && own === id && nothing === null && typeof message === 'string'
  return isForeign ? new ForeignKeys(message) : MISPLACED
}
