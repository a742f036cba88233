import { currentTexts, language } from '../language/language';

export const ENDPOINT = '/graphql';

export interface GraphQLRequest {
  query: string;
  variables?: unknown;
  operationName?: string | null;
}

export interface GraphQLError {
  message: string;
  extensions?: { code?: string } & Record<string, unknown>;
}

export interface GraphQLResult<Data = Record<string, unknown>> {
  data?: Data | null;
  errors?: GraphQLError[];
}

export interface PostOptions {
  accept?: string;
  headers?: Record<string, string>;
  token?: string | null;
  signal?: AbortSignal;
}

export function post(request: GraphQLRequest, options: PostOptions = {}): Promise<Response> {
  const headers = new Headers({
    Accept: options.accept ?? 'application/graphql-response+json, application/json',
    'Accept-Language': language.get(),
    'Content-Type': 'application/json',
  });
  if (options.token) headers.set('Authorization', `Bearer ${options.token}`);
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value);
  return fetch(ENDPOINT, {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
    cache: 'no-store',
    signal: options.signal,
  });
}

export async function readResult<Data>(response: Response): Promise<GraphQLResult<Data>> {
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    return failed(currentTexts().notJson(response.status));
  }
}

export function unreachable(): GraphQLResult<never> {
  return failed(currentTexts().serverUnreachable);
}

export function failed(message: string): GraphQLResult<never> {
  return { errors: [{ message }] };
}

/** True only if nothing of the operation was carried out, so that sending it again repeats nothing. */
export function isUnauthenticated(result: GraphQLResult): boolean {
  const refused = result.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED') ?? false;
  return refused && Object.values(result.data ?? {}).every((value) => value === null);
}
