import type { LoadRequest } from './connection.ts'

/** Asks by POST, as clients of a provider do; the backend finds its stream by the model's name. */
export interface Post {
  readonly path: string
  /** `{stream}` stands for `<shape>/<stream>`. */
  readonly body: string
  /** What else is said in the head. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The request for one stream: `GET /<shape>/<stream>`, or the POST that asks for the same. */
export function requestFor(shape: string, stream: number, post?: Post): LoadRequest {
  if (!post) return { stream, path: `/${shape}/${stream}` }
  const { path, headers } = post
  return { stream, path, headers, body: post.body.replace('{stream}', `${shape}/${stream}`) }
}
