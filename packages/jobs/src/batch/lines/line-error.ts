/** What can be wrong with a line of a batch, or with its file. The set is closed: a client may compare. */
export type LineErrorCode =
  /** The file, or a file within it, begins with a byte order mark. */
  | 'byte_order_mark'
  | 'invalid_utf8'
  /** More bytes, or more JSON members, than a line may have. */
  | 'line_too_large'
  | 'invalid_json_line'
  | 'missing_custom_id'
  | 'duplicate_custom_id'
  | 'mismatched_method'
  | 'mismatched_url'
  | 'invalid_body'
  | 'stream_not_allowed'
  | 'mismatched_model'
  | 'too_many_lines'
  | 'empty_file'

/** What is wrong with a line, in the shape of `errors.data` of OpenAI's batches. */
export interface LineError {
  readonly code: LineErrorCode
  /** Names the rule and the way out. */
  readonly message: string
  /** 1 is the first line of the file; blank lines count. `null`: it is the file as a whole. */
  readonly line: number | null
  /** The member of the line it is about: `custom_id`. */
  readonly param?: string | undefined
}
