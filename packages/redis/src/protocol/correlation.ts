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
  // An error is no value that an array can hold: it stays what it is, without an id.
  return `${shebang}${prelude}local correlation = table.remove(ARGV)
local function run()
${body}
end
local reply = run()
if type(reply) == 'table' and reply.err then return reply end
return { correlation, reply }
`
}

/** What a correlated script returned, if this is the reply to the command with that id. */
export function answerIn(reply: unknown, id: string): unknown {
  return Array.isArray(reply) && reply.length === 2 && reply[0] === id ? (reply[1] as unknown) : MISPLACED
}
