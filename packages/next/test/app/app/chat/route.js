import { streams, suite } from '../../lib/streams.js'

export async function POST(request) {
  const { source, options } = suite.ask(await request.json())
  return streams.tokens(request, source, options)
}

export async function GET(request) {
  const { source, options } = suite.ask(request.nextUrl.searchParams.get('script'))
  return streams.tokens(request, source, options)
}
