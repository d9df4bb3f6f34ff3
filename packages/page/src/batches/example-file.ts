const LINES = 40

/** A file to see how batches go, for who has none. */
export function exampleFile(model: string | undefined): File {
  const lines = Array.from({ length: LINES }, (_, index) => {
    const body = {
      model: model ?? 'default',
      messages: [{ role: 'user', content: `Say in one sentence what ${index + 1} is good for.` }],
      max_tokens: 40,
    }
    return JSON.stringify({ custom_id: `line-${index + 1}`, method: 'POST', url: '/v1/chat/completions', body })
  })
  return new File([`${lines.join('\n')}\n`], 'example.jsonl', { type: 'application/jsonl' })
}
