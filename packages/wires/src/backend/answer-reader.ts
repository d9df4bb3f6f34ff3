import type { SourceEvent } from '@sluice/core'
import type { JsonObject } from '../json/json-object.ts'

/** What a source yields for one piece of a backend's body. Plain text of choice 0 is a plain string: the cheapest item. */
export type AnswerItems = (string | SourceEvent)[]

/** Reads what a provider says in its events, or in one body, and gathers it as items of a source. */
export interface AnswerReader {
  /** True once the backend has said anything that an answer begins with. */
  readonly began: boolean
  /** True once all that was asked for is there: only token counts may follow. */
  readonly finished: boolean
  /** True once the backend has said that its answer is over. */
  readonly done: boolean
  /** Whether events of this name are part of an answer, so that half of one is an answer that was cut. */
  isOwn(event: string): boolean
  /**
   * Takes the data of one SSE event.
   *
   * @throws SluiceError `SLUICE_ERR_BACKEND` when it says that the answer failed, or is nothing of an answer
   */
  read(event: string, data: string): void
  /** Takes what such data holds. @throws SluiceError as {@link read} does */
  readValue(value: JsonObject): void
  /** Takes the body of a backend that answered in one piece instead of as a stream, if it is an answer. */
  readCompletion(text: string): void
  /**
   * The body has ended, whole as far as the connection knows, and without saying that the answer is over.
   *
   * @throws SluiceError `SLUICE_ERR_BACKEND` where the answer is not whole
   */
  end(): void
  /** All items since the last call. Call it once per piece of the body. */
  takeItems(): AnswerItems
}

/** Whether `data` says that the answer is over, as OpenAI says it. */
export function isDone(data: string): boolean {
  return data.length < 16 && data.trim() === '[DONE]'
}
