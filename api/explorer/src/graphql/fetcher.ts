import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST } from 'graphql';
import { currentToken, refreshAfter, session } from '../session/session';
import { subscribe } from './event-stream';
import { isUnauthenticated, post, readResult, unreachable, type GraphQLResult } from './transport';

type Headers = Record<string, string>;

export const fetcher = ((params, options) => {
  const headers: Headers = options?.headers ?? {};
  const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName);
  return operation?.operation === 'subscription' ? stream(params, headers) : execute(params, headers);
}) as Fetcher;

async function execute(params: FetcherParams, headers: Headers): Promise<GraphQLResult> {
  // The schema is public: reading it must not depend on who is signed in, or whether the session still holds.
  if (params.operationName === 'IntrospectionQuery') return send(params, headers, null);

  const token = await currentToken();
  const result = await send(params, headers, token);
  if (token && !hasOwnAuthorization(headers) && isUnauthenticated(result) && (await refreshAfter(token))) {
    return send(params, headers, session.get()?.accessToken ?? null);
  }
  return result;
}

async function* stream(params: FetcherParams, headers: Headers) {
  yield* subscribe(params, { headers, token: await currentToken() });
}

async function send(params: FetcherParams, headers: Headers, token: string | null): Promise<GraphQLResult> {
  try {
    return await readResult(await post(params, { headers, token }));
  } catch {
    return unreachable();
  }
}

function hasOwnAuthorization(headers: Headers): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}
