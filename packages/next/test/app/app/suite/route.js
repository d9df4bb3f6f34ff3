import { suite } from '../../lib/streams.js'

export const GET = async (request) => Response.json(await suite.report(request.nextUrl.search))
