/** An event as far as it is looked at. */
export interface EventRead {
  readonly id?: string | undefined
  readonly text: string
  /** It is the wire's mark of an end that is complete. */
  readonly complete: boolean
}

/** What the data of an event may be, on the wires that contestants speak. */
export type Data =
  | readonly { readonly text: string }[]
  | {
      readonly text?: string
      readonly complete?: boolean
      readonly choices?: readonly { readonly delta: { readonly content?: string } }[]
      readonly type?: string
      readonly delta?: string | { readonly text?: string }
      readonly streamClosed?: boolean
    }

/** Where the parts of an answer are called by their `type`: those with text in `delta`. */
const DELTAS = ['text-delta', 'TEXT_MESSAGE_CONTENT', 'response.output_text.delta']
/** Those that say of an answer that it is whole. */
const ENDS = ['RUN_FINISHED', 'response.completed', 'message_stop']

/** Finds text and end in the data of an event: of sluice's own wire, OpenAI's two, Anthropic's, the AI SDK's, AG-UI's, and Durable Streams'. */
export function readData(event: string, data: Data): EventRead {
  if ('length' in data) return { text: data.map(({ text }) => text).join(''), complete: false }
  if (event === 'text') return { text: data.text ?? '', complete: false }
  if (event === 'end') return { text: '', complete: data.complete === true }
  if (event === 'control') return { text: '', complete: data.streamClosed === true }
  const { type = '', delta, choices } = data
  if (ENDS.includes(type)) return { text: '', complete: true }
  if (typeof delta === 'object') return { text: delta.text ?? '', complete: false }
  return { text: (DELTAS.includes(type) ? delta : choices?.[0]?.delta.content) ?? '', complete: false }
}
