import { HEARTBEAT_MS, type Step } from './served-stream.ts'

/** An answer of some tokens that have each something in them. */
export const TOKENS: readonly string[] = ['Héllo\n', 'wörld 👩🏽‍🚀 ', '"data: [DONE]"', '\u2028end']
export const TEXT: string = TOKENS.join('')
export const SPOKEN: readonly Step[] = TOKENS.map((says) => ({ says }))
const SILENCE: Step = { silenceMs: 2 * HEARTBEAT_MS }
/** The same, with a silence that makes a heartbeat before the first token, between tokens and before the end. */
export const SILENT: readonly Step[] = [SILENCE, ...SPOKEN.flatMap((spoken) => [spoken, SILENCE])]
/** What was said after so long. */
export const CLOSES_AFTER_MS: number = 5 * HEARTBEAT_MS
export const SPOKEN_BEFORE_CLOSE: string = TOKENS.slice(0, 2).join('')
