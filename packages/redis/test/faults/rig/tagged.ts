import { isSluiceError, type EndEvent, type Source, type TokenStream } from '@sluice/core'

/** Whose stream it is, and which: each of its tokens says so. */
export interface Tag {
  readonly tenant: string
  readonly name: string
}

/** The text of the first tokens of a stream. */
export function taggedText({ tenant, name }: Tag, tokens: number): string {
  return Array.from({ length: tokens }, (_, index) => `${tenant}/${name}:${index} `).join('')
}

/** Says so many tokens, one every few milliseconds. */
export function taggedSource(tag: Tag, tokens: number, everyMs: number): Source {
  return async function* ({ signal }) {
    for (let index = 0; index < tokens && !signal.aborted; index++) {
      await new Promise((resolve) => setTimeout(resolve, everyMs))
      yield `${tag.tenant}/${tag.name}:${index} `
    }
  }
}

/** What a reader was given, and how it was over. */
export interface Followed {
  readonly tag: Tag
  readonly text: string
  readonly end: EndEvent | undefined
  /** The code of what it was told, where there is no end. */
  readonly told: string | undefined
}

/** Reads a stream until it is over. */
export async function follow(tag: Tag, stream: TokenStream): Promise<Followed> {
  let text = ''
  let end: EndEvent | undefined
  let told: string | undefined
  try {
    for await (const event of stream) {
      if (event.type === 'text') text += event.text
      if (event.type === 'end') end = event
    }
  } catch (error) {
    told = isSluiceError(error) ? error.code : String(error)
  }
  return { tag, text, end, told }
}
