import type { SourceItem } from '@sluice/core'
import type { Voice } from './voice.ts'

/** A voice that goes on where another process was cut off. */
export interface ResumedVoice {
  readonly voice: Voice
  /** The first token that still brings something. */
  readonly start: number
}

/**
 * Goes on after `prefix`, token for token as if nothing had happened.
 *
 * @param voice - the only choice, with its code points joined: `prefix` may end inside a token
 */
export function resumeVoice(voice: Voice, prefix: string): ResumedVoice {
  if (prefix === '') return { voice, start: 0 }
  let said = 0
  for (let index = 0; index < voice.length; index++) {
    const { length } = textOf(voice.at(index))
    if (said + length > prefix.length) return { voice: dropFrom(voice, index, prefix.length - said), start: index }
    said += length
  }
  return { voice: { ...voice, at: () => undefined }, start: Math.max(voice.length - 1, 0) }
}

function dropFrom(voice: Voice, start: number, units: number): Voice {
  const rest = { type: 'text', text: textOf(voice.at(start)).slice(units), choice: 0 } as const
  return { ...voice, at: (index) => (index === start ? rest : voice.at(index)) }
}

function textOf(item: SourceItem | undefined): string {
  return typeof item === 'object' && 'type' in item && item.type === 'text' ? item.text : ''
}
