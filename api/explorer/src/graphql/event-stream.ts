import { currentTexts } from '../language/language';
import { failed, post, readResult, unreachable, type GraphQLRequest, type GraphQLResult, type PostOptions } from './transport';

/** A subscription over server-sent events, one connection for each, as the `graphql-sse` protocol has it. */
export async function* subscribe(request: GraphQLRequest, options: PostOptions): AsyncGenerator<GraphQLResult> {
  const abort = new AbortController();
  try {
    const response = await post(request, { ...options, accept: 'text/event-stream', signal: abort.signal });
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream') || !response.body) {
      yield await readResult(response);
      return;
    }
    for await (const event of events(response.body)) {
      if (event.name === 'complete') return;
      if (event.name === 'next') yield JSON.parse(event.data);
    }
    yield failed(currentTexts().streamBroken);
  } catch {
    yield unreachable();
  } finally {
    abort.abort();
  }
}

interface StreamEvent {
  name: string;
  data: string;
}

async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let pending = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    pending = (pending + value).replaceAll('\r\n', '\n');
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) yield parseBlock(block);
  }
}

function parseBlock(block: string): StreamEvent {
  const event: StreamEvent = { name: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event.name = line.slice(6).trim();
    if (line.startsWith('data:')) event.data += line.slice(5).trim();
  }
  return event;
}
