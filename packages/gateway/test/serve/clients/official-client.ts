/** What an official client made of an answer. */
export interface Answer {
  readonly text: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: unknown }[]
  readonly usage: { readonly input: number | undefined; readonly output: number | undefined }
}

/** A question to a gateway. */
export interface Question {
  /** Where the gateway is, without a path. */
  readonly origin: string
  readonly model: string
  readonly signal?: AbortSignal
  /** Is called at each piece of text. */
  readonly onText?: () => void
}

/** A library as its users have it, asked through its public interface alone. It never asks again by itself. */
export interface OfficialClient {
  readonly name: string
  /** Asks for a stream with the tools `f` and `g` at hand, and reads it to its end. Rejects where the library says that it failed. */
  ask(question: Question): Promise<Answer>
  /** The same, has `f` answer 7, and gives what the model says to that. */
  converse(question: Question): Promise<string>
  /** The library counts the tokens of a prompt by the first event alone, where a backend of chat completions has not told them. */
  readonly missesLateInput?: boolean
  /** The library takes a response that failed for one that ended: it has no word for it. */
  readonly deafToFailures?: boolean
}

/** A tool that takes anything. */
export const ANY_OBJECT = {
  type: 'object' as const,
  properties: {},
  required: [] as string[],
  additionalProperties: true as const,
}
export const TOOLS = ['f', 'g'] as const
export const RESULT = '7'
