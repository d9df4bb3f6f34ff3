export const GET = (request) => globalThis.answerOfBench(request)
